// The standard's asserts.
//
// SLUICE_ASSERT(condition, "OperationName", "what the standard asserts") compiles to nothing unless SLUICE_CHECKS is 1.
// A failed assert never ends the process by itself and never changes what the core does: it is handed to the handler,
// which debug builds and tests leave at the default (print, abort) and fuzz targets replace (record, report as a
// finding). Two asserts of the standard are false for legal programs; they are not written as asserts here but as
// `Deviation:` comments, at WritableStreamDefaultControllerGetChunkSize and
// WritableStreamRejectCloseAndClosedPromiseIfNeeded.
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
