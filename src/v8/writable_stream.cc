// class WritableStream. https://streams.spec.whatwg.org/#ws-class
#include "src/core/class_steps.h"
#include "src/v8/stream_object.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {
namespace {

constexpr const char* kWhat = "Failed to construct 'WritableStream'";

// The dictionaries' members, after conversion. Empty: the member does not exist.
struct Strategy {
  core::QueuingStrategy core;
  v8::Local<v8::Value> size;
};

struct Sink {
  core::UnderlyingSink core;
  v8::Local<v8::Value> abort, close, start, write;
};

// A member that is a callback function. False with an exception thrown.
bool CallbackMember(v8::Local<v8::Context> context, v8::Local<v8::Object> dictionary, Name name,
                    v8::Local<v8::Value>& callback, bool& exists) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::Local<v8::String> key = IsolateData::Of(isolate)->name(name);
  if (!DictionaryMember(context, dictionary, key).ToLocal(&callback)) return false;
  exists = !callback->IsUndefined();
  if (!exists || callback->IsFunction()) return true;
  const v8::String::Utf8Value text(isolate, key);
  ThrowTypeError(isolate, std::string(kWhat) + ": " + *text + " is not a function");
  return false;
}

// https://streams.spec.whatwg.org/#dictdef-queuingstrategy, members in lexicographical order.
bool ToStrategy(v8::Local<v8::Context> context, v8::Local<v8::Value> value, Strategy& strategy) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> dictionary;
  if (!ToDictionary(isolate, value, std::string(kWhat) + ": the strategy", dictionary)) return false;
  if (dictionary.IsEmpty()) return true;
  v8::Local<v8::Value> mark;
  if (!dictionary->Get(context, IsolateData::Of(isolate)->name(Name::kHighWaterMark)).ToLocal(&mark)) return false;
  if (!mark->IsUndefined()) {
    double number = 0;
    if (!mark->NumberValue(context).To(&number)) return false;
    strategy.core.highWaterMark = number;
  }
  return CallbackMember(context, dictionary, Name::kSize, strategy.size, strategy.core.has_size);
}

// https://streams.spec.whatwg.org/#dictdef-underlyingsink, likewise.
bool ToSink(v8::Local<v8::Context> context, v8::Local<v8::Object> object, Sink& sink) {
  if (!CallbackMember(context, object, Name::kAbort, sink.abort, sink.core.abort)) return false;
  if (!CallbackMember(context, object, Name::kClose, sink.close, sink.core.close)) return false;
  if (!CallbackMember(context, object, Name::kStart, sink.start, sink.core.start)) return false;
  v8::Local<v8::Value> type;
  if (!object->Get(context, IsolateData::Of(context->GetIsolate())->name(Name::kType)).ToLocal(&type)) return false;
  sink.core.type = !type->IsUndefined();
  return CallbackMember(context, object, Name::kWrite, sink.write, sink.core.write);
}

// https://streams.spec.whatwg.org/#ws-constructor
void Construct(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  IsolateData& data = *IsolateData::Of(isolate);
  V8Host& host = data.host();
  const V8Host::Operation operation(host);
  if (!info[0]->IsUndefined() && !info[0]->IsObject()) {
    return ThrowTypeError(isolate, std::string(kWhat) + ": the underlying sink is not an object");
  }
  Strategy strategy;
  Sink sink;
  if (!ToStrategy(context, info[1], strategy)) return;
  if (info[0]->IsObject() && !ToSink(context, info[0].As<v8::Object>(), sink)) return;
  const v8::Local<v8::Object> wrapper = info.This();
  StreamObject& stream = host.NewStream(wrapper);
  const auto store = [&](int field, bool exists, v8::Local<v8::Value> value) {
    if (exists) wrapper->SetInternalField(field, value);
  };
  store(StreamField::kSink, info[0]->IsObject(), info[0]);
  store(StreamField::kWrite, sink.core.write, sink.write);
  store(StreamField::kClose, sink.core.close, sink.close);
  store(StreamField::kAbort, sink.core.abort, sink.abort);
  store(StreamField::kSize, strategy.core.has_size, strategy.size);
  // start() may make streams itself.
  const v8::Local<v8::Value> outer_start = host.start_function;
  host.start_function = sink.start;
  const auto made = core::ws::Constructor(host, stream.core, sink.core, strategy.core, data.options().byte_limit);
  host.start_function = outer_start;
  if (made.is_thrown()) isolate->ThrowException(host.ValueOf(made.thrown().value));
}

StreamObject& This(const Info& info) { return *StreamObject::Of(info.This()); }

void Locked(const Info& info) { info.GetReturnValue().Set(core::ws::Locked(This(info).core)); }

void Abort(const Info& info) {
  if (!Implements(info.This(), kWritableStreamInterface)) return RejectIllegalInvocation(info);
  V8Host& host = IsolateData::Of(info.GetIsolate())->host();
  const V8Host::Operation operation(host);
  host.Return(info, core::ws::Abort(host, This(info).core, V8Host::Borrow(info[0])));
}

void Close(const Info& info) {
  if (!Implements(info.This(), kWritableStreamInterface)) return RejectIllegalInvocation(info);
  V8Host& host = IsolateData::Of(info.GetIsolate())->host();
  const V8Host::Operation operation(host);
  host.Return(info, core::ws::Close(host, This(info).core));
}

void GetWriter(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  V8Host& host = IsolateData::Of(isolate)->host();
  v8::Local<v8::Object> wrapper;
  if (!NewObject(isolate->GetCurrentContext(), kWritableStreamDefaultWriterInterface).ToLocal(&wrapper)) return;
  WriterObject& writer = host.NewWriter(wrapper);
  const auto made = core::ws::GetWriter(host, This(info).core, writer.slot());
  if (made.is_thrown()) {
    isolate->ThrowException(host.ValueOf(made.thrown().value));
    return;
  }
  host.Attach(wrapper, info.This());
  info.GetReturnValue().Set(wrapper);
}

constexpr Member kMembers[] = {
    {Member::kAttribute, "locked", Locked},
    {Member::kPromiseOperation, "abort", Abort},
    {Member::kPromiseOperation, "close", Close},
    {Member::kOperation, "getWriter", GetWriter},
};

}  // namespace

const Interface kWritableStreamInterface{
    .name = "WritableStream", .construct = Construct, .fields = StreamField::kEnd - kFirstField, .members = kMembers};

}  // namespace sluice::binding
