#include "fuzz/program/language.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace sluice::fuzz {
namespace {

using sim::Chunk;
using sim::ChunkKind;

constexpr uint8_t K(OpKind kind) { return static_cast<uint8_t>(kind); }
constexpr uint8_t K(EndKind kind) { return static_cast<uint8_t>(kind); }

constexpr std::array<uint8_t, kProfileCount> W(uint8_t balanced, uint8_t reentrancy, uint8_t buffer_limit) {
  return {balanced, reentrancy, buffer_limit};
}

constexpr bool IsOperandKind(char letter) {
  switch (static_cast<OperandKind>(letter)) {
    case OperandKind::kStream:
    case OperandKind::kPrefix:
    case OperandKind::kNewStream:
    case OperandKind::kWriter:
    case OperandKind::kChunk:
    case OperandKind::kBuffer:
    case OperandKind::kReason:
    case OperandKind::kSource:
    case OperandKind::kCount:
    case OperandKind::kTimes:
    case OperandKind::kNumber:
    case OperandKind::kUnobserved:
      return true;
  }
  return false;
}

constexpr bool HaveKnownOperands(std::span<const Row> rows) {
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.pattern.size(); ++i) {
      if (row.pattern[i] == '$' && (++i == row.pattern.size() || !IsOperandKind(row.pattern[i]))) return false;
    }
  }
  return true;
}

// Rows stand in the order of their enumeration.
constexpr Row kOpRows[] = {
    {K(OpKind::kGetWriter), "getWriter", "$w = $s.getWriter()", "a writer, under a name of four", "ws-get-writer",
     Needs::kStream, W(10, 10, 5)},
    {K(OpKind::kConstructWriter), "constructWriter", "$w = new WritableStreamDefaultWriter($s)",
     "the same by the constructor", "default-writer-constructor", Needs::kStream, W(3, 2, 1)},
    {K(OpKind::kWrite), "write", "$w.write($c)$o", "write a chunk; `unobserved`: nobody reacts to the promise",
     "default-writer-write", Needs::kWriter, W(24, 20, 60)},
    {K(OpKind::kClose), "close", "$w.close()$o", "close by the writer", "default-writer-close", Needs::kWriter,
     W(8, 10, 4)},
    {K(OpKind::kAbort), "abort", "$w.abort($r)$o", "abort by the writer", "default-writer-abort", Needs::kWriter,
     W(8, 14, 3)},
    {K(OpKind::kReleaseLock), "releaseLock", "$w.releaseLock()", "release; the name keeps the released writer",
     "default-writer-release-lock", Needs::kWriter, W(6, 10, 3)},
    {K(OpKind::kStreamAbort), "streamAbort", "$s.abort($r)$o", "abort by the stream", "ws-abort", Needs::kStream,
     W(4, 6, 1)},
    {K(OpKind::kStreamClose), "streamClose", "$s.close()$o", "close by the stream", "ws-close", Needs::kStream,
     W(3, 4, 1)},
    {K(OpKind::kError), "error", "$Scontroller.error($r)", "error by the controller", "ws-default-controller-error",
     Needs::kController, W(7, 12, 4)},
    {K(OpKind::kResolve), "resolve", "resolve $S$p",
     "fulfill the oldest pending promise that this user function returned", "", Needs::kPendingPromise, W(12, 6, 16)},
    {K(OpKind::kReject), "reject", "reject $S$p $r", "reject it", "", Needs::kPendingPromise, W(7, 5, 5)},
    {K(OpKind::kRun), "run", "run", "run microtasks until there are none, then report unhandled rejections", "",
     Needs::kEmptyStack, W(10, 6, 8)},
    {K(OpKind::kRunCount), "runCount", "run $n", "run at most so many microtasks", "", Needs::kEmptyStack, W(4, 2, 2),
     "it runs a number of single microtasks"},
    {K(OpKind::kTick), "tick", "tick $n", "so many times: run the microtasks that are queued now", "",
     Needs::kEmptyStack, W(8, 4, 6)},
    {K(OpKind::kReadWriter), "readWriter", "read $w", "desiredSize, ready and closed", "default-writer-prototype",
     Needs::kWriter, W(4, 3, 5)},
    {K(OpKind::kReadStream), "readStream", "read $s", "locked, signal.aborted and signal.reason", "ws-prototype",
     Needs::kControllerOrStream, W(2, 1, 1)},
    {K(OpKind::kWatchReady), "watchReady", "watch $w.ready", "react to the promise that ready is now",
     "default-writer-ready", Needs::kWriter, W(4, 3, 3)},
    {K(OpKind::kWatchClosed), "watchClosed", "watch $w.closed", "react to the promise that closed is now",
     "default-writer-closed", Needs::kWriter, W(3, 3, 1)},
    {K(OpKind::kCloseWithErrorPropagation), "closeWithErrorPropagation", "closeWithErrorPropagation($w)$o",
     "close as pipeTo() does; for native code only", "writable-stream-default-writer-close-with-error-propagation",
     Needs::kUnreleasedWriter, W(2, 3, 1), "it does what only native code can"},
    {K(OpKind::kErrorStream), "errorStream", "$SerrorStream($r)",
     "error as other specifications do; for native code only", "writablestream-error", Needs::kStream, W(2, 3, 1),
     "it does what only native code can"},
    {K(OpKind::kDetach), "detach", "detach $b", "transfer the buffer elsewhere: its byteLength is 0 from now on", "",
     Needs::kNothing, W(2, 2, 5)},
    {K(OpKind::kConstruct), "constructStream", "$t = new WritableStream()", "construct another stream, by its settings",
     "ws-constructor", Needs::kNewName, W(2, 3, 1)},
    {K(OpKind::kTimes), "times", "times $m", "perform the next operation so often, unless that runs microtasks", "",
     Needs::kRepeats, W(1, 1, 2)},
};
static_assert(std::size(kOpRows) == kOpKindCount && HaveKnownOperands(kOpRows));

constexpr Row kEndRows[] = {
    {K(EndKind::kReturn), "return", "return", "undefined", ""},
    {K(EndKind::kReturnNumber), "number", "return $d", "a number: a chunk's size, or a plain value", ""},
    {K(EndKind::kThrow), "throw", "throw $r", "an exception", ""},
    {K(EndKind::kReturnResolved), "resolved", "return resolved", "a promise that is fulfilled already", ""},
    {K(EndKind::kReturnRejected), "rejected", "return rejected $r", "a promise that is rejected already", ""},
    {K(EndKind::kReturnPending), "pending", "return pending", "a promise that `resolve` and `reject` settle", ""},
    {K(EndKind::kReturnThenable), "thenable", "return thenable",
     "an object with a `then` getter: scripts getThen, then", ""},
};
static_assert(std::size(kEndRows) == kEndKindCount && HaveKnownOperands(kEndRows));

constexpr bool InOrder(std::span<const Row> rows) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].kind != i || rows[i].name.empty() || rows[i].pattern.empty()) return false;
  }
  return true;
}
static_assert(InOrder(kOpRows) && InOrder(kEndRows), "a row is missing, or does not stand in the order of its kind");

constexpr std::string_view kNeedsNames[] = {
    "nothing", "stream",     "newName", "writer", "unreleasedWriter", "controller", "controllerOrStream",
    "pending", "emptyStack", "repeats"};
static_assert(std::size(kNeedsNames) == kNeedsCount);

constexpr std::string_view kCallKindNames[] = {"start", "size", "write", "close", "abort", "signal", "getThen", "then"};
static_assert(std::size(kCallKindNames) == sim::kCallKindCount);
constexpr std::string_view kMethodNames[] = {"start", "write", "close", "abort", "size"};
static_assert(std::size(kMethodNames) == kMethodCount);
constexpr std::string_view kPromiseSourceNames[] = {"start", "write", "close", "abort", "then"};
static_assert(std::size(kPromiseSourceNames) == kPromiseSourceCount);
constexpr std::string_view kSharedNames[] = {"sink", "strategy", "signal"};
static_assert(std::size(kSharedNames) == kSharedCount);
constexpr std::string_view kStrategyNames[] = {"", "CountQueuingStrategy", "ByteLengthQueuingStrategy"};
static_assert(std::size(kStrategyNames) == sim::kStrategyCount);
constexpr std::string_view kChunkKindNames[] = {"string", "buffer",    "shared", "view",  "object",
                                                "number", "undefined", "writer", "ready", "closed"};
static_assert(std::size(kChunkKindNames) == sim::kChunkKindCount);

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kInterestingNumbers[] = {
    0,
    1,
    2,
    3,
    4,
    16,
    0.1,
    0.2,
    0.3,
    0.5,
    1.5,
    1e15,
    9007199254740992,
    1.7e308,
    -1,
    -0.0,
    -0.5,
    5e-324,
    1e308,
    kInfinity,
    -kInfinity,
    std::numeric_limits<double>::quiet_NaN(),
    std::numeric_limits<double>::max(),
    65536,
    1e-7,
};

constexpr uint64_t kInterestingByteCounts[] = {
    0,
    1,
    2,
    3,
    4,
    7,
    8,
    10,
    16,
    63,
    64,
    65,
    127,
    128,
    129,
    192,
    256,
    1024,
    65536,
    1048576,
    67108864,
    4294967295,
    4294967296,
    9223372036854775807,
    18446744073709551615u,
};

constexpr Chunk String(std::initializer_list<char16_t> units, uint32_t count = 1) {
  Chunk chunk{.kind = ChunkKind::kString, .unit_count = static_cast<uint8_t>(units.size()), .count = count};
  std::copy(units.begin(), units.end(), chunk.units.begin());
  return chunk;
}

constexpr Chunk kInterestingChunks[] = {
    String({'a'}),
    String({'b'}),
    String({}, 1),
    String({'a'}, 63),
    String({'a'}, 64),
    String({0xE9}, 2),            // 2 bytes each
    String({0x20AC}, 3),          // 3 bytes each
    String({0xD83D, 0xDE00}),     // a pair: 4 bytes
    String({0xD83D}, 2),          // lone lead surrogates: 3 each
    String({0xDE00, 0xD83D}, 2),  // lone, pair across the border, lone
    Chunk{.kind = ChunkKind::kArrayBuffer, .tag = 0, .count = 1},
    Chunk{.kind = ChunkKind::kArrayBuffer, .tag = 1, .count = 64},
    Chunk{.kind = ChunkKind::kSharedArrayBuffer, .tag = 0, .count = 16},
    Chunk{.kind = ChunkKind::kView, .tag = 0, .count = 8},
    Chunk{.kind = ChunkKind::kView, .tag = 0, .count = 0},
    Chunk{.kind = ChunkKind::kArrayBuffer, .tag = 0, .count = 4294967295},
    Chunk{.kind = ChunkKind::kObject, .tag = 0},
    Chunk{.kind = ChunkKind::kObject, .tag = 1},
    Chunk{.kind = ChunkKind::kNumber, .tag = 1},
    Chunk{.kind = ChunkKind::kUndefined},
    String({0x7F, 0x80, 0x7FF, 0x800}),  // the borders of 1, 2 and 3 bytes: 8 bytes
};

void AppendUnit(std::string& text, char16_t unit) {
  if (unit == '"' || unit == '\\') {
    text += '\\';
    text += static_cast<char>(unit);
  } else if (unit >= 0x20 && unit < 0x7F) {
    text += static_cast<char>(unit);
  } else {
    constexpr char kHex[] = "0123456789abcdef";
    text += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) text += kHex[unit >> shift & 0xF];
  }
}

}  // namespace

std::span<const Row> OpRows() { return kOpRows; }
std::span<const Row> EndRows() { return kEndRows; }
const Row& RowOf(OpKind kind) { return kOpRows[static_cast<int>(kind)]; }
const Row& RowOf(EndKind kind) { return kEndRows[static_cast<int>(kind)]; }
std::span<const std::string_view> CallKindNames() { return kCallKindNames; }
std::span<const std::string_view> MethodNames() { return kMethodNames; }
std::span<const std::string_view> PromiseSourceNames() { return kPromiseSourceNames; }
std::span<const std::string_view> TickModelNames() { return core::kTickModelNames; }
std::span<const std::string_view> SharedNames() { return kSharedNames; }
std::span<const std::string_view> StrategyNames() { return kStrategyNames; }
std::span<const std::string_view> ChunkKindNames() { return kChunkKindNames; }
std::span<const std::string_view> NeedsNames() { return kNeedsNames; }
std::span<const double> InterestingNumbers() { return kInterestingNumbers; }
std::span<const uint64_t> InterestingByteCounts() { return kInterestingByteCounts; }
std::span<const Chunk> InterestingChunks() { return kInterestingChunks; }

std::string_view UnmetText(Needs needs) {
  switch (needs) {
    case Needs::kNothing:
      return "";
    case Needs::kStream:
      return "there is no stream";
    case Needs::kNewName:
      return "the name was given to a stream before";
    case Needs::kWriter:
      return "no writer has this name yet";
    case Needs::kUnreleasedWriter:
      return "the writer was released";
    case Needs::kController:
    case Needs::kControllerOrStream:
      return "no user function has received the controller yet";
    case Needs::kPendingPromise:
      return "no such promise is pending";
    case Needs::kEmptyStack:
      return "microtasks do not run inside a call";
    case Needs::kRepeats:
      static_assert(kMaxRepeats == 8192);
      return "the operations of this run are repeated 8192 times at most";
  }
  return "";
}

void Normalize(Chunk& chunk) {
  chunk.kind = static_cast<ChunkKind>(static_cast<int>(chunk.kind) % sim::kChunkKindCount);
  Chunk normal{.kind = chunk.kind};
  switch (chunk.kind) {
    case ChunkKind::kString:
      normal.unit_count = std::min<uint8_t>(chunk.unit_count, sim::kMaxChunkUnits);
      normal.count = normal.unit_count == 0 ? 1 : std::max(chunk.count, 1u);
      std::copy_n(chunk.units.begin(), normal.unit_count, normal.units.begin());
      break;
    case ChunkKind::kArrayBuffer:
    case ChunkKind::kSharedArrayBuffer:
    case ChunkKind::kView:
      normal.tag = chunk.tag % sim::kChunkTagCount;
      normal.count = chunk.count;
      break;
    case ChunkKind::kObject:
    case ChunkKind::kNumber:
    case ChunkKind::kWriter:
    case ChunkKind::kReady:
    case ChunkKind::kClosed:
      normal.tag = chunk.tag % sim::kChunkTagCount;
      break;
    case ChunkKind::kUndefined:
      break;
  }
  chunk = normal;
}

void Normalize(const Row& row, Operands& operands) {
  Operands normal;
  ForEachOperand(row, [&](OperandKind kind) {
    switch (kind) {
      case OperandKind::kStream:
      case OperandKind::kPrefix:
        normal.stream = operands.stream % kStreamCount;
        break;
      case OperandKind::kNewStream:
        normal.stream = std::max(operands.stream % kStreamCount, 1);
        break;
      case OperandKind::kWriter:
        normal.writer = operands.writer % kWriterCount;
        break;
      case OperandKind::kReason:
        normal.reason = operands.reason % (kReasonCount + 1);
        break;
      case OperandKind::kSource:
        normal.source = static_cast<PromiseSource>(static_cast<int>(operands.source) % kPromiseSourceCount);
        break;
      case OperandKind::kUnobserved:
        normal.unobserved = operands.unobserved;
        break;
      case OperandKind::kCount:
        normal.count = std::clamp(operands.count, 1u, kMaxCount);
        break;
      case OperandKind::kTimes:
        normal.count = std::clamp(operands.count, 1u, kMaxTimes);
        break;
      case OperandKind::kNumber:
        normal.number = std::isnan(operands.number) ? std::numeric_limits<double>::quiet_NaN() : operands.number;
        break;
      case OperandKind::kChunk:
      case OperandKind::kBuffer:
        normal.chunk = operands.chunk;
        if (kind == OperandKind::kBuffer && !sim::IsDetachable(normal.chunk.kind))
          normal.chunk.kind = ChunkKind::kArrayBuffer;
        Normalize(normal.chunk);
        break;
    }
  });
  if (normal.source == PromiseSource::kThen) normal.stream = 0;  // thenables are of no stream
  operands = normal;
}

std::string StreamText(size_t stream) { return stream == 0 ? "stream" : "s" + std::to_string(stream); }
std::string StreamPrefix(size_t stream) { return stream == 0 ? "" : "s" + std::to_string(stream) + "."; }

std::string NumberText(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  if (number == 0) return std::signbit(number) ? "-0" : "0";
  // The shortest digits, as d.ddde[+-]dd, laid out as JavaScript does.
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(number), std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(result.ptr - buffer));
  const size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  std::from_chars(buffer + e + (text[e + 1] == '+' ? 2 : 1), result.ptr, exponent);
  const int point = exponent + 1;  // digits before the decimal point
  const int count = static_cast<int>(digits.size());
  std::string laid_out;
  if (point > 21 || point < -5) {
    laid_out = digits.substr(0, 1) + (count > 1 ? "." + digits.substr(1) : "") + (exponent < 0 ? "e-" : "e+") +
               std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    laid_out = "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else if (count <= point) {
    laid_out = digits + std::string(static_cast<size_t>(point - count), '0');
  } else {
    laid_out = digits.substr(0, static_cast<size_t>(point)) + "." + digits.substr(static_cast<size_t>(point));
  }
  return (number < 0 ? "-" : "") + laid_out;
}

std::string ChunkText(const Chunk& chunk) {
  std::string text;
  switch (chunk.kind) {
    case ChunkKind::kString:
      text += '"';
      for (int i = 0; i < chunk.unit_count; ++i) AppendUnit(text, chunk.units[i]);
      text += '"';
      if (chunk.count != 1) text += " * " + std::to_string(chunk.count);
      return text;
    case ChunkKind::kUndefined:
      return "undefined";
    case ChunkKind::kWriter:
      return "w" + std::to_string(chunk.tag);
    case ChunkKind::kReady:
    case ChunkKind::kClosed:
      return "w" + std::to_string(chunk.tag) + "." + std::string(kChunkKindNames[static_cast<int>(chunk.kind)]);
    case ChunkKind::kArrayBuffer:
    case ChunkKind::kSharedArrayBuffer:
    case ChunkKind::kView:
      text += kChunkKindNames[static_cast<int>(chunk.kind)];
      text += "(" + std::to_string(chunk.count) + ")";
      break;
    case ChunkKind::kObject:
    case ChunkKind::kNumber:
      text += kChunkKindNames[static_cast<int>(chunk.kind)];
      break;
  }
  if (chunk.tag != 0) text += "#" + std::to_string(chunk.tag);
  return text;
}

bool SameNumber(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool operator==(const Operands& a, const Operands& b) {
  return a.stream == b.stream && a.writer == b.writer && a.reason == b.reason && a.source == b.source &&
         a.unobserved == b.unobserved && a.count == b.count && SameNumber(a.number, b.number) && a.chunk == b.chunk;
}

bool operator==(const StreamSettings& a, const StreamSettings& b) {
  const bool same_mark = a.highWaterMark.has_value() == b.highWaterMark.has_value() &&
                         SameNumber(a.highWaterMark.value_or(0), b.highWaterMark.value_or(0));
  return same_mark && a.strategy == b.strategy && a.byteLimit == b.byteLimit && a.tickModel == b.tickModel &&
         a.methods == b.methods && a.shared == b.shared;
}

bool operator==(const Program& a, const Program& b) {
  return a.settings(0) == b.settings(0) && a.later == b.later && a.scripts == b.scripts && a.ops == b.ops;
}

StreamSettings ResolvedSettings(const Program& program, size_t stream) {
  StreamSettings settings = program.settings(stream);
  constexpr uint8_t kSize = 1 << static_cast<int>(Method::kSize);
  const auto take = [&](uint8_t bits) {
    settings.methods = static_cast<uint8_t>((settings.methods & ~bits) | (program.methods & bits));
  };
  if (settings.shares(Shared::kSink)) take(static_cast<uint8_t>(~kSize));
  if (settings.shares(Shared::kStrategy)) {
    take(kSize);
    settings.highWaterMark = program.highWaterMark;
    settings.strategy = program.strategy;
  }
  return settings;
}

size_t OwnerOf(const Program& program, size_t stream, sim::CallKind call) {
  const StreamSettings& settings = program.settings(stream);
  switch (call) {
    case sim::CallKind::kStart:
    case sim::CallKind::kWrite:
    case sim::CallKind::kClose:
    case sim::CallKind::kAbort:
      return settings.shares(Shared::kSink) ? 0 : stream;
    case sim::CallKind::kSize:
      return settings.shares(Shared::kStrategy) ? 0 : stream;
    case sim::CallKind::kSignal:  // the sink's `start` puts the listeners on
      return settings.shares(Shared::kSink) || settings.shares(Shared::kSignal) ? 0 : stream;
    case sim::CallKind::kGetThen:
    case sim::CallKind::kThen:
      break;
  }
  return 0;
}

size_t LastStream(const Program& program) {
  size_t last = 0;
  const auto look = [&last](const std::vector<Op>& ops) {
    for (const Op& op : ops) {
      if (op.kind == OpKind::kConstruct) last = std::max<size_t>(last, op.operands.stream);
    }
  };
  look(program.ops);
  for (const Script& script : program.scripts) look(script.ops);
  return last;
}

}  // namespace sluice::fuzz
