#include "fuzz/oracle/canary.h"

namespace sluice::fuzz {

sim::Outcome CanarySubject::Perform(const SubjectCall& call) {
  if (call.method == SubjectMethod::kReleaseLock) {
    const core::WritableStream& stream = *State(call.stream);
    if (stream.pendingAbortRequest.has_value() && !stream.inFlightWriteRequest.is_undefined()) return {};
  }
  return CoreSubject::Perform(call);
}

}  // namespace sluice::fuzz
