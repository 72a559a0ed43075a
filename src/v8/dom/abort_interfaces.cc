// The JavaScript side of AbortSignal and AbortController.
#include <memory>
#include <vector>

#include "src/v8/dom/abort_signal.h"
#include "src/v8/dom/abort_signal_fields.h"
#include "src/v8/dom/dom_data.h"
#include "src/v8/dom/dom_exception.h"

namespace sluice::binding {
namespace abort_signal {
namespace {

void GetAborted(const Info& info) { info.GetReturnValue().Set(IsAborted(info.This())); }
void GetReason(const Info& info) { info.GetReturnValue().Set(AbortReason(info.This())); }

void ThrowIfAborted(const Info& info) {
  if (IsAborted(info.This())) info.GetIsolate()->ThrowException(AbortReason(info.This()));
}

void GetOnAbort(const Info& info) { info.GetReturnValue().Set(GetEventHandler(info.This(), kOnAbort)); }
void SetOnAbort(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  SetEventHandler(isolate->GetCurrentContext(), info.This(), kOnAbort, DomData::Of(isolate).abort_name(), info[0]);
}

// https://dom.spec.whatwg.org/#dom-abortsignal-abort
void StaticAbort(const Info& info) {
  v8::Local<v8::Object> signal;
  if (NewAbortedSignal(info.GetIsolate()->GetCurrentContext(), info[0]).ToLocal(&signal)) {
    info.GetReturnValue().Set(signal);
  }
}

// What the embedder's task does, and lets go of if it never runs.
class Timeout {
 public:
  Timeout(v8::Isolate* isolate, std::weak_ptr<Timeouts> timeouts, int64_t id)
      : isolate_(isolate), timeouts_(std::move(timeouts)), id_(id) {}
  Timeout(const Timeout&) = delete;
  Timeout& operator=(const Timeout&) = delete;
  ~Timeout() {
    if (const auto timeouts = timeouts_.lock(); timeouts != nullptr) timeouts->Forget(id_);
  }

  void Fire() {
    const auto timeouts = timeouts_.lock();
    if (timeouts == nullptr) return;  // the isolate is gone
    const v8::HandleScope scope(isolate_);
    const v8::Local<v8::Object> signal = timeouts->Take(isolate_, id_);
    v8::Local<v8::Context> context;
    if (signal.IsEmpty() || !signal->GetCreationContext().ToLocal(&context)) return;
    const v8::Context::Scope entered(context);
    v8::Local<v8::Object> reason;
    if (!NewDOMException(context, "The operation timed out", "TimeoutError").ToLocal(&reason)) return;
    SignalAbort(context, signal, reason, Stack::kEmpty);
  }

 private:
  v8::Isolate* isolate_;
  std::weak_ptr<Timeouts> timeouts_;
  int64_t id_;
};

// https://dom.spec.whatwg.org/#dom-abortsignal-timeout
void StaticTimeout(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  double milliseconds = 0;
  if (!RequireArguments(info, 1, "AbortSignal.timeout") ||
      !ToUnsignedLongLongEnforceRange(context, info[0], "AbortSignal.timeout: milliseconds", milliseconds)) {
    return;
  }
  Embedder* const embedder = IsolateData::Of(isolate)->options().embedder;
  if (embedder == nullptr) {
    return ThrowDOMException(context, "AbortSignal.timeout: there are no timers here", "NotSupportedError");
  }
  v8::Local<v8::Object> signal;
  if (!IsolateData::Of(isolate)->RequireMemory(Timeouts::kBytes, "AbortSignal.timeout") ||
      !NewAbortSignal(context).ToLocal(&signal)) {
    return;
  }
  const std::shared_ptr<Timeouts>& timeouts = DomData::Of(isolate).timeouts();
  const int64_t id = timeouts->Add(isolate, signal);
  SetIntegerField(isolate, signal, kDependency, id);
  const auto timeout = std::make_shared<Timeout>(isolate, timeouts, id);
  timeouts->SetTask(id, embedder->PostDelayedTask(milliseconds, [timeout] { timeout->Fire(); }));
  info.GetReturnValue().Set(signal);
}

// https://dom.spec.whatwg.org/#dom-abortsignal-any
void StaticAny(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (!RequireArguments(info, 1, "AbortSignal.any")) return;
  ObjectSet<v8::Object> signals;
  const bool converted =
      ForEachInSequence(context, info[0], "AbortSignal.any: signals", [&](v8::Local<v8::Value> value) {
        if (!Implements(value, kAbortSignalInterface)) {
          ThrowTypeError(isolate, "AbortSignal.any: an element is not an AbortSignal");
          return false;
        }
        signals.Add(isolate, value.As<v8::Object>());
        return true;
      });
  v8::Local<v8::Object> result;
  if (converted && NewDependentSignal(context, signals.Locals(isolate)).ToLocal(&result))
    info.GetReturnValue().Set(result);
}

constexpr Member kMembers[] = {
    {Member::kStaticOperation, "abort", StaticAbort},
    {.kind = Member::kStaticOperation, .name = "timeout", .call = StaticTimeout, .length = 1},
    {.kind = Member::kStaticOperation, .name = "any", .call = StaticAny, .length = 1},
    {Member::kAttribute, "aborted", GetAborted},
    {Member::kAttribute, "reason", GetReason},
    {Member::kOperation, "throwIfAborted", ThrowIfAborted},
    {Member::kAttribute, "onabort", GetOnAbort, SetOnAbort},
};

}  // namespace
}  // namespace abort_signal

namespace abort_controller {
namespace {

enum Fields { kSignal = kFirstField, kEnd };

void Construct(const Info& info) {
  v8::Local<v8::Object> signal;
  if (NewAbortSignal(info.GetIsolate()->GetCurrentContext()).ToLocal(&signal)) SetField(info.This(), kSignal, signal);
}

void GetSignal(const Info& info) { info.GetReturnValue().Set(Field(info.This(), kSignal)); }

// https://dom.spec.whatwg.org/#dom-abortcontroller-abort
void Abort(const Info& info) {
  SignalAbort(info.GetIsolate()->GetCurrentContext(), ObjectField(info.This(), kSignal), info[0]);
}

constexpr Member kMembers[] = {
    {Member::kAttribute, "signal", GetSignal},
    {Member::kOperation, "abort", Abort},
};

}  // namespace
}  // namespace abort_controller

constexpr Interface kAbortSignalInterface{.name = "AbortSignal",
                                          .parent = &kEventTargetInterface,
                                          .fields = abort_signal::kEnd - kFirstField,
                                          .members = abort_signal::kMembers};

constexpr Interface kAbortControllerInterface{.name = "AbortController",
                                              .construct = abort_controller::Construct,
                                              .fields = abort_controller::kEnd - kFirstField,
                                              .members = abort_controller::kMembers};

}  // namespace sluice::binding
