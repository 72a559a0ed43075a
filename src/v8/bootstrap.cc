#include "src/v8/bootstrap.h"

#include <string_view>

#include "src/v8/isolate_data.h"
#include "src/v8/stream_object.h"
#include "src/v8/v8_host.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {
namespace {

// Index into a context's embedder data. Node uses those from 32 on; a context of ours is no context of Node's.
constexpr int kRealmIndex = 1;

// Nothing here may look up a property that an author can patch: `Promise` and the functions are parameters, argument
// lists are literal arrays, whose elements Reflect.apply reads as own properties, and the descriptor has no prototype.
constexpr std::string_view kSource = R"JS(
(function (settled, store, Promise, promiseThen, apply, defineProperty, publish) {
  "use strict";
  function makeReactions(target) {
    store(target, (value) => settled(target, true, value), (reason) => settled(target, false, reason));
  }
  function thenableJob(thenable, then, onFulfilled, onRejected) {
    let resolve, reject;
    const promise = new Promise((a, b) => { resolve = a; reject = b; });
    defineProperty(promise, "constructor", { __proto__: null, value: undefined });
    apply(promiseThen, promise, [onFulfilled, onRejected]);
    return () => {
      try { apply(then, thenable, [resolve, reject]); } catch (error) { reject(error); }
    };
  }
  publish(makeReactions, thenableJob, (chunk) => chunk.byteLength);
})
)JS";

void Settled(const Info& info) {
  IsolateData::Of(info.GetIsolate())->host().SinkPromiseSettled(info[0].As<v8::Object>(), info[1]->IsTrue(), info[2]);
}

void Store(const Info& info) {
  const auto stream = info[0].As<v8::Object>();
  stream->SetInternalField(StreamField::kOnFulfilled, info[1]);
  stream->SetInternalField(StreamField::kOnRejected, info[2]);
}

v8::Local<v8::Object> RealmOf(v8::Local<v8::Context> context) {
  return context->GetEmbedderData(kRealmIndex).As<v8::Object>();
}

void Publish(const Info& info) {
  const v8::Local<v8::Object> realm = RealmOf(info.GetIsolate()->GetCurrentContext());
  realm->SetInternalField(static_cast<int>(Intrinsic::kMakeReactions), info[0]);
  realm->SetInternalField(static_cast<int>(Intrinsic::kThenableJob), info[1]);
  realm->SetInternalField(static_cast<int>(Intrinsic::kGetByteLength), info[2]);
}

// CountQueuingStrategy's: https://streams.spec.whatwg.org/#count-queuing-strategy-size-function
void CountSize(const Info& info) { info.GetReturnValue().Set(1); }

// ByteLengthQueuingStrategy's: GetV(chunk, "byteLength"), with a primitive as its own receiver, which only JavaScript
// can. https://streams.spec.whatwg.org/#byte-length-queuing-strategy-size-function
void ByteLengthSize(const Info& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Value> chunk = info[0];
  v8::Local<v8::Value> length;
  if (!GetIntrinsic(context, Intrinsic::kGetByteLength)
           .As<v8::Function>()
           ->Call(context, v8::Undefined(info.GetIsolate()), 1, &chunk)
           .ToLocal(&length)) {
    return;
  }
  info.GetReturnValue().Set(length);
}

v8::Local<v8::Function> NewFunction(v8::Local<v8::Context> context, v8::FunctionCallback call, int length,
                                    std::string_view name) {
  const auto function = v8::Function::New(context, call, {}, length, v8::ConstructorBehavior::kThrow).ToLocalChecked();
  function->SetName(Ascii(context->GetIsolate(), name));
  return function;
}

}  // namespace

void InitializeRealm(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = context->GetIsolate();
  const auto fields = v8::ObjectTemplate::New(isolate);
  fields->SetInternalFieldCount(static_cast<int>(Intrinsic::kCount));
  const auto realm = fields->NewInstance(context).ToLocalChecked();
  context->SetEmbedderData(kRealmIndex, realm);
  const auto get = [&](v8::Local<v8::Value> object, std::string_view name) {
    return object.As<v8::Object>()->Get(context, Ascii(isolate, name)).ToLocalChecked();
  };
  const auto promise = get(context->Global(), "Promise");
  const auto then = get(get(promise, "prototype"), "then");
  const auto set = [&](Intrinsic which, v8::Local<v8::Value> value) {
    realm->SetInternalField(static_cast<int>(which), value);
  };
  set(Intrinsic::kPromise, promise);
  set(Intrinsic::kPromiseThen, then);
  set(Intrinsic::kCountSize, NewFunction(context, CountSize, 0, "size"));
  set(Intrinsic::kByteLengthSize, NewFunction(context, ByteLengthSize, 1, "size"));
  const auto source = Ascii(isolate, kSource);
  const auto bootstrap =
      v8::Script::Compile(context, source).ToLocalChecked()->Run(context).ToLocalChecked().As<v8::Function>();
  v8::Local<v8::Value> arguments[] = {NewFunction(context, Settled, 3, "settled"),
                                      NewFunction(context, Store, 3, "store"),
                                      promise,
                                      then,
                                      get(get(context->Global(), "Reflect"), "apply"),
                                      get(get(context->Global(), "Object"), "defineProperty"),
                                      NewFunction(context, Publish, 3, "publish")};
  bootstrap->Call(context, v8::Undefined(isolate), std::size(arguments), arguments).ToLocalChecked();
}

v8::Local<v8::Value> GetIntrinsic(v8::Local<v8::Context> context, Intrinsic which) {
  return RealmOf(context)->GetInternalField(static_cast<int>(which));
}

}  // namespace sluice::binding
