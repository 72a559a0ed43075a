// A program over WritableStream: how its streams are constructed, what user code does when it is called, and the
// operations.
//
// A Program is plain data. Its language is defined once, in the table of language.cc, which text (text.h), bytes
// (bytes.h), mutation (mutate.h) and shrinking (shrink.h) all use. fuzz/program/README.md is the language's manual.
//
//   # S16: abort() clears the size algorithm, and write() still asks for a size (whatwg/streams#1331)
//   methods write abort size
//   w0 = stream.getWriter()
//   run
//   w0.abort(r1)
//   w0.write("a")
#ifndef SLUICE_FUZZ_PROGRAM_PROGRAM_H_
#define SLUICE_FUZZ_PROGRAM_PROGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "src/core/tick_model.h"
#include "src/sim/chunk.h"
#include "src/sim/strategy.h"
#include "src/sim/user_code.h"

namespace sluice::fuzz {

// Names are few, so that operations collide.
inline constexpr int kStreamCount = 4;              // s0 .. s3; s0 is `stream`
inline constexpr int kWriterCount = 4;              // w0 .. w3
inline constexpr int kReasonCount = 4;              // r0 .. r3
inline constexpr uint8_t kNoReason = kReasonCount;  // undefined
inline constexpr uint32_t kMaxCount = 1000;         // of `run N` and `tick N`
inline constexpr uint32_t kMaxTimes = 4096;         // of `times N`
inline constexpr uint32_t kMaxRepeats = 8192;       // by all `times` of a run; those beyond are skipped

// Sizes beyond these are errors in text, and bytes cannot express them.
inline constexpr size_t kMaxOps = 255;       // of the program itself
inline constexpr size_t kMaxScripts = 48;    // of all user functions together
inline constexpr size_t kMaxScriptOps = 15;  // of one script

// The user functions that may exist.
enum class Method : uint8_t { kStart, kWrite, kClose, kAbort, kSize };
inline constexpr int kMethodCount = 5;

// Whose pending promise `resolve` and `reject` settle.
enum class PromiseSource : uint8_t { kStart, kWrite, kClose, kAbort, kThen };
inline constexpr int kPromiseSourceCount = 5;

// What a later stream may have of the first one's.
enum class Shared : uint8_t { kSink, kStrategy, kSignal };
inline constexpr int kSharedCount = 3;

enum class OpKind : uint8_t {
  kGetWriter,
  kConstructWriter,
  kWrite,
  kClose,
  kAbort,
  kReleaseLock,
  kStreamAbort,
  kStreamClose,
  kError,
  kResolve,
  kReject,
  kRun,
  kRunCount,
  kTick,
  kReadWriter,
  kReadStream,
  kWatchReady,
  kWatchClosed,
  kCloseWithErrorPropagation,
  kErrorStream,
  kDetach,
  kConstruct,
  kTimes,
};
inline constexpr int kOpKindCount = 23;

// The result of a call of user code.
enum class EndKind : uint8_t {
  kReturn,          // undefined
  kReturnNumber,    // `number`
  kThrow,           // `reason`
  kReturnResolved,  // a promise that is fulfilled already
  kReturnRejected,  // a promise that is rejected already, with `reason`
  kReturnPending,   // a promise that `resolve` and `reject` settle later
  kReturnThenable,  // an object with a user-defined `then`
};
inline constexpr int kEndKindCount = 7;

// The operands of a statement. Its row lists those that it has; the others keep these values.
struct Operands {
  uint8_t stream = 0;
  uint8_t writer = 0;
  uint8_t reason = 0;  // kNoReason: undefined
  PromiseSource source = PromiseSource::kWrite;
  bool unobserved = false;  // nothing reacts to the returned promise
  uint32_t count = 0;
  double number = 0;
  sim::Chunk chunk;

  friend bool operator==(const Operands& a, const Operands& b);  // NaN equals NaN, 0 differs from -0
};

struct Op {
  OpKind kind = OpKind::kRun;
  Operands operands;

  friend bool operator==(const Op&, const Op&) = default;
};

struct End {
  EndKind kind = EndKind::kReturn;
  Operands operands;

  friend bool operator==(const End&, const End&) = default;
};

// The operations and the result of one call of user code. The nth script of a stream and a call kind is for the nth
// call; later calls return undefined (size: 1). Each script of kSignal is a listener. Those of kGetThen and kThen are
// of no stream: they count as the first one's.
struct Script {
  uint8_t stream = 0;
  sim::CallKind call = sim::CallKind::kWrite;
  std::vector<Op> ops;
  End end;

  friend bool operator==(const Script&, const Script&) = default;
};

// How one stream is constructed.
struct StreamSettings {
  std::optional<double> highWaterMark;              // absent: the member does not exist
  sim::Strategy strategy = sim::Strategy::kAuthor;  // a built-in one has a size of its own: there is no Method::kSize
  std::optional<uint64_t> byteLimit;                // bytes; absent: no limit
  core::TickModel tickModel = core::TickModel::kWebIdl;
  uint8_t methods = 0;  // bit 1 << Method: it exists
  uint8_t shared = 0;   // bit 1 << Shared: the first stream's instead of its own; 0 for the first stream

  bool has(Method method) const { return (methods >> static_cast<int>(method) & 1) != 0; }
  bool shares(Shared what) const { return (shared >> static_cast<int>(what) & 1) != 0; }
  // A strategy and a size() of the author's exclude each other: the one that is set last replaces the other.
  void SetMethods(uint8_t bits) {
    methods = bits;
    if (has(Method::kSize)) strategy = sim::Strategy::kAuthor;
  }
  void SetStrategy(sim::Strategy value) {
    strategy = value;
    if (value != sim::Strategy::kAuthor) methods &= static_cast<uint8_t>(~(1 << static_cast<int>(Method::kSize)));
  }
  friend bool operator==(const StreamSettings& a, const StreamSettings& b);
};

// The first stream is constructed before the first operation, the later ones by OpKind::kConstruct.
struct Program : StreamSettings {                        // of the first stream
  std::array<StreamSettings, kStreamCount - 1> later{};  // of s1, s2 and s3
  std::vector<Script> scripts;
  std::vector<Op> ops;

  const StreamSettings& settings(size_t stream) const { return stream == 0 ? *this : later[stream - 1]; }
  StreamSettings& settings(size_t stream) { return stream == 0 ? *this : later[stream - 1]; }
  friend bool operator==(const Program& a, const Program& b);
};

// Whether the nth call is counted for each stream.
constexpr bool IsOfStream(sim::CallKind call) {
  return call != sim::CallKind::kGetThen && call != sim::CallKind::kThen;
}
// The settings of a stream with what it shares in the place of its own.
StreamSettings ResolvedSettings(const Program& program, size_t stream);
// The stream whose scripts a call of `stream` is for: the first one if the function is shared, or is of no stream.
size_t OwnerOf(const Program& program, size_t stream, sim::CallKind call);
// The highest number of a stream that the program constructs, or may; 0 if it has one stream only.
size_t LastStream(const Program& program);

// Bit for bit, with all NaNs alike.
bool SameNumber(double a, double b);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_PROGRAM_H_
