#include "src/v8/stream_extension.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <memory>
#include <string>

#include "src/v8/effects.h"
#include "src/v8/writable_stream_js.h"

namespace sluice::binding {
namespace {

constexpr const char* kName = "sluice/writable_stream";

// The script with the numbers of effects.h in place of their names: V8 makes a jump table of a switch over literals,
// and a chain of comparisons of one over names.
std::string WithConstants(std::string_view script) {
  const std::map<std::string_view, int> constants = {
#define V(name, value) {"k" #name, value},
      SLUICE_BINDING_CONSTANTS(V)
#undef V
  };
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$'; };
  std::string text;
  for (size_t at = 0; at < script.size();) {
    size_t end = at;
    while (end < script.size() && in_word(script[end])) ++end;
    const std::string_view word = script.substr(at, std::max<size_t>(end - at, 1));
    const auto constant = constants.find(word);
    text += constant == constants.end() ? std::string(word) : std::to_string(constant->second);
    at += word.size();
  }
  return text;
}

// The script, inside a function, so that nothing of it is global. Native functions are declared outside of the strict
// part: V8 knows them in sloppy code only.
std::string Source() {
  std::string source = "(function () {\n";
  for (const std::string_view name : StreamNativeNames()) {
    source += "native function " + std::string(name) + "();\n";
  }
  source += "(function () {\n" + WithConstants(kWritableStreamJs) + "\n})();\n})();\n";
  return source;
}

class StreamExtension final : public v8::Extension {
 public:
  explicit StreamExtension(const std::string& source) : v8::Extension(kName, source.c_str()) {}
  v8::Local<v8::FunctionTemplate> GetNativeFunctionTemplate(v8::Isolate* isolate, v8::Local<v8::String> name) override {
    return StreamNative(isolate, *v8::String::Utf8Value(isolate, name));
  }
};

}  // namespace

v8::ExtensionConfiguration& StreamExtensions() {
  // V8 keeps the extension, and the extension its source's address, until the process ends.
  static const std::string* const source = new std::string(Source());
  static const bool registered = [] {
    v8::RegisterExtension(std::make_unique<StreamExtension>(*source));
    return true;
  }();
  static_cast<void>(registered);
  static const char* names[] = {kName};
  static v8::ExtensionConfiguration configuration(1, names);
  return configuration;
}

v8::Local<v8::Function> GetStreamFunction(v8::Local<v8::Context> context, StreamFunction function) {
  return context->GetEmbedderData(kStreamFunctionsIndex)
      .As<v8::Object>()
      ->GetInternalField(static_cast<int>(function))
      .As<v8::Function>();
}

}  // namespace sluice::binding
