// Helpers of the commands that judge programs.
#ifndef SLUICE_FUZZ_LAB_JUDGING_H_
#define SLUICE_FUZZ_LAB_JUDGING_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "fuzz/lab/commands.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/program.h"

namespace sluice::lab {

// Prints the status on standard error and returns kExitUnreadable.
int Complain(const absl::Status& status);
void PrintOut(const std::string& text);

// Ends the process with a message if this build does not have the subject.
std::unique_ptr<fuzz::Judge> NewJudge(Judged judged);

// A program that breaks a rule.
struct FailingProgram {
  fuzz::Program program;
  std::unique_ptr<fuzz::Judge> judge;  // which has run it
  std::string key;                     // of the finding that breaks first
};
// The program in the file; null after a message if it cannot be read or breaks no rule, with the exit code for that.
// `so` is the end of the message: "no value matters".
std::unique_ptr<FailingProgram> ReadFailingProgram(const std::string& path, Judged judged, const char* so,
                                                   int& exit_code);

// Whether `program` has a finding with this key, or that breaks this rule if it is one.
bool Breaks(fuzz::Judge& judge, const fuzz::Program& program, const std::string& key);
// Whether it is the finding that breaks first.
bool BreaksFirst(fuzz::Judge& judge, const fuzz::Program& program, const std::string& key);

// The finding of the last run whose rule `wanted` has, a key; without that, the one that the file's first line names,
// as in shrunk programs; otherwise the first.
std::optional<fuzz::Finding> Chosen(const fuzz::Judge& judge, const std::string& wanted, const std::string& comment);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_JUDGING_H_
