#include "fuzz/program/bytes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include "fuzz/program/language.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

using sim::Chunk;

class Writer {
 public:
  explicit Writer(std::string& bytes) : bytes_(bytes) { bytes_.clear(); }
  void Byte(uint64_t value) { bytes_ += static_cast<char>(value & 0xFF); }
  void LittleEndian(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) Byte(value >> (8 * i));
  }
  // A value of `table` is its index; any other is the table's size and then the value.
  template <typename Table, typename T, typename Same, typename Raw>
  void Choice(const Table& table, const T& value, uint64_t offset, Same same, Raw raw) {
    size_t index = 0;
    while (index < table.size() && !same(table[index], value)) ++index;
    Byte(index + offset);
    if (index == table.size()) raw();
  }

 private:
  std::string& bytes_;
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool AtEnd() const { return at_ == bytes_.size(); }
  size_t left() const { return bytes_.size() - at_; }
  uint8_t Byte() { return AtEnd() ? 0 : bytes_[at_++]; }
  uint64_t Below(uint64_t bound) { return Byte() % bound; }
  uint64_t LittleEndian(int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= uint64_t{Byte()} << (8 * i);
    return value;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

constexpr auto kSame = [](const auto& a, const auto& b) { return a == b; };

void WriteNumber(Writer& out, double number, uint64_t offset) {
  out.Choice(InterestingNumbers(), number, offset, SameNumber,
             [&] { out.LittleEndian(std::bit_cast<uint64_t>(number), 8); });
}

// `index` was read already.
double ReadNumber(Reader& in, uint64_t index) {
  if (index < InterestingNumbers().size()) return InterestingNumbers()[index];
  return std::bit_cast<double>(in.LittleEndian(8));
}

void WriteChunk(Writer& out, const Chunk& chunk) {
  out.Choice(InterestingChunks(), chunk, 0, kSame, [&] {
    out.Byte(static_cast<uint64_t>(chunk.kind));
    out.Byte(chunk.tag);
    out.Byte(chunk.unit_count);
    for (int i = 0; i < chunk.unit_count; ++i) out.LittleEndian(chunk.units[i], 2);
    out.LittleEndian(chunk.count, 4);
  });
}

Chunk ReadChunk(Reader& in) {
  const uint64_t index = in.Below(InterestingChunks().size() + 1);
  if (index < InterestingChunks().size()) return InterestingChunks()[index];
  Chunk chunk;
  chunk.kind = static_cast<sim::ChunkKind>(in.Below(sim::kChunkKindCount));
  chunk.tag = in.Byte();
  chunk.unit_count = static_cast<uint8_t>(in.Below(sim::kMaxChunkUnits + 1));
  for (int i = 0; i < chunk.unit_count; ++i) chunk.units[i] = static_cast<char16_t>(in.LittleEndian(2));
  chunk.count = static_cast<uint32_t>(in.LittleEndian(4));
  return chunk;
}

void WriteOperands(Writer& out, const Row& row, const Operands& operands) {
  ForEachOperand(row, [&](OperandKind kind) {
    switch (kind) {
      case OperandKind::kStream:
      case OperandKind::kPrefix:
      case OperandKind::kNewStream:
        return;  // in the byte of the kind
      case OperandKind::kWriter:
        return out.Byte(operands.writer);
      case OperandKind::kReason:
        return out.Byte(operands.reason);
      case OperandKind::kSource:
        return out.Byte(static_cast<uint64_t>(operands.source));
      case OperandKind::kUnobserved:
        return out.Byte(operands.unobserved ? 1 : 0);
      case OperandKind::kCount:
      case OperandKind::kTimes:
        return out.LittleEndian(operands.count, 2);
      case OperandKind::kNumber:
        return WriteNumber(out, operands.number, 0);
      case OperandKind::kChunk:
      case OperandKind::kBuffer:
        return WriteChunk(out, operands.chunk);
    }
  });
}

void ReadOperands(Reader& in, const Row& row, Operands& operands) {
  ForEachOperand(row, [&](OperandKind kind) {
    switch (kind) {
      case OperandKind::kStream:
      case OperandKind::kPrefix:
      case OperandKind::kNewStream:
        break;  // in the byte of the kind
      case OperandKind::kWriter:
        operands.writer = in.Byte();
        break;
      case OperandKind::kReason:
        operands.reason = in.Byte();
        break;
      case OperandKind::kSource:
        operands.source = static_cast<PromiseSource>(in.Below(kPromiseSourceCount));
        break;
      case OperandKind::kUnobserved:
        operands.unobserved = in.Below(2) == 1;
        break;
      case OperandKind::kCount:
      case OperandKind::kTimes:
        operands.count = static_cast<uint32_t>(in.LittleEndian(2));
        break;
      case OperandKind::kNumber:
        operands.number = ReadNumber(in, in.Below(InterestingNumbers().size() + 1));
        break;
      case OperandKind::kChunk:
      case OperandKind::kBuffer:
        operands.chunk = ReadChunk(in);
        break;
    }
  });
  Normalize(row, operands);
}

// A kind with a stream: the stream is above the kind, where inputs that are older than the second stream have nothing.
constexpr int kStreamShift = 6;
static_assert(kOpKindCount <= 1 << kStreamShift && kStreamCount << kStreamShift <= 256);

uint64_t WithStream(uint64_t kind, uint8_t stream) { return kind | uint64_t{stream} << kStreamShift; }

uint64_t ReadKind(Reader& in, uint64_t kinds, uint8_t& stream) {
  const uint8_t byte = in.Byte();
  stream = byte >> kStreamShift;
  return byte % (1 << kStreamShift) % kinds;
}

template <typename Statement>
void WriteStatement(Writer& out, const Statement& statement) {
  out.Byte(WithStream(static_cast<uint64_t>(statement.kind), statement.operands.stream));
  WriteOperands(out, RowOf(statement.kind), statement.operands);
}

template <typename Statement, typename Kind>
Statement ReadStatement(Reader& in, uint64_t kinds) {
  Statement statement;
  statement.kind = static_cast<Kind>(ReadKind(in, kinds, statement.operands.stream));
  ReadOperands(in, RowOf(statement.kind), statement.operands);
  return statement;
}

Op ReadOp(Reader& in) { return ReadStatement<Op, OpKind>(in, kOpKindCount); }

constexpr uint64_t kMethodsAndStrategy = uint64_t{sim::kStrategyCount} << kMethodCount;

// `more`: those of the next stream follow.
void WriteSettings(Writer& out, const StreamSettings& settings, bool more) {
  // Choice 0 is "absent".
  if (settings.highWaterMark.has_value()) {
    WriteNumber(out, *settings.highWaterMark, 1);
  } else {
    out.Byte(0);
  }
  if (settings.byteLimit.has_value()) {
    out.Choice(InterestingByteCounts(), *settings.byteLimit, 1, kSame,
               [&] { out.LittleEndian(*settings.byteLimit, 8); });
  } else {
    out.Byte(0);
  }
  out.Byte(static_cast<uint64_t>(settings.tickModel));
  // Above the methods' bits, where inputs that are older than the strategies have nothing.
  out.Byte(settings.methods + (static_cast<uint64_t>(settings.strategy) << kMethodCount) +
           (more ? kMethodsAndStrategy : 0));
}

// Returns whether those of the next stream follow.
bool ReadSettings(Reader& in, StreamSettings& settings) {
  if (const uint64_t choice = in.Below(InterestingNumbers().size() + 2); choice > 0) {
    settings.highWaterMark = ReadNumber(in, choice - 1);
  }
  if (const uint64_t choice = in.Below(InterestingByteCounts().size() + 2); choice > 0) {
    settings.byteLimit =
        choice - 1 < InterestingByteCounts().size() ? InterestingByteCounts()[choice - 1] : in.LittleEndian(8);
  }
  settings.tickModel = static_cast<core::TickModel>(in.Below(core::kTickModelCount));
  const uint64_t last = in.Byte();
  const uint64_t methods_and_strategy = last % kMethodsAndStrategy;
  settings.methods = static_cast<uint8_t>(methods_and_strategy % (1 << kMethodCount));
  settings.SetStrategy(static_cast<sim::Strategy>(methods_and_strategy >> kMethodCount));
  return last / kMethodsAndStrategy == 1;
}

// The first stream's, and those of the later ones up to the last that has any.
void WriteAllSettings(Writer& out, const Program& program) {
  size_t count = kStreamCount;
  while (count > 1 && program.settings(count - 1) == StreamSettings{}) --count;
  for (size_t stream = 0; stream < count; ++stream) {
    if (stream > 0) out.Byte(program.settings(stream).shared);
    WriteSettings(out, program.settings(stream), stream + 1 < count);
  }
}

void ReadAllSettings(Reader& in, Program& program) {
  bool more = ReadSettings(in, program);
  for (size_t stream = 1; more && stream < kStreamCount; ++stream) {
    StreamSettings& settings = program.settings(stream);
    settings.shared = static_cast<uint8_t>(in.Below(1 << kSharedCount));
    more = ReadSettings(in, settings);
  }
}

}  // namespace

namespace {

void EncodeBytes(const Program& program, std::string& bytes) {
  Writer out(bytes);
  out.Byte(kFormat);
  WriteAllSettings(out, program);
  out.Byte(program.scripts.size());
  for (const Script& script : program.scripts) {
    out.Byte(WithStream(static_cast<uint64_t>(script.call), script.stream));
    out.Byte(script.ops.size());
    for (const Op& op : script.ops) WriteStatement(out, op);
    WriteStatement(out, script.end);
  }
  for (const Op& op : program.ops) WriteStatement(out, op);
}

// Over whatever `program` was. Its scripts come from `spare`, and those that are too many go there.
void DecodeBytes(std::span<const uint8_t> bytes, Program& program, std::vector<Script>& spare) {
  Reader in(bytes);
  in.Byte();  // kFormat, or anything
  program.highWaterMark.reset();
  program.byteLimit.reset();
  program.later = {};
  ReadAllSettings(in, program);
  const uint64_t scripts = in.Below(kMaxScripts + 1);
  size_t read = 0;
  for (; read < scripts && !in.AtEnd(); ++read) {
    if (read == program.scripts.size() && spare.empty()) {
      program.scripts.emplace_back();
    } else if (read == program.scripts.size()) {
      program.scripts.push_back(std::move(spare.back()));
      spare.pop_back();
    }
    Script& script = program.scripts[read];
    script.call = static_cast<sim::CallKind>(ReadKind(in, sim::kCallKindCount, script.stream));
    if (!IsOfStream(script.call)) script.stream = 0;
    const uint64_t ops = in.Below(kMaxScriptOps + 1);
    script.ops.clear();
    script.ops.reserve(std::min<size_t>(ops, in.left()));
    for (uint64_t j = 0; j < ops && !in.AtEnd(); ++j) script.ops.push_back(ReadOp(in));
    script.end = ReadStatement<End, EndKind>(in, kEndKindCount);
  }
  for (; program.scripts.size() > read; program.scripts.pop_back()) {
    if (spare.size() < kMaxScripts) spare.push_back(std::move(program.scripts.back()));
  }
  program.ops.clear();
  program.ops.reserve(std::min(kMaxOps, in.left()));
  while (!in.AtEnd() && program.ops.size() < kMaxOps) program.ops.push_back(ReadOp(in));
}

}  // namespace

std::string EncodeBytes(const Program& program) {
  std::string bytes;
  EncodeBytes(program, bytes);
  return bytes;
}

void EncodeBytesWithin(Program& program, size_t max_size, std::string& bytes) {
  EncodeBytes(program, bytes);
  while (bytes.size() > max_size && !program.ops.empty()) {
    program.ops.resize(program.ops.size() / 2);
    EncodeBytes(program, bytes);
  }
  while (bytes.size() > max_size && !program.scripts.empty()) {
    program.scripts.resize(program.scripts.size() / 2);
    EncodeBytes(program, bytes);
  }
  bytes.resize(std::min(bytes.size(), max_size));
}

Program DecodeBytes(std::span<const uint8_t> bytes) {
  Program program;
  std::vector<Script> spare;
  DecodeBytes(bytes, program, spare);
  return program;
}

Program& InputDecoder::Decode(std::span<const uint8_t> input) {
  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  if (LooksLikeText(text)) {
    ParsedProgram parsed = ParseText(text);
    if (parsed.program.has_value()) return program_ = *std::move(parsed.program);
  }
  DecodeBytes(input, program_, spare_);
  return program_;
}

Program DecodeInput(std::span<const uint8_t> input) { return std::move(InputDecoder().Decode(input)); }

}  // namespace sluice::fuzz
