#include "fuzz/oracle/restoring.h"

#include "src/core/state_io.h"

namespace sluice::fuzz {

bool RestoringSubject::TakeSnapshot(core::Snapshot& snapshot) {
  if (restore_at_-- == 0 && host().stream_count() > 0) SaveAndRestore();
  return CoreSubject::TakeSnapshot(snapshot);
}

void RestoringSubject::SaveAndRestore() {
  core::WritableStream& stream = host().stream(0);
  const std::string saved = core::Print(stream);
  const core::WritableStream copy = stream;
  core::WritableStream restored;
  std::string error;
  if (!core::Restore(saved, restored, error)) {
    complaint_ = "the saved state is refused: " + error;
  } else if (!(restored == stream)) {
    complaint_ = "the restored state is not equal to the saved one";
  } else if (!(copy == stream)) {
    complaint_ = "a copy of the state is not equal to it";
  } else if (core::Hash(restored) != core::Hash(stream)) {
    complaint_ = "equal states have different hashes";
  } else {
    stream = restored;
  }
}

}  // namespace sluice::fuzz
