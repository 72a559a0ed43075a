// What the fuzz targets over programs share: one input under the judge, and the mutator.
//
//   SLUICE_PROGRAM_TARGET(sluice::fuzz::CoreSubject)
//
// defines the entry points of a libFuzzer target. Its mutations prefer what the table of targets says (targets.json).
// On a finding the target prints its report, which begins with the line "SLUICE-FINDING <key>", and aborts. Two
// environment variables change that:
//   SLUICE_IGNORE_FINDINGS   a comma-separated list of keys or identities. Programs in which one of these breaks first
//                            are suppressed, so that a campaign can go on; a sample is stored (suppressed_inputs.h)
//   SLUICE_STEP_COVERAGE     also prints the coverage of the step that broke (step_coverage.h)
#ifndef SLUICE_FUZZ_HARNESS_PROGRAM_TARGET_H_
#define SLUICE_FUZZ_HARNESS_PROGRAM_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "fuzz/driver/core_subject.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/mutate.h"

namespace sluice::fuzz {

// Whether SLUICE_IGNORE_FINDINGS names `identity`.
bool IsIgnored(std::string_view identity);

int RunProgramInput(Judge& judge, const uint8_t* data, size_t size);
size_t MutateProgramInput(const Profile& profile, uint8_t* data, size_t size, size_t max_size, unsigned seed);
size_t CrossOverProgramInputs(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, uint8_t* out,
                              size_t max_out_size, unsigned seed);

}  // namespace sluice::fuzz

#define SLUICE_PROGRAM_TARGET(Subject)                                                                          \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {                                     \
    static sluice::fuzz::Judge* const judge = new sluice::fuzz::Judge(std::make_unique<Subject>());             \
    return sluice::fuzz::RunProgramInput(*judge, data, size);                                                   \
  }                                                                                                             \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {       \
    static const sluice::fuzz::Profile kProfile = *sluice::fuzz::ProfileNamed(SLUICE_TARGET_PROFILE);           \
    return sluice::fuzz::MutateProgramInput(kProfile, data, size, max_size, seed);                              \
  }                                                                                                             \
  extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, \
                                              uint8_t* out, size_t max_out_size, unsigned seed) {               \
    return sluice::fuzz::CrossOverProgramInputs(a, a_size, b, b_size, out, max_out_size, seed);                 \
  }

#endif  // SLUICE_FUZZ_HARNESS_PROGRAM_TARGET_H_
