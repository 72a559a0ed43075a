// Streams for C++: what an embedder, or another specification's implementation, does with them that JavaScript cannot.
//
//   v8::Local<v8::Object> stream;
//   if (!NewWritableStream(context, sink, strategy, {.byte_limit = 65'536}).ToLocal(&stream)) return;  // it threw
//   if (!ErrorStream(context, stream, reason)) return;                                                 // terminated
//
// Everything here may run author code, except StreamObjectOf.
#ifndef SLUICE_V8_STREAMS_H_
#define SLUICE_V8_STREAMS_H_

#include <v8.h>

#include "src/v8/isolate_data.h"

namespace sluice::binding {

struct StreamObject;

// `new WritableStream(sink, strategy)` in the realm of `context`, made by NewContext(), but with options of this
// stream's own instead of the isolate's. Empty with an exception pending if the constructor throws.
v8::MaybeLocal<v8::Object> NewWritableStream(v8::Local<v8::Context> context, v8::Local<v8::Value> sink,
                                             v8::Local<v8::Value> strategy, const StreamOptions& options);

// "Error" a stream. https://streams.spec.whatwg.org/#writablestream-error. `stream` is a WritableStream. False only
// when execution is being terminated.
bool ErrorStream(v8::Local<v8::Context> context, v8::Local<v8::Object> stream, v8::Local<v8::Value> error);

// https://streams.spec.whatwg.org/#writable-stream-default-writer-close-with-error-propagation. `writer` is a
// WritableStreamDefaultWriter that was not released. Empty only when execution is being terminated.
v8::MaybeLocal<v8::Promise> CloseWithErrorPropagation(v8::Local<v8::Context> context, v8::Local<v8::Object> writer);

// The native side of a WritableStream or of a WritableStreamDefaultController of the realm of `context`, which lives as
// long as that object does; null for anything else.
StreamObject* StreamObjectOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object);
// The JavaScript side (StreamState of js/writable_stream.js); undefined for anything else.
v8::Local<v8::Value> StreamStateOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object);
// That of a WritableStreamDefaultWriter, released or not (WriterState there); undefined for anything else.
v8::Local<v8::Value> WriterStateOf(v8::Local<v8::Context> context, v8::Local<v8::Value> object);

}  // namespace sluice::binding

#endif  // SLUICE_V8_STREAMS_H_
