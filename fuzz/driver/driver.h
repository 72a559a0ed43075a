// Runs a program on a subject and writes its trace. All streams of a program have one realm, with one microtask queue.
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

// Decides what author functions do while they run, instead of the program's scripts.
class Improviser {
 public:
  virtual ~Improviser() = default;
  virtual void OnCall(CallKind kind) = 0;  // a call begins; it is the innermost until EndOfCall
  virtual const Op* NextOp() = 0;          // the next operation inside the innermost call; null: there is none
  virtual const End& EndOfCall() = 0;      // how the innermost call ends; it is the innermost no more
};

struct RunOptions {
  bool snapshots = true;             // take one at the end of each step and wherever user code begins
  Improviser* improviser = nullptr;  // null: the program's scripts
};

class Driver final : private UserCode {
 public:
  static constexpr uint32_t kUnassigned = ~0u;

  // What the author holds between two operations. Ids are the subject's.
  struct Author {
    struct OfStream {
      bool has_name = false;  // its constructor was called
      bool has_stream = false;
      bool has_controller = false;
      std::array<std::vector<uint32_t>, kPromiseSourceCount> pending;  // promises, or resolvers for kThen

      friend bool operator==(const OfStream&, const OfStream&) = default;
    };
    std::array<OfStream, kStreamCount> streams;
    std::array<uint32_t, kWriterCount> writers{};
    std::array<uint8_t, kWriterCount> stream_of_writer{};
    std::array<bool, kWriterCount> released{};
    std::vector<bool> observed;  // by promise: it has the author's reaction

    friend bool operator==(const Author&, const Author&) = default;
    bool has_writer(int name) const { return writers[static_cast<size_t>(name)] != kUnassigned; }
  };

  // Overwrites `trace`, which refers to `program` afterwards. Programs end: each script runs at most once, and each
  // operation as often as `times` before it says.
  void Run(const Program& program, Subject& subject, RunOptions options, Trace& trace);

  // The same in parts: makes the stream of `program`, performs none of its operations. All arguments outlive the parts.
  void Begin(const Program& program, Subject& subject, RunOptions options, Trace& trace);
  void Perform(const Op& op) { RunOp(op, {}); }
  // Between parts, a copy of a driver is a copy of the author, for a copy of the subject's state.
  const Author& author() const { return author_; }
  // What the operation needs and is not there; kNothing if all is.
  Needs Unmet(const Op& op) const;

 private:
  // UserCode
  sim::Outcome Call(CallKind kind, sim::Value argument, uint32_t resolver, uint32_t stream) override;
  void Settled(uint32_t promise, bool fulfilled, sim::Value value) override;
  void ReportException(sim::Value exception) override;
  void PromiseSettled(uint32_t promise) override;
  void UnhandledRejection(uint32_t promise, sim::Value reason) override;

  sim::Outcome Construct(uint8_t stream);
  void RunOps(const std::vector<Op>& ops, uint16_t script);
  void RunOp(const Op& op, Where where);
  uint32_t TimesOf(const Op& op, Where where);
  sim::Outcome Effect(const Op& op);
  sim::Outcome Write(const Op& op);
  sim::Outcome PromiseFrom(SubjectCall call, bool unobserved = false);
  void AddProperty(Property property, SubjectCall call);
  void AssignWriter(const Op& op, const sim::Outcome& made);
  void Settle(const Op& op);
  void ReadWriter(uint32_t writer);
  void ReadStream(uint8_t stream);
  void Watch(uint32_t promise);
  const End* RunCall(CallKind kind, size_t owner);
  sim::Outcome EndCall(CallKind kind, size_t owner, const End* end, uint32_t resolver);
  uint32_t NewPendingPromise(CallKind kind, size_t owner);

  sim::Value ReasonValue(uint8_t reason) const;
  sim::Value ChunkValue(const sim::Chunk& declared);
  sim::Value WriterChunkValue(const sim::Chunk& chunk);
  uint32_t PromiseName(uint32_t promise);
  sim::Value Renamed(sim::Value value);
  Event& Add(EventKind kind, const sim::Outcome& outcome);
  void AddSettlement(EventKind kind, const sim::Outcome& outcome, uint32_t promise);
  void AddSnapshot(bool is_due = false);
  void AddSnapshot(uint8_t stream);

  Subject* subject_ = nullptr;
  RunOptions options_;
  Trace* trace_ = nullptr;

  Author author_;
  uint32_t depth_ = 0;  // operations and author calls on the stack
  // A snapshot of a long queue takes long, so that runs which have repeated much take one at each nth place, and at the
  // end of each of the program's own operations.
  uint32_t repeats_ = 0;  // by `times`, up to kMaxRepeats
  uint32_t places_ = 0;   // since there are fewer
  uint32_t thenables_ = 0;
  struct Calls {
    uint32_t count = 0;
    uint32_t next_script = 0;  // where in Program::scripts to look for the next one
  };
  std::array<std::array<Calls, kCallKindCount>, kStreamCount> calls_{};  // by whose function was called (OwnerOf)
  std::vector<uint32_t> promise_names_;  // by the subject's promise id; 0: not named yet
  std::vector<uint32_t> writer_names_;   // likewise
  uint32_t named_writers_ = 0;
  std::vector<uint32_t>
      events_before_settlement_;  // by the subject's promise id: how many events there were; 0: not settled
  std::array<std::vector<uint32_t>, 3> error_names_;  // TypeError, RangeError, AbortError, by the subject's id
  std::array<uint32_t, 3> errors_{};
  uint32_t promises_ = 0;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_DRIVER_DRIVER_H_
