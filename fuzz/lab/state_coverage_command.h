// `sluice-fuzz state-coverage`: which states and transitions of the stream's diagram programs go through.
#ifndef SLUICE_FUZZ_LAB_STATE_COVERAGE_COMMAND_H_
#define SLUICE_FUZZ_LAB_STATE_COVERAGE_COMMAND_H_

#include <string>
#include <vector>

namespace sluice::lab {

// Runs each file, and each file in each folder, and prints the counts as JSON. A file named *.ops must be text; other
// files are decoded as a fuzz target decodes them. Exit 1: a program reached a transition that the diagram does not
// have.
int StateCoverage(const std::vector<std::string>& paths);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_STATE_COVERAGE_COMMAND_H_
