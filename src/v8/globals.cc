#include "src/v8/globals.h"

#include "src/v8/dom/dom.h"
#include "src/v8/stream_extension.h"

namespace sluice::binding {

v8::MaybeLocal<v8::Context> NewContext(v8::Isolate* isolate) {
  const v8::Local<v8::Context> context = v8::Context::New(isolate, &StreamExtensions());
  if (context.IsEmpty()) return {};
  const v8::Context::Scope in(context);
  ExposeDom(context);
  return context;
}

}  // namespace sluice::binding
