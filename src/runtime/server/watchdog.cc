#include "src/runtime/server/watchdog.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::runtime {
namespace {

constexpr double kOftenestMs = 1;
constexpr double kRarestMs = 60'000;

}  // namespace

Watchdog::Watchdog(std::vector<std::function<double()>> looks)
    : looks_(std::move(looks)), thread_([this] { Main(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Watchdog::Main() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    double next = kRarestMs;
    for (const auto& look : looks_) next = std::min(next, look());
    stop_.wait_for(lock, std::chrono::duration<double, std::milli>(std::max(next, kOftenestMs)),
                   [this] { return stopped_; });
  }
}

}  // namespace sluice::runtime
