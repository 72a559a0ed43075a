// What the commands that judge programs share.
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

// Says it on standard error; kExitUnreadable.
int Complain(const absl::Status& status);
void PrintOut(const std::string& text);

// Ends the process, with a message, if this was built without what is to be judged.
std::unique_ptr<fuzz::Judge> NewJudge(Judged judged);

// Whether `identity` is among the findings of `program`.
bool Breaks(fuzz::Judge& judge, const fuzz::Program& program, const std::string& identity);

// Of the last run: the finding that is asked for, by `wanted`, or by the file's own first line, as a shrunk program has
// it. Else the first.
std::optional<fuzz::Finding> Chosen(const fuzz::Judge& judge, const std::string& wanted, const std::string& comment);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_JUDGING_H_
