// The constructor, method and getter steps of the classes: what a binding calls, one function for each.
//   https://streams.spec.whatwg.org/#ws-prototype
//   https://streams.spec.whatwg.org/#default-writer-prototype
//   https://streams.spec.whatwg.org/#ws-default-controller-prototype
// and the operations for other specifications, https://streams.spec.whatwg.org/#other-specs-ws
//
// Functions are named for the standard's anchors: ws-abort is ws::Abort. The binding converts arguments and checks
// brands. Steps that return a promise never throw; the promise is a new reference. Steps that take a ReentrantHost may
// be re-entered.
//
//   WritableStream stream{.self = self};  // a name that the host has issued and resolves (host.h)
//   auto made = ws::Constructor(host, stream, {.write = true}, {.highWaterMark = 1}, byte_limit);
//   if (made.is_thrown()) return Throw(made.thrown().value);
#ifndef SLUICE_CORE_CLASS_STEPS_H_
#define SLUICE_CORE_CLASS_STEPS_H_

#include <cstdint>
#include <optional>

#include "src/core/completion.h"
#include "src/core/host.h"
#include "src/core/queuing_strategies.h"
#include "src/core/state.h"
#include "src/core/writable_stream_default_controller.h"

namespace sluice::core {

// class WritableStream
namespace ws {

// Throws a RangeError for underlyingSink.type and for a bad high-water mark, and whatever start() throws. `byte_limit`
// is in bytes (byte_limit.h); none is unlimited.
Completion<> Constructor(ReentrantHost& host, WritableStream& stream, const UnderlyingSink& underlyingSink,
                         const QueuingStrategy& strategy, std::optional<uint64_t> byte_limit);
bool Locked(const WritableStream& stream);
PromiseSlot Abort(ReentrantHost& host, WritableStream& stream, ValueSlot reason);
PromiseSlot Close(ReentrantHost& host, WritableStream& stream);
// `writer` is a new writer that the host made. Throws a TypeError if the stream is locked.
Completion<WriterSlot> GetWriter(Host& host, WritableStream& stream, WriterSlot writer);

}  // namespace ws

// class WritableStreamDefaultWriter
namespace default_writer {

Completion<> Constructor(Host& host, WriterSlot writer, WritableStream& stream);
PromiseSlot Closed(Host& host, WriterSlot writer);
// Throws a TypeError if the writer was released; nullopt is null.
Completion<std::optional<double>> DesiredSize(Host& host, WriterSlot writer);
PromiseSlot Ready(Host& host, WriterSlot writer);
PromiseSlot Abort(ReentrantHost& host, WriterSlot writer, ValueSlot reason);
PromiseSlot Close(ReentrantHost& host, WriterSlot writer);
void ReleaseLock(Host& host, WriterSlot writer);
PromiseSlot Write(ReentrantHost& host, WriterSlot writer, ValueSlot chunk);

}  // namespace default_writer

// class WritableStreamDefaultController. The signal is the host's.
namespace ws_default_controller {

void Error(ReentrantHost& host, WritableStream& stream, ValueSlot e);

}  // namespace ws_default_controller

// Other specifications
namespace other_specs {

// "Set up" a stream with native algorithms, which the host performs. Cannot throw.
void SetUp(ReentrantHost& host, WritableStream& stream, double highWaterMark, Algorithm sizeAlgorithm,
           std::optional<uint64_t> byte_limit);
// "Error" a stream.
void Error(ReentrantHost& host, WritableStream& stream, ValueSlot e);

}  // namespace other_specs

}  // namespace sluice::core

#endif  // SLUICE_CORE_CLASS_STEPS_H_
