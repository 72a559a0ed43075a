#include "fuzz/lab/judging.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

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
