// One JavaScript world of the shell: an isolate, a context with all globals, an event loop, timers, modules.
//
//   runtime::InitializeV8({});
//   Output out(1), err(2);
//   Realm realm({.out = [&](auto text) { out.Write(text); }, .err = [&](auto text) { err.Write(text); }});
//   realm.RunTask([&] { ... realm.context() is entered; run scripts ... });
//   int code = realm.RunLoop();
//
// JavaScript runs in tasks only. After a task come its microtasks, then rejections that nobody handled are reported. An
// error that nobody caught is printed and ends the realm with exit code 1, unless `go_on_after_errors`.
//
// A realm and all it owns belong to one thread; several realms may live on several threads.
#ifndef SLUICE_RUNTIME_REALM_H_
#define SLUICE_RUNTIME_REALM_H_

#include <v8.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/console.h"
#include "src/runtime/event_loop.h"
#include "src/runtime/fetch/fetch_script.h"
#include "src/runtime/isolate.h"
#include "src/runtime/output.h"
#include "src/runtime/timers.h"
#include "src/runtime/unhandled_rejections.h"

namespace sluice::runtime {

class ModuleLoader;

// What becomes of a rejection that nobody handles. The names and the meaning are Node's.
enum class RejectionMode : uint8_t { kThrow, kWarn, kNone };

struct RealmOptions {
  IsolateOptions isolate;  // the embedder is set by the realm
  std::vector<std::string> arguments;
  std::string root;  // the folder that JavaScript may import and read files of; empty: it may of all
  RejectionMode rejections = RejectionMode::kThrow;
  bool expose_gc = false;
  bool byte_limit_is_most = false;  // no stream may be made with a greater byte limit than isolate.binding.stream's
  bool go_on_after_errors = false;
  std::string interrupted_text = "Interrupted\n";  // written to `err` when a task was interrupted
  TextOutput out;
  TextOutput err;
};

class Realm final : public binding::Embedder {
 public:
  explicit Realm(RealmOptions options);
  Realm(const Realm&) = delete;
  Realm& operator=(const Realm&) = delete;
  // With timers and promises pending or not.
  ~Realm() override;

  // The realm of the isolate. Isolate data slot 1 is ours.
  static Realm& Of(v8::Isolate* isolate) { return *static_cast<Realm*>(isolate->GetData(1)); }

  Isolate& isolate() { return isolate_; }
  EventLoop& loop() { return loop_; }
  Timers& timers() { return timers_; }
  ModuleLoader& modules() { return *modules_; }
  FetchState& fetch() { return fetch_; }
  const RealmOptions& options() const { return options_; }
  // The most that a file may have to be read: what native memory may have, too.
  size_t max_file_bytes() const;
  // When the realm was made, in EventLoop::Now()'s time.
  double time_origin() const { return time_origin_; }
  // The same in milliseconds since 1970.
  double wall_time_origin() const { return wall_time_origin_; }
  // Inside a task only.
  v8::Local<v8::Context> context() const { return context_.Get(isolate_.get()); }

  // Runs `task` in the context, with a handle scope; then microtasks; then reports rejections. An exception that `task`
  // leaves pending is reported. Not from inside a task.
  void RunTask(const std::function<void()>& task);
  // Turns the event loop until nothing is left to do, the realm has ended, or `go_on` is false. Returns the exit code.
  int RunLoop(const std::function<bool()>& go_on = [] { return true; });
  // The realm ends with `code`, the first time it is asked to. JavaScript that is running is terminated where V8 next
  // looks: at a call or at the end of a loop's body.
  void End(int code);
  bool ended() const { return exit_code_.has_value(); }
  int exit_code() const { return exit_code_.value_or(0); }

  // Prints an error that nobody caught, and ends the realm with exit code 1 when the task is done.
  void ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                       v8::Local<v8::Message> message) override;
  // `handler`(promise, reason) is called for each rejection that nobody handled, in place of options().rejections.
  void OnUnhandledRejection(v8::Local<v8::Function> handler) { rejection_handler_.Reset(isolate_.get(), handler); }
  // A task that does not keep the process alive: a pending AbortSignal.timeout() does not, as in Node.
  int64_t PostDelayedTask(double milliseconds, std::function<void()> task) override;
  void CancelDelayedTask(int64_t id) override { timers_.Cancel(id); }

  // From any thread: terminates the JavaScript that is running; false if none is. The task ends and the realm goes on.
  bool Interrupt();
  // From any thread: the same, if the task that runs began `milliseconds` ago or earlier. Returns after how many
  // milliseconds a task may be that old: when to look again.
  double InterruptLongTask(double milliseconds);
  // From any thread: when the task that runs began, in EventLoop::Now()'s time; 0 if none does.
  double TaskBegan();
  // From any thread: whether the task that runs, or the last one, was ended by Interrupt(). Native code that works long
  // asks: V8 terminates JavaScript only.
  bool interrupted() const { return interrupted_; }

  void PrintError(std::string_view text) { options_.err(text); }
  void PrintOutput(std::string_view text) { options_.out(text); }

 private:
  void DefineGlobals();
  void ReportRejections();
  void CallRejectionHandler(v8::Local<v8::Promise> promise);
  void BeginTask();
  void EndTask();

  RealmOptions options_;
  const double time_origin_ = EventLoop::Now();
  const double wall_time_origin_ =
      std::chrono::duration<double, std::milli>(std::chrono::system_clock::now().time_since_epoch()).count();
  EventLoop loop_;
  FetchState fetch_;
  Isolate isolate_;
  v8::Global<v8::Context> context_;
  UnhandledRejections rejections_;
  v8::Global<v8::Function> rejection_handler_;
  Timers timers_;
  Console console_;
  std::unique_ptr<ModuleLoader> modules_;
  std::optional<int> exit_code_;
  std::mutex task_mutex_;  // for Interrupt()
  bool in_task_ = false;
  double task_began_ = 0;  // EventLoop::Now()
  std::atomic<bool> interrupted_ = false;
  bool failed_ = false;  // an error was reported; the realm ends after this task
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_REALM_H_
