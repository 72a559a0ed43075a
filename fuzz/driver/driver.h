// Runs a program on a subject and writes down what happens.
//
//   Driver driver;
//   Trace trace;
//   driver.Run(program, subject, {}, trace);
#ifndef SLUICE_FUZZ_DRIVER_DRIVER_H_
#define SLUICE_FUZZ_DRIVER_DRIVER_H_

#include <array>
#include <cstdint>
#include <vector>

#include "fuzz/driver/subject.h"
#include "fuzz/driver/trace.h"
#include "fuzz/program/language.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct RunOptions {
  bool snapshots = true;               // take one at the end of each step and wherever author code begins
  void (*after_snapshot)() = nullptr;  // called after each
};

class Driver final : private UserCode {
 public:
  // Overwrites `trace`. Programs end: each script and each operation runs at most once.
  void Run(const Program& program, Subject& subject, RunOptions options, Trace& trace);

 private:
  static constexpr uint32_t kUnassigned = ~0u;

  // UserCode
  sim::Outcome Call(CallKind kind, sim::Value argument, uint32_t resolver) override;
  void Settled(uint32_t promise, bool fulfilled, sim::Value value) override;
  void ReportException(sim::Value exception) override;
  void PromiseSettled(uint32_t promise) override;
  void UnhandledRejection(uint32_t promise, sim::Value reason) override;

  void Construct();
  void RunOps(const std::vector<Op>& ops, uint16_t script);
  void RunOp(const Op& op, Where where);
  Needs Unmet(const Op& op) const;
  sim::Outcome Perform(const Op& op);
  sim::Outcome PromiseResult(uint32_t promise, bool unobserved);
  void AssignWriter(const Op& op, const sim::Outcome& made);
  void Settle(const Op& op);
  void ReadWriter(uint32_t writer);
  void ReadStream();
  void Watch(uint32_t promise);
  sim::Outcome EndCall(CallKind kind, const End* end, uint32_t resolver);
  uint32_t NewPendingPromise(CallKind kind);

  sim::Value ReasonValue(uint8_t reason) const;
  sim::Value ChunkValue(const sim::Chunk& said);
  uint32_t PromiseName(uint32_t promise);
  sim::Value Renamed(sim::Value value);
  Event& Add(EventKind kind, const sim::Outcome& outcome);
  void AddSettlement(EventKind kind, const sim::Outcome& outcome, uint32_t promise);
  void AddSnapshot();

  const Program* program_ = nullptr;
  Subject* subject_ = nullptr;
  RunOptions options_;
  Trace* trace_ = nullptr;

  bool has_stream_ = false;
  bool has_controller_ = false;
  uint32_t depth_ = 0;  // operations and author calls on the stack
  uint32_t thenables_ = 0;
  std::array<uint32_t, kWriterCount> writers_{};
  std::array<bool, kWriterCount> released_{};
  std::array<uint32_t, kCallKindCount> calls_{};        // how many calls of each kind were made
  std::array<uint32_t, kCallKindCount> next_script_{};  // where in Program::scripts to look for the next one
  std::array<std::vector<uint32_t>, kPromiseSourceCount> pending_;  // promises, or resolvers for kThen
  std::vector<uint32_t> promise_names_;                             // by the subject's promise id; 0: not named yet
  std::vector<bool> observed_;                                      // by the subject's promise id
  std::vector<uint32_t> settled_behind_;  // by the subject's promise id: how many events there were; 0: not settled
  std::array<std::vector<uint32_t>, 3> error_names_;  // TypeError, RangeError, AbortError, by the subject's id
  std::array<uint32_t, 3> errors_{};
  uint32_t promises_ = 0;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_DRIVER_H_
