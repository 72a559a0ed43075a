#include "fuzz/explore/graph.h"

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/explore/graph_page_html.h"
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

// A listener that does nothing is in every program with a signal, called or not.
bool IsIdleListener(const Script& script) {
  return script.call == CallKind::kSignal && script.ops.empty() && script.end.kind == EndKind::kReturn;
}

// What author functions did on the last edge of `program`: the scripts after the first `count`.
std::string CallsText(const Program& program, size_t count) {
  std::string text;
  for (size_t i = count; i < program.scripts.size(); ++i) {
    const Script& script = program.scripts[i];
    if (IsIdleListener(script)) continue;
    text += (text.empty() ? "" : ", ") + std::string(CallKindNames()[static_cast<size_t>(script.call)]);
    if (script.stream != 0) text += " of " + StreamText(script.stream);
    for (const Op& op : script.ops) text += (&op == &script.ops.front() ? " { " : "; ") + PrintText(op);
    text += (script.ops.empty() ? ": " : " } ") + PrintText(script.end);
  }
  return text;
}

size_t CalledScripts(const Program& program) {
  const auto called = std::find_if_not(program.scripts.rbegin(), program.scripts.rend(), IsIdleListener);
  return static_cast<size_t>(program.scripts.rend() - called);
}

struct GraphEdge {
  uint32_t to;
  std::string operation;
  std::string calls;

  friend auto operator<=>(const GraphEdge&, const GraphEdge&) = default;
};

// Calls f(state, its text, its shortest program, its edges) for each state, in order.
template <typename F>
void ForEachNode(const Explorer& explorer, F f) {
  const StateTable& table = explorer.table();
  const auto walker = explorer.NewWalker();
  for (uint32_t state = 0; state < table.size(); ++state) {
    explorer.GoTo(state, *walker);
    const std::string text = state == StateTable::kRoot ? "nothing" : StateText(*walker);
    const Program program = state == StateTable::kRoot ? Program() : walker->program();
    std::set<GraphEdge> edges;
    walker->ForEachEdge([&] {
      const Program& longer = walker->program();
      edges.insert(
          {table.Find(explorer.KeyHere(*walker)), EdgeText(longer), CallsText(longer, CalledScripts(program))});
    });
    f(state, text, program, edges);
  }
}

}  // namespace

std::string DotOf(const Explorer& explorer) {
  std::string dot = "digraph states {\n  node [shape=box, fontname=\"sans-serif\"];\n";
  std::string lines;
  ForEachNode(explorer, [&](uint32_t state, const std::string& text, const Program&, const std::set<GraphEdge>& edges) {
    const std::string from = "  " + std::to_string(state);
    dot += from + " [label=" + Quoted(text) + "];\n";
    std::set<std::pair<uint32_t, std::string>> drawn;
    for (const GraphEdge& edge : edges) drawn.insert({edge.to, edge.operation});
    for (const auto& [to, operation] : drawn) {
      lines += from + " -> " + std::to_string(to) + " [label=" + Quoted(operation) + "];\n";
    }
  });
  return dot + lines + "}\n";
}

std::string PageOf(const Explorer& explorer) {
  using Json = nlohmann::ordered_json;
  // Texts are listed once, and edges name them by number: [to, operation, calls]. `last` is the last edge of the
  // shortest program: [operation, calls].
  std::map<std::string, size_t> numbers;
  Json texts = Json::array(), nodes = Json::array();
  const auto number_of = [&](const std::string& text) {
    const auto [at, is_new] = numbers.try_emplace(text, numbers.size());
    if (is_new) texts.push_back(text);
    return at->second;
  };
  std::vector<size_t> called;  // scripts, by state
  ForEachNode(
      explorer, [&](uint32_t state, const std::string& text, const Program& program, const std::set<GraphEdge>& edges) {
        called.push_back(CalledScripts(program));
        const uint32_t parent = explorer.table().parent(state);
        Json json = Json::array();
        for (const GraphEdge& edge : edges) json.push_back({edge.to, number_of(edge.operation), number_of(edge.calls)});
        nodes.push_back({{"text", text},
                         {"parent", parent},
                         {"last", {number_of(EdgeText(program)), number_of(CallsText(program, called[parent]))}},
                         {"program", state == StateTable::kRoot ? "" : PrintText(program)},
                         {"edges", std::move(json)}});
      });
  std::string data = Json({{"counts", explorer.CountsText()}, {"texts", texts}, {"states", nodes}}).dump();
  // A script element ends at the first "</".
  for (size_t at = data.find("</"); at != std::string::npos; at = data.find("</", at)) data.replace(at, 2, "<\\/");
  constexpr std::string_view kPlace = "/*GRAPH*/null";
  std::string page(kGraphPageHtml);
  return page.replace(page.find(kPlace), kPlace.size(), data);
}

}  // namespace sluice::fuzz
