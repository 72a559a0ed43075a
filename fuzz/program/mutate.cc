#include "fuzz/program/mutate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

using sim::CallKind;

template <size_t N>
size_t PickWeighted(const std::array<uint8_t, N>& weights, Random& random) {
  const size_t total = std::accumulate(weights.begin(), weights.end(), size_t{0});
  if (total == 0) return random.Below(N);
  size_t at = random.Below(total);
  for (size_t i = 0; i < N; ++i) {
    if (at < weights[i]) return i;
    at -= weights[i];
  }
  return 0;
}

// Small numbers are likelier, so that names collide.
uint8_t Small(size_t bound, Random& random) {
  return static_cast<uint8_t>(std::min(random.Below(bound), random.Below(bound)));
}

// Where arithmetic on a number changes: powers of two of 32-bit and 64-bit integers, the last integer that a double
// holds exactly, the ends of doubles and of normal doubles, and what is next to each, as an integer and as a double.
double EdgeNumber(Random& random) {
  using Limits = std::numeric_limits<double>;
  constexpr double kBases[] = {0, 1, 0x1p31, 0x1p32, 0x1p53, Limits::max(), Limits::min(), 0.1};
  double number = random.Pick(std::span(kBases));
  switch (random.Below(5)) {
    case 0:
      number += 1;
      break;
    case 1:
      number -= 1;
      break;
    case 2:
      number = std::nextafter(number, Limits::infinity());
      break;
    case 3:
      number = std::nextafter(number, -Limits::infinity());
      break;
    default:
      break;
  }
  return random.OneIn(4) ? -number : number;
}

// How often a string repeats its units, or the bytes of a buffer: powers of two, and what makes 2^32 bytes of two,
// three or four bytes each; and the numbers next to them.
uint32_t EdgeCount(Random& random) {
  constexpr uint32_t kThirdOf2To32 = 0x55555555;
  constexpr uint32_t k2To32 = 0;  // the number before it is the greatest
  constexpr uint32_t kOften[] = {kThirdOf2To32, k2To32, 0x80000000};
  const uint32_t base = random.OneIn(2) ? random.Pick(std::span(kOften)) : uint32_t{1} << random.Below(32);
  return base + static_cast<uint32_t>(random.Below(3)) - 1;
}

// Bytes: as EdgeCount, in 64 bits, where 2^31, 2^32 and 2^53 are as likely as all others. 2^64 - 1 too.
uint64_t EdgeBytes(Random& random) {
  constexpr int kOften[] = {31, 32, 53};
  const size_t bit = random.OneIn(2) ? static_cast<size_t>(random.Pick(std::span(kOften))) : random.Below(64);
  return (uint64_t{1} << bit) + random.Below(3) - 1 - random.OneIn(16);
}

// How long a queue gets: powers of two, where lists grow, and the numbers next to them. Long ones take time, and are
// rarer.
uint32_t EdgeTimes(Random& random) {
  static_assert(kMaxTimes == 1 << 12);
  const size_t bit = std::min(random.Below(13), random.Below(13));
  return (uint32_t{1} << bit) + static_cast<uint32_t>(random.Below(3)) - 1;
}

sim::Chunk RandomBuffer(Random& random) {
  return {.kind = random.OneIn(2) ? sim::ChunkKind::kArrayBuffer : sim::ChunkKind::kView,
          .tag = static_cast<uint8_t>(random.OneIn(2) ? random.Below(sim::kChunkTagCount) : 0),
          .count =
              random.OneIn(8) ? EdgeCount(random) : static_cast<uint32_t>(1 + random.Below(random.OneIn(2) ? 4 : 100))};
}

// Units at the borders of UTF-8's lengths and surrogates. Often two of them are a pair.
sim::Chunk RandomString(Random& random) {
  constexpr char16_t kUnits[] = {'a',    0x7F,   0x80,   0x7FF,  0x800,  0xD7FF, 0xD800,
                                 0xD83D, 0xDBFF, 0xDC00, 0xDE00, 0xDFFF, 0xE000, 0xFFFF};
  sim::Chunk chunk{.kind = sim::ChunkKind::kString,
                   .unit_count = static_cast<uint8_t>(random.Below(sim::kMaxChunkUnits + 1)),
                   .count = random.OneIn(8) ? EdgeCount(random)
                                            : static_cast<uint32_t>(1 + random.Below(random.OneIn(2) ? 3 : 100))};
  for (int i = 0; i < chunk.unit_count; ++i) {
    chunk.units[i] = random.OneIn(4) ? static_cast<char16_t>(random.Next()) : random.Pick(std::span(kUnits));
  }
  if (chunk.unit_count >= 2 && random.OneIn(4)) {
    const size_t lead = random.Below(chunk.unit_count - 1u);
    chunk.units[lead] = random.OneIn(2) ? 0xD800 : 0xDBFF;
    chunk.units[lead + 1] = random.OneIn(2) ? 0xDC00 : 0xDFFF;
  }
  return chunk;
}

// What the author has of a writer: most often of another stream than the one that is written to.
sim::Chunk RandomWriterChunk(Random& random) {
  constexpr sim::ChunkKind kKinds[] = {sim::ChunkKind::kWriter, sim::ChunkKind::kReady, sim::ChunkKind::kClosed};
  return {.kind = random.Pick(std::span(kKinds)), .tag = static_cast<uint8_t>(random.Below(kWriterCount))};
}

// `last`: the last stream that the program has.
void RandomOperand(OperandKind kind, Operands& operands, size_t last, Random& random) {
  switch (kind) {
    case OperandKind::kStream:
    case OperandKind::kPrefix:
      operands.stream = static_cast<uint8_t>(random.Below(last + 1));
      break;
    case OperandKind::kNewStream:
      operands.stream = static_cast<uint8_t>(1 + std::min<size_t>(Small(kStreamCount - 1, random), last));
      break;
    case OperandKind::kWriter:
      operands.writer = random.OneIn(3) ? Small(kWriterCount, random) : 0;
      break;
    case OperandKind::kReason:
      operands.reason = random.OneIn(6) ? kNoReason : Small(kReasonCount, random);
      break;
    case OperandKind::kSource:
      operands.source =
          random.OneIn(2) ? PromiseSource::kWrite : static_cast<PromiseSource>(random.Below(kPromiseSourceCount));
      break;
    case OperandKind::kUnobserved:
      operands.unobserved = random.OneIn(8);
      break;
    case OperandKind::kCount:
      operands.count = static_cast<uint32_t>(1 + random.Below(random.OneIn(8) ? 20 : 4));
      break;
    case OperandKind::kTimes:
      operands.count = EdgeTimes(random);
      break;
    case OperandKind::kNumber:
      operands.number = random.OneIn(16)  ? std::bit_cast<double>(random.Next())
                        : random.OneIn(4) ? EdgeNumber(random)
                                          : random.Pick(InterestingNumbers());
      break;
    case OperandKind::kChunk:
      operands.chunk = random.Pick(InterestingChunks());
      if (random.OneIn(4)) operands.chunk.count = static_cast<uint32_t>(random.Below(200));
      if (random.OneIn(8)) operands.chunk.count = EdgeCount(random);
      if (random.OneIn(8)) operands.chunk.tag = static_cast<uint8_t>(random.Next());
      if (random.OneIn(8)) operands.chunk = RandomString(random);
      if (random.OneIn(last > 0 ? 8 : 64)) operands.chunk = RandomWriterChunk(random);
      break;
    case OperandKind::kBuffer:
      operands.chunk = RandomBuffer(random);
      break;
  }
}

template <typename Statement>
void RandomOperands(Statement& statement, size_t last, Random& random) {
  ForEachOperand(RowOf(statement.kind),
                 [&](OperandKind kind) { RandomOperand(kind, statement.operands, last, random); });
  Normalize(RowOf(statement.kind), statement.operands);
}

Op RandomOp(size_t last, Random& random, const Profile& profile) {
  Op op{.kind = static_cast<OpKind>(PickWeighted(profile.op_weights, random))};
  RandomOperands(op, last, random);
  return op;
}

End RandomEnd(CallKind call, Random& random) {
  End end;
  if (call == CallKind::kSize && !random.OneIn(5)) {
    end.kind = EndKind::kReturnNumber;
  } else if (random.OneIn(3)) {
    end.kind = EndKind::kReturnPending;
  } else {
    end.kind = static_cast<EndKind>(random.Below(kEndKindCount));
  }
  RandomOperands(end, 0, random);
  return end;
}

// The bit of the method that a call kind needs to exist; 0 if none.
uint8_t MethodBit(CallKind call) {
  switch (call) {
    case CallKind::kStart:
    case CallKind::kSignal:  // listeners are put on by start
      return 1 << static_cast<int>(Method::kStart);
    case CallKind::kSize:
      return 1 << static_cast<int>(Method::kSize);
    case CallKind::kWrite:
      return 1 << static_cast<int>(Method::kWrite);
    case CallKind::kClose:
      return 1 << static_cast<int>(Method::kClose);
    case CallKind::kAbort:
      return 1 << static_cast<int>(Method::kAbort);
    case CallKind::kGetThen:
    case CallKind::kThen:
      return 0;
  }
  return 0;
}

void GiveMethod(Program& program, size_t stream, CallKind call) {
  StreamSettings& settings = program.settings(stream);
  settings.SetMethods(static_cast<uint8_t>(settings.methods | MethodBit(call)));
}

uint8_t RandomMethods(Random& random) {
  return static_cast<uint8_t>(random.OneIn(4) ? random.Below(1 << kMethodCount) : (1 << kMethodCount) - 1);
}

class Mutator {
 public:
  Mutator(Program& program, Random& random, const Profile& profile)
      : program_(program), random_(random), profile_(profile), last_stream_(LastStream(program)) {}

  void InsertOp() {
    std::vector<Op>& ops = PickList();
    if (ops.size() >= Limit(ops)) return;
    ops.insert(ops.begin() + At(ops.size() + 1), RandomOp(last_stream_, random_, profile_));
  }

  void RemoveOp() {
    std::vector<Op>& ops = PickList();
    if (!ops.empty()) ops.erase(ops.begin() + At(ops.size()));
  }

  void DuplicateOp() {
    const std::vector<Op>& from = PickList();
    if (from.empty()) return;
    const Op op = random_.Pick(from);
    std::vector<Op>& to = PickList();
    if (to.size() < Limit(to)) to.insert(to.begin() + At(to.size() + 1), op);
  }

  void SwapOps() {
    std::vector<Op>& ops = PickList();
    if (ops.size() >= 2) std::swap(ops[random_.Below(ops.size())], ops[random_.Below(ops.size())]);
  }

  void ChangeOperand() {
    std::vector<Op>& ops = PickList();
    if (ops.empty()) return;
    Op& op = ops[random_.Below(ops.size())];
    const Row& row = RowOf(op.kind);
    const auto operands = std::count(row.pattern.begin(), row.pattern.end(), '$');
    if (operands == 0) return ReplaceOp(op);
    size_t chosen = random_.Below(static_cast<size_t>(operands));
    ForEachOperand(row, [&](OperandKind kind) {
      if (chosen-- == 0) RandomOperand(kind, op.operands, last_stream_, random_);
    });
    Normalize(row, op.operands);
  }

  // Another operation with the operands that it shares.
  void ReplaceOp(Op& op) {
    op.kind = static_cast<OpKind>(PickWeighted(profile_.op_weights, random_));
    Normalize(RowOf(op.kind), op.operands);
  }

  void ReplaceSomeOp() {
    std::vector<Op>& ops = PickList();
    if (!ops.empty()) ReplaceOp(ops[random_.Below(ops.size())]);
  }

  void InsertScript() {
    if (program_.scripts.size() >= kMaxScripts) return;
    Script script{.call = static_cast<CallKind>(PickWeighted(profile_.call_weights, random_)), .ops = {}, .end = {}};
    if (IsOfStream(script.call)) script.stream = static_cast<uint8_t>(random_.Below(last_stream_ + 1));
    const size_t ops = random_.Below(100) < profile_.ops_in_scripts ? 1 + random_.Below(3) : 0;
    for (size_t i = 0; i < ops; ++i) script.ops.push_back(RandomOp(last_stream_, random_, profile_));
    script.end = RandomEnd(script.call, random_);
    if (!random_.OneIn(8)) GiveMethod(program_, script.stream, script.call);
    program_.scripts.insert(program_.scripts.begin() + At(program_.scripts.size() + 1), std::move(script));
  }

  void RemoveScript() {
    if (!program_.scripts.empty()) program_.scripts.erase(program_.scripts.begin() + At(program_.scripts.size()));
  }

  void ChangeEnd() {
    if (program_.scripts.empty()) return InsertScript();
    Script& script = program_.scripts[random_.Below(program_.scripts.size())];
    script.end = RandomEnd(script.call, random_);
  }

  void ChangeSetting() {
    const size_t stream = random_.Below(last_stream_ + 1);
    StreamSettings& settings = program_.settings(stream);
    if (stream > 0 && random_.OneIn(4)) {
      settings.shared ^= static_cast<uint8_t>(1 << random_.Below(kSharedCount));
      return;
    }
    const size_t dice = random_.Below(100);
    if (dice < profile_.byte_limit) {
      settings.byteLimit = random_.OneIn(4)   ? random_.Below(300)
                           : random_.OneIn(4) ? EdgeBytes(random_)
                                              : random_.Pick(InterestingByteCounts());
    } else if (dice < size_t{profile_.byte_limit} + profile_.other_tick_models) {
      settings.tickModel = static_cast<core::TickModel>(random_.Below(core::kTickModelCount));
    } else if (random_.OneIn(5)) {
      settings.SetStrategy(static_cast<sim::Strategy>(random_.Below(sim::kStrategyCount)));
    } else if (random_.OneIn(2)) {
      settings.SetMethods(settings.methods ^ static_cast<uint8_t>(1 << random_.Below(kMethodCount)));
    } else if (random_.OneIn(4)) {
      random_.OneIn(2) ? settings.highWaterMark.reset() : settings.byteLimit.reset();
    } else {
      settings.highWaterMark = random_.OneIn(4) ? EdgeNumber(random_) : random_.Pick(InterestingNumbers());
    }
  }

  void Truncate() {
    if (program_.ops.size() > 2) program_.ops.resize(1 + random_.Below(program_.ops.size()));
  }

  // What most programs need to get anywhere.
  void InsertIdiom() {
    switch (random_.Below(7)) {
      case 6:
        return RepeatSomething();
      case 5:
        return AddStream();
      case 0:
        return Splice({{OpKind::kGetWriter, {}}}, 0);
      case 1:
        return Splice({{OpKind::kReleaseLock, {}}, {OpKind::kGetWriter, {}}}, At(program_.ops.size() + 1));
      case 2:
        return Splice({{OpKind::kResolve, {}}, {OpKind::kRun, {}}}, At(program_.ops.size() + 1));
      case 3:
        return Splice({{OpKind::kTick, {.count = 1}}}, At(program_.ops.size() + 1));
      case 4:
        return DetachSomethingWritten();
    }
  }

  // Some write, or what settles one, many times: queues get long, and short again.
  void RepeatSomething() {
    if (program_.ops.size() >= kMaxOps) return;
    const auto is_worth_it = [](const Op& op) {
      return op.kind == OpKind::kWrite || (op.kind == OpKind::kResolve && op.operands.source == PromiseSource::kWrite);
    };
    const auto count = std::count_if(program_.ops.begin(), program_.ops.end(), is_worth_it);
    if (count == 0) return;
    auto op = std::find_if(program_.ops.begin(), program_.ops.end(), is_worth_it);
    for (size_t skip = random_.Below(static_cast<size_t>(count)); skip > 0; --skip) {
      op = std::find_if(op + 1, program_.ops.end(), is_worth_it);
    }
    program_.ops.insert(op, {OpKind::kTimes, {.count = std::clamp(EdgeTimes(random_), 2u, kMaxTimes)}});
  }

  // The next stream, with a writer of its own.
  void AddStream() {
    if (last_stream_ + 1 == kStreamCount) return;
    const auto stream = static_cast<uint8_t>(last_stream_ + 1);
    StreamSettings& settings = program_.settings(stream);
    settings.SetMethods(RandomMethods(random_));
    if (random_.OneIn(4)) settings.shared = static_cast<uint8_t>(random_.Below(1 << kSharedCount));
    if (random_.OneIn(2)) settings.highWaterMark = random_.Pick(InterestingNumbers());
    const Op construct{OpKind::kConstruct, {.stream = stream}};
    const Op get_writer{OpKind::kGetWriter, {.stream = stream, .writer = stream}};
    Splice({construct, get_writer}, random_.OneIn(2) ? 0 : At(program_.ops.size() + 1));
  }

  // The chunk of some write becomes a buffer, if it is none, and that buffer is detached sooner or later.
  void DetachSomethingWritten() {
    std::vector<Op>& ops = PickList();
    const auto is_write = [](const Op& op) { return op.kind == OpKind::kWrite; };
    const auto writes = std::count_if(ops.begin(), ops.end(), is_write);
    if (writes == 0) return;
    auto write = std::find_if(ops.begin(), ops.end(), is_write);
    for (size_t skip = random_.Below(static_cast<size_t>(writes)); skip > 0; --skip) {
      write = std::find_if(write + 1, ops.end(), is_write);
    }
    if (!sim::IsDetachable(write->operands.chunk.kind)) write->operands.chunk = RandomBuffer(random_);
    const Op detach{OpKind::kDetach, {.chunk = write->operands.chunk}};
    std::vector<Op>& to = PickList();
    if (to.size() < Limit(to)) to.insert(to.begin() + At(to.size() + 1), detach);
  }

 private:
  std::ptrdiff_t At(size_t bound) { return static_cast<std::ptrdiff_t>(random_.Below(bound)); }

  std::vector<Op>& PickList() {
    if (!program_.scripts.empty() && random_.Below(100) < profile_.ops_in_scripts) {
      return program_.scripts[random_.Below(program_.scripts.size())].ops;
    }
    return program_.ops;
  }

  size_t Limit(const std::vector<Op>& ops) const { return &ops == &program_.ops ? kMaxOps : kMaxScriptOps; }

  void Splice(std::initializer_list<Op> ops, std::ptrdiff_t at) {
    if (program_.ops.size() + ops.size() > kMaxOps) return;
    program_.ops.insert(program_.ops.begin() + at, ops);
  }

  Program& program_;
  Random& random_;
  const Profile& profile_;
  const size_t last_stream_;
};

struct Mutation {
  std::string_view name;
  void (Mutator::*apply)();
  uint8_t weight;
};

constexpr Mutation kMutations[] = {
    {"insert-op", &Mutator::InsertOp, 24},
    {"remove-op", &Mutator::RemoveOp, 10},
    {"duplicate-op", &Mutator::DuplicateOp, 6},
    {"swap-ops", &Mutator::SwapOps, 6},
    {"change-operand", &Mutator::ChangeOperand, 14},
    {"replace-op", &Mutator::ReplaceSomeOp, 6},
    {"insert-script", &Mutator::InsertScript, 14},
    {"remove-script", &Mutator::RemoveScript, 4},
    {"change-end", &Mutator::ChangeEnd, 8},
    {"change-setting", &Mutator::ChangeSetting, 8},
    {"truncate", &Mutator::Truncate, 2},
    {"insert-idiom", &Mutator::InsertIdiom, 8},
};

std::string_view MutateOnce(Program& program, Random& random, const Profile& profile) {
  Mutator mutator(program, random, profile);
  std::array<uint8_t, std::size(kMutations)> weights{};
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = kMutations[i].weight;
  const Mutation& chosen = kMutations[PickWeighted(weights, random)];
  (mutator.*chosen.apply)();
  return chosen.name;
}

}  // namespace

namespace {

Profile WithOpWeights(ProfileKind kind) {
  Profile profile;
  for (const Row& row : OpRows()) profile.op_weights[row.kind] = row.weights[static_cast<int>(kind)];
  return profile;
}

}  // namespace

Profile BalancedProfile() {
  Profile profile = WithOpWeights(ProfileKind::kBalanced);
  //                       start size write close abort signal getThen then
  profile.call_weights = {10, 10, 24, 12, 12, 10, 6, 8};
  return profile;
}

Profile ReentrancyProfile() {
  Profile profile = WithOpWeights(ProfileKind::kReentrancy);
  profile.call_weights = {6, 24, 16, 12, 14, 20, 12, 12};
  profile.ops_in_scripts = 65;
  profile.byte_limit = 10;
  return profile;
}

Profile BufferLimitProfile() {
  Profile profile = WithOpWeights(ProfileKind::kBufferLimit);
  profile.call_weights = {4, 20, 40, 4, 4, 3, 3, 3};
  profile.byte_limit = 60;
  return profile;
}

std::optional<Profile> ProfileNamed(std::string_view name) {
  if (name == "balanced") return BalancedProfile();
  if (name == "reentrancy") return ReentrancyProfile();
  if (name == "buffer_limit") return BufferLimitProfile();
  return std::nullopt;
}

std::vector<std::string_view> Mutate(Program& program, Random& random, const Profile& profile) {
  const size_t times = 1 + Small(4, random);
  std::vector<std::string_view> names;
  names.reserve(times);
  for (size_t i = 0; i < times; ++i) names.push_back(MutateOnce(program, random, profile));
  return names;
}

Program CrossOver(const Program& a, const Program& b, Random& random) {
  Program child = random.OneIn(2) ? a : b;
  child.ops.assign(a.ops.begin(), a.ops.begin() + static_cast<std::ptrdiff_t>(random.Below(a.ops.size() + 1)));
  const auto from = static_cast<std::ptrdiff_t>(random.Below(b.ops.size() + 1));
  child.ops.insert(child.ops.end(), b.ops.begin() + from, b.ops.end());
  if (child.ops.size() > kMaxOps) child.ops.resize(kMaxOps);
  const Program& other = child.scripts == a.scripts ? b : a;
  for (const Script& script : other.scripts) {
    if (!random.OneIn(3) || child.scripts.size() >= kMaxScripts) continue;
    child.scripts.push_back(script);
    GiveMethod(child, script.stream, script.call);
  }
  for (size_t stream = 1; stream < kStreamCount; ++stream) {
    if (child.settings(stream) == StreamSettings{}) child.settings(stream) = other.settings(stream);
  }
  return child;
}

Program RandomProgram(Random& random, const Profile& profile) {
  Program program;
  program.methods = RandomMethods(random);
  program.ops.push_back({OpKind::kGetWriter, {}});
  if (random.OneIn(4)) Mutator(program, random, profile).AddStream();
  const size_t mutations = 4 + random.Below(40);
  for (size_t i = 0; i < mutations; ++i) MutateOnce(program, random, profile);
  return program;
}

}  // namespace sluice::fuzz
