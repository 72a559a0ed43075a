#include "src/v8/script_extension.h"

#include <memory>
#include <string>

namespace sluice::binding {
namespace {

// Native functions are declared outside of the script's strict part: V8 knows them in sloppy code only.
std::string SourceOf(std::string_view script, std::span<const ScriptNative> natives) {
  std::string source = "(function () {\n";
  for (const ScriptNative& native : natives) {
    source += "native function ";
    source += native.name;
    source += "();\n";
  }
  source += "(function () {\n";
  source += script;
  source += "\n})();\n})();\n";
  return source;
}

// Before v8::Extension, which keeps the address of the text only.
struct Source {
  std::string text;
};

class ScriptExtension final : private Source, public v8::Extension {
 public:
  ScriptExtension(const char* name, std::string_view script, std::span<const ScriptNative> natives)
      : Source{SourceOf(script, natives)}, v8::Extension(name, text.c_str()), natives_(natives) {}

  v8::Local<v8::FunctionTemplate> GetNativeFunctionTemplate(v8::Isolate* isolate, v8::Local<v8::String> name) override {
    const v8::String::Utf8Value wanted(isolate, name);
    for (const ScriptNative& native : natives_) {
      if (native.name == *wanted) return v8::FunctionTemplate::New(isolate, native.call);
    }
    return {};
  }

 private:
  std::span<const ScriptNative> natives_;
};

}  // namespace

void RegisterScript(const char* name, std::string_view script, std::span<const ScriptNative> natives) {
  // V8 keeps the extension until the process ends.
  v8::RegisterExtension(std::make_unique<ScriptExtension>(name, script, natives));
}

}  // namespace sluice::binding
