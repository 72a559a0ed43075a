// `sluice-fuzz reach`: which states and transitions of the stream's diagram programs go through.
#ifndef SLUICE_FUZZ_LAB_REACH_COMMAND_H_
#define SLUICE_FUZZ_LAB_REACH_COMMAND_H_

#include <string>
#include <vector>

namespace sluice::lab {

// Runs each file, and each file in each folder, and prints the counts as JSON. A name that ends in .ops must be a
// program's text; everything else is read as a fuzz target reads it. Exit 1: something was seen that the diagram does
// not have.
int Reach(const std::vector<std::string>& paths);

}  // namespace sluice::lab

#endif  // SLUICE_FUZZ_LAB_REACH_COMMAND_H_
