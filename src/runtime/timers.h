// Timers: setTimeout, setInterval and their clear functions, and the tasks that the binding posts.
//   https://html.spec.whatwg.org/multipage/timers-and-user-prompts.html#timers
//
//   Timers timers(loop, [&](const Timers::Task& task) { realm.RunTask(task); });
//   timers.Expose(context);          // the functions of the global object
//   timers.Post(5, [] { ... }, {.keeps_alive = false});
//
// Timers run in the order in which they are due; of two that are due at the same time, the one that was set first. Each
// is a task of its own. Timers that are set while others run wait for the next turn, so that a chain of
// setTimeout(f, 0) starves nobody. There is no clamp on nested timers (HTML has 4 ms; Node has 1 ms).
//
// What scripts set has ids of its own, so that clearTimeout() reaches nothing else. What a timer calls and its
// arguments are on V8's heap, and the rest is counted as native memory: where that has a limit, setTimeout() throws a
// RangeError.
#ifndef SLUICE_RUNTIME_TIMERS_H_
#define SLUICE_RUNTIME_TIMERS_H_

#include <uv.h>
#include <v8.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "src/runtime/event_loop.h"

namespace sluice::runtime {

class Timers {
 public:
  using Task = std::function<void()>;
  // Runs a task with all that belongs to one: scopes, microtasks, reports of errors.
  using RunTask = std::function<void(const Task&)>;

  struct Options {
    bool keeps_alive = true;  // whether the loop goes on for it
    bool repeats = false;
  };

  Timers(EventLoop& loop, RunTask run_task);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;
  // Drops all timers without running them.
  ~Timers();

  using Id = int64_t;  // greater than zero; never used again
  // Runs `task` after `milliseconds` (below zero and NaN are zero).
  Id Post(double milliseconds, Task task, Options options);
  // Forgets the timer, if it is still there. A timer may cancel itself.
  void Cancel(Id id);
  size_t count() const { return timers_.size(); }
  void CancelAll();

  // Defines setTimeout, setInterval, clearTimeout and clearInterval on the global object of `context`.
  void Expose(v8::Local<v8::Context> context);

 private:
  using Key = std::pair<double, uint64_t>;  // when it is due, in EventLoop::Now()'s time, and how many were set before

  struct Timer {
    Key key;
    double interval = 0;  // milliseconds
    Task task;
    Options options;
    int32_t script_id = 0;  // what setTimeout() returned; 0: it was not a script that set it
  };

  static void Set(const v8::FunctionCallbackInfo<v8::Value>& info, bool repeats);
  static void Clear(const v8::FunctionCallbackInfo<v8::Value>& info);
  void RunDue();
  void RunOne(Id id);
  void Enqueue(Id id, Timer& timer);
  void Erase(Id id);
  int32_t NewScriptId();
  void Arm();

  EventLoop& loop_;
  RunTask run_task_;
  uv_timer_t wake_;  // when the next is due
  uv_idle_t soon_;   // it is due already
  std::unordered_map<Id, Timer> timers_;
  std::map<Key, Id> queue_;
  std::unordered_map<int32_t, Id> by_script_id_;
  uint64_t sequence_ = 0;
  Id last_id_ = 0;
  int32_t last_script_id_ = 0;
  size_t keeping_alive_ = 0;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_TIMERS_H_
