#include "fuzz/program/javascript.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "fuzz/program/driver_js.h"
#include "fuzz/program/language.h"
#include "fuzz/program/text.h"
#include "fuzz/program/where.h"

namespace sluice::fuzz {
namespace {

using nlohmann::ordered_json;

// Larger chunks are not worth their memory in a runtime that really makes them.
constexpr uint64_t kMaxPortableChunk = 1 << 20;  // bytes or code units

template <typename F>
void ForEachOp(const Program& program, F f) {
  for (const Op& op : program.ops) f(op);
  for (const Script& script : program.scripts) {
    for (const Op& op : script.ops) f(op);
  }
}

class Emitter {
 public:
  explicit Emitter(const Program& program) {
    ordered_json scripts = ordered_json::array();
    for (const Script& script : program.scripts) {
      scripts.push_back({{"stream", script.stream},
                         {"call", CallKindNames()[static_cast<int>(script.call)]},
                         {"ops", Ops(script.ops)},
                         {"end", EndJson(script.end)}});
    }
    const ordered_json ops = Ops(program.ops);
    json_["streams"] = ordered_json::array();
    for (size_t stream = 0; stream < kStreamCount; ++stream) {
      json_["streams"].push_back(SettingsJson(program.settings(stream)));
    }
    for (int i = 0; i < kNeedsCount; ++i)
      json_["unmet"][std::string(NeedsNames()[i])] = UnmetText(static_cast<Needs>(i));
    json_["mostRepeats"] = kMaxRepeats;
    json_["chunks"] = chunks_json_;
    json_["scripts"] = scripts;
    json_["ops"] = ops;
    json_["epilogue"] = Ops(Epilogue());
  }
  std::string Text() const { return json_.dump(); }

 private:
  static ordered_json SettingsJson(const StreamSettings& settings) {
    ordered_json json = ordered_json::object();
    if (settings.highWaterMark.has_value()) json["highWaterMark"] = NumberText(*settings.highWaterMark);
    if (settings.strategy != sim::Strategy::kAuthor) {
      json["strategy"] = StrategyNames()[static_cast<int>(settings.strategy)];
    }
    // A number in JavaScript does not hold all of them.
    if (settings.byteLimit.has_value()) json["byteLimit"] = std::to_string(*settings.byteLimit);
    if (settings.tickModel != core::TickModel::kWebIdl) {
      json["tickModel"] = TickModelNames()[static_cast<int>(settings.tickModel)];
    }
    json["methods"] = ordered_json::array();
    for (int i = 0; i < kMethodCount; ++i) {
      if (settings.has(static_cast<Method>(i))) json["methods"].push_back(MethodNames()[i]);
    }
    json["shares"] = ordered_json::array();
    for (int i = 0; i < kSharedCount; ++i) {
      if (settings.shares(static_cast<Shared>(i))) json["shares"].push_back(SharedNames()[i]);
    }
    return json;
  }

  ordered_json Ops(const std::vector<Op>& ops) {
    ordered_json list = ordered_json::array();
    for (const Op& op : ops) {
      const Row& row = RowOf(op.kind);
      ordered_json json = {
          {"kind", row.name}, {"needs", NeedsNames()[static_cast<int>(row.needs)]}, {"text", PrintText(op)}};
      ForEachOperand(row, [&](OperandKind kind) { AddOperand(kind, op.operands, json); });
      list.push_back(std::move(json));
    }
    return list;
  }

  static ordered_json EndJson(const End& end) {
    ordered_json json = {{"kind", RowOf(end.kind).name}};
    if (end.kind == EndKind::kReturnNumber) json["number"] = NumberText(end.operands.number);
    json["reason"] = end.operands.reason;
    return json;
  }

  void AddOperand(OperandKind kind, const Operands& operands, ordered_json& json) {
    switch (kind) {
      case OperandKind::kStream:
      case OperandKind::kPrefix:
      case OperandKind::kNewStream:
        json["stream"] = operands.stream;
        break;
      case OperandKind::kWriter:
        json["writer"] = operands.writer;
        break;
      case OperandKind::kReason:
        json["reason"] = operands.reason;
        break;
      case OperandKind::kSource:
        json["source"] = PromiseSourceNames()[static_cast<int>(operands.source)];
        break;
      case OperandKind::kCount:
      case OperandKind::kTimes:
        json["count"] = operands.count;
        break;
      case OperandKind::kUnobserved:
        json["unobserved"] = operands.unobserved;
        break;
      case OperandKind::kChunk:
      case OperandKind::kBuffer:
        json["chunk"] = ChunkIndex(operands.chunk);
        break;
      case OperandKind::kNumber:
        break;  // only ends have one (EndJson)
    }
  }

  size_t ChunkIndex(const sim::Chunk& declared) {
    const sim::Chunk chunk = sim::Canonical(declared);
    const auto found = std::find(chunks_.begin(), chunks_.end(), chunk);
    const auto index = static_cast<size_t>(found - chunks_.begin());
    if (found != chunks_.end()) return index;
    chunks_.push_back(chunk);
    chunks_json_.push_back(
        {{"kind", ChunkKindNames()[static_cast<int>(chunk.kind)]},
         {"text", ChunkText(chunk)},
         {"tag", chunk.tag},
         {"units", std::vector<uint32_t>(chunk.units.begin(), chunk.units.begin() + chunk.unit_count)},
         {"count", chunk.count}});
    return index;
  }

  ordered_json json_;
  std::vector<sim::Chunk> chunks_;
  ordered_json chunks_json_ = ordered_json::array();
};

std::optional<std::string> WhyNotPortable(const Op& op) {
  const Row& row = RowOf(op.kind);
  if (!row.not_portable.empty()) return std::string(row.not_portable);
  bool too_large = false;
  ForEachOperand(row, [&](OperandKind kind) {
    const sim::Chunk& chunk = op.operands.chunk;
    too_large |= (kind == OperandKind::kChunk || kind == OperandKind::kBuffer) &&
                 uint64_t{chunk.count} * std::max<uint8_t>(chunk.unit_count, 1) > kMaxPortableChunk;
  });
  if (too_large) return "a chunk is larger than 1 MiB";
  return std::nullopt;
}

constexpr std::string_view kBoot = R"(
// ---- The host: Node, Deno, Bun, a browser, or anything with setTimeout.
const unhandled = [];
if (typeof process === "object" && typeof process.on === "function") {
  process.on("unhandledRejection", (reason, promise) => unhandled.push([promise, reason]));
} else if (typeof addEventListener === "function") {
  addEventListener("unhandledrejection", (event) => { event.preventDefault(); unhandled.push([event.promise, event.reason]); });
}
runProgram(program, {
  WritableStream,
  WritableStreamDefaultWriter,
  CountQueuingStrategy,
  ByteLengthQueuingStrategy,
  print: (line) => console.log(line),
  drained: () => new Promise((resolve) => setTimeout(() => setTimeout(resolve))),
  unhandled,
});
)";

}  // namespace

std::optional<std::string> WhyNotPortable(const Program& program, Target target) {
  for (size_t stream = 0; stream < kStreamCount; ++stream) {
    const StreamSettings& settings = program.settings(stream);
    if (target == Target::kAnyRuntime) {
      if (settings.byteLimit.has_value()) return "it has a byte limit, which the standard does not have";
      if (settings.tickModel != core::TickModel::kWebIdl) {
        return "it asks for a tick model, and another runtime has its own";
      }
    }
    if (settings.shares(Shared::kSink) && !program.has(Method::kStart)) {
      return "two streams share a sink without start(), so that JavaScript cannot tell their controllers apart";
    }
  }
  std::optional<std::string> why;
  ForEachOp(program, [&](const Op& op) {
    if (!why.has_value()) why = WhyNotPortable(op);
  });
  return why;
}

void MakePortable(Program& program, Target target) {
  if (target == Target::kAnyRuntime) {
    for (size_t stream = 0; stream < kStreamCount; ++stream) {
      program.settings(stream).byteLimit.reset();
      program.settings(stream).tickModel = core::TickModel::kWebIdl;
    }
  }
  for (size_t stream = 1; stream < kStreamCount && !program.has(Method::kStart); ++stream) {
    program.settings(stream).shared &= static_cast<uint8_t>(~(1 << static_cast<int>(Shared::kSink)));
  }
  std::erase_if(program.ops, [](const Op& op) { return WhyNotPortable(op).has_value(); });
  for (Script& script : program.scripts) {
    std::erase_if(script.ops, [](const Op& op) { return WhyNotPortable(op).has_value(); });
  }
}

std::string EmitJson(const Program& program) { return Emitter(program).Text(); }

std::string EmitExample(const std::string& name, const Program& program, const TraceOfModel& traces) {
  ordered_json json = {{"name", name}, {"text", PrintText(program)}};
  json["program"] = ordered_json::parse(EmitJson(program));
  for (int i = 0; i < core::kTickModelCount; ++i) {
    if (i == 0 || traces[i] != traces[0]) json["traces"][std::string(TickModelNames()[i])] = traces[i];
  }
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);  // a name may be no UTF-8
}

std::string EmitJavaScript(const Program& program) {
  std::string text = "// A program of Sluice. It prints its trace, which `sluice-fuzz trace` prints too.\n//\n";
  size_t begin = 0;
  const std::string source = PrintText(program);
  while (begin < source.size()) {
    const size_t end = source.find('\n', begin);
    text += "//   " + source.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  text += "\n" + std::string(kDriverJs) + "\nconst program = " + EmitJson(program) + ";\n" + std::string(kBoot);
  return text;
}

}  // namespace sluice::fuzz
