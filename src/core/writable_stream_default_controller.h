// Operations on default controllers. https://streams.spec.whatwg.org/#ws-default-controller-abstract-ops
//
// A controller is the `controller` member of its stream (state.h), so "controller" here is a stream.
#ifndef SLUICE_CORE_WRITABLE_STREAM_DEFAULT_CONTROLLER_H_
#define SLUICE_CORE_WRITABLE_STREAM_DEFAULT_CONTROLLER_H_

#include <cstdint>
#include <optional>

#include "src/core/completion.h"
#include "src/core/host.h"
#include "src/core/state.h"

namespace sluice::core {

// Which members of the underlying sink exist. Those that do not have the standard's default algorithm.
struct UnderlyingSink {
  bool start = false;
  bool write = false;
  bool close = false;
  bool abort = false;
  bool type = false;  // reserved by the standard: a RangeError if it exists
};

struct ControllerAlgorithms {
  Algorithm start = Algorithm::kDefault;
  Algorithm write = Algorithm::kDefault;
  Algorithm close = Algorithm::kDefault;
  Algorithm abort = Algorithm::kDefault;
  Algorithm size = Algorithm::kDefault;
};

Completion<> SetUpWritableStreamDefaultController(ReentrantHost& host, WritableStream& stream,
                                                  const ControllerAlgorithms& algorithms, double highWaterMark,
                                                  std::optional<uint64_t> byte_limit);
Completion<> SetUpWritableStreamDefaultControllerFromUnderlyingSink(ReentrantHost& host, WritableStream& stream,
                                                                    const UnderlyingSink& underlyingSinkDict,
                                                                    double highWaterMark, Algorithm sizeAlgorithm,
                                                                    std::optional<uint64_t> byte_limit);
void WritableStreamDefaultControllerAdvanceQueueIfNeeded(ReentrantHost& host, WritableStream& stream);
void WritableStreamDefaultControllerClearAlgorithms(Host& host, WritableStream& stream);
void WritableStreamDefaultControllerClose(ReentrantHost& host, WritableStream& stream);
void WritableStreamDefaultControllerError(ReentrantHost& host, WritableStream& stream, ValueSlot error);
void WritableStreamDefaultControllerErrorIfNeeded(ReentrantHost& host, WritableStream& stream, ValueSlot error);
bool WritableStreamDefaultControllerGetBackpressure(const WritableStream& stream);
double WritableStreamDefaultControllerGetChunkSize(ReentrantHost& host, WritableStream& stream, ValueSlot chunk);
double WritableStreamDefaultControllerGetDesiredSize(const WritableStream& stream);
void WritableStreamDefaultControllerProcessClose(ReentrantHost& host, WritableStream& stream);
void WritableStreamDefaultControllerProcessWrite(ReentrantHost& host, WritableStream& stream, ValueSlot chunk);
// `charge`: what the byte limit charges for the chunk, in bytes.
void WritableStreamDefaultControllerWrite(ReentrantHost& host, WritableStream& stream, ValueSlot chunk,
                                          double chunkSize, uint64_t charge);

// The internal methods. https://streams.spec.whatwg.org/#ws-default-controller-internal-methods
PromiseSlot AbortSteps(ReentrantHost& host, WritableStream& stream, ValueSlot reason);
void ErrorSteps(Host& host, WritableStream& stream);

// The steps that run upon fulfilment and rejection of startPromise, sinkWritePromise and sinkClosePromise.
void OnStartFulfilled(ReentrantHost& host, WritableStream& stream);
void OnStartRejected(ReentrantHost& host, WritableStream& stream, ValueSlot reason);
void OnSinkWriteFulfilled(ReentrantHost& host, WritableStream& stream);
void OnSinkWriteRejected(ReentrantHost& host, WritableStream& stream, ValueSlot reason);

}  // namespace sluice::core

#endif  // SLUICE_CORE_WRITABLE_STREAM_DEFAULT_CONTROLLER_H_
