#include "src/v8/script_extension.h"

#include <memory>
#include <string>
#include <utility>

namespace sluice::binding {
namespace {

class ScriptExtension final : public v8::Extension {
 public:
  ScriptExtension(const char* name, std::unique_ptr<const std::string> source, std::span<const ScriptNative> natives)
      : v8::Extension(name, source->c_str()), source_(std::move(source)), natives_(natives) {}

  v8::Local<v8::FunctionTemplate> GetNativeFunctionTemplate(v8::Isolate* isolate, v8::Local<v8::String> name) override {
    const v8::String::Utf8Value text(isolate, name);
    for (const ScriptNative& native : natives_) {
      if (native.name == *text) return v8::FunctionTemplate::New(isolate, native.call);
    }
    return {};
  }

 private:
  std::unique_ptr<const std::string> source_;  // where the base class has its address
  std::span<const ScriptNative> natives_;
};

}  // namespace

void RegisterScript(const char* name, std::string_view script, std::span<const ScriptNative> natives) {
  // Native functions are declared outside of the strict part: V8 knows them in sloppy code only. V8 keeps the
  // extension until the process ends.
  auto source = std::make_unique<std::string>("(function () {\n");
  for (const ScriptNative& native : natives) {
    *source += "native function ";
    *source += native.name;
    *source += "();\n";
  }
  *source += "(function () {\n";
  *source += script;
  *source += "\n})();\n})();\n";
  v8::RegisterExtension(std::make_unique<ScriptExtension>(name, std::move(source), natives));
}

}  // namespace sluice::binding
