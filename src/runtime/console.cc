#include "src/runtime/console.h"

#include <cstdio>
#include <optional>
#include <string>

#include "src/runtime/console_format.h"
#include "src/runtime/event_loop.h"
#include "src/runtime/inspect.h"
#include "src/runtime/inspect_text.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

constexpr size_t kGroupIndent = 2;

// The first argument as a label, "default" without one. Nothing if its conversion threw.
std::optional<std::string> Label(const v8::FunctionCallbackInfo<v8::Value>& info) {
  if (info.Length() == 0 || info[0]->IsUndefined()) return "default";
  v8::Local<v8::String> label;
  if (!info[0]->ToString(info.GetIsolate()->GetCurrentContext()).ToLocal(&label)) return std::nullopt;
  return Utf8(info.GetIsolate(), label);
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
    const auto string = [&](v8::Local<v8::String> value) { return value.IsEmpty() ? "" : Utf8(isolate, value); };
    const std::string place = string(frame->GetScriptName()) + ":" + std::to_string(frame->GetLineNumber()) + ":" +
                              std::to_string(frame->GetColumn());
    const std::string function = string(frame->GetFunctionName());
    text += "\n    at " + (function.empty() ? place : function + " (" + place + ")");
  }
  return text;
}

}  // namespace

void Console::Print(const Sink& sink, const std::string& text) {
  sink(std::string(indent_, ' ') + (indent_ == 0 ? text : Indent(text, indent_)) + "\n");
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
      options.depth = number >= 0 && number < 1000 ? static_cast<int>(number) : 1000;
    } else if (depth->IsNull()) {
      options.depth = 1000;
    }
  }
  auto& self = SelfOf<Console>(info);
  self.Print(self.out_, info.Length() == 0 ? "undefined" : Inspect(context, info[0], options));
}

void Console::Table(const Info& info) {
  if (info.Length() == 0) return Log(info);
  auto& self = SelfOf<Console>(info);
  std::string text = FormatTable(info.GetIsolate()->GetCurrentContext(), info[0]);
  text.pop_back();
  self.Print(self.out_, text);
}

// https://console.spec.whatwg.org/#count
void Console::Count(const Info& info) {
  const std::optional<std::string> label = Label(info);
  auto& self = SelfOf<Console>(info);
  if (label) self.Print(self.out_, *label + ": " + std::to_string(++self.counts_[*label]));
}

void Console::CountReset(const Info& info) {
  const std::optional<std::string> label = Label(info);
  auto& self = SelfOf<Console>(info);
  if (label && self.counts_.erase(*label) == 0) self.Print(self.err_, "There is no count '" + *label + "'");
}

void Console::Group(const Info& info) {
  auto& self = SelfOf<Console>(info);
  if (info.Length() > 0) self.Print(self.out_, FormatArguments(info));
  self.indent_ += kGroupIndent;
}

void Console::GroupEnd(const Info& info) {
  auto& self = SelfOf<Console>(info);
  if (self.indent_ > 0) self.indent_ -= kGroupIndent;
}

// https://console.spec.whatwg.org/#time
void Console::Time(const Info& info) {
  const std::optional<std::string> label = Label(info);
  auto& self = SelfOf<Console>(info);
  if (label && !self.started_.emplace(*label, EventLoop::Now()).second) {
    self.Print(self.err_, "The timer '" + *label + "' runs already");
  }
}

void Console::PrintTime(const Info& info, bool end) {
  const std::optional<std::string> label = Label(info);
  if (!label) return;
  const auto started = started_.find(*label);
  if (started == started_.end()) return Print(err_, "There is no timer '" + *label + "'");
  std::string line = *label + ": " + Duration(EventLoop::Now() - started->second);
  if (!end && info.Length() > 1) line += " " + FormatArguments(info, 1);
  if (end) started_.erase(started);
  Print(out_, line);
}

void Console::TimeLog(const Info& info) { SelfOf<Console>(info).PrintTime(info, false); }

void Console::TimeEnd(const Info& info) { SelfOf<Console>(info).PrintTime(info, true); }

void Console::Expose(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> console = v8::Object::New(isolate);
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
