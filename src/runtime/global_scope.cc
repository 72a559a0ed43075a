#include "src/runtime/global_scope.h"

#include <uv.h>

#include <chrono>

#include "src/runtime/realm.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// https://html.spec.whatwg.org/#dom-queuemicrotask
void QueueMicrotask(const Info& info) {
  if (!binding::RequireArguments(info, 1, "queueMicrotask")) return;
  if (!info[0]->IsFunction()) {
    return binding::ThrowTypeError(info.GetIsolate(), "queueMicrotask: the callback must be a function");
  }
  info.GetIsolate()->EnqueueMicrotask(info[0].As<v8::Function>());
}

// https://html.spec.whatwg.org/#dom-reporterror
void ReportError(const Info& info) {
  if (!binding::RequireArguments(info, 1, "reportError")) return;
  v8::Isolate* const isolate = info.GetIsolate();
  SelfOf<Realm>(info).ReportException(isolate->GetCurrentContext(), info[0],
                                      v8::Exception::CreateMessage(isolate, info[0]));
}

// https://w3c.github.io/hr-time/#dom-performance-now
void Now(const Info& info) { info.GetReturnValue().Set(EventLoop::Now() - SelfOf<Realm>(info).time_origin()); }

}  // namespace

void ExposeGlobalScope(Realm& realm, v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> global = context->Global();
  const auto hidden = [&](const char* name, v8::Local<v8::Value> value) {
    (void)global->DefineOwnProperty(context, binding::Ascii(isolate, name), value, v8::DontEnum);
  };
  hidden("self", global);
  DefineFunction(context, global, "queueMicrotask", QueueMicrotask, &realm, 1);
  DefineFunction(context, global, "reportError", ReportError, &realm, 1);

  const v8::Local<v8::Object> performance = v8::Object::New(isolate);
  DefineFunction(context, performance, "now", Now, &realm);
  const std::chrono::duration<double, std::milli> wall = std::chrono::system_clock::now().time_since_epoch();
  const double origin = wall.count() - (EventLoop::Now() - realm.time_origin());
  (void)performance->CreateDataProperty(context, binding::Ascii(isolate, "timeOrigin"),
                                        v8::Number::New(isolate, origin));
  (void)performance->DefineOwnProperty(context, v8::Symbol::GetToStringTag(isolate),
                                       binding::Ascii(isolate, "Performance"),
                                       static_cast<v8::PropertyAttribute>(v8::DontEnum | v8::ReadOnly));
  hidden("performance", performance);
}

}  // namespace sluice::runtime
