// operator new that fails where it is told to. allocation_hook.cc replaces the operators of the program that it is
// linked into.
#ifndef SLUICE_FUZZ_FAULTS_ALLOCATION_HOOK_H_
#define SLUICE_FUZZ_FAULTS_ALLOCATION_HOOK_H_

#include <cstdint>

namespace sluice::fuzz {

struct AllocationPlan {
  uint64_t at = 0;      // the nth allocation while armed throws std::bad_alloc, from 1; 0: none does
  bool sticky = false;  // and all that follow
  uint64_t count = 0;   // allocations while armed, so far
  bool armed = false;
};
inline AllocationPlan g_allocations;  // of the one thread that runs programs

// Code under test runs (or the author's, in the middle of it).
class Armed {
 public:
  explicit Armed(bool armed) : before_(g_allocations.armed) { g_allocations.armed = armed; }
  Armed(const Armed&) = delete;
  Armed& operator=(const Armed&) = delete;
  ~Armed() { g_allocations.armed = before_; }

 private:
  bool before_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_FAULTS_ALLOCATION_HOOK_H_
