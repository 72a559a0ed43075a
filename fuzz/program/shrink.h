// Makes a program smaller while a predicate stays true.
//
//   Program small = Shrink(program, [&](const Program& p) { return IdentityOf(p) == identity; });
//
// or as an iterator, for callers that own the loop (AFL++'s trimming):
//
//   Shrinker shrinker(program);
//   while (const Program* candidate = shrinker.Next()) {
//     if (still(*candidate)) shrinker.Accept();
//   }
//   Program small = shrinker.program();
//
// Deterministic. Drops scripts, then operations in ever smaller runs, then settings, then simplifies operands, until
// nothing more can go. A few hundred candidates for a program of twenty operations.
#ifndef SLUICE_FUZZ_PROGRAM_SHRINK_H_
#define SLUICE_FUZZ_PROGRAM_SHRINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fuzz/program/program.h"

namespace sluice::fuzz {

class Shrinker {
 public:
  explicit Shrinker(Program program);

  // The next candidate: smaller or simpler than program(). Null at the end. Valid until the next call of any method.
  const Program* Next();
  // Accepts the last candidate: the next ones are made from it. At most once after each Next().
  void Accept();
  // The smallest program so far.
  const Program& program() const { return program_; }

 private:
  using Edit = std::function<void(Program&)>;

  bool NextDrop();
  bool NextEdit();
  void BeginRound();
  void BeginList(size_t list);
  void CollectEdits();
  void CollectEditsOfSettings(size_t stream);

  Program program_;
  Program candidate_;
  bool changed_ = false;  // in this round; another follows if so
  // The position of dropping: list 0 is the scripts, 1 the operations, 2 + i the operations of script i.
  size_t list_ = 0;
  size_t run_ = 0;  // entries that are dropped together; 0 when this list is done
  size_t end_ = 0;  // one past the last of them
  // The position of the later changes.
  std::vector<Edit> edits_;
  size_t edit_ = 0;
};

// Precondition: still(program).
Program Shrink(Program program, const std::function<bool(const Program&)>& still);

// For an expensive predicate, which has to start a process: tests several candidates at once. Returns the index of the
// first candidate for which it holds, or their number if there is none. It need not test the candidates after that one.
template <typename T>
using FirstStill = std::function<size_t(std::span<const T>)>;

// As Shrink(), with up to `batch` candidates at a time, at least 1. The result is the same for every `batch`.
Program ShrinkInBatches(Program program, size_t batch, const FirstStill<Program>& first);

// For inputs that are not programs: drops runs of bytes, and replaces the others by the letter a.
std::vector<uint8_t> ShrinkBytes(std::vector<uint8_t> bytes, size_t batch,
                                 const FirstStill<std::vector<uint8_t>>& first);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_SHRINK_H_
