#include "fuzz/v8/fiber.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define SLUICE_FIBER_ASAN 1
#endif
#endif

namespace sluice::fuzz {
namespace {

constexpr size_t kGuardBytes = 64 * 1024;

// AddressSanitizer has to be told before and after each switch. `fake` null at the last one from a stack frees its
// fake.
void BeforeSwitch([[maybe_unused]] void** fake, [[maybe_unused]] const void* stack, [[maybe_unused]] size_t bytes) {
#ifdef SLUICE_FIBER_ASAN
  __sanitizer_start_switch_fiber(fake, stack, bytes);
#endif
}

void AfterSwitch([[maybe_unused]] void* fake, [[maybe_unused]] const void** from, [[maybe_unused]] size_t* bytes) {
#ifdef SLUICE_FIBER_ASAN
  __sanitizer_finish_switch_fiber(fake, from, bytes);
#endif
}

}  // namespace

Fiber::Fiber() {
  constexpr int kProtection = PROT_READ | PROT_WRITE;
  stack_ = mmap(nullptr, kStackBytes, kProtection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack_ == MAP_FAILED) {
    std::fprintf(stderr, "Fiber: there is no memory for a stack of %zu bytes\n", kStackBytes);
    std::abort();
  }
  // What goes on beyond the end must not find something else there.
  mprotect(stack_, kGuardBytes, PROT_NONE);
}

Fiber::~Fiber() { munmap(stack_, kStackBytes); }

void Fiber::Start(std::function<void()> function) {
  function_ = std::move(function);
  running_ = true;
  getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_;
  inside_.uc_stack.ss_size = kStackBytes;
  inside_.uc_link = &outside_;
  inside_fake_ = nullptr;
  // makecontext passes ints only.
  const auto self = reinterpret_cast<uintptr_t>(this);
  makecontext(&inside_, reinterpret_cast<void (*)()>(&Fiber::Enter), 2, static_cast<unsigned>(self >> 32),
              static_cast<unsigned>(self));
  // makecontext was the one to read it. AddressSanitizer's swapcontext reads it at each switch, and maps the shadow of
  // the whole stack anew, which took three quarters of a campaign's time.
  inside_.uc_stack.ss_size = 0;
}

void Fiber::Enter(unsigned high, unsigned low) {
  auto& self = *reinterpret_cast<Fiber*>(uintptr_t{high} << 32 | low);
  AfterSwitch(nullptr, &self.outside_stack_, &self.outside_bytes_);
  self.function_();
  self.running_ = false;
  BeforeSwitch(nullptr, self.outside_stack_, self.outside_bytes_);
}

bool Fiber::Resume() {
  BeforeSwitch(&outside_fake_, stack_, kStackBytes);
  swapcontext(&outside_, &inside_);
  AfterSwitch(outside_fake_, nullptr, nullptr);
  return !running_;
}

void Fiber::Suspend() {
  BeforeSwitch(&inside_fake_, outside_stack_, outside_bytes_);
  swapcontext(&inside_, &outside_);
  AfterSwitch(inside_fake_, &outside_stack_, &outside_bytes_);
}

}  // namespace sluice::fuzz
