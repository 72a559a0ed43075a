// What the fuzz targets over programs share: one input under the judge, and the mutator.
//
//   SLUICE_PROGRAM_TARGET(sluice::fuzz::CoreSubject)
//
// defines the entry points of a libFuzzer target. Its mutations prefer what the table of targets says (targets.json).
// On a finding the target prints the line "SLUICE-FINDING <its record>" (fuzz/oracle/finding_record.h) and a report,
// and aborts. One environment variable changes that:
//   SLUICE_IGNORE_FINDINGS   a comma-separated list of keys, or of rules (all before the "@"). Programs whose first
//   finding
//                            is one of these are suppressed, so that a campaign can go on
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

// Whether SLUICE_IGNORE_FINDINGS has this key.
bool IsIgnored(std::string_view key);

// A judge that runs programs again by sample. The verdict still depends on the input only.
Judge* NewCampaignJudge(std::unique_ptr<JudgedSubject> subject);
int RunProgramInput(Judge& judge, const uint8_t* data, size_t size);
size_t MutateProgramInput(const Profile& profile, uint8_t* data, size_t size, size_t max_size, unsigned seed);
size_t CrossOverProgramInputs(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, uint8_t* out,
                              size_t max_out_size, unsigned seed);

}  // namespace sluice::fuzz

#define SLUICE_PROGRAM_TARGET(Subject)                                                                     \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {                                \
    static sluice::fuzz::Judge* const judge = sluice::fuzz::NewCampaignJudge(std::make_unique<Subject>()); \
    return sluice::fuzz::RunProgramInput(*judge, data, size);                                              \
  }                                                                                                        \
  SLUICE_PROGRAM_MUTATIONS()

// The entry points but the first.
#define SLUICE_PROGRAM_MUTATIONS()                                                                              \
  extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {       \
    static const sluice::fuzz::Profile kProfile = *sluice::fuzz::ProfileNamed(SLUICE_TARGET_PROFILE);           \
    return sluice::fuzz::MutateProgramInput(kProfile, data, size, max_size, seed);                              \
  }                                                                                                             \
  extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* a, size_t a_size, const uint8_t* b, size_t b_size, \
                                              uint8_t* out, size_t max_out_size, unsigned seed) {               \
    return sluice::fuzz::CrossOverProgramInputs(a, a_size, b, b_size, out, max_out_size, seed);                 \
  }

#endif  // SLUICE_FUZZ_HARNESS_PROGRAM_TARGET_H_
