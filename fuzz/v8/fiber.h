// A function with a separate stack, which can be suspended and resumed. One thread.
//
//   Fiber fiber;
//   fiber.Start([&] { Begin(); fiber.Suspend(); End(); });
//   while (!fiber.Resume()) Between();   // true once the function has returned
#ifndef SLUICE_FUZZ_V8_FIBER_H_
#define SLUICE_FUZZ_V8_FIBER_H_

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace sluice::fuzz {

class Fiber {
 public:
  static constexpr size_t kStackBytes = 4 << 20;

  Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  // The function has returned, or was never started.
  ~Fiber();

  bool running() const { return running_; }
  uintptr_t lowest_address() const { return reinterpret_cast<uintptr_t>(stack_); }

  // What the next Resume() begins with. Not while another function is running.
  void Start(std::function<void()> function);
  // From outside: runs the function to its next Suspend(), or to its end: then it returns true.
  bool Resume();
  // From inside: Resume() returns false.
  void Suspend();

 private:
  static void Enter(unsigned high, unsigned low);

  void* stack_ = nullptr;
  std::function<void()> function_;
  bool running_ = false;
  ucontext_t inside_{};
  ucontext_t outside_{};
  // What AddressSanitizer wants to know of the stacks.
  const void* outside_stack_ = nullptr;
  size_t outside_bytes_ = 0;
  void* outside_fake_ = nullptr;
  void* inside_fake_ = nullptr;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_V8_FIBER_H_
