// The program language, defined once.
//
// A statement is a row: a kind and a pattern. `$` and a letter in a pattern is an operand; everything else is literal
// text. Text is a pattern filled in; bytes are the row's number and its operands in the pattern's order; mutation
// changes operands by type; shrinking simplifies them by type. To add an operation: one value in OpKind, one row in
// kOpRows, one case in the driver.
//
//   $w writer   $c chunk   $r reason   $p promise source   $n count   $d double   $o observed or not
#ifndef SLUICE_FUZZ_PROGRAM_LANGUAGE_H_
#define SLUICE_FUZZ_PROGRAM_LANGUAGE_H_

#include <span>
#include <string>
#include <string_view>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

struct Row {
  uint8_t kind = 0;          // OpKind or EndKind
  std::string_view word;     // its name in driver.js and in the identities of findings: "write"
  std::string_view pattern;  // "$w.write($c)$o"
  std::string_view meaning;  // for the manual and for `sluice language`
  std::string_view anchor;   // where https://streams.spec.whatwg.org/ rules it; may be empty
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
std::span<const std::string_view> ChunkKindNames();      // string buffer shared view object number undefined

// Numbers that break things: what mutation prefers, and what has a one-byte form.
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
