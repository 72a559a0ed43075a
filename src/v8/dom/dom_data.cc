#include "src/v8/dom/dom_data.h"

#include <cmath>

#include "src/v8/dom/dom_exception.h"
#include "src/v8/web_idl.h"

namespace sluice::binding {

int64_t WeakTable::Add(v8::Isolate* isolate, v8::Local<v8::Object> object) {
  const int64_t id = ++last_id_;
  Entry& entry = entries_[id];
  entry.table = this;
  entry.id = id;
  entry.object.Reset(isolate, object);
  entry.object.SetWeak(
      &entry,
      [](const v8::WeakCallbackInfo<Entry>& info) {
        const Entry* const dead = info.GetParameter();
        dead->table->entries_.erase(dead->id);  // resets the handle, as V8 asks
        IsolateData::Of(info.GetIsolate())->AdjustExternalMemory(-kEntryBytes);
      },
      v8::WeakCallbackType::kParameter);
  IsolateData::Of(isolate)->AdjustExternalMemory(kEntryBytes);
  return id;
}

v8::Local<v8::Object> WeakTable::Get(v8::Isolate* isolate, int64_t id) const {
  const auto found = entries_.find(id);
  return found == entries_.end() ? v8::Local<v8::Object>() : found->second.object.Get(isolate);
}

void Timeouts::Entry::Update() {
  if (signal.IsEmpty()) return;
  if (listened_to || dependents > 0) {
    signal.ClearWeak();
  } else {
    signal.SetWeak(this, Collected, v8::WeakCallbackType::kParameter);
  }
}

void Timeouts::Collected(const v8::WeakCallbackInfo<Entry>& info) {
  Timeouts& timeouts = *info.GetParameter()->timeouts;
  const int64_t task = info.GetParameter()->task;
  timeouts.Forget(info.GetParameter()->id);  // resets the handle, as V8 asks
  if (task != 0) timeouts.data_.options().embedder->CancelDelayedTask(task);
}

int64_t Timeouts::Add(v8::Isolate* isolate, v8::Local<v8::Object> signal) {
  const int64_t id = ++last_id_;
  Entry& entry = entries_[id];
  entry.timeouts = this;
  entry.id = id;
  entry.signal.Reset(isolate, signal);
  entry.Update();
  data_.AdjustExternalMemory(kBytes);
  return id;
}

void Timeouts::SetListenedTo(int64_t id, bool listened_to) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.listened_to == listened_to) return;
  found->second.listened_to = listened_to;
  found->second.Update();
}

void Timeouts::CountDependents(int64_t id, int change) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.dependents += change;
  found->second.Update();
}

void Timeouts::Forget(int64_t id) {
  if (entries_.erase(id) != 0) data_.AdjustExternalMemory(-kBytes);
}

v8::Local<v8::Object> Timeouts::Take(v8::Isolate* isolate, int64_t id) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return {};
  const v8::Local<v8::Object> signal = found->second.signal.Get(isolate);
  Forget(id);
  return signal;
}

DomData::DomData(IsolateData& data) : isolate_(data.isolate()), timeouts_(std::make_shared<Timeouts>(data)) {
  v8::Isolate* const isolate = isolate_;
  const v8::HandleScope scope(isolate);
  for (int fields = 1; fields <= kMaxRecordFields; ++fields) {
    const auto record = v8::ObjectTemplate::New(isolate);
    record->SetInternalFieldCount(fields);
    records_[fields].Set(isolate, record);
  }
  abort_.Set(isolate, Ascii(isolate, "abort"));
  for (auto& intrinsic : intrinsics_) intrinsic.Set(isolate, v8::Private::New(isolate));
}

// They are private properties of an interface object, which is one of each context.
void DomData::SetIntrinsic(v8::Local<v8::Context> context, Intrinsic intrinsic, v8::Local<v8::Value> value) {
  v8::Local<v8::Function> owner;
  if (!value->IsFunction() || !TemplateOf(isolate_, kDomExceptionInterface)->GetFunction(context).ToLocal(&owner)) {
    return;
  }
  (void)owner->SetPrivate(context, intrinsics_[intrinsic].Get(isolate_), value);
}

v8::Local<v8::Function> DomData::GetIntrinsic(v8::Local<v8::Context> context, Intrinsic intrinsic) const {
  v8::Local<v8::Function> owner;
  v8::Local<v8::Value> value;
  if (!TemplateOf(isolate_, kDomExceptionInterface)->GetFunction(context).ToLocal(&owner) ||
      !owner->GetPrivate(context, intrinsics_[intrinsic].Get(isolate_)).ToLocal(&value) || !value->IsFunction()) {
    return {};
  }
  return value.As<v8::Function>();
}

NativeCall::NativeCall(v8::Isolate* isolate) : data_(DomData::Of(isolate)) { ++data_.native_calls(); }
NativeCall::~NativeCall() { --data_.native_calls(); }

bool NativeCall::HasRoom(v8::Local<v8::Context> context) const {
  if (data_.native_calls() == 1) return true;  // the first is not the one that recurses
  const v8::Local<v8::Function> nothing = data_.GetIntrinsic(context, DomData::kDoNothing);
  // V8 looks at the stack before it enters JavaScript, which this function is.
  return nothing.IsEmpty() || !nothing->Call(context, v8::Undefined(context->GetIsolate()), 0, nullptr).IsEmpty();
}

v8::MaybeLocal<v8::Object> DomData::NewRecord(v8::Local<v8::Context> context, int fields) const {
  return records_[fields].Get(isolate_)->NewInstance(context);
}

double DomData::Now() const {
  // Coarsened to 5 microseconds: https://w3c.github.io/hr-time/#dfn-coarsen-time
  const auto since = std::chrono::steady_clock::now() - origin_;
  constexpr double kStep = 0.005;
  return std::floor(std::chrono::duration<double, std::milli>(since).count() / kStep) * kStep;
}

}  // namespace sluice::binding
