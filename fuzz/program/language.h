// The program language, defined once.
//
// A statement is a row: a kind, a pattern and other properties. In a pattern, `$` and a letter (OperandKind) is an
// operand; everything else is literal text. All forms follow from the row:
//   text         the pattern with its operands
//   bytes        the row's number, then its operands in the pattern's order
//   mutation     changes operands by type, and chooses operations by weight
//   shrinking    simplifies operands by type
//   the driver   performs an operation if its precondition (Needs) holds
//   JavaScript   is emitted unless the row has a reason against it
// CONTRIBUTING.md lists the steps for a new operation.
//
#ifndef SLUICE_FUZZ_PROGRAM_LANGUAGE_H_
#define SLUICE_FUZZ_PROGRAM_LANGUAGE_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// The precondition of an operation. If it does not hold, the operation is skipped, and the trace records that.
enum class Needs : uint8_t {
  kNothing,
  kStream,              // user code has it after its constructor returned
  kNewName,             // the name was not given to a stream yet
  kWriter,              // the name was given to a writer
  kUnreleasedWriter,    // which has not been released since
  kController,          // user code has it after start or write was called with it
  kControllerOrStream,  // either
  kPendingPromise,      // of that source
  kEmptyStack,          // the operation runs microtasks, and they run only when nothing else does
  kRepeats,             // so many of kMaxRepeats are left
};
inline constexpr int kNeedsCount = 10;

// The kinds of programs that mutation makes (mutate.h).
enum class ProfileKind : uint8_t { kBalanced, kReentrancy, kBufferLimit };
inline constexpr int kProfileCount = 3;

// By the letter in a pattern.
enum class OperandKind : char {
  kStream = 's',     // "stream", "s1"
  kPrefix = 'S',     // the same before a controller or a function: nothing, "s1."
  kNewStream = 't',  // a stream that the program constructs: "s1"
  kWriter = 'w',
  kChunk = 'c',
  kBuffer = 'b',  // a chunk that is a buffer or a view
  kReason = 'r',
  kSource = 'p',  // a PromiseSource
  kCount = 'n',
  kTimes = 'm',
  kNumber = 'd',
  kUnobserved = 'o',
};

struct Row {
  uint8_t kind = 0;          // OpKind or EndKind
  std::string_view name;     // unique: in identities of findings and in JavaScript (driver.js)
  std::string_view pattern;  // "$w.write($c)$o"
  std::string_view meaning;  // for the manual and for `sluice-fuzz language`
  std::string_view anchor;   // its anchor in https://streams.spec.whatwg.org/; may be empty
  // Of operations only:
  Needs needs = Needs::kNothing;
  std::array<uint8_t, kProfileCount> weights{};  // by ProfileKind, relative to the other rows; 0 is never
  std::string_view not_portable{};               // the reason if other runtimes cannot do it; otherwise empty
};

std::span<const Row> OpRows();
std::span<const Row> EndRows();
const Row& RowOf(OpKind kind);
const Row& RowOf(EndKind kind);

// The words for each value of an enumeration, in order.
std::span<const std::string_view> CallKindNames();       // start size write close abort signal getThen then
std::span<const std::string_view> MethodNames();         // start write close abort size
std::span<const std::string_view> PromiseSourceNames();  // start write close abort then
std::span<const std::string_view> TickModelNames();      // webidl promise-resolve promise-resolve-start
std::span<const std::string_view> SharedNames();         // sink strategy signal
std::span<const std::string_view> StrategyNames();       // "", CountQueuingStrategy, ByteLengthQueuingStrategy
std::span<const std::string_view>
ChunkKindNames();  // string buffer shared view object number undefined writer ready closed
std::span<const std::string_view> NeedsNames();  // driver.js's words
std::string_view UnmetText(Needs needs);         // the trace's text for an unmet precondition

// Boundary values. Mutation prefers them, and they have a one-byte form. These tables must not grow: in the bytes of
// every stored input, the index after the last one means "another value follows".
std::span<const double> InterestingNumbers();
std::span<const uint64_t> InterestingByteCounts();
std::span<const sim::Chunk> InterestingChunks();

// Calls f(kind) for each operand of the row, in the pattern's order.
template <typename F>
void ForEachOperand(const Row& row, F f) {
  for (size_t i = row.pattern.find('$'); i < row.pattern.size(); i = row.pattern.find('$', i + 2)) {
    f(static_cast<OperandKind>(row.pattern[i + 1]));
  }
}

// Resets the operands that `row` does not have, and forces the others into range. Statements are equal only if normal.
void Normalize(const Row& row, Operands& operands);
void Normalize(sim::Chunk& chunk);

// The number as JavaScript prints it, which reads back as the same double; but -0 is "-0".
// https://tc39.es/ecma262/#sec-numeric-types-number-tostring
std::string NumberText(double number);
std::string ChunkText(const sim::Chunk& chunk);
std::string StreamText(size_t stream);    // "stream", "s1"
std::string StreamPrefix(size_t stream);  // "", "s1."

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_LANGUAGE_H_
