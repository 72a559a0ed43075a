// Operations on writers. https://streams.spec.whatwg.org/#ws-writer-abstract-ops
#ifndef SLUICE_CORE_WRITABLE_STREAM_DEFAULT_WRITER_H_
#define SLUICE_CORE_WRITABLE_STREAM_DEFAULT_WRITER_H_

#include <optional>

#include "src/core/host.h"
#include "src/core/state.h"

namespace sluice::core {

// Preconditions: the writer has a stream, except for the two Ensure... operations.
PromiseSlot WritableStreamDefaultWriterAbort(ReentrantHost& host, WriterSlot writer, ValueSlot reason);
PromiseSlot WritableStreamDefaultWriterClose(ReentrantHost& host, WriterSlot writer);
PromiseSlot WritableStreamDefaultWriterCloseWithErrorPropagation(ReentrantHost& host, WriterSlot writer);
void WritableStreamDefaultWriterEnsureClosedPromiseRejected(Host& host, WriterSlot writer, ValueSlot error);
void WritableStreamDefaultWriterEnsureReadyPromiseRejected(Host& host, WriterSlot writer, ValueSlot error);
// nullopt is null: the stream is erroring or errored.
std::optional<double> WritableStreamDefaultWriterGetDesiredSize(Host& host, WriterSlot writer);
void WritableStreamDefaultWriterRelease(Host& host, WriterSlot writer);
// A write over the byte limit is rejected with a RangeError and changes nothing (byte_limit.h).
PromiseSlot WritableStreamDefaultWriterWrite(ReentrantHost& host, WriterSlot writer, ValueSlot chunk);

}  // namespace sluice::core

#endif  // SLUICE_CORE_WRITABLE_STREAM_DEFAULT_WRITER_H_
