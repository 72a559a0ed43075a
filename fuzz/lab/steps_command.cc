#include "fuzz/lab/steps_command.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/driver/trace.h"
#include "fuzz/lab/judging.h"
#include "fuzz/lab/program_file.h"
#include "fuzz/model/reference_model.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/text.h"
#include "fuzz/state_coverage/stream_states.h"
#include "nlohmann/json.hpp"

namespace sluice::lab {

namespace {

using Json = nlohmann::ordered_json;

// The line of the program's text, from 1, that has the operation; 0 if that is not certain. The program's own list is
// the end of the text, one line an operation; one of a script is found by its text, if no other line has that.
size_t LineOf(const fuzz::Program& program, const std::vector<std::string>& lines, fuzz::Where where) {
  if (where.script == fuzz::Where::kEpilogue) return 0;
  const std::string text = fuzz::PrintText(fuzz::OpAt(program, where));
  if (where.script == fuzz::Where::kMain) {
    const size_t before = lines.size() - std::min(lines.size(), program.ops.size());
    const size_t line = before + where.op;
    return line < lines.size() && lines[line] == text ? line + 1 : 0;
  }
  size_t found = 0;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (absl::StripAsciiWhitespace(lines[i]) != text) continue;
    if (found != 0) return 0;
    found = i + 1;
  }
  return found;
}

bool HasWhere(fuzz::EventKind kind) {
  return kind == fuzz::EventKind::kOpBegin || kind == fuzz::EventKind::kOpEnd || kind == fuzz::EventKind::kSkipped;
}

Json Steps(const fuzz::Trace& trace) {
  const fuzz::Program& program = *trace.program;
  std::vector<std::string> lines = absl::StrSplit(fuzz::PrintText(program), '\n');
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  Json slots = Json::array();
  for (const auto& [name, value] : fuzz::SnapshotFields(core::Snapshot{})) slots.push_back(name);
  Json events = Json::array();
  std::vector<size_t> open;  // lines of the operations that are being performed, the innermost last
  const auto texts = fuzz::TraceLines(trace);
  for (size_t i = 0; i < texts.size(); ++i) {
    const fuzz::Event& event = trace.events[i];
    if (HasWhere(event.kind) && event.kind != fuzz::EventKind::kOpEnd)
      open.push_back(LineOf(program, lines, event.where));
    Json entry = {{"text", texts[i]}, {"line", open.empty() || open.back() == 0 ? Json() : Json(open.back())}};
    if (HasWhere(event.kind) && event.kind != fuzz::EventKind::kOpBegin && !open.empty()) open.pop_back();
    if (const core::Snapshot* const snapshot = trace.SnapshotOf(i)) {
      Json values = Json::array();
      for (const auto& [name, value] : fuzz::SnapshotFields(*snapshot)) values.push_back(value);
      const auto phase = fuzz::PhaseOf(*snapshot);
      entry["slots"] = std::move(values);
      entry["phase"] = phase ? Json(fuzz::PhaseId(*phase)) : Json();
    }
    events.push_back(std::move(entry));
  }
  return {{"schema", "sluice-steps"}, {"version", 1}, {"program", lines}, {"slots", slots}, {"events", events}};
}

}  // namespace

int StepsCommand(const std::string& path, Traced traced) {
  const auto program = ReadProgram(path);
  if (!program.ok()) return Complain(program.status());
  std::unique_ptr<fuzz::Subject> subject;
  if (traced == Traced::kModel) subject = std::make_unique<fuzz::ReferenceModel>();
  if (traced == Traced::kCore) subject = std::make_unique<fuzz::CoreSubject>();
  if (traced == Traced::kCanary) subject = std::make_unique<fuzz::CanarySubject>();
  fuzz::Driver driver;
  fuzz::Trace trace;
  fuzz::Judge judge;  // Takes the asserts.
  driver.Run(*program, *subject, {}, trace);
  // Text that is no UTF-8 is shown as it can be.
  PrintOut(Steps(trace).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  return kExitOk;
}

}  // namespace sluice::lab
