// The console object: https://console.spec.whatwg.org/
//
//   Console console(out, err);
//   console.Expose(context);
//
// log, info, debug, dir, table, count, group and time go to `out`; warn, error, trace and assert to `err`. No
// argument's own code runs (src/runtime/inspect.h), labels apart. One call prints no more than a PrintBudget has.
// Labels are kept on V8's heap, which has a limit.
#ifndef SLUICE_RUNTIME_CONSOLE_H_
#define SLUICE_RUNTIME_CONSOLE_H_

#include <v8.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "src/runtime/output.h"

namespace sluice::runtime {

class Console {
 public:
  Console(TextOutput out, TextOutput err) : out_(std::move(out)), err_(std::move(err)) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Defines `console` on the global object of `context`. The console outlives it.
  void Expose(v8::Local<v8::Context> context);

 private:
  using Info = v8::FunctionCallbackInfo<v8::Value>;

  static void Log(const Info& info);
  static void Warn(const Info& info);
  static void Trace(const Info& info);
  static void Assert(const Info& info);
  static void Dir(const Info& info);
  static void Table(const Info& info);
  static void Count(const Info& info);
  static void CountReset(const Info& info);
  static void Group(const Info& info);
  static void GroupEnd(const Info& info);
  static void Time(const Info& info);
  static void TimeLog(const Info& info);
  static void TimeEnd(const Info& info);

  // A line, or several, moved to the right by the open groups.
  void Print(const TextOutput& output, std::string_view text);
  void PrintTime(const Info& info, bool end);

  TextOutput out_;
  TextOutput err_;
  size_t groups_ = 0;            // that are open
  v8::Global<v8::Map> counts_;   // numbers by labels
  v8::Global<v8::Map> started_;  // EventLoop::Now() by labels
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONSOLE_H_
