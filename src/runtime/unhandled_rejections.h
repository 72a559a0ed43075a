// Promises that were rejected and that nobody handles.
//   https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections
//
// They are looked at when a task and its microtasks are done: one that is handled by then is not reported, and is held
// no longer than until it is handled.
#ifndef SLUICE_RUNTIME_UNHANDLED_REJECTIONS_H_
#define SLUICE_RUNTIME_UNHANDLED_REJECTIONS_H_

#include <v8.h>

#include <functional>
#include <list>
#include <unordered_map>

namespace sluice::runtime {

class UnhandledRejections {
 public:
  explicit UnhandledRejections(v8::Isolate* isolate) : isolate_(isolate) {}
  UnhandledRejections(const UnhandledRejections&) = delete;
  UnhandledRejections& operator=(const UnhandledRejections&) = delete;

  // For Isolate::SetPromiseRejectCallback. Runs no author code.
  void OnEvent(const v8::PromiseRejectMessage& message);
  // Calls `report` for each promise that is still not handled, in the order in which they were rejected, and forgets
  // them. `report` may run author code; promises that are rejected meanwhile are reported too.
  void Process(const std::function<void(v8::Local<v8::Promise>)>& report);
  bool empty() const { return pending_.empty(); }
  void Clear();

 private:
  using Pending = std::list<v8::Global<v8::Promise>>;

  void Forget(v8::Local<v8::Promise> promise);

  v8::Isolate* isolate_;
  Pending pending_;
  std::unordered_multimap<int, Pending::iterator> by_hash_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_UNHANDLED_REJECTIONS_H_
