#include "fuzz/driver/judged_subject.h"

#include <algorithm>

#include "fuzz/program/program.h"
#include "src/core/state_io.h"

namespace sluice::fuzz {

void JudgedSubject::Violation(const char* what) {
  if (std::find(violations_.begin(), violations_.end(), what) != violations_.end()) return;
  violations_.push_back(what);
  if (violation_handler_ != nullptr) violation_handler_(what);
}

void JudgedSubject::SaveAndRestore() {
  for (uint32_t name = 0; name < kStreamCount; ++name) {
    if (core::WritableStream* const stream = State(name)) SaveAndRestore(*stream);
  }
}

void JudgedSubject::SaveAndRestore(core::WritableStream& stream) {
  const std::string saved = core::Print(stream);
  core::WritableStream restored;
  std::string error;
  if (!core::Restore(saved, restored, error)) {
    complaint_ = "the saved state is refused: " + error;
  } else if (!(restored == stream)) {
    complaint_ = "the restored state is not equal to the saved one";
  } else if (core::Hash(restored) != core::Hash(stream)) {
    complaint_ = "equal states have different hashes";
  } else {
    stream = restored;
    if (!(stream == restored)) complaint_ = "a copy of the state is not equal to it";
  }
}

}  // namespace sluice::fuzz
