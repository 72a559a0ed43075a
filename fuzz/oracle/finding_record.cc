#include "fuzz/oracle/finding_record.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <utility>

namespace sluice::fuzz {
namespace {

constexpr int kSchemaVersion = 1;

std::string Quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", byte);
      json += escape;
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string Quoted(const std::vector<std::string>& list) {
  std::string json;
  for (const std::string& one : list) json += (json.empty() ? "" : ", ") + Quoted(one);
  return "[" + json + "]";
}

std::string OrNull(std::string_view text) { return text.empty() ? "null" : Quoted(text); }

// Whether the core breaks a rule without V8 at that event or before. The divergence is then the core's.
bool BreaksWithoutV8(const Program& program, const Finding& finding, std::optional<Divergence>& divergence) {
  Judge judge;
  const std::optional<Finding> first = judge.Run(program);
  if (!first.has_value()) return false;
  const auto is_same = [&](const Finding& one) { return one.identity() == finding.identity(); };
  const bool is_there = std::any_of(judge.findings().begin(), judge.findings().end(), is_same);
  if (!is_there && first->event > finding.event) return false;
  divergence = FindDivergence(program, judge.subject());
  return true;
}

}  // namespace

std::string RuleOf(const std::string& key) { return key.substr(0, key.find('@')); }

std::string FindingRecord::key() const {
  const std::string& where = divergence.has_value() ? divergence->operation : step;
  return oracle + "/" + rule + (where.empty() ? "" : "@" + where);
}

std::string FindingRecord::Json() const {
  const Divergence at = divergence.value_or(Divergence());
  std::string json = "{\"schema_version\": " + std::to_string(kSchemaVersion);
  const auto add = [&json](const char* name, const std::string& value) {
    json += std::string(", \"") + name + "\": " + value;
  };
  add("key", Quoted(key()));
  add("oracle", Quoted(oracle));
  add("rule", Quoted(rule));
  add("sentence", Quoted(sentence));
  add("anchor", OrNull(anchor));
  add("step", OrNull(step));
  add("event", event.has_value() ? std::to_string(*event) : "null");
  add("operation", OrNull(at.operation));
  add("after", OrNull(at.after));
  add("expected", OrNull(at.expected));
  add("actual", OrNull(at.actual));
  add("v8_only", v8_only ? "true" : "false");
  add("also", Quoted(also));
  add("frames", "[]");
  add("trace", Quoted(trace));
  return json + "}";
}

FindingRecord RecordOf(const Judge& judge, const Finding& finding, std::optional<Divergence> divergence) {
  FindingRecord record{.oracle = OracleName(finding.oracle),
                       .rule = finding.rule,
                       .sentence = finding.sentence,
                       .anchor = finding.anchor,
                       .step = finding.step,
                       .event = finding.event + 1,
                       .divergence = std::move(divergence)};
  for (const Finding& other : judge.findings()) {
    if (other.identity() != finding.identity()) record.also.push_back(other.identity());
  }
  return record;
}

FindingRecord RecordOf(Judge& judge, const Finding& finding) {
  const Program& program = *judge.core_trace().program;
  if (dynamic_cast<CoreSubject*>(&judge.subject()) != nullptr) {
    return RecordOf(judge, finding, FindDivergence(program, judge.subject()));
  }
  std::optional<Divergence> divergence;
  const bool v8_only = !BreaksWithoutV8(program, finding, divergence);
  FindingRecord record = RecordOf(judge, finding, std::move(divergence));
  record.v8_only = v8_only;
  return record;
}

FindingRecord DeathRecord(const std::string& rule, const Judge& judge, std::optional<Divergence> divergence) {
  FindingRecord record{.oracle = "process", .rule = rule, .sentence = "the process does not " + rule};
  record.divergence = std::move(divergence);
  for (const Finding& finding : judge.findings()) record.also.push_back(finding.identity());
  record.trace = TraceLines(judge.core_trace());
  return record;
}

std::string FindingLine(const FindingRecord& record) { return "SLUICE-FINDING " + record.Json() + "\n"; }

}  // namespace sluice::fuzz
