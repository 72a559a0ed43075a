#include "src/runtime/console.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

#include "src/runtime/console_format.h"
#include "src/runtime/event_loop.h"
#include "src/runtime/inspect.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

constexpr size_t kGroupIndent = 2;
constexpr size_t kDeepestIndent = 40;  // groups below that are moved no further

// The first argument as a label, "default" without one. Empty if its conversion threw.
v8::MaybeLocal<v8::String> Label(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (info.Length() == 0 || info[0]->IsUndefined()) return binding::Ascii(info.GetIsolate(), "default");
  return info[0]->ToString(info.GetIsolate()->GetCurrentContext());
}

// As much of it as is printed.
std::string LabelText(v8::Isolate* isolate, v8::Local<v8::String> label) {
  return Inspect(isolate->GetCurrentContext(), label, {.raw_string = true});
}

// The number of `label`; empty if it has none, or something was thrown.
v8::Local<v8::Number> NumberOf(v8::Local<v8::Context> context, v8::Local<v8::Map> map, v8::Local<v8::String> label) {
  v8::Local<v8::Value> number;
  if (!map->Get(context, label).ToLocal(&number) || !number->IsNumber()) return {};
  return number.As<v8::Number>();
}

std::string Duration(double milliseconds) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.3fms", milliseconds);
  return text;
}

// The callers, a line each, without the console's own function.
std::string StackLines(v8::Isolate* isolate) {
  std::string text;
  const v8::Local<v8::StackTrace> stack = v8::StackTrace::CurrentStackTrace(isolate, 10);
  for (int i = 0; i < stack->GetFrameCount(); ++i) {
    const v8::Local<v8::StackFrame> frame = stack->GetFrame(isolate, static_cast<uint32_t>(i));
    const auto string = [&](v8::Local<v8::String> value) {
      constexpr size_t kLongest = 1000;  // bytes; a script can be named as its author likes
      size_t rest = 0;
      return value.IsEmpty() ? "" : Utf8Prefix(isolate, value, kLongest, rest);
    };
    const std::string place = string(frame->GetScriptName()) + ":" + std::to_string(frame->GetLineNumber()) + ":" +
                              std::to_string(frame->GetColumn());
    const std::string function = string(frame->GetFunctionName());
    text += "\n    at " + (function.empty() ? place : function + " (" + place + ")");
  }
  return text;
}

}  // namespace

void Console::Print(const TextOutput& output, std::string_view text) {
  const size_t indent = std::min(kGroupIndent * groups_, kDeepestIndent);
  std::string line(indent, ' ');
  // Moved to the right, many short lines may become far more than what there was a budget for.
  const size_t most = std::max(text.size(), 2 * PrintBudget::kCharacters);
  while (true) {
    const size_t end = std::min(text.find('\n'), text.size());
    line.append(text.substr(0, end)).append("\n");
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
    if (line.size() + indent > most) {
      line.append("... ").append(std::to_string(text.size())).append(" more bytes are not printed\n");
      break;
    }
    line.append(indent, ' ');
  }
  output(line);
}

void Console::Log(const Info& info) {
  auto& self = SelfOf<Console>(info);
  self.Print(self.out_, FormatArguments(info));
}

void Console::Warn(const Info& info) {
  auto& self = SelfOf<Console>(info);
  self.Print(self.err_, FormatArguments(info));
}

void Console::Trace(const Info& info) {
  auto& self = SelfOf<Console>(info);
  const std::string text = FormatArguments(info);
  self.Print(self.err_, (text.empty() ? "Trace" : "Trace: " + text) + StackLines(info.GetIsolate()));
}

// https://console.spec.whatwg.org/#assert
void Console::Assert(const Info& info) {
  if (info.Length() > 0 && info[0]->BooleanValue(info.GetIsolate())) return;
  auto& self = SelfOf<Console>(info);
  const std::string text = FormatArguments(info, 1);
  self.Print(self.err_, text.empty() ? "Assertion failed" : "Assertion failed: " + text);
}

void Console::Dir(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  InspectOptions options;
  v8::Local<v8::Value> depth;
  if (info.Length() > 1 && info[1]->IsObject()) {
    if (!info[1].As<v8::Object>()->Get(context, binding::Ascii(isolate, "depth")).ToLocal(&depth)) return;
    // null and Infinity: all of it.
    if (depth->IsNumber()) {
      const double number = depth.As<v8::Number>()->Value();
      options.depth =
          number >= 0 && number < InspectOptions::kMaxDepth ? static_cast<int>(number) : InspectOptions::kMaxDepth;
    } else if (depth->IsNull()) {
      options.depth = InspectOptions::kMaxDepth;
    }
  }
  auto& self = SelfOf<Console>(info);
  self.Print(self.out_, info.Length() == 0 ? "undefined" : Inspect(context, info[0], options));
}

void Console::Table(const Info& info) {
  if (info.Length() == 0) return Log(info);
  auto& self = SelfOf<Console>(info);
  self.Print(self.out_, FormatTable(info.GetIsolate()->GetCurrentContext(), info[0]));
}

// https://console.spec.whatwg.org/#count
void Console::Count(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  auto& self = SelfOf<Console>(info);
  const v8::Local<v8::Map> counts = self.counts_.Get(isolate);
  v8::Local<v8::String> label;
  if (!Label(info).ToLocal(&label)) return;
  const v8::Local<v8::Number> before = NumberOf(context, counts, label);
  const double count = before.IsEmpty() ? 1 : before->Value() + 1;
  if (counts->Set(context, label, v8::Number::New(isolate, count)).IsEmpty()) return;
  self.Print(self.out_, LabelText(isolate, label) + ": " + std::to_string(static_cast<int64_t>(count)));
}

void Console::CountReset(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  auto& self = SelfOf<Console>(info);
  v8::Local<v8::String> label;
  bool was_there = false;
  if (!Label(info).ToLocal(&label) ||
      !self.counts_.Get(isolate)->Delete(isolate->GetCurrentContext(), label).To(&was_there)) {
    return;
  }
  if (!was_there) self.Print(self.err_, "There is no count '" + LabelText(isolate, label) + "'");
}

void Console::Group(const Info& info) {
  auto& self = SelfOf<Console>(info);
  if (info.Length() > 0) self.Print(self.out_, FormatArguments(info));
  ++self.groups_;
}

void Console::GroupEnd(const Info& info) {
  auto& self = SelfOf<Console>(info);
  if (self.groups_ > 0) --self.groups_;
}

// https://console.spec.whatwg.org/#time
void Console::Time(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  auto& self = SelfOf<Console>(info);
  const v8::Local<v8::Map> started = self.started_.Get(isolate);
  v8::Local<v8::String> label;
  if (!Label(info).ToLocal(&label)) return;
  if (!NumberOf(context, started, label).IsEmpty()) {
    return self.Print(self.err_, "The timer '" + LabelText(isolate, label) + "' runs already");
  }
  (void)started->Set(context, label, v8::Number::New(isolate, EventLoop::Now()));
}

void Console::PrintTime(const Info& info, bool end) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const v8::Local<v8::Map> started = started_.Get(isolate);
  v8::Local<v8::String> label;
  if (!Label(info).ToLocal(&label)) return;
  const v8::Local<v8::Number> began = NumberOf(context, started, label);
  if (began.IsEmpty()) return Print(err_, "There is no timer '" + LabelText(isolate, label) + "'");
  std::string line = LabelText(isolate, label) + ": " + Duration(EventLoop::Now() - began->Value());
  if (!end && info.Length() > 1) line += " " + FormatArguments(info, 1);
  if (end) (void)started->Delete(context, label);
  Print(out_, line);
}

void Console::TimeLog(const Info& info) { SelfOf<Console>(info).PrintTime(info, false); }

void Console::TimeEnd(const Info& info) { SelfOf<Console>(info).PrintTime(info, true); }

void Console::Expose(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  counts_.Reset(isolate, v8::Map::New(isolate));
  started_.Reset(isolate, v8::Map::New(isolate));
  // https://console.spec.whatwg.org/#console-namespace: an empty object stands between it and Object.prototype.
  const v8::Local<v8::Object> prototype = v8::Object::New(isolate);
  const v8::Local<v8::Object> console = v8::Object::New(isolate, prototype, nullptr, nullptr, 0);
  constexpr std::pair<const char*, v8::FunctionCallback> kMethods[] = {{"log", Log},
                                                                       {"info", Log},
                                                                       {"debug", Log},
                                                                       {"warn", Warn},
                                                                       {"error", Warn},
                                                                       {"trace", Trace},
                                                                       {"assert", Assert},
                                                                       {"dir", Dir},
                                                                       {"dirxml", Log},
                                                                       {"table", Table},
                                                                       {"count", Count},
                                                                       {"countReset", CountReset},
                                                                       {"group", Group},
                                                                       {"groupCollapsed", Group},
                                                                       {"groupEnd", GroupEnd},
                                                                       {"time", Time},
                                                                       {"timeLog", TimeLog},
                                                                       {"timeEnd", TimeEnd},
                                                                       {"clear", [](const Info&) {}}};
  for (const auto& [name, callback] : kMethods) DefineFunction(context, console, name, callback, this);
  (void)console->DefineOwnProperty(context, v8::Symbol::GetToStringTag(isolate), binding::Ascii(isolate, "console"),
                                   static_cast<v8::PropertyAttribute>(v8::DontEnum | v8::ReadOnly));
  (void)context->Global()->DefineOwnProperty(context, binding::Ascii(isolate, "console"), console, v8::DontEnum);
}

}  // namespace sluice::runtime
