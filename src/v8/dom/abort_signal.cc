#include "src/v8/dom/abort_signal.h"

#include <vector>

#include "src/v8/dom/abort_signal_fields.h"
#include "src/v8/dom/dom_data.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/dom/event_target.h"
#include "src/v8/dom/list.h"

namespace sluice::binding {
namespace {

using namespace abort_signal;  // NOLINT(google-build-using-namespace): the fields

// ---- Weak references to signals

int64_t WeakIdOf(v8::Isolate* isolate, v8::Local<v8::Object> signal) {
  int64_t id = IntegerField(signal, kWeakId);
  if (id == 0) {
    id = DomData::Of(isolate).weak().Add(isolate, signal);
    SetIntegerField(isolate, signal, kWeakId, id);
  }
  return id;
}

v8::Local<v8::Object> FromWeakId(v8::Isolate* isolate, v8::Local<v8::Value> id) {
  return DomData::Of(isolate).weak().Get(isolate, static_cast<int64_t>(id.As<v8::Number>()->Value()));
}

// A dependent signal, of its link. Empty if it is collected.
v8::Local<v8::Object> DependentOf(v8::Isolate* isolate, v8::Local<v8::Value> link) {
  return FromWeakId(isolate, Field(link.As<v8::Object>(), link::kId));
}

bool IsGoneOrAborted(v8::Isolate* isolate, v8::Local<v8::Value> link) {
  const v8::Local<v8::Object> dependent = DependentOf(isolate, link);
  return dependent.IsEmpty() || IsAborted(dependent);
}

// A source signal, as links hold them: those that a timer will abort as they are, others weakly.
v8::Local<v8::Object> SourceOf(v8::Isolate* isolate, v8::Local<v8::Value> source) {
  return source->IsObject() ? source.As<v8::Object>() : FromWeakId(isolate, source);
}

bool NeverDead(v8::Isolate*, v8::Local<v8::Value>) { return false; }

// ---- Who is listened to

// The only abort algorithms are listeners to remove, held weakly.
bool IsDeadAlgorithm(v8::Isolate* isolate, v8::Local<v8::Value> algorithm) {
  return FromWeakId(isolate, algorithm).IsEmpty();
}

bool IsListenedTo(v8::Isolate* isolate, v8::Local<v8::Object> signal) {
  return HasListener(signal, DomData::Of(isolate).abort_name());
}

// What would abort `signal` holds it from now on, or does so no more.
void SetListenedTo(v8::Isolate* isolate, v8::Local<v8::Object> signal, bool listened_to) {
  const v8::Local<v8::Value> dependency = Field(signal, kDependency);
  Timeouts& timeouts = *DomData::Of(isolate).timeouts();
  if (dependency->IsNumber()) {
    return timeouts.SetListenedTo(IntegerField(signal, kDependency), listened_to);
  }
  if (!dependency->IsObject()) return;
  const v8::Local<v8::Object> own_link = dependency.As<v8::Object>();
  if (!ObjectField(own_link, link::kStrong).IsEmpty() == listened_to) return;
  if (listened_to) {
    SetField(own_link, link::kStrong, signal);
  } else {
    ClearField(isolate, own_link, link::kStrong);
  }
  list::ForEach(own_link, link::kSources, [&](v8::Local<v8::Object> node) {
    const v8::Local<v8::Value> source = list::ValueOf(node);
    if (source->IsObject()) {
      timeouts.CountDependents(IntegerField(source.As<v8::Object>(), kDependency), listened_to ? 1 : -1);
    }
    return true;
  });
}

void UpdateListenedTo(v8::Isolate* isolate, v8::Local<v8::Object> signal) {
  if (Field(signal, kDependency)->IsUndefined()) return;
  SetListenedTo(isolate, signal, IsListenedTo(isolate, signal));
}

// ---- Aborting

void SetReason(v8::Isolate* isolate, v8::Local<v8::Object> signal, v8::Local<v8::Value> reason) {
  SetListenedTo(isolate, signal, false);  // nothing can abort it again
  ClearField(isolate, signal, kDependency);
  SetField(signal, kReason, reason);
}

// https://dom.spec.whatwg.org/#run-the-abort-steps. False if terminated.
bool RunAbortSteps(v8::Isolate* isolate, v8::Local<v8::Object> signal, Stack stack) {
  const v8::HandleScope scope(isolate);
  v8::Local<v8::Context> context;
  if (!signal->GetCreationContext().ToLocal(&context)) return true;
  const v8::Context::Scope entered(context);
  list::ForEach(signal, kAlgorithms, [&](v8::Local<v8::Object> node) {
    const v8::HandleScope each(isolate);
    const v8::Local<v8::Object> listener = FromWeakId(isolate, list::ValueOf(node));
    if (!listener.IsEmpty()) RemoveListener(isolate, TargetOf(listener), listener);
    return true;
  });
  ClearField(isolate, signal, kAlgorithms);
  return FireEvent(context, signal, DomData::Of(isolate).abort_name(), stack);
}

bool ReasonOrAbortError(v8::Local<v8::Context> context, v8::Local<v8::Value>& reason) {
  if (!reason->IsUndefined()) return true;
  v8::Local<v8::Object> error;
  if (!NewDOMException(context, "This operation was aborted", "AbortError").ToLocal(&error)) return false;
  reason = error;
  return true;
}

}  // namespace

bool IsAborted(v8::Local<v8::Object> signal) { return !AbortReason(signal)->IsUndefined(); }
v8::Local<v8::Value> AbortReason(v8::Local<v8::Object> signal) { return Field(signal, kReason); }

void SignalAbort(v8::Local<v8::Context> context, v8::Local<v8::Object> signal, v8::Local<v8::Value> reason) {
  SignalAbort(context, signal, reason, Stack::kInUse);
}

void SignalAbort(v8::Local<v8::Context> context, v8::Local<v8::Object> signal, v8::Local<v8::Value> reason,
                 Stack stack) {
  if (IsAborted(signal)) return;
  v8::Isolate* isolate = context->GetIsolate();
  const v8::HandleScope scope(isolate);
  if (!ReasonOrAbortError(context, reason)) return;
  SetReason(isolate, signal, reason);
  std::vector<v8::Local<v8::Object>> dependents;
  list::ForEach(signal, kDependents, [&](v8::Local<v8::Object> node) {
    const v8::Local<v8::Object> dependent = DependentOf(isolate, list::ValueOf(node));
    if (dependent.IsEmpty() || IsAborted(dependent)) return true;
    SetReason(isolate, dependent, reason);
    dependents.push_back(dependent);
    return true;
  });
  ClearField(isolate, signal, kDependents);
  if (!RunAbortSteps(isolate, signal, stack)) return;
  for (const v8::Local<v8::Object> dependent : dependents) {
    if (!RunAbortSteps(isolate, dependent, stack)) return;
  }
}

void RemoveListenerOnAbort(v8::Local<v8::Context> context, v8::Local<v8::Object> signal,
                           v8::Local<v8::Object> listener) {
  v8::Isolate* isolate = context->GetIsolate();
  const int64_t id = DomData::Of(isolate).weak().Add(isolate, listener);
  list::Append(context, signal, kAlgorithms, v8::Number::New(isolate, static_cast<double>(id)), IsDeadAlgorithm);
}

void ListenersChanged(v8::Local<v8::Object> target, v8::Local<v8::String> type) {
  if (!Implements(target, kAbortSignalInterface)) return;
  v8::Isolate* isolate = target->GetIsolate();
  if (type->StringEquals(DomData::Of(isolate).abort_name())) UpdateListenedTo(isolate, target);
}

// ---- Making signals

v8::MaybeLocal<v8::Object> NewAbortSignal(v8::Local<v8::Context> context) {
  return NewObject(context, kAbortSignalInterface);
}

v8::MaybeLocal<v8::Object> NewAbortedSignal(v8::Local<v8::Context> context, v8::Local<v8::Value> reason) {
  v8::Local<v8::Object> signal;
  if (!ReasonOrAbortError(context, reason) || !NewAbortSignal(context).ToLocal(&signal)) return {};
  SetField(signal, kReason, reason);
  return signal;
}

v8::MaybeLocal<v8::Object> NewDependentSignal(v8::Local<v8::Context> context,
                                              std::span<const v8::Local<v8::Object>> signals) {
  v8::Isolate* isolate = context->GetIsolate();
  for (const v8::Local<v8::Object> signal : signals) {
    if (IsAborted(signal)) return NewAbortedSignal(context, AbortReason(signal));
  }
  v8::Local<v8::Object> result;
  v8::Local<v8::Object> own_link;
  if (!NewAbortSignal(context).ToLocal(&result) ||
      !DomData::Of(isolate).NewRecord(context, link::kEnd).ToLocal(&own_link)) {
    return {};
  }
  SetField(result, kDependency, own_link);
  SetIntegerField(isolate, own_link, link::kId, WeakIdOf(isolate, result));

  // Both lists are sets. The result is new, so a source that has it already has it as its last dependent.
  const auto depend_on = [&](v8::Local<v8::Object> source) {
    if (list::Last(isolate, source, kDependents) == own_link) return true;
    const bool timeout = Field(source, kDependency)->IsNumber();
    const v8::Local<v8::Value> reference =
        timeout ? source.As<v8::Value>()
                : v8::Number::New(isolate, static_cast<double>(WeakIdOf(isolate, source))).As<v8::Value>();
    return list::Append(context, own_link, link::kSources, reference, NeverDead) &&
           list::Append(context, source, kDependents, own_link, IsGoneOrAborted);
  };
  for (const v8::Local<v8::Object> signal : signals) {
    const v8::HandleScope each(isolate);
    const v8::Local<v8::Object> its_link = ObjectField(signal, kDependency);
    const bool done = its_link.IsEmpty()
                          ? depend_on(signal)
                          : list::ForEach(its_link, link::kSources, [&](v8::Local<v8::Object> node) {
                              const v8::Local<v8::Object> source = SourceOf(isolate, list::ValueOf(node));
                              return source.IsEmpty() || depend_on(source);
                            });
    if (!done) return {};
  }
  return result;
}

}  // namespace sluice::binding
