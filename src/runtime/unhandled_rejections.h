// Promises that were rejected and that nobody handles.
//   https://html.spec.whatwg.org/multipage/webappapis.html#unhandled-promise-rejections
//
// They are looked at when a task and its microtasks are done: one that is handled by then is not reported.
#ifndef SLUICE_RUNTIME_UNHANDLED_REJECTIONS_H_
#define SLUICE_RUNTIME_UNHANDLED_REJECTIONS_H_

#include <v8.h>

#include <functional>
#include <vector>

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
  void Clear() { pending_.clear(); }

 private:
  v8::Isolate* isolate_;
  std::vector<v8::Global<v8::Promise>> pending_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_UNHANDLED_REJECTIONS_H_
