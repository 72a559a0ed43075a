// The program language, defined once.
//
// A statement is a row: a kind, a pattern, and what else is known of it. `$` and a letter in a pattern is an operand;
// everything else is literal text. Text is a pattern filled in; bytes are the row's number and its operands in the
// pattern's order; mutation changes operands by type and chooses operations by the row's weights; shrinking simplifies
// operands by type; the driver performs an operation when what it needs is there; JavaScript is emitted if the row says
// that it can be. CONTRIBUTING.md says how to add an operation.
//
//   $w writer   $c chunk   $b buffer or view   $r reason   $p promise source   $n count   $d double   $o observed or
//   not
#ifndef SLUICE_FUZZ_PROGRAM_LANGUAGE_H_
#define SLUICE_FUZZ_PROGRAM_LANGUAGE_H_

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

// What must be there for an operation to be performed; without it the operation is skipped, and the trace says so.
enum class Needs : uint8_t {
  kNothing,
  kStream,              // no author has it before its constructor returned
  kWriter,              // the name was given to a writer
  kUnreleasedWriter,    // which has not been released since
  kController,          // no author has it before start or write was called with it
  kControllerOrStream,  // either
  kPendingPromise,      // of that source
  kEmptyStack,          // the operation runs microtasks, and they run only when nothing else does
};
inline constexpr int kNeedsCount = 8;

// The kinds of programs that mutation makes (mutate.h).
enum class ProfileKind : uint8_t { kBalanced, kReentrancy, kBufferLimit };
inline constexpr int kProfileCount = 3;

struct Row {
  uint8_t kind = 0;          // OpKind or EndKind
  std::string_view name;     // of its own: in findings' identities and in JavaScript (driver.js)
  std::string_view pattern;  // "$w.write($c)$o"
  std::string_view meaning;  // for the manual and for `sluice-fuzz language`
  std::string_view anchor;   // where https://streams.spec.whatwg.org/ rules it; may be empty
  // Of operations only:
  Needs needs = Needs::kNothing;
  std::array<uint8_t, kProfileCount> weights{};  // by ProfileKind, relative to the other rows; 0 is never
  std::string_view not_portable{};               // why no other runtime can do it; empty if it can
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
std::span<const std::string_view> StrategyNames();       // "", CountQueuingStrategy, ByteLengthQueuingStrategy
std::span<const std::string_view> ChunkKindNames();      // string buffer shared view object number undefined
std::span<const std::string_view> NeedsNames();          // driver.js's words
std::string_view UnmetText(Needs needs);                 // what the trace says when it is not there

// Numbers that break things: what mutation prefers, and what has a one-byte form. These tables cannot grow: the index
// after their last one is "another value, which follows" in the bytes of every stored input.
std::span<const double> InterestingNumbers();
std::span<const uint64_t> InterestingByteCounts();
std::span<const sim::Chunk> InterestingChunks();

// Bytes of a filled-in pattern's operand list: calls f(letter) for each operand of the row, in order.
template <typename F>
void ForEachOperand(const Row& row, F f) {
  for (size_t i = 0; i + 1 < row.pattern.size(); ++i) {
    if (row.pattern[i] == '$') f(row.pattern[++i]);
  }
}

// Resets the operands that `row` does not have, and forces the others into range. Statements are equal only if normal.
void Normalize(const Row& row, Operands& operands);
void Normalize(sim::Chunk& chunk);

// The number as JavaScript prints it, which reads back as the same double; but -0 is "-0".
// https://tc39.es/ecma262/#sec-numeric-types-number-tostring
std::string NumberText(double number);
std::string ChunkText(const sim::Chunk& chunk);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_LANGUAGE_H_
