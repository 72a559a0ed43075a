#include "fuzz/lab/judging.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fuzz/oracle/canary.h"
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

bool Breaks(Judge& judge, const fuzz::Program& program, const std::string& identity) {
  judge.Run(program);
  const auto& findings = judge.findings();
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.Is(identity); });
}

std::optional<Finding> Chosen(const Judge& judge, const std::string& wanted, const std::string& comment) {
  const auto& findings = judge.findings();
  if (findings.empty()) return std::nullopt;
  for (const Finding& finding : findings) {
    if (finding.Is(wanted)) return finding;
  }
  for (const Finding& finding : findings) {
    if (comment.starts_with("# " + finding.key() + "\n")) return finding;
  }
  return findings.front();
}

}  // namespace sluice::lab
