#include "src/v8/record_queue.h"

#include "src/v8/isolate_data.h"

namespace sluice::binding {

v8::Local<v8::ObjectTemplate> RecordQueue::NewRecordTemplate(v8::Isolate* isolate) {
  const auto record = v8::ObjectTemplate::New(isolate);
  record->SetInternalFieldCount(kFieldCount);
  return record;
}

bool RecordQueue::PushRequest(v8::Local<v8::Context> context, v8::Local<v8::Value> promise) {
  v8::Local<v8::Object> record;
  if (!stream_.data.record_template()->NewInstance(context).ToLocal(&record)) return false;
  record->SetInternalField(kPromise, promise);
  if (stream_.requests > 0 || stream_.chunks > 0) Head(StreamField::kTail)->SetInternalField(kNext, record);
  if (stream_.requests++ == 0) wrapper_->SetInternalField(StreamField::kRequestHead, record);
  wrapper_->SetInternalField(StreamField::kTail, record);
  return true;
}

void RecordQueue::PushChunk(v8::Local<v8::Value> chunk) {
  const v8::Local<v8::Object> record = Head(StreamField::kTail);
  record->SetInternalField(kChunk, chunk);
  if (stream_.chunks++ == 0) wrapper_->SetInternalField(StreamField::kChunkHead, record);
}

// The record is emptied of what is done with, because the other list may keep it for long.
void RecordQueue::Pop(int head_field, Field emptied, uint64_t left) {
  const v8::Local<v8::Value> undefined = v8::Undefined(isolate_);
  const v8::Local<v8::Object> head = Head(head_field);
  if (left > 0) {
    wrapper_->SetInternalField(head_field, head->GetInternalField(kNext));
    head->SetInternalField(emptied, undefined);
    return;
  }
  wrapper_->SetInternalField(head_field, undefined);
  if (stream_.requests == 0 && stream_.chunks == 0) {
    wrapper_->SetInternalField(StreamField::kTail, undefined);
  } else {
    head->SetInternalField(emptied, undefined);
  }
}

}  // namespace sluice::binding
