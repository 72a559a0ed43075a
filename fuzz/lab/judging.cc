#include "fuzz/lab/judging.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "fuzz/lab/program_file.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/oracle/finding_record.h"
#ifdef SLUICE_LAB_V8
#include "fuzz/v8/v8_subject.h"
#endif

namespace sluice::lab {

using fuzz::Finding;
using fuzz::Judge;

int Complain(const absl::Status& status) {
  std::fprintf(stderr, "sluice-fuzz: %s\n", std::string(status.message()).c_str());
  return kExitUnreadable;
}

void PrintOut(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::unique_ptr<Judge> NewJudge(Judged judged) {
  switch (judged) {
    case Judged::kCore:
      break;
    case Judged::kV8:
#ifdef SLUICE_LAB_V8
      return std::make_unique<Judge>(std::make_unique<fuzz::V8Subject>());
#else
      std::fprintf(stderr, "sluice-fuzz: this was built without V8\n");
      std::exit(kExitUnreadable);
#endif
    case Judged::kCanary:
      return std::make_unique<Judge>(std::make_unique<fuzz::CanarySubject>());
  }
  return std::make_unique<Judge>();
}

namespace {

bool HasKey(Judge& judge, const Finding& finding, const std::string& key) {
  return finding.identity() == fuzz::RuleOf(key) &&
         (finding.identity() == key || fuzz::RecordOf(judge, finding).key() == key);
}

}  // namespace

std::unique_ptr<FailingProgram> ReadFailingProgram(const std::string& path, Judged judged, const char* so,
                                                   int& exit_code) {
  auto program = ReadProgram(path);
  if (!program.ok()) {
    exit_code = Complain(program.status());
    return nullptr;
  }
  auto failing = std::make_unique<FailingProgram>();
  failing->program = *std::move(program);  // the judge's traces refer to it
  failing->judge = NewJudge(judged);
  const std::optional<Finding> first = failing->judge->Run(failing->program);
  if (!first.has_value()) {
    std::fprintf(stderr, "sluice-fuzz: %s: passes every oracle, so %s\n", path.c_str(), so);
    exit_code = kExitFinding;
    return nullptr;
  }
  failing->key = fuzz::RecordOf(*failing->judge, *first).key();
  return failing;
}

bool Breaks(Judge& judge, const fuzz::Program& program, const std::string& key) {
  judge.Run(program);
  const auto& findings = judge.findings();
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return HasKey(judge, f, key); });
}

bool BreaksFirst(Judge& judge, const fuzz::Program& program, const std::string& key) {
  const std::optional<Finding> first = judge.Run(program);
  return first.has_value() && HasKey(judge, *first, key);
}

std::optional<Finding> Chosen(const Judge& judge, const std::string& wanted, const std::string& comment) {
  const auto& findings = judge.findings();
  if (findings.empty()) return std::nullopt;
  const std::string first_line = comment.starts_with("# ") ? comment.substr(2, comment.find('\n') - 2) : "";
  for (const std::string& key : {wanted, first_line}) {
    for (const Finding& finding : findings) {
      if (finding.identity() == fuzz::RuleOf(key)) return finding;
    }
  }
  return findings.front();
}

}  // namespace sluice::lab
