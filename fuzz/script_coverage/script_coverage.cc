#include "fuzz/script_coverage/script_coverage.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string_view>
#include <utility>

#include "src/runtime/values.h"
#include "src/v8/engine_versions.h"
#include "src/v8/script_extension.h"
#include "src/v8/stream_extension.h"
#include "src/v8/web_idl.h"

namespace sluice::fuzz {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "ScriptCoverage: %s\n", what.c_str());
  std::abort();
}

v8_inspector::StringView View(std::string_view ascii) {
  return {reinterpret_cast<const uint8_t*>(ascii.data()), ascii.size()};
}

v8::Local<v8::Value> Member(v8::Local<v8::Context> context, v8::Local<v8::Value> object, const char* name) {
  v8::Local<v8::Value> value;
  if (!object->IsObject() ||
      !object.As<v8::Object>()->Get(context, binding::Ascii(context->GetIsolate(), name)).ToLocal(&value)) {
    Fail(std::string("V8's answer has no ") + name);
  }
  return value;
}

std::vector<v8::Local<v8::Value>> Elements(v8::Local<v8::Context> context, v8::Local<v8::Value> object,
                                           const char* name) {
  const v8::Local<v8::Value> list = Member(context, object, name);
  if (!list->IsArray()) Fail(std::string("V8's answer has no list ") + name);
  std::vector<v8::Local<v8::Value>> elements;
  for (uint32_t i = 0; i < list.As<v8::Array>()->Length(); ++i) {
    elements.push_back(list.As<v8::Array>()->Get(context, i).ToLocalChecked());
  }
  return elements;
}

size_t Number(v8::Local<v8::Context> context, v8::Local<v8::Value> object, const char* name) {
  return static_cast<size_t>(Member(context, object, name)->IntegerValue(context).FromMaybe(0));
}

std::string Text(v8::Local<v8::Context> context, v8::Local<v8::Value> object, const char* name) {
  const v8::Local<v8::Value> value = Member(context, object, name);
  return value->IsString() ? runtime::Utf8(context->GetIsolate(), value.As<v8::String>()) : "";
}

bool IsCode(char c) { return c != ' ' && c != '\n' && c != '{' && c != '}' && c != ')' && c != ';'; }

// Comments and blanks become blanks, so that what is left is code. The script has no text with "//" or "/*" in it.
std::string WithoutComments(std::string text) {
  for (size_t at = text.find("//"); at != std::string::npos; at = text.find("//", at)) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::fill(text.begin() + static_cast<ptrdiff_t>(at), text.begin() + static_cast<ptrdiff_t>(end), ' ');
  }
  return text;
}

}  // namespace

// ---- Counts

ScriptCounts::ScriptCounts() {
  const std::string script = binding::StreamScriptText();
  const std::string shown = binding::ScriptAsShown(script, binding::StreamNatives());
  begin_ = shown.find(script);
  end_ = begin_ + script.size();
  text_ = WithoutComments(shown);
  reached_.resize(text_.size());
}

void ScriptCounts::Add(v8::Local<v8::Context> context, v8::Local<v8::Object> answer) {
  for (const v8::Local<v8::Value> script : Elements(context, answer, "result")) {
    if (Text(context, script, "url") != binding::kShownScriptUrl) continue;
    std::vector<bool> reached(text_.size());
    std::vector<Function> functions;
    // Outer functions come first, and of each function its blocks after it, outer ones first.
    for (const v8::Local<v8::Value> function : Elements(context, script, "functions")) {
      bool is_first = true;
      for (const v8::Local<v8::Value> range : Elements(context, function, "ranges")) {
        const size_t begin = Number(context, range, "startOffset");
        const size_t end = Number(context, range, "endOffset");
        if (begin > end || end > text_.size()) Fail("a range of V8's is not in the script");
        if (is_first) functions.push_back({Text(context, function, "functionName"), begin, end});
        is_first = false;
        std::fill(reached.begin() + static_cast<ptrdiff_t>(begin), reached.begin() + static_cast<ptrdiff_t>(end),
                  Number(context, range, "count") != 0);
      }
    }
    if (functions.size() > functions_.size()) functions_ = functions;
    std::transform(reached.begin(), reached.end(), reached_.begin(), reached_.begin(), std::logical_or<>());
  }
}

std::vector<ScriptRange> ScriptCounts::Unreached() const {
  if (functions_.empty()) Fail("no realm was made while V8 counted");
  std::vector<ScriptRange> ranges;
  const auto line_of = [&](size_t at) {
    return 1 + static_cast<int>(std::count(text_.begin() + static_cast<ptrdiff_t>(begin_),
                                           text_.begin() + static_cast<ptrdiff_t>(at), '\n'));
  };
  for (size_t at = begin_; at < end_;) {
    if (reached_[at]) {
      ++at;
      continue;
    }
    size_t end = at;
    while (end < end_ && !reached_[end]) ++end;
    // From the first character of code to the last.
    size_t first = at;
    while (first < end && !IsCode(text_[first])) ++first;
    size_t last = end;
    while (last > first && !IsCode(text_[last - 1])) --last;
    at = end;
    if (first == last) continue;
    ScriptRange range{.first = line_of(first), .last = line_of(last - 1)};
    for (const Function& function : functions_) {
      if (function.begin > first || function.end < last || function.name.empty()) continue;
      range.function = function.name;
      range.whole = function.begin == first;
    }
    ranges.push_back(std::move(range));
  }
  return ranges;
}

ScriptCounts::Lines ScriptCounts::CountLines() const {
  Lines lines;
  for (size_t at = begin_; at < end_;) {
    const size_t end = std::min(text_.find('\n', at), end_);
    bool code = false;
    bool reached = false;
    for (size_t i = at; i < end; ++i) {
      code |= IsCode(text_[i]);
      reached |= IsCode(text_[i]) && reached_[i];
    }
    lines.all += code ? 1 : 0;
    lines.reached += reached ? 1 : 0;
    at = end + 1;
  }
  return lines;
}

// ---- The inspector

ScriptCoverage::ScriptCoverage(v8::Isolate* isolate) : isolate_(isolate) {
  const v8::Isolate::Scope entered(isolate_);
  const v8::HandleScope handles(isolate_);
  inspector_ = v8_inspector::V8Inspector::create(isolate_, this);
  session_ = binding::Connect(*inspector_, 1, this, View("{}"));
  Send("enable", "{}");
  Send("startPreciseCoverage", R"({"callCount":true,"detailed":true})");
}

ScriptCoverage::~ScriptCoverage() {
  const v8::Isolate::Scope entered(isolate_);
  const v8::HandleScope handles(isolate_);
  session_.reset();
  inspector_.reset();
}

void ScriptCoverage::Send(const char* method, const char* parameters) {
  answer_.reset();
  session_->dispatchProtocolMessage(
      View(std::string(R"({"id":1,"method":"Profiler.)") + method + R"(","params":)" + parameters + "}"));
  if (answer_ == nullptr) Fail(std::string("no answer to ") + method);
}

void ScriptCoverage::sendResponse(int, std::unique_ptr<v8_inspector::StringBuffer> message) {
  answer_ = std::move(message);
}

void ScriptCoverage::AddTo(ScriptCounts& counts) {
  const v8::Isolate::Scope entered(isolate_);
  const v8::HandleScope handles(isolate_);
  Send("takePreciseCoverage", "{}");
  const v8_inspector::StringView text = answer_->string();
  const int length = static_cast<int>(text.length());
  const v8::Local<v8::String> json =
      (text.is8Bit() ? v8::String::NewFromOneByte(isolate_, text.characters8(), v8::NewStringType::kNormal, length)
                     : v8::String::NewFromTwoByte(isolate_, text.characters16(), v8::NewStringType::kNormal, length))
          .ToLocalChecked();
  const v8::Local<v8::Context> context = v8::Context::New(isolate_);
  const v8::Context::Scope in(context);
  v8::Local<v8::Value> answer;
  if (!v8::JSON::Parse(context, json).ToLocal(&answer)) Fail("V8's answer is not JSON");
  const v8::Local<v8::Value> result = Member(context, answer, "result");
  if (!result->IsObject()) Fail("V8 refused: " + runtime::Utf8(isolate_, json));
  counts.Add(context, result.As<v8::Object>());
}

}  // namespace sluice::fuzz
