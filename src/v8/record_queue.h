// The chunks in [[queue]] and the promises in [[writeRequests]], where the collector sees them: one record for each
// write, a JavaScript object that no author ever gets, linked from the stream's object.
//
// Both lists are first-in-first-out and share their records, because every chunk has its request. They are not emptied
// at the same time: a request is settled before its chunk leaves the queue, and when a stream errors the queue is reset
// before the requests are rejected. So each list has a head of its own.
#ifndef SLUICE_V8_RECORD_QUEUE_H_
#define SLUICE_V8_RECORD_QUEUE_H_

#include <v8.h>

#include "src/v8/stream_object.h"

namespace sluice::binding {

class RecordQueue {
 public:
  // `wrapper` is the JavaScript object of `stream`.
  RecordQueue(v8::Isolate* isolate, StreamObject& stream, v8::Local<v8::Object> wrapper)
      : isolate_(isolate), stream_(stream), wrapper_(wrapper) {}

  static v8::Local<v8::ObjectTemplate> NewRecordTemplate(v8::Isolate* isolate);

  // A request begins a record; its chunk joins it. False if execution is being terminated.
  bool PushRequest(v8::Local<v8::Context> context, v8::Local<v8::Value> promise);
  void PushChunk(v8::Local<v8::Value> chunk);

  // Precondition of these: there is one.
  v8::Local<v8::Value> FrontRequest() const { return Head(StreamField::kRequestHead)->GetInternalField(kPromise); }
  v8::Local<v8::Value> FrontChunk() const { return Head(StreamField::kChunkHead)->GetInternalField(kChunk); }
  void PopRequest() { Pop(StreamField::kRequestHead, kPromise, --stream_.requests); }
  void PopChunk() { Pop(StreamField::kChunkHead, kChunk, --stream_.chunks); }

 private:
  enum Field : int { kPromise, kChunk, kNext, kFieldCount };

  v8::Local<v8::Object> Head(int field) const { return wrapper_->GetInternalField(field).As<v8::Object>(); }
  void Pop(int head_field, Field emptied, uint64_t left);

  v8::Isolate* isolate_;
  StreamObject& stream_;
  v8::Local<v8::Object> wrapper_;
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_RECORD_QUEUE_H_
