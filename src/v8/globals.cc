#include "src/v8/globals.h"

#include <vector>

#include "src/v8/dom/dom.h"
#include "src/v8/dom/event_target.h"
#include "src/v8/stream_extension.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {

namespace {

// The global object is an EventTarget, as every global of HTML's is. No interface of its own has a name here.
constexpr Interface kGlobalInterface{
    .name = "Object", .parent = &kEventTargetInterface, .fields = event_target::kEnd - kFirstField};

// Between the global object and EventTarget.prototype stands an object of this realm, as a global's own prototype does.
bool MakeEventTarget(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> global = context->Global();
  SetBrand(global, kGlobalInterface);
  v8::Local<v8::Function> event_target;
  v8::Local<v8::Value> prototype;
  if (!TemplateOf(isolate, kEventTargetInterface)->GetFunction(context).ToLocal(&event_target) ||
      !event_target->Get(context, Ascii(isolate, "prototype")).ToLocal(&prototype)) {
    return false;
  }
  const v8::Local<v8::Object> own = v8::Object::New(isolate, prototype, nullptr, nullptr, 0);
  // Context::Global() is a proxy; its prototype is the global object itself.
  return global->GetPrototype().As<v8::Object>()->SetPrototype(context, own).FromMaybe(false);
}

}  // namespace

v8::MaybeLocal<v8::Context> NewContext(v8::Isolate* isolate, std::span<const char* const> scripts) {
  std::vector<const char*> names = {StreamScript()};
  names.insert(names.end(), scripts.begin(), scripts.end());
  v8::ExtensionConfiguration extensions(static_cast<int>(names.size()), names.data());
  const v8::Local<v8::Context> context =
      v8::Context::New(isolate, &extensions, TemplateOf(isolate, kGlobalInterface)->InstanceTemplate());
  if (context.IsEmpty()) return {};
  const v8::Context::Scope in(context);
  ExposeDom(context);
  if (!MakeEventTarget(context)) return {};
  return context;
}

}  // namespace sluice::binding
