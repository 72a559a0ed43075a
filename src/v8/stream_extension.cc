#include "src/v8/stream_extension.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include "src/v8/effects.h"
#include "src/v8/script_extension.h"
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

}  // namespace

std::string StreamScriptText() { return WithConstants(kWritableStreamJs); }

const char* StreamScript() {
  static const bool registered = [] {
    RegisterScript(kName, StreamScriptText(), StreamNatives());
    return true;
  }();
  static_cast<void>(registered);
  return kName;
}

v8::Local<v8::Function> GetStreamFunction(v8::Local<v8::Context> context, StreamFunction function) {
  return context->GetEmbedderData(kStreamFunctionsIndex)
      .As<v8::Object>()
      ->GetInternalField(static_cast<int>(function))
      .As<v8::Function>();
}

}  // namespace sluice::binding
