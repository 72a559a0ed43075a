// The invariants of a stream's state: one table.
//
// Each row has an id, the part of the standard that it follows from, one sentence, when it holds, and a predicate over
// a Snapshot. Debug builds check the kAlways rows after every public method and every reaction; unit tests and fuzz
// targets check all rows that apply after every step, also at the points inside an operation where user code runs.
// tests/core/invariants_test.cc breaks a snapshot by hand for each row and sees it fail.
//
//   if (const Invariant* broken = FirstBrokenInvariant(snapshot)) std::puts(broken->sentence);
#ifndef SLUICE_CORE_INVARIANTS_H_
#define SLUICE_CORE_INVARIANTS_H_

#include <span>

#include "src/core/check.h"
#include "src/core/host.h"
#include "src/core/snapshot.h"
#include "src/core/state.h"

namespace sluice::core {

enum class Holds : uint8_t {
  kAlways,     // wherever a snapshot can be taken, in the middle of an operation too
  kQuiescent,  // only when no operation on the stream is on the stack (snapshot.depth == 0)
};

struct Invariant {
  const char* id;        // "I-ERRORED-QUEUE-EMPTY"
  const char* anchor;    // of https://streams.spec.whatwg.org/, or design for what is not in the standard
  const char* sentence;  // what holds
  Holds holds;
  bool (*predicate)(const Snapshot&);  // true: holds
};

std::span<const Invariant> AllInvariants();

// Whether the row applies to `snapshot` and does not hold.
bool IsBroken(const Invariant& invariant, const Snapshot& snapshot);

// The first row that applies to `snapshot` and does not hold; nullptr if all hold.
const Invariant* FirstBrokenInvariant(const Snapshot& snapshot);

// Every slot of `stream`, its controller and its active writer, over whatever `snapshot` held. Linear in the queue.
void TakeSnapshot(Host& host, const WritableStream& stream, Snapshot& snapshot);

// Reports a broken kAlways row of `stream` to the assert handler. Long queues are looked at by SLUICE_CHECK_INVARIANTS
// only while they are short, to keep a debug build's writes from being quadratic.
void CheckInvariants(Host& host, const WritableStream& stream);
inline constexpr size_t kLongestCheckedQueue = 256;  // entries

#if SLUICE_CHECKS && !defined(FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
#define SLUICE_CHECK_INVARIANTS(host, stream) ::sluice::core::CheckInvariants(host, stream)
#else
// Fuzz targets check after every step themselves, and say which one broke.
#define SLUICE_CHECK_INVARIANTS(host, stream) static_cast<void>(0)
#endif

}  // namespace sluice::core

#endif  // SLUICE_CORE_INVARIANTS_H_
