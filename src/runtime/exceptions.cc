#include "src/runtime/exceptions.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "src/runtime/inspect.h"
#include "src/runtime/values.h"

namespace sluice::runtime {
namespace {

// A line of minified code would fill the screen: this much of it is shown around the place.
constexpr size_t kLineLimit = 160;

std::string ScriptName(v8::Isolate* isolate, v8::Local<v8::Message> message) {
  const v8::Local<v8::Value> name = message->GetScriptResourceName();
  constexpr size_t kLongest = 1000;  // bytes; `//# sourceURL` may be anything
  size_t rest = 0;
  return name->IsString() && name.As<v8::String>()->Length() != 0
             ? Utf8Prefix(isolate, name.As<v8::String>(), kLongest, rest)
             : "<anonymous>";
}

}  // namespace

std::string PlaceOf(v8::Local<v8::Context> context, v8::Local<v8::Message> message) {
  return ScriptName(context->GetIsolate(), message) + ":" +
         std::to_string(message->GetLineNumber(context).FromMaybe(0)) + ":" +
         std::to_string(message->GetStartColumn(context).FromMaybe(0) + 1);
}

std::string DescribePlace(v8::Local<v8::Context> context, v8::Local<v8::Message> message) {
  v8::Isolate* const isolate = context->GetIsolate();
  const int line = message->GetLineNumber(context).FromMaybe(0);
  v8::Local<v8::String> source;
  if (line <= 0 || !message->GetSourceLine(context).ToLocal(&source)) return "";
  // Columns are in UTF-16 units: the caret is placed by what stands before it.
  const auto length = static_cast<size_t>(source->Length());
  size_t begin = std::min(length, static_cast<size_t>(std::max(0, message->GetStartColumn(context).FromMaybe(0))));
  size_t end = std::clamp(static_cast<size_t>(std::max(0, message->GetEndColumn(context).FromMaybe(0))), begin, length);
  const size_t from = begin > kLineLimit / 2 ? begin - kLineLimit / 2 : 0;
  const size_t shown = std::min(length - from, kLineLimit);
  const auto part = [&](size_t first, size_t count) {
    std::vector<uint16_t> units(count);
    source->Write(isolate, units.data(), static_cast<int>(first), static_cast<int>(count),
                  v8::String::NO_NULL_TERMINATION);
    v8::Local<v8::String> text;
    return v8::String::NewFromTwoByte(isolate, units.data(), v8::NewStringType::kNormal, static_cast<int>(count))
                   .ToLocal(&text)
               ? Utf8(isolate, text)
               : std::string();
  };
  // A tab before the place is kept, so that the caret stands below it whatever a tab's width is. UTF-8's continuation
  // bytes take no room.
  std::string padding;
  for (const char c : part(from, begin - from)) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) padding += c == '\t' ? '\t' : ' ';
  }
  end = std::min(end, from + shown);
  return ScriptName(isolate, message) + ":" + std::to_string(line) + "\n" + part(from, shown) + "\n" + padding +
         std::string(std::max<size_t>(1, end > begin ? end - begin : 0), '^') + "\n";
}

std::string DescribeException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                              v8::Local<v8::Message> message, std::string_view what) {
  const v8::HandleScope handles(context->GetIsolate());
  std::string text;
  if (!message.IsEmpty()) text = DescribePlace(context, message);
  if (!text.empty()) text += "\n";
  text.append(what).append(" ");
  return text + Inspect(context, exception) + "\n";
}

}  // namespace sluice::runtime
