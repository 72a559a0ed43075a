#include "fuzz/oracle/canary.h"

namespace sluice::fuzz {

void CanarySubject::ReleaseLock(uint32_t writer) {
  const core::WritableStream& stream = host().stream(0);
  if (stream.pendingAbortRequest.has_value() && !stream.inFlightWriteRequest.is_undefined()) return;
  CoreSubject::ReleaseLock(writer);
}

}  // namespace sluice::fuzz
