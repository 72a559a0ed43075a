#include "fuzz/v8/v8_subject.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz/v8/v8_subject_js.h"
#include "src/core/invariants.h"
#include "src/runtime/values.h"
#include "src/sim/chunk.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/effects.h"
#include "src/v8/stream_page.h"
#include "src/v8/streams.h"
#include "src/v8/v8_host.h"

namespace sluice::fuzz {

using sim::Outcome;
using sim::Value;
using sim::ValueKind;

// The isolate, a handle scope and the realm, for the length of a method.
struct V8Subject::Entered {
  explicit Entered(V8Subject& subject)
      : isolate(subject.isolate_.get()), handles(isolate.get), context(subject.context()), realm(context) {}
  struct Scope {
    explicit Scope(v8::Isolate* entered) : get(entered), scope(entered) {}
    v8::Isolate* get;
    v8::Isolate::Scope scope;
  } isolate;
  v8::HandleScope handles;
  v8::Local<v8::Context> context;
  v8::Context::Scope realm;
};

namespace {

// What no program can name, for a value that no right implementation hands out.
constexpr uint32_t kUnknownReason = 999;
// Stack that native code below V8 may need, in bytes.
constexpr uintptr_t kLeftForNative = 256 * 1024;
// Buffers of more bytes are only reserved.
constexpr uint64_t kReservedFrom = 1 << 20;

constexpr const char* kCallKinds[] = {"start", "size", "write", "close", "abort", "signal", "getThen", "then"};
static_assert(std::size(kCallKinds) == kCallKindCount);

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "V8Subject: %s\n", what.c_str());
  std::abort();
}

// Memory that reads as zeros and that nobody has to have.
std::unique_ptr<v8::BackingStore> Reserve(uint64_t bytes, bool shared) {
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    Fail("the machine has no address space for a buffer of " + std::to_string(bytes) + " bytes");
  constexpr auto kUnmap = [](void* data, size_t length, void*) { munmap(data, length); };
  return shared ? v8::SharedArrayBuffer::NewBackingStore(memory, bytes, kUnmap, nullptr)
                : v8::ArrayBuffer::NewBackingStore(memory, bytes, kUnmap, nullptr);
}

v8::Local<v8::ArrayBuffer> NewBuffer(v8::Isolate* isolate, uint64_t bytes) {
  if (bytes < kReservedFrom) return v8::ArrayBuffer::New(isolate, bytes);
  return v8::ArrayBuffer::New(isolate, Reserve(bytes, /*shared=*/false));
}

v8::Local<v8::SharedArrayBuffer> NewSharedBuffer(v8::Isolate* isolate, uint64_t bytes) {
  if (bytes < kReservedFrom) return v8::SharedArrayBuffer::New(isolate, bytes);
  return v8::SharedArrayBuffer::New(isolate, Reserve(bytes, /*shared=*/true));
}

// Of v8::Promise::State(), or of a view in js/writable_stream.js: they count alike.
core::PromiseView ViewOf(int view) {
  static_assert(int{v8::Promise::kPending} == binding::channel::kPending &&
                int{v8::Promise::kFulfilled} == binding::channel::kFulfilled &&
                int{v8::Promise::kRejected} == binding::channel::kRejected);
  constexpr core::PromiseView kViews[] = {core::PromiseView::kPending, core::PromiseView::kFulfilled,
                                          core::PromiseView::kRejected};
  return kViews[view];
}

}  // namespace

// ---- The isolate and its realms

runtime::IsolateOptions V8Subject::StartV8(V8Subject* embedder) {
  // Collections and compilations happen in their places, whatever else the machine does, and cost no thread switches.
  runtime::InitializeV8({"--single-threaded"});
  return {.binding = {.embedder = embedder}};
}

V8Subject::V8Subject(const Limits& limits) : limits_(limits), isolate_(StartV8(this)), rejections_(isolate_.get()) {
  v8::Isolate* const isolate = isolate_.get();
  isolate->SetData(1, this);
  isolate->SetPromiseRejectCallback(
      [](v8::PromiseRejectMessage message) { Of(message.GetPromise()->GetIsolate()).rejections_.OnEvent(message); });
}

V8Subject::~V8Subject() {
  Teardown();
  perform_.Reset();
  for (auto& prototype : error_prototypes_) prototype.Reset();
  context_.Reset();
}

void V8Subject::NewRealm() {
  v8::Isolate* const isolate = isolate_.get();
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope handles(isolate);
  const v8::Local<v8::Context> context = isolate_.NewContext();
  context_.Reset(isolate, context);
  const v8::Context::Scope in(context);
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> make;
  if (!v8::Script::Compile(context, runtime::NewString(isolate, kV8SubjectJs).ToLocalChecked()).ToLocal(&script) ||
      !script->Run(context).ToLocal(&make)) {
    Fail("fuzz/v8/v8_subject.js cannot be run");
  }
  const v8::Local<v8::Object> kinds = v8::Object::New(isolate);
  for (int i = 0; i < kCallKindCount; ++i) {
    kinds->Set(context, binding::Ascii(isolate, kCallKinds[i]), v8::Integer::New(isolate, i)).Check();
  }
  v8::Local<v8::Value> arguments[] = {kinds,
                                      v8::Function::New(context, OnCall).ToLocalChecked(),
                                      v8::Function::New(context, OnSettled).ToLocalChecked(),
                                      v8::Function::New(context, OnNewStream).ToLocalChecked(),
                                      v8::Function::New(context, OnErrorStream).ToLocalChecked(),
                                      v8::Function::New(context, OnCloseWithErrorPropagation).ToLocalChecked()};
  perform_.Reset(isolate, make.As<v8::Function>()
                              ->Call(context, v8::Undefined(isolate), std::size(arguments), arguments)
                              .ToLocalChecked()
                              .As<v8::Function>());
  const v8::Local<v8::String> empty = v8::String::Empty(isolate);
  error_prototypes_[0].Reset(isolate, v8::Exception::TypeError(empty).As<v8::Object>()->GetPrototype());
  error_prototypes_[1].Reset(isolate, v8::Exception::RangeError(empty).As<v8::Object>()->GetPrototype());
}

void V8Subject::Teardown() {
  if (fiber_.running()) {
    Violation("microtasks were left in the middle");
    budget_.reset();
    RunOnFiber();
  }
  identities_.Reset();
  for (OfStream& stream : streams_) stream = {};
  for (Objects* objects : {&chunk_objects_, &promises_, &writers_, &thenables_, &reasons_}) objects->clear();
  resolvers_.clear();
  rejections_.Clear();
}

void V8Subject::Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) {
  Teardown();
  ForgetFindings();
  if (context_.IsEmpty() || ++runs_ >= limits_.runs_per_realm) {
    NewRealm();
    runs_ = 0;
  }
  user_code_ = &user_code;
  steps_of_run_ = 0;
  chunks_ = &chunks;
  for (uint32_t& count : errors_) count = 0;
  const Entered in(*this);
  identities_.Reset(in.isolate.get, v8::Map::New(in.isolate.get));
}

// ---- What JavaScript calls

void V8Subject::OnCall(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  V8Subject& self = Of(isolate);
  const auto kind = static_cast<CallKind>(info[0].As<v8::Int32>()->Value());
  uint32_t stream = info[1].As<v8::Uint32>()->Value();
  Value argument;
  uint32_t resolver = 0;
  switch (kind) {
    case CallKind::kStart:
      self.streams_[stream].controller.Reset(isolate, info[3]);
      break;
    case CallKind::kWrite:
      stream = self.StreamOfController(info[3], stream);
      self.streams_[stream].controller.Reset(isolate, info[3]);
      argument = self.ChunkToSim(info[2]);
      break;
    case CallKind::kSize:
      argument = self.ChunkToSim(info[2]);
      break;
    case CallKind::kThen:
      resolver = static_cast<uint32_t>(self.resolvers_.size());
      self.resolvers_.emplace_back(v8::Global<v8::Value>(isolate, info[3]), v8::Global<v8::Value>(isolate, info[4]));
      argument = self.ToSim(info[2]);
      break;
    case CallKind::kAbort:
    case CallKind::kGetThen:
      argument = self.ToSim(info[2]);
      break;
    case CallKind::kClose:
    case CallKind::kSignal:
      break;
  }
  const Outcome outcome = self.user_code_->Call(kind, argument, resolver, stream);
  const v8::Local<v8::Value> value = self.ToJs(outcome.value);
  if (outcome.thrown) {
    isolate->ThrowException(value);
  } else {
    info.GetReturnValue().Set(value);
  }
}

uint32_t V8Subject::StreamOfController(v8::Local<v8::Value> controller, uint32_t owner) {
  const v8::Local<v8::Context> in = context();
  binding::StreamObject* const of = binding::StreamObjectOf(in, controller);
  for (uint32_t stream = 0; stream < kStreamCount; ++stream) {
    if (of != nullptr && binding::StreamObjectOf(in, Inspected(stream)) == of) return stream;
  }
  Violation("the sink's write() gets the controller of a stream");
  return owner;
}

void V8Subject::OnSettled(const Info& info) {
  V8Subject& self = Of(info.GetIsolate());
  self.user_code_->Settled(info[0].As<v8::Uint32>()->Value(), info[1]->IsTrue(), self.ToSim(info[2]));
}

void V8Subject::OnNewStream(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::Object> stream;
  const binding::StreamOptions options = Of(isolate).stream_options_;  // user code may construct another stream
  // While microtasks are suspended on their own stack, V8 takes its handler there for the innermost one. So what the
  // constructor throws is caught here, and thrown again by JavaScript.
  v8::TryCatch caught(isolate);
  if (binding::NewWritableStream(isolate->GetCurrentContext(), info[0], info[1], options).ToLocal(&stream)) {
    info.GetReturnValue().Set(stream);
  } else {
    v8::Local<v8::Value> thrown[] = {caught.Exception()};
    info.GetReturnValue().Set(v8::Array::New(isolate, thrown, std::size(thrown)));
  }
}

void V8Subject::OnErrorStream(const Info& info) {
  static_cast<void>(binding::ErrorStream(info.GetIsolate()->GetCurrentContext(), info[0].As<v8::Object>(), info[1]));
}

void V8Subject::OnCloseWithErrorPropagation(const Info& info) {
  v8::Local<v8::Promise> promise;
  if (binding::CloseWithErrorPropagation(info.GetIsolate()->GetCurrentContext(), info[0].As<v8::Object>())
          .ToLocal(&promise)) {
    info.GetReturnValue().Set(promise);
  }
}

int64_t V8Subject::PostDelayedTask(double, std::function<void()>) {
  Fail("no program sets timers");
  return 1;
}

void V8Subject::ReportException(v8::Local<v8::Context>, v8::Local<v8::Value> exception, v8::Local<v8::Message>) {
  user_code_->ReportException(ToSim(exception));
}

// ---- Operations

V8Subject::Result V8Subject::Do(const char* operation, v8::Local<v8::Value> target, v8::Local<v8::Value> argument) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::Local<v8::Context> in = context();
  const v8::Local<v8::Value> undefined = v8::Undefined(isolate);
  v8::Local<v8::Value> arguments[] = {Key(operation), target.IsEmpty() ? undefined : target,
                                      argument.IsEmpty() ? undefined : argument};
  v8::Local<v8::Value> result;
  v8::Local<v8::Value> thrown;
  v8::Local<v8::Value> value;
  if (!perform_.Get(isolate)->Call(in, undefined, std::size(arguments), arguments).ToLocal(&result) ||
      !result.As<v8::Array>()->Get(in, 0).ToLocal(&thrown) || !result.As<v8::Array>()->Get(in, 1).ToLocal(&value)) {
    Fail(std::string("an exception went through ") + operation + ", which catches all");
  }
  return {thrown->IsTrue(), value};
}

Outcome V8Subject::PromiseFrom(const char* operation, const v8::Global<v8::Value>& target, Value argument) {
  const Entered in(*this);
  const Result result = Do(operation, target.Get(in.isolate.get), ToJs(argument));
  // A promise-returning method that throws is wrong; so is what it gives then, which the comparison shows.
  const uint32_t promise = result.thrown ? NewPromise() : PromiseId(result.value);
  return Outcome::Return(Value::Of(ValueKind::kPromise, promise));
}

Outcome V8Subject::ValueFrom(const char* operation, const v8::Global<v8::Value>& target) {
  const Entered in(*this);
  return ToSim(Do(operation, target.Get(in.isolate.get)));
}

Outcome V8Subject::NothingFrom(const char* operation, const v8::Global<v8::Value>& target, Value argument) {
  const Entered in(*this);
  if (Do(operation, target.Get(in.isolate.get), ToJs(argument)).thrown) Violation("a method that never throws threw");
  return {};
}

Outcome V8Subject::Perform(const SubjectCall& call) {
  OfStream& of = streams_[call.stream];
  switch (call.method) {
    case SubjectMethod::kConstruct:
      return Construct(call.stream, *call.options);
    case SubjectMethod::kLocked:
      return ValueFrom("locked", of.stream);
    case SubjectMethod::kStreamAbort:
      return PromiseFrom("streamAbort", of.stream, call.value);
    case SubjectMethod::kStreamClose:
      return PromiseFrom("streamClose", of.stream);
    case SubjectMethod::kGetWriter:
      return NewWriter("getWriter", call.stream);
    case SubjectMethod::kConstructWriter:
      return NewWriter("constructWriter", call.stream);
    case SubjectMethod::kClosed:
      return PromiseFrom("closed", writers_[call.id]);
    case SubjectMethod::kReady:
      return PromiseFrom("ready", writers_[call.id]);
    case SubjectMethod::kDesiredSize:
      return ValueFrom("desiredSize", writers_[call.id]);
    case SubjectMethod::kWriterAbort:
      return PromiseFrom("writerAbort", writers_[call.id], call.value);
    case SubjectMethod::kWriterClose:
      return PromiseFrom("writerClose", writers_[call.id]);
    case SubjectMethod::kReleaseLock:
      of.released_writer = call.id;
      return NothingFrom("releaseLock", writers_[call.id]);
    case SubjectMethod::kWrite:
      return PromiseFrom("write", writers_[call.id], call.value);
    case SubjectMethod::kCloseWithErrorPropagation:
      return PromiseFrom("closeWithErrorPropagation", writers_[call.id]);
    case SubjectMethod::kErrorStream:
      return NothingFrom("errorStream", of.stream, call.value);
    case SubjectMethod::kControllerError:
      return NothingFrom("controllerError", of.controller, call.value);
    case SubjectMethod::kSignalAborted:
      return ValueFrom("signalAborted", of.controller);
    case SubjectMethod::kSignalReason:
      return ValueFrom("signalReason", of.controller);
    case SubjectMethod::kDetach:
      return Detach(call.value), Outcome{};
    case SubjectMethod::kNewPromise:
      return Outcome::Return(Value::Of(ValueKind::kPromise, NewPromise()));
    case SubjectMethod::kResolvePromise:
      return SettlePromise(call.id, /*fulfill=*/true, {}), Outcome{};
    case SubjectMethod::kRejectPromise:
      return SettlePromise(call.id, /*fulfill=*/false, call.value), Outcome{};
    case SubjectMethod::kCallResolve:
      return CallResolver(resolvers_[call.id].first, {}), Outcome{};
    case SubjectMethod::kCallReject:
      return CallResolver(resolvers_[call.id].second, call.value), Outcome{};
    case SubjectMethod::kObserve:
      return Observe(call.id), Outcome{};
    case SubjectMethod::kRunTick:
      return RunTick(), Outcome{};
    case SubjectMethod::kRunMicrotasks:
      budget_ = call.id;
      RunOnFiber();
      return budget_.reset(), Outcome{};
    case SubjectMethod::kRunAllMicrotasks:
      return RunAllMicrotasks(), Outcome{};
  }
  return {};
}

Outcome V8Subject::Construct(uint32_t stream, const StreamOptions& options) {
  const Entered in(*this);
  v8::Isolate* const isolate = in.isolate.get;
  stream_options_ = {.byte_limit = options.byte_limit, .tick_model = options.tick_model};
  const v8::Local<v8::Object> given = v8::Object::New(isolate);
  const auto set = [&](const char* name, v8::Local<v8::Value> value) {
    given->Set(in.context, binding::Ascii(isolate, name), value).Check();
  };
  set("start", v8::Boolean::New(isolate, options.has_start));
  set("write", v8::Boolean::New(isolate, options.has_write));
  set("close", v8::Boolean::New(isolate, options.has_close));
  set("abort", v8::Boolean::New(isolate, options.has_abort));
  set("hasSize", v8::Boolean::New(isolate, options.has_size));
  set("stream", v8::Integer::NewFromUnsigned(isolate, stream));
  const auto shares = [&](Shared what) {
    return v8::Boolean::New(isolate, (options.shared >> static_cast<int>(what) & 1) != 0);
  };
  set("sharesSink", shares(Shared::kSink));
  set("sharesStrategy", shares(Shared::kStrategy));
  set("sharesSignal", shares(Shared::kSignal));
  set("listeners", v8::Integer::NewFromUnsigned(isolate, options.listeners));
  if (options.highWaterMark.has_value()) set("highWaterMark", v8::Number::New(isolate, *options.highWaterMark));
  if (options.size_of == sim::Strategy::kCount) set("strategy", binding::Ascii(isolate, "CountQueuingStrategy"));
  if (options.size_of == sim::Strategy::kByteLength) {
    set("strategy", binding::Ascii(isolate, "ByteLengthQueuingStrategy"));
  }
  const Result made = Do("construct", given);
  if (made.thrown) return ToSim(made);
  streams_[stream].stream.Reset(isolate, made.value);
  return {};
}

Outcome V8Subject::NewWriter(const char* operation, uint32_t stream) {
  const Entered in(*this);
  const Result made = Do(operation, streams_[stream].stream.Get(in.isolate.get));
  if (made.thrown) return ToSim(made);
  writers_.emplace_back(in.isolate.get, made.value);
  const Value writer = Value::Of(ValueKind::kWriter, static_cast<uint32_t>(writers_.size() - 1));
  Remember(made.value, writer);
  return Outcome::Return(writer);
}

void V8Subject::Detach(Value chunk) {
  const Entered in(*this);
  const v8::Local<v8::Value> object = ToJs(chunk);
  const auto buffer =
      object->IsArrayBufferView() ? object.As<v8::ArrayBufferView>()->Buffer() : object.As<v8::ArrayBuffer>();
  if (!buffer->WasDetached()) buffer->Detach();
}

// ---- Promises of the author's

uint32_t V8Subject::NewPromise() {
  const Entered in(*this);
  return PromiseId(v8::Promise::Resolver::New(in.context).ToLocalChecked());
}

void V8Subject::SettlePromise(uint32_t promise, bool fulfill, Value reason) {
  const Entered in(*this);
  const auto resolver = promises_[promise].Get(in.isolate.get).As<v8::Promise::Resolver>();
  (fulfill ? resolver->Resolve(in.context, v8::Undefined(in.isolate.get)) : resolver->Reject(in.context, ToJs(reason)))
      .Check();
}

void V8Subject::CallResolver(const v8::Global<v8::Value>& function, Value value) {
  const Entered in(*this);
  v8::Local<v8::Value> argument = ToJs(value);
  static_cast<void>(
      function.Get(in.isolate.get).As<v8::Function>()->Call(in.context, v8::Undefined(in.isolate.get), 1, &argument));
}

void V8Subject::Observe(uint32_t promise) {
  const Entered in(*this);
  const auto id = v8::Integer::NewFromUnsigned(in.isolate.get, promise);
  if (Do("observe", promises_[promise].Get(in.isolate.get), id).thrown) Violation("promise.then() threw");
}

// ---- Microtasks

void V8Subject::OnPromiseHook(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value>) {
  if (type != v8::PromiseHookType::kBefore) return;
  V8Subject& self = Of(promise->GetIsolate());
  while (self.budget_ == 0) self.fiber_.Suspend();
  if (self.budget_.has_value()) --*self.budget_;
}

void V8Subject::OnMarker(void* self) { static_cast<V8Subject*>(self)->fiber_.Suspend(); }

// Goes on with the microtasks until they are all done or the fiber is left.
void V8Subject::RunOnFiber() {
  v8::Isolate* const isolate = isolate_.get();
  if (!fiber_.running()) {
    fiber_.Start([this] {
      const Entered in(*this);
      isolate_.get()->PerformMicrotaskCheckpoint();
    });
  }
  isolate->SetPromiseHook(budget_.has_value() ? OnPromiseHook : nullptr);
  const uintptr_t limit = isolate_.data().stack_limit();
  isolate_.data().SetStackLimit(fiber_.lowest_address() + kLeftForNative);
  fiber_.Resume();
  isolate_.data().SetStackLimit(limit);
  isolate->SetPromiseHook(nullptr);
}

void V8Subject::RunTick() {
  {
    const Entered in(*this);
    in.isolate.get->EnqueueMicrotask(OnMarker, this);
  }
  budget_.reset();
  RunOnFiber();
}

void V8Subject::RunAllMicrotasks() {
  RunOnFiber();
  const Entered in(*this);
  rejections_.Process([this](v8::Local<v8::Promise> promise) {
    const v8::Local<v8::Value> reason = promise->Result();
    user_code_->UnhandledRejection(PromiseId(promise), ToSim(reason));
  });
}

// ---- Values

void V8Subject::Remember(v8::Local<v8::Value> object, Value value) {
  v8::Isolate* const isolate = isolate_.get();
  const double packed = static_cast<double>(value.kind) * 0x1p32 + value.id;
  static_cast<void>(
      identities_.Get(isolate)->Set(context(), object, v8::Number::New(isolate, packed)).ToLocalChecked());
}

v8::Local<v8::Value> V8Subject::ToJs(Value value) {
  v8::Isolate* const isolate = isolate_.get();
  // An object that is made when it is first asked for.
  const auto object = [&](Objects& objects, const char* make) {
    if (objects.size() <= value.id) objects.resize(value.id + 1);
    if (objects[value.id].IsEmpty()) {
      objects[value.id].Reset(isolate, Do(make).value);
      Remember(objects[value.id].Get(isolate), value);
    }
    return objects[value.id].Get(isolate);
  };
  switch (value.kind) {
    case ValueKind::kUndefined:
      break;
    case ValueKind::kNull:
      return v8::Null(isolate);
    case ValueKind::kNumber:
      return v8::Number::New(isolate, value.number);
    case ValueKind::kBoolean:
      return v8::Boolean::New(isolate, value.id != 0);
    case ValueKind::kChunk:
      return ChunkObject(value.id);
    case ValueKind::kReason:
      return object(reasons_, "object");
    case ValueKind::kThenable:
      return object(thenables_, "thenable");
    case ValueKind::kPromise:
      return promises_[value.id].Get(isolate);
    case ValueKind::kWriter:
      return writers_[value.id].Get(isolate);
    case ValueKind::kTypeError:
    case ValueKind::kRangeError:
    case ValueKind::kAbortError:
      Fail("an author makes no errors");
  }
  return v8::Undefined(isolate);
}

Value V8Subject::ToSim(v8::Local<v8::Value> value) {
  if (value->IsUndefined()) return Value::Undefined();
  if (value->IsNull()) return Value::Null();
  if (value->IsNumber()) return Value::Number(value.As<v8::Number>()->Value());
  if (value->IsBoolean()) return Value::Boolean(value->IsTrue());
  v8::Local<v8::Value> known;
  if (!value->IsObject() || !identities_.Get(isolate_.get())->Get(context(), value).ToLocal(&known)) {
    return Value::Of(ValueKind::kReason, kUnknownReason);
  }
  if (known->IsUndefined()) return NewIdentity(value.As<v8::Object>());
  const auto packed = static_cast<uint64_t>(known.As<v8::Number>()->Value());
  return Value::Of(static_cast<ValueKind>(packed >> 32), static_cast<uint32_t>(packed));
}

// Promises and errors that the implementation made.
Value V8Subject::NewIdentity(v8::Local<v8::Object> object) {
  v8::Isolate* const isolate = isolate_.get();
  Value value = Value::Of(ValueKind::kReason, kUnknownReason);
  const auto error = [&](ValueKind kind) {
    value = Value::Of(kind, errors_[static_cast<int>(kind) - static_cast<int>(ValueKind::kTypeError)]++);
  };
  v8::Local<v8::Value> name;
  if (object->IsPromise()) {
    value = Value::Of(ValueKind::kPromise, static_cast<uint32_t>(promises_.size()));
    promises_.emplace_back(isolate, object);
  } else if (object->IsNativeError() && object->GetPrototype() == error_prototypes_[0]) {
    error(ValueKind::kTypeError);
  } else if (object->IsNativeError() && object->GetPrototype() == error_prototypes_[1]) {
    error(ValueKind::kRangeError);
  } else if (binding::Implements(object, binding::kDomExceptionInterface) &&
             object->Get(context(), binding::Ascii(isolate, "name")).ToLocal(&name) &&
             name->StrictEquals(binding::Ascii(isolate, "AbortError"))) {
    error(ValueKind::kAbortError);
  }
  Remember(object, value);
  return value;
}

uint32_t V8Subject::PromiseId(v8::Local<v8::Value> promise) {
  const Value value = ToSim(promise);
  if (value.kind == ValueKind::kPromise) return value.id;
  Violation("what should be a promise is none");
  return NewPromise();
}

Value V8Subject::ChunkToSim(v8::Local<v8::Value> value) {
  if (value->IsUndefined()) return Value::Undefined();
  for (uint32_t i = 0; i < chunk_objects_.size(); ++i) {
    if (chunk_objects_[i].IsEmpty()) continue;
    if (chunk_objects_[i].Get(isolate_.get())->StrictEquals(value)) return Value::Of(ValueKind::kChunk, i);
  }
  return ToSim(value);
}

v8::Local<v8::Value> V8Subject::ChunkObject(uint32_t index) {
  v8::Isolate* const isolate = isolate_.get();
  if (chunk_objects_.size() <= index) chunk_objects_.resize(index + 1);
  if (chunk_objects_[index].IsEmpty()) chunk_objects_[index].Reset(isolate, MakeChunk((*chunks_)[index]));
  return chunk_objects_[index].Get(isolate);
}

v8::Local<v8::Value> V8Subject::MakeChunk(const sim::Chunk& chunk) {
  v8::Isolate* const isolate = isolate_.get();
  switch (chunk.kind) {
    case sim::ChunkKind::kString:
      return MakeString(chunk);
    case sim::ChunkKind::kArrayBuffer:
      return NewBuffer(isolate, chunk.count);
    case sim::ChunkKind::kSharedArrayBuffer:
      return NewSharedBuffer(isolate, chunk.count);
    case sim::ChunkKind::kView:
      return v8::Uint8Array::New(NewBuffer(isolate, chunk.count), 0, chunk.count);
    case sim::ChunkKind::kObject:
      return v8::Object::New(isolate);
    case sim::ChunkKind::kNumber:
      return v8::Integer::NewFromUnsigned(isolate, chunk.tag);
    case sim::ChunkKind::kUndefined:
    case sim::ChunkKind::kWriter:
    case sim::ChunkKind::kReady:
    case sim::ChunkKind::kClosed:
      break;
  }
  return v8::Undefined(isolate);
}

v8::Local<v8::Value> V8Subject::MakeString(const sim::Chunk& chunk) {
  v8::Isolate* const isolate = isolate_.get();
  if (uint64_t{chunk.unit_count} * chunk.count > limits_.longest_string) {
    const uint64_t bytes = core::Utf8Length(chunk.units.data(), chunk.unit_count, chunk.count);
    return Do("standIn", NewBuffer(isolate, bytes)).value;
  }
  const auto units = v8::String::NewFromTwoByte(isolate, reinterpret_cast<const uint16_t*>(chunk.units.data()),
                                                v8::NewStringType::kNormal, chunk.unit_count)
                         .ToLocalChecked();
  const Result repeated = Do("repeat", units, v8::Number::New(isolate, chunk.count));
  if (repeated.thrown) Fail("V8 refuses a string that is not longer than strings can be");
  return repeated.value;
}

// ---- Looking inside

v8::Local<v8::Value> V8Subject::Inspected(uint32_t name) const {
  v8::Isolate* const isolate = isolate_.get();
  const OfStream& of = streams_[name];
  if (!of.stream.IsEmpty()) return of.stream.Get(isolate);
  if (!of.controller.IsEmpty()) return of.controller.Get(isolate);
  return v8::Undefined(isolate);
}

core::WritableStream* V8Subject::State(uint32_t name) {
  const Entered in(*this);
  binding::StreamObject* const stream = binding::StreamObjectOf(in.context, Inspected(name));
  return stream == nullptr ? nullptr : &stream->core;
}

bool V8Subject::TakeSnapshot(uint32_t name, core::Snapshot& snapshot) {
  if (name == 0) CountStep();
  const Entered in(*this);
  binding::StreamObject* const stream = binding::StreamObjectOf(in.context, Inspected(name));
  if (stream == nullptr) return false;
  if (isolate_.data().host().channel()[binding::channel::kCount] != 0) {
    Violation("JavaScript performs the effects of the core before user code goes on");
  }
  if (stream->broken) Violation("the stream is broken and nobody terminated execution");
  core::TakeSnapshot(isolate_.data().host(), stream->core, snapshot);
  LookAtJavaScript(Inspected(name), stream->core, snapshot);
  if (streams_[name].released_writer.has_value()) LookAtReleasedWriter(*streams_[name].released_writer, snapshot);
  return true;
}

v8::Local<v8::String> V8Subject::Key(const char* literal) {
  v8::Eternal<v8::String>& key = keys_[literal];
  if (key.IsEmpty()) {
    key.Set(isolate_.get(),
            v8::String::NewFromUtf8(isolate_.get(), literal, v8::NewStringType::kInternalized).ToLocalChecked());
  }
  return key.Get(isolate_.get());
}

v8::Local<v8::Value> V8Subject::Field(v8::Local<v8::Value> object, const char* name) {
  return object.As<v8::Object>()->Get(context(), Key(name)).ToLocalChecked();
}

// What JavaScript keeps must be what the core believes that it keeps.
void V8Subject::LookAtJavaScript(v8::Local<v8::Value> inspected, const core::WritableStream& stream,
                                 core::Snapshot& snapshot) {
  const v8::Local<v8::Value> state = binding::StreamStateOf(context(), inspected);
  const auto length = [&](const char* head) {
    uint64_t count = 0;
    for (auto record = Field(state, head); record->IsObject(); record = Field(record, "next")) ++count;
    return count;
  };
  const bool writing = snapshot.inFlightWriteRequest != core::PromiseView::kUndefined;
  if (length("requestHead") != snapshot.writeRequests_size + (writing ? 1 : 0)) {
    Violation("JavaScript keeps as many write requests as the core believes");
  }
  // The write whose size() failed, and so errored the stream, has no chunk, but a place.
  const uint64_t without = length("chunkHead") - (snapshot.queue_size - snapshot.queue_sentinels);
  if (without > (snapshot.state >= core::StreamState::kErroring ? 1 : 0)) {
    Violation("JavaScript keeps as many chunks as the core believes");
  }
  const bool closing = snapshot.closeRequest != core::PromiseView::kUndefined ||
                       snapshot.inFlightCloseRequest != core::PromiseView::kUndefined;
  if (Field(state, "closeRequest")->IsObject() != closing) {
    Violation("JavaScript keeps a close request when the core believes it");
  }
  if (Field(state, "storedError")->IsUndefined() == snapshot.has_storedError) {
    Violation("JavaScript keeps a stored error when the core believes it");
  }
  if (snapshot.pendingAbortRequest != core::PromiseView::kUndefined) {
    if (!Field(state, "abortRequest")->IsObject()) {
      Violation("JavaScript keeps an abort request when the core believes it");
    }
    if (Field(state, "abortReason")->IsUndefined() == snapshot.pendingAbortRequest_has_reason) {
      Violation("JavaScript keeps an abort reason when the core believes it");
    }
  }
  const auto is_kept = [&](const char* name) { return !Field(state, name)->IsUndefined(); };
  if (snapshot.started && !snapshot.has_writeAlgorithm &&
      (is_kept("sink") || is_kept("write") || is_kept("close") || is_kept("abort") || is_kept("size"))) {
    Violation("JavaScript keeps the algorithms no longer than the core");
  }
  const v8::Local<v8::Value> writer = Field(state, "writer");
  const binding::WriterObject* known = nullptr;
  if (writer->IsObject()) {
    known = &binding::Page<binding::WriterObject>::Of(Field(writer, "page"))
                 ->at(Field(writer, "index").As<v8::Int32>()->Value());
  }
  if (known != (snapshot.has_writer ? binding::WriterObject::Of(stream.writer) : nullptr)) {
    return Violation("JavaScript knows the writer that the core has");
  }
  if (known == nullptr) return;
  LookAtPromise(writer, "ready", snapshot.readyPromise, snapshot.readyPromise_is_handled);
  LookAtPromise(writer, "closed", snapshot.closedPromise, snapshot.closedPromise_is_handled);
}

// Its stream knows it no longer; its promises are what JavaScript will make of them, or has made.
void V8Subject::LookAtReleasedWriter(uint32_t id, core::Snapshot& snapshot) {
  const v8::Local<v8::Value> writer = binding::WriterStateOf(context(), writers_[id].Get(isolate_.get()));
  const auto look = [&](const char* name, const char* view_name, core::PromiseView& view, bool& handled) {
    // The core knows nothing of it any more.
    view = ViewOf(Field(writer, view_name).As<v8::Int32>()->Value());
    // A rejected one that nobody asked for is marked as handled when it is made.
    handled = view == core::PromiseView::kRejected;
    LookAtPromise(writer, name, view, handled);
  };
  look("ready", "readyView", snapshot.released_readyPromise, snapshot.released_readyPromise_is_handled);
  look("closed", "closedView", snapshot.released_closedPromise, snapshot.released_closedPromise_is_handled);
}

// A promise of the writer that was made is what it is, whatever the core believes of it; one that was not, what it will
// be.
void V8Subject::LookAtPromise(v8::Local<v8::Value> writer, const char* name, core::PromiseView& view, bool& handled) {
  const v8::Local<v8::Value> record = Field(writer, name);
  const bool is_ready = name == std::string_view("ready");
  const core::PromiseView believed = view;
  v8::Local<v8::Promise> promise;
  if (record->IsObject()) {
    promise = Field(record, "promise").As<v8::Promise>();
    view = ViewOf(promise->State());
  } else {
    view = ViewOf(Field(writer, is_ready ? "readyView" : "closedView").As<v8::Int32>()->Value());
  }
  if (view != believed) {
    Violation(is_ready ? "JavaScript's ready promise is as the core believes"
                       : "JavaScript's closed promise is as the core believes");
  }
  if (!promise.IsEmpty()) handled = promise->HasHandler();
}

void V8Subject::AtStep() {
  CountStep();
  JudgedSubject::AtStep();
}

void V8Subject::CountStep() {
  const bool is_due = limits_.steps_per_gc != 0 && ++steps_ % limits_.steps_per_gc == 0;
  if (!is_due && collect_at_ != steps_of_run_++) return;
  const Entered in(*this);
  in.isolate.get->LowMemoryNotification();
}

}  // namespace sluice::fuzz
