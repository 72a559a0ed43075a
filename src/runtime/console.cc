#include "src/runtime/console.h"

#include <string>

#include "src/runtime/inspect.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

void Print(const v8::FunctionCallbackInfo<v8::Value>& info) {
  std::string line;
  for (int i = 0; i < info.Length(); ++i) {
    if (i != 0) line += ' ';
    line += Inspect(info.GetIsolate()->GetCurrentContext(), info[i]);
  }
  SelfOf<Sink>(info)(line + "\n");
}

}  // namespace

void Console::Expose(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> console = v8::Object::New(isolate);
  for (const char* name : {"log", "info", "debug"}) DefineFunction(context, console, name, Print, &out_);
  for (const char* name : {"warn", "error", "trace"}) DefineFunction(context, console, name, Print, &err_);
  (void)context->Global()->Set(context, binding::Ascii(isolate, "console"), console);
}

}  // namespace sluice::runtime
