#include "src/runtime/unhandled_rejections.h"

#include <iterator>

#include "src/v8/isolate_data.h"

namespace sluice::runtime {
namespace {

constexpr int64_t kEntryBytes = 150;  // in the list, in the table and of the handle, more or less

}  // namespace

void UnhandledRejections::OnEvent(const v8::PromiseRejectMessage& message) {
  switch (message.GetEvent()) {
    case v8::kPromiseRejectWithNoHandler: {
      const v8::Local<v8::Promise> promise = message.GetPromise();
      pending_.emplace_back(isolate_, promise);
      by_hash_.emplace(promise->GetIdentityHash(), std::prev(pending_.end()));
      binding::IsolateData::Of(isolate_)->AdjustExternalMemory(kEntryBytes);
      break;
    }
    case v8::kPromiseHandlerAddedAfterReject:
      Forget(message.GetPromise());
      break;
    default:
      break;
  }
}

void UnhandledRejections::Forget(v8::Local<v8::Promise> promise) {
  const auto [begin, end] = by_hash_.equal_range(promise->GetIdentityHash());
  for (auto entry = begin; entry != end; ++entry) {
    if (*entry->second != promise) continue;
    pending_.erase(entry->second);
    by_hash_.erase(entry);
    binding::IsolateData::Of(isolate_)->AdjustExternalMemory(-kEntryBytes);
    return;
  }
}

void UnhandledRejections::Clear() {
  binding::IsolateData::Of(isolate_)->AdjustExternalMemory(-kEntryBytes * static_cast<int64_t>(pending_.size()));
  by_hash_.clear();
  pending_.clear();
}

void UnhandledRejections::Process(const std::function<void(v8::Local<v8::Promise>)>& report) {
  while (!pending_.empty()) {
    const v8::HandleScope handles(isolate_);
    const v8::Local<v8::Promise> promise = pending_.front().Get(isolate_);
    Forget(promise);
    if (!promise->HasHandler()) report(promise);
  }
}

}  // namespace sluice::runtime
