#include "src/runtime/server/watchdog.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::runtime {
namespace {

constexpr double kOftenestMs = 1;
constexpr double kRarestMs = 60'000;

}  // namespace

Watchdog::Watchdog(std::function<double()> look) : look_(std::move(look)), thread_([this] { Main(); }) {}

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
    const double next = std::clamp(look_(), kOftenestMs, kRarestMs);
    stop_.wait_for(lock, std::chrono::duration<double, std::milli>(next), [this] { return stopped_; });
  }
}

}  // namespace sluice::runtime
