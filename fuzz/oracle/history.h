// History rules: properties of every correct trace. They need neither the model nor snapshots.
#ifndef SLUICE_FUZZ_ORACLE_HISTORY_H_
#define SLUICE_FUZZ_ORACLE_HISTORY_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fuzz/driver/trace.h"
#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct HistoryRule {
  const char* id;      // "H-ORDER"
  const char* anchor;  // of the standard, or byte-limit
  const char* sentence;
};

std::span<const HistoryRule> AllHistoryRules();

struct BrokenRule {
  const HistoryRule* rule = nullptr;
  size_t event = 0;  // index into Trace::events
};

// Reuses its memory between traces.
class HistoryChecker {
 public:
  // Returns the first broken rule.
  std::optional<BrokenRule> Check(const Trace& trace);
  // All broken rules of the last Check(), each at its first event, in order of events.
  const std::vector<BrokenRule>& broken() const { return broken_; }

 private:
  struct WriteOp {
    uint32_t accepted_at = 0;  // event after which nothing ran before the chunk was queued
    uint32_t promise = 0;      // its name; 0: none yet
    uint32_t chunk = 0;        // key of the chunk value
    uint32_t settled_at = 0;   // event; 0: not seen
    bool fulfilled = false;
    bool range_error = false;
  };
  struct Delivery {
    uint32_t event = 0;
    uint32_t chunk = 0;
  };
  struct Frame {
    uint32_t write = 0;  // index + 1 into writes_, 0 for other operations
    bool is_call = false;
  };

  void Collect(const Trace& trace);
  void OnCallBegin(const Event& event, uint32_t at);
  void OnCallEnd(const Program& program, const Event& event, uint32_t at);
  void OnOpEnd(const Trace& trace, uint32_t at);
  uint64_t ChargeWhenQueued(const Trace& trace, const WriteOp& write) const;  // bytes
  void OnSettled(const Event& event, uint32_t at, bool sink_has_close);
  void Break(const char* id, size_t event);
  void CheckOrder();
  void CheckFulfilledWereWritten();
  void CheckFulfilled();
  void CheckByteLimit(const Trace& trace);
  void CheckNothingStuck(const Trace& trace);

  std::vector<BrokenRule> broken_;
  std::vector<WriteOp> writes_;
  std::vector<uint32_t> detached_at_;  // by chunk: the event, 0 for none
  std::vector<Delivery> deliveries_;
  std::vector<Frame> frames_;
  std::vector<uint32_t> settled_;   // by promise name: the event, 0 for none
  std::vector<uint32_t> returned_;  // by promise name: the event of the operation that returned it
  std::vector<bool> unobserved_;    // by promise name
  std::vector<bool> of_close_;      // by promise name: a close() of the writer or the stream returned it
  bool start_pending_ = false;      // start returned a promise that the author has not settled
  bool start_rejected_ = false;
  bool write_pending_ = false;    // likewise for the newest sink.write
  bool close_succeeded_ = false;  // sink.close was called, and what it returned does not wait and did not fail
  bool in_start_ = false;
  uint32_t pending_at_author_ = 0;  // promises that the author's functions returned and did not settle
  uint32_t close_calls_ = 0;
  uint32_t abort_calls_ = 0;
  uint32_t start_calls_ = 0;
};

// The charge of a chunk, computed from the definition of the byte limit.
uint64_t ChargeByDefinition(const sim::Chunk& chunk);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_HISTORY_H_
