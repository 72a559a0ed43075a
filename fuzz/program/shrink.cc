#include "fuzz/program/shrink.h"

#include <algorithm>
#include <utility>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

constexpr sim::Chunk kSimplestBuffer{.kind = sim::ChunkKind::kArrayBuffer, .count = 1};

class Shrinker {
 public:
  Shrinker(Program program, const std::function<bool(const Program&)>& still)
      : program_(std::move(program)), still_(still) {}

  Program Run() {
    do {
      changed_ = false;
      DropFrom([](Program& p) -> std::vector<Script>& { return p.scripts; });
      DropFrom([](Program& p) -> std::vector<Op>& { return p.ops; });
      for (size_t i = 0; i < program_.scripts.size(); ++i) {
        DropFrom([i](Program& p) -> std::vector<Op>& { return p.scripts[i].ops; });
      }
      SimplifySettings();
      for (size_t i = 0; i < program_.ops.size(); ++i) {
        SimplifyOperands([i](Program& p) -> Op& { return p.ops[i]; });
      }
      for (size_t i = 0; i < program_.scripts.size(); ++i) SimplifyScript(i);
    } while (changed_);
    return std::move(program_);
  }

 private:
  // Keeps `candidate` if it is another program of which it still is true.
  bool Try(Program candidate) {
    if (candidate == program_ || !still_(candidate)) return false;
    program_ = std::move(candidate);
    changed_ = true;
    return true;
  }

  template <typename Change>
  bool TryChange(Change change) {
    Program candidate = program_;
    change(candidate);
    return Try(std::move(candidate));
  }

  // Drops runs of entries, from the back, halving the length of the runs.
  template <typename List>
  void DropFrom(List list) {
    for (size_t run = list(program_).size(); run > 0; run /= 2) {
      for (size_t end = list(program_).size(); end >= run && end > 0;) {
        const size_t begin = end - run;
        TryChange([&](Program& p) {
          auto& entries = list(p);
          entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                        entries.begin() + static_cast<std::ptrdiff_t>(end));
        });
        end = begin;
      }
    }
  }

  void SimplifySettings() {
    TryChange([](Program& p) { p.highWaterMark.reset(); });
    TryChange([](Program& p) { p.strategy = sim::Strategy::kAuthor; });
    TryChange([](Program& p) { p.byteLimit.reset(); });
    TryChange([](Program& p) { p.tickModel = sim::TickModel::kWebIdl; });
    for (int i = 0; i < kMethodCount; ++i) {
      TryChange([i](Program& p) { p.methods &= static_cast<uint8_t>(~(1 << i)); });
    }
    // The first that will do; so that the loop ends, none that is behind the one it has.
    for (const double number : {0.0, 1.0, 2.0}) {
      if (!program_.highWaterMark.has_value() || *program_.highWaterMark == number) break;
      if (TryChange([number](Program& p) { p.highWaterMark = number; })) break;
    }
  }

  // Everywhere, because what is detached matters to those who write it.
  void RenameChunk(const sim::Chunk from, const sim::Chunk& to) {
    TryChange([&](Program& p) {
      const auto rename = [&](std::vector<Op>& ops) {
        for (Op& op : ops) {
          if (op.operands.chunk == from) op.operands.chunk = to;
        }
      };
      rename(p.ops);
      for (Script& script : p.scripts) rename(script.ops);
    });
  }

  template <typename Statement>
  void SimplifyOperands(Statement statement) {
    const auto change = [&](auto edit) {
      TryChange([&](Program& p) {
        auto& s = statement(p);
        edit(s.operands);
        Normalize(RowOf(s.kind), s.operands);
      });
    };
    ForEachOperand(RowOf(statement(program_).kind), [&](char letter) {
      switch (letter) {
        case 'w':
          return change([](Operands& o) { o.writer = 0; });
        case 'r':
          return change([](Operands& o) { o.reason = 0; });
        case 'o':
          return change([](Operands& o) { o.unobserved = false; });
        case 'n':
          return change([](Operands& o) { o.count = 1; });
        case 'd':
          return change([](Operands& o) { o.number = 1; });
        case 'c':
          return change([](Operands& o) { o.chunk = InterestingChunks()[0]; });
        case 'b':
          return RenameChunk(statement(program_).operands.chunk, kSimplestBuffer);
        default:
          return;
      }
    });
  }

  void SimplifyScript(size_t index) {
    TryChange([index](Program& p) { p.scripts[index].end = {}; });
    SimplifyOperands([index](Program& p) -> End& { return p.scripts[index].end; });
    for (size_t i = 0; i < program_.scripts[index].ops.size(); ++i) {
      SimplifyOperands([index, i](Program& p) -> Op& { return p.scripts[index].ops[i]; });
    }
  }

  Program program_;
  const std::function<bool(const Program&)>& still_;
  bool changed_ = false;
};

}  // namespace

Program Shrink(Program program, const std::function<bool(const Program&)>& still) {
  return Shrinker(std::move(program), still).Run();
}

}  // namespace sluice::fuzz
