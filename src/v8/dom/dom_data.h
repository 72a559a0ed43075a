// What the DOM classes keep for one isolate, and the invisible objects that they keep their data in.
//
// Everything that a signal or an event target holds is a record: an object of internal fields that no author can reach,
// whatever was done to Object.prototype, and that V8's collector traces. Making, reading and writing one runs no
// JavaScript; only making one can fail, when execution is being terminated.
//
// Native memory there is where the standard wants a weak reference (WeakTable) or a root (Timeouts). It is counted
// (IsolateData::AdjustExternalMemory), and goes with the object that it is for.
#ifndef SLUICE_V8_DOM_DOM_DATA_H_
#define SLUICE_V8_DOM_DOM_DATA_H_

#include <v8.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "src/v8/isolate_data.h"

namespace sluice::binding {

class DomData;

// ---- Fields of records and of platform objects

inline v8::Local<v8::Value> Field(v8::Local<v8::Object> object, int field) {
  return object->GetInternalField(field).As<v8::Value>();
}
// Empty if the field is undefined.
inline v8::Local<v8::Object> ObjectField(v8::Local<v8::Object> object, int field) {
  const v8::Local<v8::Value> value = Field(object, field);
  return value->IsObject() ? value.As<v8::Object>() : v8::Local<v8::Object>();
}
// Of a number; 0 if the field is undefined.
inline int64_t IntegerField(v8::Local<v8::Object> object, int field) {
  const v8::Local<v8::Value> value = Field(object, field);
  return value->IsNumber() ? static_cast<int64_t>(value.As<v8::Number>()->Value()) : 0;
}
inline void SetField(v8::Local<v8::Object> object, int field, v8::Local<v8::Value> value) {
  object->SetInternalField(field, value);
}
// Exact up to 2^53.
inline void SetIntegerField(v8::Isolate* isolate, v8::Local<v8::Object> object, int field, int64_t value) {
  object->SetInternalField(field, v8::Number::New(isolate, static_cast<double>(value)));
}
inline void ClearField(v8::Isolate* isolate, v8::Local<v8::Object> object, int field) {
  object->SetInternalField(field, v8::Undefined(isolate));
}

// ---- Weak references

// Objects by number. An entry goes when its object is collected; numbers are not used again.
class WeakTable {
 public:
  WeakTable() = default;
  WeakTable(const WeakTable&) = delete;
  WeakTable& operator=(const WeakTable&) = delete;

  int64_t Add(v8::Isolate* isolate, v8::Local<v8::Object> object);
  // Empty if it is collected.
  v8::Local<v8::Object> Get(v8::Isolate* isolate, int64_t id) const;
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    WeakTable* table;
    int64_t id;
    v8::Global<v8::Object> object;
  };
  static constexpr int64_t kEntryBytes = 150;  // more or less
  std::unordered_map<int64_t, Entry> entries_;
  int64_t last_id_ = 0;
};

// ---- Timeouts

// The signals that a timer will abort. The timer keeps one alive while somebody would notice that it aborts: while it,
// or a live signal that depends on it, has abort listeners or algorithms. When the signal is collected, the timer goes.
// https://dom.spec.whatwg.org/#dom-abortsignal-timeout
class Timeouts {
 public:
  // What one takes outside of the heap, with the embedder's task, in bytes, more or less.
  static constexpr int64_t kBytes = 600;

  explicit Timeouts(IsolateData& data) : data_(data) {}
  Timeouts(const Timeouts&) = delete;
  Timeouts& operator=(const Timeouts&) = delete;

  int64_t Add(v8::Isolate* isolate, v8::Local<v8::Object> signal);
  // The number of the embedder's task.
  void SetTask(int64_t id, int64_t task) { entries_.at(id).task = task; }
  void SetListenedTo(int64_t id, bool listened_to);
  void CountDependents(int64_t id, int change);
  // The signal, which is forgotten. Empty if it is collected.
  v8::Local<v8::Object> Take(v8::Isolate* isolate, int64_t id);
  void Forget(int64_t id);
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Timeouts* timeouts;
    int64_t id;
    int64_t task = 0;
    v8::Global<v8::Object> signal;
    int64_t dependents = 0;  // that are listened to
    bool listened_to = false;
    void Update();
  };
  static void Collected(const v8::WeakCallbackInfo<Entry>& info);

  IsolateData& data_;
  std::unordered_map<int64_t, Entry> entries_;
  int64_t last_id_ = 0;
};

// ---- Re-entry

// While one lives, author code is being called from native code.
//
// V8 calls a native function without looking at the stack, and native functions can call one another through listeners
// (AbortController.prototype.abort is a fine `handleEvent`). So whoever calls author code asks first.
class NativeCall {
 public:
  explicit NativeCall(v8::Isolate* isolate);
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;
  ~NativeCall();
  // False with a RangeError thrown if JavaScript's stack is full.
  bool HasRoom(v8::Local<v8::Context> context) const;

 private:
  DomData& data_;
};

// ---- All of it

class DomData {
 public:
  static constexpr int kMaxRecordFields = 16;

  explicit DomData(IsolateData& data);
  DomData(const DomData&) = delete;
  DomData& operator=(const DomData&) = delete;

  static DomData& Of(v8::Isolate* isolate) { return IsolateData::Of(isolate)->dom(); }

  // All fields are undefined. Empty only when execution is being terminated.
  v8::MaybeLocal<v8::Object> NewRecord(v8::Local<v8::Context> context, int fields) const;
  // "abort", the type of the one event that we fire.
  v8::Local<v8::String> abort_name() const { return abort_.Get(isolate_); }

  // What a context's own intrinsics are kept for, before any author could change what leads to them.
  enum Intrinsic : uint8_t {
    kCaptureStackTrace,  // Error.captureStackTrace
    kDoNothing,          // %Function.prototype%, a function that returns undefined
  };
  void SetIntrinsic(v8::Local<v8::Context> context, Intrinsic intrinsic, v8::Local<v8::Value> value);
  // Empty in a context without ExposeDom().
  v8::Local<v8::Function> GetIntrinsic(v8::Local<v8::Context> context, Intrinsic intrinsic) const;

  // Milliseconds since this was made. https://w3c.github.io/hr-time/#dfn-current-high-resolution-time
  double Now() const;

  // How many NativeCalls there are.
  int& native_calls() { return native_calls_; }

  WeakTable& weak() { return weak_; }
  // Shared with the tasks that the embedder has, which may outlive the isolate.
  const std::shared_ptr<Timeouts>& timeouts() { return timeouts_; }

 private:
  v8::Isolate* isolate_;
  std::array<v8::Eternal<v8::ObjectTemplate>, kMaxRecordFields + 1> records_;
  v8::Eternal<v8::String> abort_;
  std::array<v8::Eternal<v8::Private>, 2> intrinsics_;
  WeakTable weak_;
  int native_calls_ = 0;
  std::shared_ptr<Timeouts> timeouts_;
  std::chrono::steady_clock::time_point origin_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_DOM_DATA_H_
