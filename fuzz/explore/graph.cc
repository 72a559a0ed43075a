#include "fuzz/explore/graph.h"

#include <iomanip>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "fuzz/program/language.h"
#include "fuzz/program/text.h"
#include "fuzz/state_coverage/stream_states.h"

namespace sluice::fuzz {
namespace {

std::string Quoted(const std::string& text) { return (std::ostringstream() << std::quoted(text)).str(); }

std::string StateText(Walker& walker) {
  std::string text;
  for (uint32_t stream = 0; stream < kStreamCount; ++stream) {
    core::Snapshot snapshot;
    if (!walker.subject().TakeSnapshot(stream, snapshot)) continue;
    const auto phase = PhaseOf(snapshot);
    text += (stream == 0 ? "" : "; " + StreamText(stream) + " ") +
            std::string(phase.has_value() ? PhaseId(*phase) : "no phase");
    if (snapshot.queue_size > 0) text += ", " + std::to_string(snapshot.queue_size) + " queued";
  }
  if (text.empty()) return "no stream";
  if (walker.microtasks() > 0) text += ", " + std::to_string(walker.microtasks()) + " microtasks";
  return text;
}

// The operation, whatever author functions did in it.
std::string EdgeText(const Program& program) {
  return program.ops.empty() ? "new WritableStream()" : PrintText(program.ops.back());
}

}  // namespace

std::string DotOf(const Explorer& explorer) {
  const StateTable& table = explorer.table();
  const auto walker = explorer.NewWalker();
  std::string dot = "digraph states {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  std::string edges;
  for (uint32_t state = 0; state < table.size(); ++state) {
    explorer.GoTo(state, *walker);
    dot += "  " + std::to_string(state) +
           " [label=" + Quoted(state == StateTable::kRoot ? "nothing" : StateText(*walker)) + "];\n";
    std::map<uint32_t, std::set<std::string>> to;
    walker->ForEachEdge([&] { to[table.Find(explorer.KeyHere(*walker))].insert(EdgeText(walker->program())); });
    for (const auto& [target, operations] : to) {
      for (const std::string& operation : operations) {
        edges +=
            "  " + std::to_string(state) + " -> " + std::to_string(target) + " [label=" + Quoted(operation) + "];\n";
      }
    }
  }
  return dot + edges + "}\n";
}

}  // namespace sluice::fuzz
