#include "fuzz/program/shrink.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

constexpr sim::Chunk kSimplestBuffer{.kind = sim::ChunkKind::kArrayBuffer, .count = 1};

// A value, and edits that are kept where it still is true.
template <typename T>
class Reducer {
 public:
  using Edit = std::function<void(T&)>;

  Reducer(T value, size_t batch, const FirstStill<T>& first) : value_(std::move(value)), batch_(batch), first_(first) {}

  const T& value() const { return value_; }
  T Take() { return std::move(value_); }

  // Tries each edit on what the kept ones before it have left; those that change nothing are not asked about. True if
  // one was kept. An edit must mean the same whether the ones before it were kept or not.
  bool TryAll(const std::vector<Edit>& edits) {
    bool changed = false;
    for (size_t next = 0; next < edits.size();) {
      std::vector<T> candidates;
      std::vector<size_t> behind;  // for each candidate, the edit after its own
      for (; next < edits.size() && candidates.size() < batch_; ++next) {
        T candidate = value_;
        edits[next](candidate);
        if (candidate == value_) continue;
        candidates.push_back(std::move(candidate));
        behind.push_back(next + 1);
      }
      const size_t kept = candidates.empty() ? 0 : first_(candidates);
      if (kept >= candidates.size()) continue;
      value_ = std::move(candidates[kept]);
      next = behind[kept];
      changed = true;
    }
    return changed;
  }

  // Drops runs of entries of the list that `list` finds in the value, from the back, halving the length of the runs.
  template <typename List>
  bool DropFrom(List list) {
    bool changed = false;
    for (size_t run = list(value_).size(); run > 0; run /= 2) {
      std::vector<Edit> edits;
      for (size_t end = list(value_).size(); end >= run && end > 0; end -= run) {
        edits.push_back([list, begin = end - run, end](T& value) {
          auto& entries = list(value);
          entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                        entries.begin() + static_cast<std::ptrdiff_t>(end));
        });
      }
      changed |= TryAll(edits);
    }
    return changed;
  }

 private:
  T value_;
  const size_t batch_;
  const FirstStill<T>& first_;
};

using Edits = std::vector<Reducer<Program>::Edit>;

void AddSettings(Edits& edits) {
  edits.push_back([](Program& p) { p.highWaterMark.reset(); });
  edits.push_back([](Program& p) { p.strategy = sim::Strategy::kAuthor; });
  edits.push_back([](Program& p) { p.byteLimit.reset(); });
  edits.push_back([](Program& p) { p.tickModel = sim::TickModel::kWebIdl; });
  for (int i = 0; i < kMethodCount; ++i) {
    edits.push_back([i](Program& p) { p.methods &= static_cast<uint8_t>(~(1 << i)); });
  }
  // The first that will do; so that the loop ends, none that is behind the one it has.
  for (const double number : {0.0, 1.0, 2.0}) {
    edits.push_back([number](Program& p) {
      const bool is_simpler = p.highWaterMark == 0.0 || p.highWaterMark == 1.0 || p.highWaterMark == 2.0;
      if (p.highWaterMark.has_value() && !(is_simpler && *p.highWaterMark <= number)) p.highWaterMark = number;
    });
  }
}

// Everywhere, because what is detached matters to those who write it.
void RenameChunk(Program& p, const sim::Chunk from, const sim::Chunk& to) {
  const auto rename = [&](std::vector<Op>& ops) {
    for (Op& op : ops) {
      if (op.operands.chunk == from) op.operands.chunk = to;
    }
  };
  rename(p.ops);
  for (Script& script : p.scripts) rename(script.ops);
}

// `statement` finds an operation or an end in a program.
template <typename Statement>
void AddOperands(Edits& edits, const Program& program, Statement statement) {
  const auto add = [&](auto edit) {
    edits.push_back([statement, edit](Program& p) {
      auto& s = statement(p);
      edit(s.operands);
      Normalize(RowOf(s.kind), s.operands);
    });
  };
  Program readable = program;
  ForEachOperand(RowOf(statement(readable).kind), [&](char letter) {
    switch (letter) {
      case 'w':
        return add([](Operands& o) { o.writer = 0; });
      case 'r':
        return add([](Operands& o) { o.reason = 0; });
      case 'o':
        return add([](Operands& o) { o.unobserved = false; });
      case 'n':
        return add([](Operands& o) { o.count = 1; });
      case 'd':
        return add([](Operands& o) { o.number = 1; });
      case 'c':
        return add([](Operands& o) { o.chunk = InterestingChunks()[0]; });
      case 'b':
        return edits.push_back(
            [statement](Program& p) { RenameChunk(p, statement(p).operands.chunk, kSimplestBuffer); });
      default:
        return;
    }
  });
}

void AddStatements(Edits& edits, const Program& program) {
  for (size_t i = 0; i < program.ops.size(); ++i) {
    AddOperands(edits, program, [i](Program& p) -> Op& { return p.ops[i]; });
  }
  for (size_t i = 0; i < program.scripts.size(); ++i) {
    edits.push_back([i](Program& p) { p.scripts[i].end = {}; });
    for (size_t j = 0; j < program.scripts[i].ops.size(); ++j) {
      AddOperands(edits, program, [i, j](Program& p) -> Op& { return p.scripts[i].ops[j]; });
    }
  }
}

}  // namespace

Program ShrinkInBatches(Program program, size_t batch, const FirstStill<Program>& first) {
  Reducer<Program> reducer(std::move(program), batch, first);
  for (bool changed = true; changed;) {
    changed = reducer.DropFrom([](Program& p) -> std::vector<Script>& { return p.scripts; });
    changed |= reducer.DropFrom([](Program& p) -> std::vector<Op>& { return p.ops; });
    for (size_t i = 0; i < reducer.value().scripts.size(); ++i) {
      changed |= reducer.DropFrom([i](Program& p) -> std::vector<Op>& { return p.scripts[i].ops; });
    }
    Edits edits;
    AddSettings(edits);
    AddStatements(edits, reducer.value());
    changed |= reducer.TryAll(edits);
    // An end's operands depend on its kind, which may just have changed.
    Edits ends;
    for (size_t i = 0; i < reducer.value().scripts.size(); ++i) {
      AddOperands(ends, reducer.value(), [i](Program& p) -> End& { return p.scripts[i].end; });
    }
    changed |= reducer.TryAll(ends);
  }
  return reducer.Take();
}

Program Shrink(Program program, const std::function<bool(const Program&)>& still) {
  return ShrinkInBatches(std::move(program), 1, [&](std::span<const Program> candidates) {
    return still(candidates.front()) ? size_t{0} : candidates.size();
  });
}

std::vector<uint8_t> ShrinkBytes(std::vector<uint8_t> bytes, size_t batch,
                                 const FirstStill<std::vector<uint8_t>>& first) {
  using Bytes = std::vector<uint8_t>;
  Reducer<Bytes> reducer(std::move(bytes), batch, first);
  for (bool changed = true; changed;) {
    changed = reducer.DropFrom([](Bytes& all) -> Bytes& { return all; });
    std::vector<Reducer<Bytes>::Edit> edits;
    for (size_t i = 0; i < reducer.value().size(); ++i) {
      edits.push_back([i](Bytes& all) { all[i] = 'a'; });
    }
    changed |= reducer.TryAll(edits);
  }
  return reducer.Take();
}

}  // namespace sluice::fuzz
