// Hunts differences between the core in V8 and the model: effects that JavaScript does too early, too late, on the
// wrong stream or not at all, microtasks that are one too many, and handles that the collector takes.
#include "fuzz/harness/program_target.h"
#include "fuzz/v8/v8_subject.h"

// LeakSanitizer does not look into V8's heap: what only V8 refers to would be called a leak, and looking for leaks
// after most inputs, as libFuzzer does when more was allocated than freed, would take nearly all of the time.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace {

// Often enough that most inputs see a collection in their middle some time; chunks that are quickly made.
class CollectedSubject final : public sluice::fuzz::V8Subject {
 public:
  CollectedSubject() : V8Subject({.longest_string = 1 << 16, .steps_per_gc = 997}) {}
};

}  // namespace

SLUICE_PROGRAM_TARGET(CollectedSubject)
