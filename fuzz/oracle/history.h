// History rules: properties of every correct trace. They need neither the model nor snapshots.
#ifndef SLUICE_FUZZ_ORACLE_HISTORY_H_
#define SLUICE_FUZZ_ORACLE_HISTORY_H_

#include <array>
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
    uint32_t write = 0;  // index + 1 into the stream's writes, 0 for other operations
    uint8_t stream = 0;
    bool is_call = false;
  };

  // What is known of one stream.
  struct OfStream {
    std::vector<WriteOp> writes;
    std::vector<Delivery> deliveries;
    bool is_shared = false;      // its functions do not tell it from another stream (Driver::Call)
    bool start_pending = false;  // start returned a promise that the author has not settled
    bool start_rejected = false;
    bool write_pending = false;    // likewise for the newest sink.write
    bool close_succeeded = false;  // sink.close was called, and what it returned does not wait and did not fail
    bool in_start = false;
    uint32_t close_calls = 0;
    uint32_t abort_calls = 0;
    uint32_t start_calls = 0;
  };

  void Reset(const Program& program);
  void Collect(const Trace& trace);
  void OnOpBegin(const Trace& trace, uint32_t at);
  void OnCallBegin(const Event& event, uint32_t at);
  void OnCallEnd(const Program& program, const Event& event, uint32_t at);
  void OnOpEnd(const Trace& trace, uint32_t at);
  void OnAuthorSettles(const Op& op);
  uint64_t ChargeWhenQueued(const Trace& trace, const WriteOp& write) const;  // bytes
  void OnSettled(const Program& program, const Event& event, uint32_t at);
  void ReadSettlements(const Trace& trace, OfStream& stream) const;
  void Break(const char* id, size_t event);
  void CheckOrder(const OfStream& stream);
  void CheckFulfilledWereWritten(const OfStream& stream);
  void CheckFulfilled(const OfStream& stream);
  void CheckByteLimit(uint64_t limit, const OfStream& stream, const Trace& trace);
  void CheckNothingStuck(const Trace& trace);
  WriteOp& WriteOf(const Frame& frame) { return streams_[frame.stream].writes[frame.write - 1]; }

  std::vector<BrokenRule> broken_;
  std::array<OfStream, kStreamCount> streams_;
  std::array<uint8_t, kWriterCount> stream_of_writer_{};
  // By the stream whose function it is: which stream each pending promise of its start and write belongs to, in order.
  std::array<std::array<std::vector<uint8_t>, 2>, kStreamCount> waiting_;
  std::vector<uint32_t> detached_at_;  // by chunk: the event, 0 for none
  std::vector<Frame> frames_;
  std::vector<uint32_t> settled_;   // by promise name: the event, 0 for none
  std::vector<uint32_t> returned_;  // by promise name: the event of the operation that returned it
  std::vector<bool> unobserved_;    // by promise name
  std::vector<uint8_t> of_close_;   // by promise name: 1 + the stream whose close() returned it; 0 for none
  uint32_t pending_at_author_ = 0;  // promises that the author's functions returned and did not settle
};

// The charge of a chunk, computed from the definition of the byte limit.
uint64_t ChargeByDefinition(const sim::Chunk& chunk);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_HISTORY_H_
