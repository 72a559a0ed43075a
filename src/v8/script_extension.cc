#include "src/v8/script_extension.h"

#include <memory>
#include <string>

namespace sluice::binding {
namespace {

bool shown_to_profilers = false;

std::string Names(std::span<const ScriptNative> natives) {
  std::string names;
  for (const ScriptNative& native : natives) names += (names.empty() ? "" : ",") + std::string(native.name);
  return names;
}

std::string WithUrl(std::string_view script) {
  return std::string(script) + "\n//# sourceURL=" + std::string(kShownScriptUrl);
}

std::string Literal(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    if (c == '\n') {
      literal += "\\n";
    } else {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
  }
  return literal + "\"";
}

// V8 counts no blocks of extensions, but those of functions that an extension makes of a text.
std::string BodyOf(std::string_view script, std::span<const ScriptNative> natives) {
  if (!shown_to_profilers) return "(function () {\n" + std::string(script) + "\n})();\n";
  const std::string names = Names(natives);
  return "new Function(\"" + names + "\", " + Literal(WithUrl(script)) + ")(" + names + ");\n";
}

// Native functions are declared outside of the script's strict part: V8 knows them in sloppy code only.
std::string SourceOf(std::string_view script, std::span<const ScriptNative> natives) {
  std::string source = "(function () {\n";
  for (const ScriptNative& native : natives) {
    source += "native function ";
    source += native.name;
    source += "();\n";
  }
  return source + BodyOf(script, natives) + "})();\n";
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

void ShowScriptsToProfilers() { shown_to_profilers = true; }

// https://tc39.es/ecma262/#sec-createdynamicfunction
std::string ScriptAsShown(std::string_view script, std::span<const ScriptNative> natives) {
  return "(function anonymous(" + Names(natives) + "\n) {\n" + WithUrl(script) + "\n})";
}

void RegisterScript(const char* name, std::string_view script, std::span<const ScriptNative> natives) {
  // V8 keeps the extension until the process ends.
  v8::RegisterExtension(std::make_unique<ScriptExtension>(name, script, natives));
}

}  // namespace sluice::binding
