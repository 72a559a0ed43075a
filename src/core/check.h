// The standard's asserts.
//
// SLUICE_ASSERT(condition, "OperationName", "what the standard asserts") compiles to nothing unless SLUICE_CHECKS is 1.
// A failed assert is passed to the handler; the core itself neither ends the process nor changes its behaviour. Debug
// builds and tests use the default handler (print, abort); fuzz targets install their own (record, report as a
// finding). Legal programs make two asserts of the standard false. These are `Deviation:` comments instead, at
// WritableStreamDefaultControllerGetChunkSize and WritableStreamRejectCloseAndClosedPromiseIfNeeded.
#ifndef SLUICE_CORE_CHECK_H_
#define SLUICE_CORE_CHECK_H_

#ifndef SLUICE_CHECKS
#ifdef NDEBUG
#define SLUICE_CHECKS 0
#else
#define SLUICE_CHECKS 1
#endif
#endif

namespace sluice::core {

// `operation` and `what` are string literals.
using AssertHandler = void (*)(const char* operation, const char* what);

// Installs `handler` for the process and returns the one before; nullptr restores the default. Not thread-safe.
AssertHandler SetAssertHandler(AssertHandler handler);

void AssertFailed(const char* operation, const char* what);

}  // namespace sluice::core

#if SLUICE_CHECKS
#define SLUICE_ASSERT(condition, operation, what)                    \
  do {                                                               \
    if (!(condition)) ::sluice::core::AssertFailed(operation, what); \
  } while (false)
#else
#define SLUICE_ASSERT(condition, operation, what) static_cast<void>(0)
#endif

#endif  // SLUICE_CORE_CHECK_H_
