// Operations on streams: "Working with writable streams" and "Interfacing with controllers".
//   https://streams.spec.whatwg.org/#ws-abstract-ops
//   https://streams.spec.whatwg.org/#ws-abstract-ops-used-by-controllers
//
// Names and order are the standard's. An operation that takes a ReentrantHost may run user code, which may re-enter
// any operation on the same stream before it returns. Promises are returned as new references (host.h, "Ownership").
#ifndef SLUICE_CORE_WRITABLE_STREAM_H_
#define SLUICE_CORE_WRITABLE_STREAM_H_

#include "src/core/completion.h"
#include "src/core/host.h"
#include "src/core/state.h"

namespace sluice::core {

struct UnderlyingSink;

// ---- Working with writable streams

// `writer` is a new WritableStreamDefaultWriter that the host made. Throws a TypeError if the stream is locked.
Completion<WriterSlot> AcquireWritableStreamDefaultWriter(Host& host, WritableStream& stream, WriterSlot writer);

// `stream` is a new WritableStream that the host made. Which algorithms the host performs is in `algorithms`. Throws
// what the start algorithm throws. `byte_limit` is in bytes.
Completion<> CreateWritableStream(ReentrantHost& host, WritableStream& stream, const UnderlyingSink& algorithms,
                                  double highWaterMark, Algorithm sizeAlgorithm,
                                  std::optional<uint64_t> byte_limit = std::nullopt);

void InitializeWritableStream(WritableStream& stream);
bool IsWritableStreamLocked(const WritableStream& stream);
Completion<> SetUpWritableStreamDefaultWriter(Host& host, WriterSlot writer, WritableStream& stream);
PromiseSlot WritableStreamAbort(ReentrantHost& host, WritableStream& stream, ValueSlot reason);
PromiseSlot WritableStreamClose(ReentrantHost& host, WritableStream& stream);

// ---- Interfacing with controllers

PromiseSlot WritableStreamAddWriteRequest(Host& host, WritableStream& stream);
bool WritableStreamCloseQueuedOrInFlight(const WritableStream& stream);
void WritableStreamDealWithRejection(ReentrantHost& host, WritableStream& stream, ValueSlot error);
void WritableStreamFinishErroring(ReentrantHost& host, WritableStream& stream);
void WritableStreamFinishInFlightClose(Host& host, WritableStream& stream);
void WritableStreamFinishInFlightCloseWithError(ReentrantHost& host, WritableStream& stream, ValueSlot error);
void WritableStreamFinishInFlightWrite(Host& host, WritableStream& stream);
void WritableStreamFinishInFlightWriteWithError(ReentrantHost& host, WritableStream& stream, ValueSlot error);
bool WritableStreamHasOperationMarkedInFlight(const WritableStream& stream);
void WritableStreamMarkCloseRequestInFlight(WritableStream& stream);
void WritableStreamMarkFirstWriteRequestInFlight(WritableStream& stream);
void WritableStreamRejectCloseAndClosedPromiseIfNeeded(Host& host, WritableStream& stream);
void WritableStreamStartErroring(ReentrantHost& host, WritableStream& stream, ValueSlot reason);
void WritableStreamUpdateBackpressure(Host& host, WritableStream& stream, bool backpressure);

// ---- Entry point for the host's promise jobs

// Runs the steps of `reaction` (host.h). `value` is borrowed: the rejection reason, or anything for a fulfilment.
void OnSettled(ReentrantHost& host, const Reaction& reaction, bool fulfilled, ValueSlot value);

// ---- Lifetime (not in the standard)

// Drops every slot that `stream` owns, and leaves it empty. For a host that destroys the stream.
void ReleaseSlots(Host& host, WritableStream& stream);
void ReleaseSlots(Host& host, WritableStreamDefaultWriter& writer);

}  // namespace sluice::core

#endif  // SLUICE_CORE_WRITABLE_STREAM_H_
