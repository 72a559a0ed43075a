#include "src/runtime/completion.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "src/runtime/inspect_text.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

constexpr const char* kKeywords[] = {"async",     "await",      "break",   "case",   "catch",    "class", "const",
                                     "continue",  "debugger",   "default", "delete", "do",       "else",  "export",
                                     "extends",   "false",      "finally", "for",    "function", "if",    "import",
                                     "in",        "instanceof", "let",     "new",    "null",     "of",    "return",
                                     "super",     "switch",     "this",    "throw",  "true",     "try",   "typeof",
                                     "undefined", "var",        "void",    "while",  "with",     "yield"};

bool IsWord(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The value of the property `name`, own or inherited, if it is plain data.
v8::MaybeLocal<v8::Value> DataProperty(v8::Local<v8::Context> context, v8::Local<v8::Value> holder,
                                       const std::string& name) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::String> field = binding::Ascii(isolate, "value");
  v8::Local<v8::String> key;
  if (!NewString(isolate, name).ToLocal(&key)) return {};
  while (holder->IsObject() && !holder->IsProxy()) {
    v8::Local<v8::Value> descriptor;
    if (!holder.As<v8::Object>()->GetOwnPropertyDescriptor(context, key).ToLocal(&descriptor)) return {};
    if (descriptor->IsObject()) {
      const v8::Local<v8::Object> found = descriptor.As<v8::Object>();
      if (!found->HasOwnProperty(context, field).FromMaybe(false)) return {};
      return found->Get(context, field);
    }
    holder = holder.As<v8::Object>()->GetPrototype();
  }
  return {};
}

// Adds the names of `holder`'s properties and of those it inherits.
void AddNames(v8::Local<v8::Context> context, v8::Local<v8::Value> holder, std::set<std::string>& names) {
  v8::Isolate* const isolate = context->GetIsolate();
  while (holder->IsObject() && !holder->IsProxy()) {
    v8::Local<v8::Array> keys;
    if (!holder.As<v8::Object>()
             ->GetPropertyNames(context, v8::KeyCollectionMode::kOwnOnly, v8::SKIP_SYMBOLS,
                                v8::IndexFilter::kSkipIndices, v8::KeyConversionMode::kConvertToString)
             .ToLocal(&keys)) {
      return;
    }
    for (uint32_t i = 0; i < keys->Length(); ++i) {
      v8::Local<v8::Value> key;
      if (keys->Get(context, i).ToLocal(&key) && key->IsString()) names.insert(Utf8(isolate, key.As<v8::String>()));
    }
    holder = holder.As<v8::Object>()->GetPrototype();
  }
}

// "a.b.c" as its value, without running anything. Empty if there is none.
v8::MaybeLocal<v8::Value> ValueOf(v8::Local<v8::Context> context, ReplEvaluator& evaluator, std::string_view path) {
  v8::Local<v8::Value> value;
  size_t end = path.find('.');
  const std::string first(path.substr(0, end));
  if (!IsIdentifier(first)) return {};
  // A global accessor would be run by asking for its value.
  if (!DataProperty(context, context->Global(), first).ToLocal(&value)) {
    const bool accessor = [&] {
      v8::Local<v8::String> key;
      return NewString(context->GetIsolate(), first).ToLocal(&key) &&
             context->Global()->HasOwnProperty(context, key).FromMaybe(false);
    }();
    if (accessor || !evaluator.Variable(first).ToLocal(&value)) return {};
  }
  while (end != std::string_view::npos) {
    const size_t begin = end + 1;
    end = path.find('.', begin);
    v8::Local<v8::Value> next;
    if (!DataProperty(context, value, std::string(path.substr(begin, end - begin))).ToLocal(&next)) return {};
    value = next;
  }
  return value;
}

}  // namespace

Completion Complete(v8::Local<v8::Context> context, ReplEvaluator& evaluator, std::string_view line) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::HandleScope handles(isolate);
  const v8::TryCatch caught(isolate);
  size_t begin = line.size();
  while (begin > 0 && (IsWord(line[begin - 1]) || line[begin - 1] == '.')) --begin;
  const std::string_view expression = line.substr(begin);
  const size_t dot = expression.rfind('.');
  Completion completion{.prefix = std::string(dot == std::string_view::npos ? expression : expression.substr(dot + 1)),
                        .candidates = {}};
  std::set<std::string> names;
  if (dot == std::string_view::npos) {
    names.insert(std::begin(kKeywords), std::end(kKeywords));
    for (std::string& name : evaluator.DeclaredNames()) names.insert(std::move(name));
    AddNames(context, context->Global(), names);
  } else {
    v8::Local<v8::Value> value;
    v8::Local<v8::Object> object;
    if (!ValueOf(context, evaluator, expression.substr(0, dot)).ToLocal(&value) || value->IsNullOrUndefined() ||
        !value->ToObject(context).ToLocal(&object)) {
      return completion;
    }
    AddNames(context, object, names);
  }
  for (const std::string& name : names) {
    if (name.starts_with(completion.prefix) && IsIdentifier(name)) completion.candidates.push_back(name);
  }
  return completion;
}

std::string CommonPrefix(const std::vector<std::string>& candidates) {
  if (candidates.empty()) return "";
  std::string common = candidates.front();
  for (const std::string& candidate : candidates) {
    const auto [end, other] = std::mismatch(common.begin(), common.end(), candidate.begin(), candidate.end());
    common.erase(end, common.end());
  }
  return common;
}

}  // namespace sluice::runtime
