#include "src/runtime/unhandled_rejections.h"

#include <utility>

namespace sluice::runtime {

void UnhandledRejections::OnEvent(const v8::PromiseRejectMessage& message) {
  // A handler that comes later is seen by looking at the promise when the time comes.
  if (message.GetEvent() == v8::kPromiseRejectWithNoHandler) pending_.emplace_back(isolate_, message.GetPromise());
}

void UnhandledRejections::Process(const std::function<void(v8::Local<v8::Promise>)>& report) {
  while (!pending_.empty()) {
    const std::vector<v8::Global<v8::Promise>> batch = std::exchange(pending_, {});
    for (const v8::Global<v8::Promise>& entry : batch) {
      const v8::HandleScope handles(isolate_);
      const v8::Local<v8::Promise> promise = entry.Get(isolate_);
      if (!promise->HasHandler()) report(promise);
    }
  }
}

}  // namespace sluice::runtime
