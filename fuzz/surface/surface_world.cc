#include "fuzz/surface/surface_world.h"

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "fuzz/surface/author_js.h"
#include "fuzz/surface/interfaces_js.h"
#include "fuzz/surface/realm_js.h"
#include "fuzz/surface/reference_dom_js.h"
#include "fuzz/surface/reference_js.h"
#include "fuzz/surface/shape_js.h"
#include "src/runtime/values.h"
#include "src/v8/globals.h"

namespace sluice::fuzz {
namespace {

using runtime::NewString;
using runtime::Utf8;

// What prints more has found a way to go on for ever. Both sides end at the same line.
constexpr size_t kMostLines = 3000;

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "SurfaceWorld: %s\n", what.c_str());
  std::abort();
}

void IsProxy(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetReturnValue().Set(info[0]->IsProxy()); }
void IsPromise(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetReturnValue().Set(info[0]->IsPromise()); }
void MarkAsHandled(const v8::FunctionCallbackInfo<v8::Value>& info) { info[0].As<v8::Promise>()->MarkAsHandled(); }
// As after a task: what a WeakRef was read of may be collected again.
void Checkpoint(const v8::FunctionCallbackInfo<v8::Value>& info) {
  info.GetIsolate()->PerformMicrotaskCheckpoint();
  info.GetIsolate()->ClearKeptObjects();
}
void Collect(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetIsolate()->LowMemoryNotification(); }
void Detach(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (info[0]->IsArrayBuffer() && info[0].As<v8::ArrayBuffer>()->IsDetachable() &&
      !info[0].As<v8::ArrayBuffer>()->WasDetached()) {
    info[0].As<v8::ArrayBuffer>()->Detach();
  }
}

}  // namespace

runtime::IsolateOptions SurfaceWorld::Options(SurfaceWorld* world) {
  // As in fuzz/script: a stack that is the same in every build, no threads of V8's. Resizable buffers are behind a
  // flag.
  runtime::InitializeV8({"--stack-size=500", "--single-threaded", "--harmony-rab-gsab"});
  return {.binding = {.stream = {.byte_limit = kByteLimit}, .embedder = world}};
}

SurfaceWorld::SurfaceWorld() : isolate_(Options(this)) {
  v8::Isolate* const isolate = isolate_.get();
  isolate->SetData(1, this);
  isolate->SetPromiseRejectCallback(OnRejection);
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope handles(isolate);
  const v8::Local<v8::Context> context = v8::Context::New(isolate);
  context->SetSecurityToken(v8::Undefined(isolate));
  home_.Reset(isolate, context);
  author_.Reset(isolate, Evaluate(context, kSurfaceAuthorJs, "author.js"));
  reference_.Reset(isolate, Evaluate(context, kSurfaceReferenceJs, "reference.js"));
  table_.Reset(isolate, Evaluate(context, kSurfaceInterfacesJs, "interfaces.json"));
  natives_.Reset(isolate, Natives());
}

SurfaceWorld::~SurfaceWorld() = default;

int64_t SurfaceWorld::PostDelayedTask(double, std::function<void()>) { return 1; }

void SurfaceWorld::Print(std::string line) {
  if (log_->size() < kMostLines && !is_over_) log_->push_back(std::move(line));
  if (log_->size() == kMostLines) isolate_.get()->TerminateExecution();
  const LifetimeFault fault = point_.fault;
  if (!IsPoint(fault == LifetimeFault::kCollect || fault == LifetimeFault::kTerminate ||
               fault == LifetimeFault::kDispose)) {
    return;
  }
  if (fault == LifetimeFault::kCollect) return isolate_.get()->LowMemoryNotification();
  is_over_ = true;
  isolate_.get()->TerminateExecution();
}

bool SurfaceWorld::IsPoint(bool right_kind) {
  if (point_.at == 0 || !right_kind) return false;
  ++events_;
  return events_ == point_.at || (point_.sticky && events_ > point_.at);
}

void SurfaceWorld::OnPromiseEvent(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value>) {
  SurfaceWorld& world = Of(promise->GetIsolate());
  if (world.IsPoint(world.point_.fault == LifetimeFault::kTerminatePromise)) {
    world.is_over_ = true;
    world.isolate_.get()->TerminateExecution();
  }
  if (type == v8::PromiseHookType::kBefore && world.IsPoint(world.point_.fault == LifetimeFault::kDetach)) {
    for (Pair& pair : world.pairs_) {
      for (v8::Global<v8::Context>& context : pair.contexts) {
        if (!context.IsEmpty() && &pair == world.running_) context.Get(world.isolate_.get())->DetachGlobal();
      }
    }
  }
}

void SurfaceWorld::ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                                   v8::Local<v8::Message>) {
  v8::Isolate* const isolate = context->GetIsolate();
  Print("reported " + (exception->IsString() ? Utf8(isolate, exception.As<v8::String>()) : std::string("an object")));
}

// V8 reports each rejection at the moment when it happens, and each handler that comes late.
void SurfaceWorld::OnRejection(v8::PromiseRejectMessage message) {
  v8::Isolate* const isolate = message.GetPromise()->GetIsolate();
  SurfaceWorld& world = Of(isolate);
  const auto event = message.GetEvent();
  if (event != v8::kPromiseRejectWithNoHandler && event != v8::kPromiseHandlerAddedAfterReject) return;
  v8::Local<v8::Context> made_in;
  if (world.tools_.IsEmpty() || !message.GetPromise()->GetCreationContext().ToLocal(&made_in)) return;
  const v8::Local<v8::Context> home = world.home();
  if (made_in == home) return;
  const v8::Context::Scope in(home);
  v8::Local<v8::Value> function;
  if (!world.tools_.Get(isolate)->Get(home, binding::Ascii(isolate, "rejection")).ToLocal(&function)) return;
  static_cast<void>(world.Call(
      function, {binding::Ascii(isolate, event == v8::kPromiseRejectWithNoHandler ? "no handler" : "handler came late"),
                 message.GetPromise(),
                 message.GetValue().IsEmpty() ? v8::Undefined(isolate).As<v8::Value>() : message.GetValue()}));
}

v8::MaybeLocal<v8::Value> SurfaceWorld::Call(v8::Local<v8::Value> function,
                                             std::vector<v8::Local<v8::Value>> arguments) {
  return function.As<v8::Function>()->Call(home(), v8::Undefined(isolate_.get()), static_cast<int>(arguments.size()),
                                           arguments.data());
}

v8::Local<v8::Value> SurfaceWorld::Evaluate(v8::Local<v8::Context> context, std::string_view source, const char* name) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::Context::Scope in(context);
  const v8::TryCatch caught(isolate);
  v8::Local<v8::String> text;
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> value;
  if (NewString(isolate, source).ToLocal(&text) && v8::Script::Compile(context, text).ToLocal(&script) &&
      script->Run(context).ToLocal(&value)) {
    return value;
  }
  if (caught.HasTerminated()) return v8::Undefined(isolate);
  Fail(std::string(name) + ": " + (caught.Message().IsEmpty() ? "nothing" : Utf8(isolate, caught.Message()->Get())) +
       "\n" + std::string(source.substr(0, 4000)));
}

v8::Local<v8::Object> SurfaceWorld::NewRealm(Pair& pair, int index) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::Local<v8::Context> context = isolate_.NewContext();
  context->SetSecurityToken(v8::Undefined(isolate));
  pair.contexts[index].Reset(isolate, context);
  const v8::Local<v8::Value> make_tools = Evaluate(context, kSurfaceRealmJs, "realm.js");
  v8::Local<v8::Value> make;
  {
    const v8::Context::Scope in(context);
    make = make_tools.As<v8::Function>()->Call(context, v8::Undefined(isolate), 0, nullptr).ToLocalChecked();
  }
  if (!pair.fault.empty()) Evaluate(context, pair.fault, "the fault");
  const v8::Local<v8::Object> realm = v8::Object::New(isolate);
  const auto set = [&](const char* key, v8::Local<v8::Value> value) {
    realm->Set(home(), binding::Ascii(isolate, key), value).Check();
  };
  set("name", binding::Ascii(isolate, index == 0 ? "A" : "B"));
  set("global", context->Global());
  set("make", make);
  return realm;
}

// In the home realm.
SurfaceWorld::Pair& SurfaceWorld::PairFor(SurfaceSide side, std::string_view fault) {
  v8::Isolate* const isolate = isolate_.get();
  Pair& pair = pairs_[static_cast<int>(side)];
  if (side == SurfaceSide::kReference) fault = "";
  if (!pair.realms.IsEmpty() && pair.fault == fault && pair.runs++ < kRunsPerPair) return pair;
  pair.fault = fault;
  pair.runs = 0;
  const v8::Local<v8::Object> realms = v8::Object::New(isolate);
  realms->Set(home(), binding::Ascii(isolate, "A"), NewRealm(pair, 0)).Check();
  realms->Set(home(), binding::Ascii(isolate, "B"), NewRealm(pair, 1)).Check();
  pair.realms.Reset(isolate, realms);
  if (side == SurfaceSide::kReference) {
    Call(reference_.Get(isolate),
         {table_.Get(isolate), natives_.Get(isolate), realms, v8::Number::New(isolate, kByteLimit),
          Evaluate(home(), kSurfaceReferenceDomJs, "reference_dom.js")})
        .ToLocalChecked();
  }
  return pair;
}

v8::Local<v8::Object> SurfaceWorld::Natives() {
  v8::Isolate* const isolate = isolate_.get();
  const v8::Local<v8::Context> context = home();
  const v8::Context::Scope in(context);
  const v8::Local<v8::Object> natives = v8::Object::New(isolate);
  const auto define = [&](const char* name, v8::FunctionCallback call) {
    natives->Set(context, binding::Ascii(isolate, name), v8::Function::New(context, call).ToLocalChecked()).Check();
  };
  define("print",
         [](const Info& info) { Of(info.GetIsolate()).Print(Utf8(info.GetIsolate(), info[0].As<v8::String>())); });
  define("checkpoint", Checkpoint);
  define("collect", Collect);
  define("detach", Detach);
  define("isProxy", IsProxy);
  define("isPromise", IsPromise);
  define("markAsHandled", MarkAsHandled);
  // https://tc39.es/ecma262/#sec-getfunctionrealm
  define("functionRealm", [](const Info& info) {
    v8::Local<v8::Value> function = info[0];
    for (;;) {
      if (function->IsProxy()) {
        function = function.As<v8::Proxy>()->GetTarget();
      } else if (function->IsFunction() && function.As<v8::Function>()->GetBoundFunction()->IsFunction()) {
        function = function.As<v8::Function>()->GetBoundFunction();
      } else {
        break;
      }
    }
    v8::Local<v8::Context> made_in;
    const bool found = function->IsObject() && function.As<v8::Object>()->GetCreationContext().ToLocal(&made_in);
    const Pair& pair = Of(info.GetIsolate()).pairs_[static_cast<int>(SurfaceSide::kReference)];
    info.GetReturnValue().Set(binding::Ascii(info.GetIsolate(), found && made_in == pair.contexts[1] ? "B" : "A"));
  });
  return natives;
}

std::string SurfaceWorld::ShapeFaults(std::string_view fault) {
  if (fault.empty() && shape_is_right_) return "";
  v8::Isolate* const isolate = isolate_.get();
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope handles(isolate);
  const v8::Local<v8::Context> context = isolate_.NewContext();
  const v8::Context::Scope in(context);
  if (!fault.empty()) Evaluate(context, fault, "the fault");
  v8::Local<v8::Value> arguments[] = {context->Global(), Evaluate(context, kSurfaceInterfacesJs, "interfaces.json")};
  const v8::Local<v8::Value> wrong = Evaluate(context, kSurfaceShapeJs, "shape.js")
                                         .As<v8::Function>()
                                         ->Call(context, v8::Undefined(isolate), std::size(arguments), arguments)
                                         .ToLocalChecked();
  const std::string text = Utf8(isolate, wrong.As<v8::String>());
  if (fault.empty()) shape_is_right_ = text.empty();
  return text;
}

void SurfaceWorld::RunProgram(Pair& pair, const std::vector<std::string>& statements) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::TryCatch caught(isolate);
  v8::Local<v8::Value> tools;
  if (!Call(author_.Get(isolate), {pair.realms.Get(isolate), natives_.Get(isolate), table_.Get(isolate)})
           .ToLocal(&tools)) {
    Fail("author.js: " + Utf8(isolate, caught.Message()->Get()));
  }
  tools_.Reset(isolate, tools.As<v8::Object>());
  std::string program =
      "(({A, B, begin, on, sink, strategy, construct, call, writes, buffer, view, change, chunk, signal, patch, "
      "patchAll, run, "
      "settle, "
      "mutate, collect, drop, end, stream0, stream1, stream2, stream3, stream4, one0, one1, one2, one3, one4}) => "
      "{\nbegin();\n";
  for (const std::string& statement : statements) program += statement + ";\n";
  program += "end(); })";
  const bool ended = Call(Evaluate(home(), program, "the program"), {tools}).IsEmpty();
  // An author that is cut off from a global object cannot patch it.
  const bool detached = point_.fault == LifetimeFault::kDetach && point_.at != 0 && events_ >= point_.at;
  if (ended && !caught.HasTerminated() && !detached) {
    Fail("the author failed: " + Utf8(isolate, caught.Message()->Get()) + "\n" + program);
  }
  if (caught.HasTerminated()) {
    if (point_.fault == LifetimeFault::kDispose) return tools_.Reset();
    isolate->CancelTerminateExecution();
    // If that came to its end, what was patched is as it was, and the realms go on.
    if (!AfterTheEnd(tools)) pair.realms.Reset();
  } else if (detached) {
    AfterTheEnd(tools);
    pair.realms.Reset();
  }
  tools_.Reset();
}

// Execution was ended, by a program that went on for ever or by a fault. Another end may come, if that is sticky.
bool SurfaceWorld::AfterTheEnd(v8::Local<v8::Value> tools) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::TryCatch caught(isolate);
  is_over_ = true;
  v8::Local<v8::Value> poke;
  v8::Local<v8::Value> wrong;
  const bool poked = tools.As<v8::Object>()->Get(home(), binding::Ascii(isolate, "poke")).ToLocal(&poke) &&
                     Call(poke, {}).ToLocal(&wrong);
  if (poked && wrong.As<v8::String>()->Length() != 0) {
    log_->push_back("after the end: " + Utf8(isolate, wrong.As<v8::String>()));
  }
  isolate->CancelTerminateExecution();
  isolate->PerformMicrotaskCheckpoint();
  isolate->CancelTerminateExecution();
  return poked;
}

SurfaceLog SurfaceWorld::Run(const std::vector<std::string>& statements, SurfaceSide side, std::string_view fault) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::Isolate::Scope entered(isolate);
  SurfaceLog log;
  log_ = &log;
  {
    const v8::HandleScope handles(isolate);
    const v8::Context::Scope in(home());
    running_ = &PairFor(side, fault);
    RunProgram(*running_, statements);
    running_ = nullptr;
  }
  isolate->CancelTerminateExecution();
  isolate->ClearKeptObjects();
  log_ = nullptr;
  return log;
}

SurfaceLog SurfaceWorld::RunWithFault(const std::vector<std::string>& statements, SurfaceSide side,
                                      const LifetimePoint& point, bool& fired, std::string_view fault) {
  v8::Isolate* const isolate = isolate_.get();
  point_ = point;
  events_ = 0;
  is_over_ = false;
  if (point.fault == LifetimeFault::kTerminatePromise || point.fault == LifetimeFault::kDetach) {
    isolate->SetPromiseHook(OnPromiseEvent);
  }
  SurfaceLog log = Run(statements, side, fault);
  isolate->SetPromiseHook(nullptr);
  fired = point.at != 0 && events_ >= point.at;
  point_ = {};
  is_over_ = false;
  return log;
}

std::string SurfaceWorld::WhatLives() {
  v8::Isolate* const isolate = isolate_.get();
  {
    const v8::Isolate::Scope entered(isolate);
    isolate->ClearKeptObjects();
    isolate_.CollectGarbage();
  }
  const binding::LiveObjects& live = isolate_.data().live();
  std::string text;
  const auto add = [&](const char* what, int64_t count) {
    if (count != 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add("streams", live.streams);
  add("writers", live.writers);
  add("signals", live.signals);
  add("bytes of external memory", live.external_bytes);
  add("charged bytes", static_cast<int64_t>(live.charged_bytes));
  return text;
}

SurfaceLog SurfaceWorld::RunAlone(const std::vector<std::string>& statements, SurfaceSide side,
                                  std::string_view fault) {
  pairs_[static_cast<int>(side)].realms.Reset();
  return Run(statements, side, fault);
}

}  // namespace sluice::fuzz
