#include "fuzz/program/shrink.h"

#include <algorithm>
#include <utility>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

constexpr sim::Chunk kSimplestBuffer{.kind = sim::ChunkKind::kArrayBuffer, .count = 1};
constexpr double kSimpleMarks[] = {0, 1, 2};

size_t ListCount(const Program& program) { return 2 + program.scripts.size(); }

size_t SizeOf(const Program& program, size_t list) {
  if (list == 0) return program.scripts.size();
  return list == 1 ? program.ops.size() : program.scripts[list - 2].ops.size();
}

template <typename Entries>
void EraseFrom(Entries& entries, size_t begin, size_t end) {
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                entries.begin() + static_cast<std::ptrdiff_t>(end));
}

void Erase(Program& program, size_t list, size_t begin, size_t end) {
  if (list == 0) return EraseFrom(program.scripts, begin, end);
  EraseFrom(list == 1 ? program.ops : program.scripts[list - 2].ops, begin, end);
}

// The first mark that will do; so that the rounds end, none that is behind the one the program has.
void SimplifyMark(StreamSettings& program, size_t simpler) {
  if (!program.highWaterMark.has_value()) return;
  for (size_t i = 0; i <= simpler; ++i) {
    if (*program.highWaterMark == kSimpleMarks[i]) return;
  }
  program.highWaterMark = kSimpleMarks[simpler];
}

// Everywhere, because what is detached matters to those who write it.
void RenameChunk(Program& program, const sim::Chunk from, const sim::Chunk& to) {
  const auto rename = [&](std::vector<Op>& ops) {
    for (Op& op : ops) {
      if (op.operands.chunk == from) op.operands.chunk = to;
    }
  };
  rename(program.ops);
  for (Script& script : program.scripts) rename(script.ops);
}

// Everywhere, if nothing has the other name.
void RenameStream(Program& program, uint8_t from, uint8_t to) {
  bool is_free = program.settings(to) == StreamSettings{};
  const auto each = [&](auto change) {
    const auto list = [&](std::vector<Op>& ops) {
      for (Op& op : ops) change(op.operands.stream);
    };
    list(program.ops);
    for (Script& script : program.scripts) {
      change(script.stream);
      list(script.ops);
    }
  };
  each([&](uint8_t& stream) { is_free &= stream != to; });
  if (!is_free) return;
  each([&](uint8_t& stream) {
    if (stream == from) stream = to;
  });
  std::swap(program.settings(from), program.settings(to));
}

template <typename Statement>
void SimplifyOperand(Program& program, Statement& statement, OperandKind kind) {
  Operands& o = statement.operands;
  switch (kind) {
    case OperandKind::kStream:
    case OperandKind::kPrefix:
      o.stream = 0;
      break;
    case OperandKind::kNewStream:
      return;  // RenameStream
    case OperandKind::kWriter:
      o.writer = 0;
      break;
    case OperandKind::kReason:
      o.reason = 0;
      break;
    case OperandKind::kUnobserved:
      o.unobserved = false;
      break;
    case OperandKind::kCount:
    case OperandKind::kTimes:
      o.count = 1;
      break;
    case OperandKind::kNumber:
      o.number = 1;
      break;
    case OperandKind::kChunk:
      o.chunk = InterestingChunks()[0];
      break;
    case OperandKind::kBuffer:
      return RenameChunk(program, o.chunk, kSimplestBuffer);
    case OperandKind::kSource:
      return;  // no source is simpler than another
  }
  Normalize(RowOf(statement.kind), o);
}

// Less by ever smaller parts, so that the least number is found in a few rounds, wherever it is.
constexpr int kTimesEdits = 12;
static_assert(kMaxTimes >> kTimesEdits == 1);
void ReduceTimes(Op& op, int edit) {
  if (op.kind != OpKind::kTimes) return;
  op.operands.count = std::max(op.operands.count - (op.operands.count >> edit), 1u);
}

using Bytes = std::vector<uint8_t>;
using ByteEdit = std::function<void(Bytes&)>;

// Tries each edit on what the kept ones before it have left. From the back to the front, so that positions stay.
bool AcceptEdits(Bytes& bytes, const std::vector<ByteEdit>& edits, size_t batch, const FirstStill<Bytes>& first) {
  bool changed = false;
  for (size_t next = 0; next < edits.size();) {
    std::vector<Bytes> candidates;
    std::vector<size_t> behind;  // for each candidate, the edit after its own
    for (; next < edits.size() && candidates.size() < batch; ++next) {
      Bytes candidate = bytes;
      edits[next](candidate);
      if (candidate == bytes) continue;
      candidates.push_back(std::move(candidate));
      behind.push_back(next + 1);
    }
    const size_t kept = candidates.empty() ? 0 : first(candidates);
    if (kept >= candidates.size()) continue;
    bytes = std::move(candidates[kept]);
    next = behind[kept];
    changed = true;
  }
  return changed;
}

}  // namespace

Shrinker::Shrinker(Program program) : program_(std::move(program)) { BeginRound(); }

const Program* Shrinker::Next() {
  while (true) {
    while (NextDrop() || NextEdit()) {
      if (candidate_ != program_) return &candidate_;
    }
    if (!changed_) return nullptr;
    BeginRound();
  }
}

void Shrinker::Accept() {
  program_ = std::move(candidate_);
  changed_ = true;
}

void Shrinker::BeginRound() {
  changed_ = false;
  edits_.clear();
  edit_ = 0;
  BeginList(0);
}

void Shrinker::BeginList(size_t list) {
  list_ = list;
  run_ = end_ = list < ListCount(program_) ? SizeOf(program_, list) : 0;
}

// Drops runs of entries, from the back, halving the length of the runs. False when all lists are done.
bool Shrinker::NextDrop() {
  while (list_ < ListCount(program_)) {
    if (run_ == 0) {
      BeginList(list_ + 1);
      if (list_ == ListCount(program_)) CollectEdits();
    } else if (end_ < run_) {
      run_ /= 2;
      end_ = SizeOf(program_, list_);
    } else {
      candidate_ = program_;
      Erase(candidate_, list_, end_ - run_, end_);
      end_ -= run_;
      return true;
    }
  }
  return false;
}

bool Shrinker::NextEdit() {
  if (edit_ == edits_.size()) return false;
  candidate_ = program_;
  edits_[edit_++](candidate_);
  return true;
}

void Shrinker::CollectEditsOfSettings(size_t stream) {
  const auto add = [&](auto edit) { edits_.push_back([stream, edit](Program& p) { edit(p.settings(stream)); }); };
  if (stream > 0) add([](StreamSettings& s) { s = {}; });
  add([](StreamSettings& s) { s.highWaterMark.reset(); });
  add([](StreamSettings& s) { s.strategy = sim::Strategy::kAuthor; });
  add([](StreamSettings& s) { s.byteLimit.reset(); });
  add([](StreamSettings& s) { s.tickModel = core::TickModel::kWebIdl; });
  for (int i = 0; i < kMethodCount; ++i) {
    add([i](StreamSettings& s) { s.methods &= static_cast<uint8_t>(~(1 << i)); });
  }
  for (size_t i = 0; i < std::size(kSimpleMarks); ++i) {
    add([i](StreamSettings& s) { SimplifyMark(s, i); });
  }
  if (stream == 0) return;
  for (int i = 0; i < kSharedCount; ++i) {
    add([i](StreamSettings& s) { s.shared &= static_cast<uint8_t>(~(1 << i)); });
  }
}

// Nothing is dropped any more in this round, so that positions stay.
void Shrinker::CollectEdits() {
  for (uint8_t from = kStreamCount - 1; from > 1; --from) {
    for (uint8_t to = 1; to < from; ++to) {
      edits_.push_back([from, to](Program& p) { RenameStream(p, from, to); });
    }
  }
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    if (stream == 0 || program_.settings(stream) != StreamSettings{}) CollectEditsOfSettings(stream);
  }
  for (size_t i = 0; i < program_.ops.size(); ++i) {
    ForEachOperand(RowOf(program_.ops[i].kind), [&](OperandKind kind) {
      edits_.push_back([i, kind](Program& p) { SimplifyOperand(p, p.ops[i], kind); });
    });
    if (program_.ops[i].kind != OpKind::kTimes) continue;
    for (int edit = 1; edit <= kTimesEdits; ++edit) {
      edits_.push_back([i, edit](Program& p) { ReduceTimes(p.ops[i], edit); });
    }
  }
  for (size_t i = 0; i < program_.scripts.size(); ++i) {
    const Script& script = program_.scripts[i];
    edits_.push_back([i](Program& p) { p.scripts[i].stream = 0; });
    edits_.push_back([i](Program& p) { p.scripts[i].end = {}; });
    // If the end has become a plain return, it has no operands, and these change nothing.
    ForEachOperand(RowOf(script.end.kind), [&](OperandKind kind) {
      edits_.push_back([i, kind](Program& p) { SimplifyOperand(p, p.scripts[i].end, kind); });
    });
    for (size_t j = 0; j < script.ops.size(); ++j) {
      ForEachOperand(RowOf(script.ops[j].kind), [&](OperandKind kind) {
        edits_.push_back([i, j, kind](Program& p) { SimplifyOperand(p, p.scripts[i].ops[j], kind); });
      });
      if (script.ops[j].kind != OpKind::kTimes) continue;
      for (int edit = 1; edit <= kTimesEdits; ++edit) {
        edits_.push_back([i, j, edit](Program& p) { ReduceTimes(p.scripts[i].ops[j], edit); });
      }
    }
  }
}

Program Shrink(Program program, const std::function<bool(const Program&)>& still) {
  Shrinker shrinker(std::move(program));
  while (const Program* candidate = shrinker.Next()) {
    if (still(*candidate)) shrinker.Accept();
  }
  return shrinker.program();
}

Program ShrinkInBatches(Program program, size_t batch, const FirstStill<Program>& first) {
  Shrinker shrinker(std::move(program));
  while (true) {
    // As if none of them will do; behind the one that does, they are made anew.
    Shrinker ahead = shrinker;
    std::vector<Program> candidates;
    std::vector<Shrinker> at;
    while (candidates.size() < batch) {
      const Program* const candidate = ahead.Next();
      if (candidate == nullptr) break;
      candidates.push_back(*candidate);
      at.push_back(ahead);
    }
    if (candidates.empty()) return shrinker.program();
    const size_t kept = first(candidates);
    shrinker = kept < at.size() ? std::move(at[kept]) : std::move(at.back());
    if (kept < candidates.size()) shrinker.Accept();
  }
}

std::vector<uint8_t> ShrinkBytes(Bytes bytes, size_t batch, const FirstStill<Bytes>& first) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t run = bytes.size(); run > 0; run /= 2) {
      std::vector<ByteEdit> edits;
      for (size_t end = bytes.size(); end >= run && end > 0; end -= run) {
        edits.push_back([run, end](Bytes& all) { EraseFrom(all, end - run, end); });
      }
      changed |= AcceptEdits(bytes, edits, batch, first);
    }
    std::vector<ByteEdit> edits;
    for (size_t i = 0; i < bytes.size(); ++i) {
      edits.push_back([i](Bytes& all) { all[i] = 'a'; });
    }
    changed |= AcceptEdits(bytes, edits, batch, first);
  }
  return bytes;
}

}  // namespace sluice::fuzz
