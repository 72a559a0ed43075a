#include "src/v8/isolate_data.h"

#include "src/v8/record_queue.h"
#include "src/v8/dom/dom_data.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {

IsolateData::IsolateData(v8::Isolate* isolate, Options options) : isolate_(isolate), options_(options) {
  isolate->SetData(0, this);
  const v8::HandleScope scope(isolate);
  constexpr const char* kNames[] = {"abort",         "close", "start", "type",        "write",
                                    "highWaterMark", "size",  "then",  "constructor", "byteLength"};
  static_assert(std::size(kNames) == kNameCount);
  for (int i = 0; i < kNameCount; ++i) names_[i].Set(isolate, Ascii(isolate, kNames[i]));
  record_template_.Set(isolate, RecordQueue::NewRecordTemplate(isolate));
  dom_ = std::make_unique<DomData>(isolate);
  host_ = std::make_unique<V8Host>(*this);
}

void IsolateData::ReportExternalMemory() {
  isolate_->AdjustAmountOfExternalAllocatedMemory(unreported_bytes_);
  unreported_bytes_ = 0;
}

IsolateData::~IsolateData() {
  host_.reset();
  dom_.reset();
  isolate_->SetData(0, nullptr);
}

}  // namespace sluice::binding
