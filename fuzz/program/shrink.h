// Makes a program smaller while something stays true of it.
//
//   Program small = Shrink(program, [&](const Program& p) { return IdentityOf(p) == identity; });
//
// or step by step, for those who are asked and do not ask (AFL++'s trimming):
//
//   Shrinker shrinker(program);
//   while (const Program* candidate = shrinker.Next()) {
//     if (still(*candidate)) shrinker.Keep();
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

  // The next candidate, which differs from program() and says less or the same more simply; null when nothing more can
  // go. Valid until the next call of anything here.
  const Program* Next();
  // The last candidate will do: the next ones are made from it. At most once after each Next().
  void Keep();
  // The smallest program so far.
  const Program& program() const { return program_; }

 private:
  using Edit = std::function<void(Program&)>;

  bool NextDrop();
  bool NextEdit();
  void BeginRound();
  void BeginList(size_t list);
  void CollectEdits();

  Program program_;
  Program candidate_;
  bool changed_ = false;  // in this round; another follows if so
  // Where dropping is: list 0 is the scripts, 1 the operations, 2 + i the operations of script i.
  size_t list_ = 0;
  size_t run_ = 0;  // entries that are dropped together; 0 when this list is done
  size_t end_ = 0;  // behind the last of them
  // Where the changes are that come after it.
  std::vector<Edit> edits_;
  size_t edit_ = 0;
};

// Precondition: still(program).
Program Shrink(Program program, const std::function<bool(const Program&)>& still);

// Where an answer is dear, because a process has to be started for it, several candidates can be asked about at once. The
// index of the first of them of which it still is true; their number if it is true of none. What is behind that one need
// not be looked at.
template <typename T>
using FirstStill = std::function<size_t(std::span<const T>)>;

// As Shrink(), with up to `batch` candidates at a time, at least 1. The result is the same for every `batch`.
Program ShrinkInBatches(Program program, size_t batch, const FirstStill<Program>& first);

// Of inputs that are no programs: drops runs of bytes, and makes those that remain the letter a.
std::vector<uint8_t> ShrinkBytes(std::vector<uint8_t> bytes, size_t batch,
                                 const FirstStill<std::vector<uint8_t>>& first);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_PROGRAM_SHRINK_H_
