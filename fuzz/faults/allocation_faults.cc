#include "fuzz/faults/allocation_faults.h"

#include <new>
#include <utility>

#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/faults/allocation_hook.h"

namespace sluice::fuzz {
namespace {

// Allocations are counted inside of operations, and not while the author's functions (the driver) run.
class CountedSubject final : public CoreSubject {
 public:
  explicit CountedSubject(FaultyOperation fault) : fault_(std::move(fault)) {}
  void Reset(UserCode& user_code, const std::vector<sim::Chunk>& chunks) override {
    author_.inner = &user_code;
    CoreSubject::Reset(author_, chunks);
  }
  sim::Outcome Perform(const SubjectCall& call) override {
    const Armed armed(true);
    if (fault_) return fault_([&] { return CoreSubject::Perform(call); });
    return CoreSubject::Perform(call);
  }

 private:
  struct Author final : UserCode {
    sim::Outcome Call(CallKind kind, sim::Value argument, uint32_t resolver, uint32_t stream) override {
      const Armed armed(false);
      return inner->Call(kind, argument, resolver, stream);
    }
    void Settled(uint32_t promise, bool fulfilled, sim::Value value) override {
      const Armed armed(false);
      inner->Settled(promise, fulfilled, value);
    }
    void ReportException(sim::Value exception) override {
      const Armed armed(false);
      inner->ReportException(exception);
    }
    void PromiseSettled(uint32_t promise) override {
      const Armed armed(false);
      inner->PromiseSettled(promise);
    }
    void UnhandledRejection(uint32_t promise, sim::Value reason) override {
      const Armed armed(false);
      inner->UnhandledRejection(promise, reason);
    }
    UserCode* inner = nullptr;
  };
  Author author_;
  const FaultyOperation fault_;
};

}  // namespace

std::optional<std::string> CheckAllocations(const Program& program, uint64_t most, uint64_t& points,
                                            FaultyOperation fault) {
  CountedSubject subject(std::move(fault));
  Trace expected;
  Driver().Run(program, subject, {}, expected);
  for (const bool sticky : {false, true}) {
    for (uint64_t at = 1; at <= most; ++at) {
      g_allocations = {.at = at, .sticky = sticky};
      bool failed = false;
      Trace trace;
      try {
        Driver().Run(program, subject, {}, trace);
      } catch (const std::bad_alloc&) {
        failed = true;
      }
      const uint64_t count = g_allocations.count;
      g_allocations = {};
      subject.Teardown();
      if (count < at) break;
      ++points;
      // A request for memory that may be refused (std::nothrow) changes nothing that can be seen.
      Trace after;
      Driver().Run(program, subject, {}, after);
      const std::string where = "allocation " + std::to_string(at) + (sticky ? " and those after it" : "");
      if (!failed && !(trace.events == expected.events))
        return where + " failed unnoticed, and the trace is another one";
      if (!(after.events == expected.events)) return "after " + where + " failed, the same program has another trace";
    }
  }
  return std::nullopt;
}

}  // namespace sluice::fuzz
