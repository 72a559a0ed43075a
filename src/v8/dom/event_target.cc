#include "src/v8/dom/event_target.h"

#include <string>
#include <vector>

#include "src/v8/dom/abort_signal.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/dom/event.h"
#include "src/v8/dom/listener_index.h"

namespace sluice::binding {
namespace {

using event_target::kLast;
using event_target::kListeners;
using listener::Has;
using listener::HasType;

// Up to so many listeners it is faster to look at all.
constexpr int64_t kFewListeners = 16;

void AddToIndex(v8::Local<v8::Context> context, v8::Local<v8::Object> target, v8::Local<v8::Object> record) {
  if (Has(record, listener::kHandler)) return;  // those are the same as no other
  // Where it fails, execution is being terminated; the listener may then be added twice.
  (void)listener_index::Insert(context, target, event_target::kIndex, record);
}

// Appends a new listener. Empty only when execution is being terminated.
v8::MaybeLocal<v8::Object> Append(v8::Local<v8::Context> context, v8::Local<v8::Object> target,
                                  v8::Local<v8::String> type, v8::Local<v8::Value> callback, int flags) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> record;
  if (!DomData::Of(isolate).NewRecord(context, listener::kEnd).ToLocal(&record)) return {};
  SetField(record, listener::kType, type);
  SetField(record, listener::kCallback, callback);
  SetIntegerField(isolate, record, listener::kFlags, flags);
  const v8::Local<v8::Object> last = ObjectField(target, kLast);
  if (last.IsEmpty()) {
    SetField(target, kListeners, record);
  } else {
    SetField(last, listener::kNext, record);
    SetField(record, listener::kPrevious, last);
  }
  SetField(target, kLast, record);
  const int64_t count = IntegerField(target, event_target::kCount) + 1;
  SetIntegerField(isolate, target, event_target::kCount, count);
  if (!ObjectField(target, event_target::kIndex).IsEmpty()) {
    AddToIndex(context, target, record);
  } else if (count > kFewListeners) {
    for (auto each = ObjectField(target, kListeners); !each.IsEmpty(); each = ObjectField(each, listener::kNext)) {
      AddToIndex(context, target, each);
    }
  }
  ListenersChanged(target, type);
  return record;
}

// The listener that is the same in type, callback and capture; empty if there is none.
v8::Local<v8::Object> Find(v8::Local<v8::Object> target, v8::Local<v8::String> type, v8::Local<v8::Value> callback,
                           bool capture) {
  if (!callback->IsObject()) return {};
  if (!ObjectField(target, event_target::kIndex).IsEmpty())
    return listener_index::Find(target, event_target::kIndex, type, callback, capture);
  auto record = ObjectField(target, kListeners);
  while (!record.IsEmpty() && (Has(record, listener::kHandler) || !listener::IsSame(record, type, callback, capture))) {
    record = ObjectField(record, listener::kNext);
  }
  return record;
}

}  // namespace

// https://dom.spec.whatwg.org/#remove-an-event-listener
void RemoveListener(v8::Isolate* isolate, v8::Local<v8::Object> target, v8::Local<v8::Object> record) {
  if (Has(record, listener::kRemoved)) return;
  const v8::HandleScope scope(isolate);
  SetIntegerField(isolate, record, listener::kFlags, IntegerField(record, listener::kFlags) | listener::kRemoved);
  if (!ObjectField(target, event_target::kIndex).IsEmpty())
    listener_index::Remove(isolate, target, event_target::kIndex, record);
  const v8::Local<v8::Object> before = ObjectField(record, listener::kPrevious);
  const v8::Local<v8::Object> after = ObjectField(record, listener::kNext);
  before.IsEmpty() ? SetField(target, kListeners, Field(record, listener::kNext))
                   : SetField(before, listener::kNext, Field(record, listener::kNext));
  after.IsEmpty() ? SetField(target, kLast, Field(record, listener::kPrevious))
                  : SetField(after, listener::kPrevious, Field(record, listener::kPrevious));
  ClearField(isolate, record, listener::kNext);
  ClearField(isolate, record, listener::kPrevious);
  SetIntegerField(isolate, target, event_target::kCount, IntegerField(target, event_target::kCount) - 1);
  ListenersChanged(target, Field(record, listener::kType).As<v8::String>());
}

bool HasListener(v8::Local<v8::Object> target, v8::Local<v8::String> type) {
  auto record = ObjectField(target, kListeners);
  while (!record.IsEmpty() && !HasType(record, type)) record = ObjectField(record, listener::kNext);
  return !record.IsEmpty();
}

v8::Local<v8::Object> TargetOf(v8::Local<v8::Object> record) { return ObjectField(record, listener::kTarget); }

// ---- Dispatch

bool ReportCaught(v8::Local<v8::Context> context, v8::TryCatch& caught) {
  if (!caught.CanContinue() || caught.HasTerminated()) return false;
  const v8::Local<v8::Value> exception = caught.Exception();
  const v8::Local<v8::Message> message = caught.Message();
  caught.Reset();
  if (Embedder* const embedder = IsolateData::Of(context->GetIsolate())->options().embedder; embedder != nullptr) {
    embedder->ReportException(context, exception, message);
  }
  const bool terminated = caught.HasCaught() && caught.HasTerminated();
  if (!terminated) caught.Reset();
  return !terminated;
}

namespace {

// https://webidl.spec.whatwg.org/#call-a-user-objects-operation
v8::MaybeLocal<v8::Value> CallHandleEvent(v8::Local<v8::Context> context, v8::Local<v8::Object> callback,
                                          v8::Local<v8::Value> target, v8::Local<v8::Object> event) {
  v8::Local<v8::Value> argument = event;
  if (callback->IsCallable()) return callback->CallAsFunction(context, target, 1, &argument);
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Value> method;
  if (!callback->Get(context, Ascii(isolate, "handleEvent")).ToLocal(&method)) return {};
  if (!method->IsObject() || !method.As<v8::Object>()->IsCallable()) {
    ThrowTypeError(isolate, "EventListener: handleEvent is not a function");
    return {};
  }
  return method.As<v8::Object>()->CallAsFunction(context, callback, 1, &argument);
}

// The processing algorithm of an event handler. https://html.spec.whatwg.org/#the-event-handler-processing-algorithm
v8::MaybeLocal<v8::Value> CallHandler(v8::Local<v8::Context> context, v8::Local<v8::Object> callback,
                                      v8::Local<v8::Value> target, v8::Local<v8::Object> event) {
  if (!callback->IsCallable()) return v8::Undefined(context->GetIsolate());
  v8::Local<v8::Value> argument = event;
  v8::Local<v8::Value> result;
  if (!callback->CallAsFunction(context, target, 1, &argument).ToLocal(&result)) return {};
  if (result->IsFalse()) event::Cancel(context->GetIsolate(), event);
  return result;
}

// Steps 2.7 to 2.12 of https://dom.spec.whatwg.org/#concept-event-listener-inner-invoke. False if terminated.
bool CallListener(v8::Isolate* isolate, v8::Local<v8::Object> target, v8::Local<v8::Object> event,
                  v8::Local<v8::Object> record, Stack stack) {
  const v8::HandleScope scope(isolate);
  const v8::Local<v8::Object> callback = Field(record, listener::kCallback).As<v8::Object>();
  // The callback's associated realm.
  const v8::Local<v8::Context> context = callback->GetCreationContext().FromMaybe(isolate->GetCurrentContext());
  const v8::Context::Scope entered(context);
  const bool passive = Has(record, listener::kPassive);
  if (passive) event::Change(isolate, event, event::kInPassiveListener);
  bool alive = true;
  {
    v8::TryCatch caught(isolate);
    const NativeCall call(isolate);
    const auto handle = Has(record, listener::kHandler) ? CallHandler : CallHandleEvent;
    const bool returned = call.HasRoom(context) && !handle(context, callback, target, event).IsEmpty();
    if (!returned) alive = ReportCaught(context, caught);
  }
  if (passive) event::Change(isolate, event, 0, event::kInPassiveListener);
  if (!alive || stack == Stack::kInUse) return alive;
  isolate->PerformMicrotaskCheckpoint();
  return !isolate->IsExecutionTerminating();
}

// https://dom.spec.whatwg.org/#concept-event-listener-invoke. False if terminated.
bool Invoke(v8::Isolate* isolate, v8::Local<v8::Object> target, v8::Local<v8::Object> event, bool capturing,
            Stack stack) {
  if (event::Has(event, event::kStopPropagation)) return true;
  // Step 6: a copy, because what listeners add is not for this event.
  const v8::Local<v8::String> type = Field(event, event::kType).As<v8::String>();
  std::vector<v8::Local<v8::Object>> listeners;
  auto next = ObjectField(target, kListeners);
  for (; !next.IsEmpty(); next = ObjectField(next, listener::kNext)) {
    if (Has(next, listener::kCapture) == capturing && HasType(next, type)) listeners.push_back(next);
  }
  for (const v8::Local<v8::Object> record : listeners) {
    if (Has(record, listener::kRemoved)) continue;
    if (Has(record, listener::kOnce)) RemoveListener(isolate, target, record);
    if (!CallListener(isolate, target, event, record, stack)) return false;
    if (event::Has(event, event::kStopImmediatePropagation)) break;
  }
  return true;
}

// https://dom.spec.whatwg.org/#concept-event-dispatch. False if terminated.
bool Dispatch(v8::Isolate* isolate, v8::Local<v8::Object> target, v8::Local<v8::Object> event, Stack stack) {
  const v8::HandleScope scope(isolate);
  event::Change(isolate, event, event::kDispatch);
  SetField(event, event::kTarget, target);
  SetField(event, event::kCurrentTarget, target);
  const bool alive = Invoke(isolate, target, event, /*capturing=*/true, stack) &&
                     Invoke(isolate, target, event, /*capturing=*/false, stack);
  SetField(event, event::kCurrentTarget, v8::Null(isolate));
  event::Change(isolate, event, 0, event::kDispatch | event::kStopPropagation | event::kStopImmediatePropagation);
  return alive;
}

}  // namespace

bool FireEvent(v8::Local<v8::Context> context, v8::Local<v8::Object> target, v8::Local<v8::String> type, Stack stack) {
  if (ObjectField(target, kListeners).IsEmpty()) return true;  // nobody can see the event
  v8::Local<v8::Object> event;
  return NewEvent(context, type).ToLocal(&event) && Dispatch(context->GetIsolate(), target, event, stack);
}

// ---- Event handlers

v8::Local<v8::Value> GetEventHandler(v8::Local<v8::Object> target, int field) {
  const v8::Local<v8::Object> record = ObjectField(target, field);
  if (record.IsEmpty()) return v8::Null(target->GetIsolate());
  return Field(record, listener::kCallback);
}

void SetEventHandler(v8::Local<v8::Context> context, v8::Local<v8::Object> target, int field,
                     v8::Local<v8::String> type, v8::Local<v8::Value> value) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> record = ObjectField(target, field);
  if (!value->IsObject()) {  // [LegacyTreatNonObjectAsNull]
    if (record.IsEmpty()) return;
    ClearField(isolate, target, field);
    RemoveListener(isolate, target, record);
  } else if (!record.IsEmpty()) {
    SetField(record, listener::kCallback, value);  // and its place among the listeners stays
  } else if (Append(context, target, type, value, listener::kHandler).ToLocal(&record)) {
    SetField(target, field, record);
  }
}

// ---- The interface

namespace {

// addEventListener's and removeEventListener's first arguments. False if something was thrown.
struct Key {
  v8::Local<v8::String> type;
  v8::Local<v8::Value> callback;  // an object or null

  bool Read(const Info& info, const char* what) {
    v8::Isolate* isolate = info.GetIsolate();
    if (!RequireArguments(info, 2, what)) return false;
    if (!info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&type)) return false;
    callback = info[1];
    if (callback->IsUndefined()) callback = v8::Null(isolate);
    if (callback->IsObject() || callback->IsNull()) return true;
    ThrowTypeError(isolate, std::string(what) + ": the callback is not an object");
    return false;
  }
};

// (AddEventListenerOptions or boolean). https://dom.spec.whatwg.org/#event-flatten-more
struct ListenerOptions {
  int flags = 0;
  v8::Local<v8::Object> signal;  // empty: none

  // EventListenerOptions are the first of the members.
  bool Read(v8::Local<v8::Context> context, v8::Local<v8::Value> value, bool all) {
    v8::Isolate* isolate = context->GetIsolate();
    v8::Local<v8::Object> dictionary;
    if (value->IsObject()) {
      dictionary = value.As<v8::Object>();
    } else if (!value->IsNullOrUndefined()) {
      flags = value->BooleanValue(isolate) ? listener::kCapture : 0;
      return true;
    }
    if (!ReadFlag(context, dictionary, "capture", listener::kCapture)) return false;
    if (!all) return true;
    v8::Local<v8::Value> member;
    if (!ReadFlag(context, dictionary, "once", listener::kOnce) ||
        !ReadFlag(context, dictionary, "passive", listener::kPassive) ||
        !DictionaryMember(context, dictionary, Ascii(isolate, "signal")).ToLocal(&member)) {
      return false;
    }
    if (member->IsUndefined()) return true;
    if (!Implements(member, kAbortSignalInterface)) {
      ThrowTypeError(isolate, "EventTarget.addEventListener: options.signal is not an AbortSignal");
      return false;
    }
    signal = member.As<v8::Object>();
    return true;
  }

 private:
  bool ReadFlag(v8::Local<v8::Context> context, v8::Local<v8::Object> dictionary, const char* name, int flag) {
    v8::Isolate* isolate = context->GetIsolate();
    v8::Local<v8::Value> value;
    if (!DictionaryMember(context, dictionary, Ascii(isolate, name)).ToLocal(&value)) return false;
    if (value->BooleanValue(isolate)) flags |= flag;
    return true;
  }
};

void Construct(const Info&) {}

// https://dom.spec.whatwg.org/#dom-eventtarget-addeventlistener
void AddEventListener(const Info& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  Key key;
  ListenerOptions options;
  if (!key.Read(info, "EventTarget.addEventListener") || !options.Read(context, info[2], /*all=*/true)) return;
  const v8::Local<v8::Object> target = info.This();
  if (!options.signal.IsEmpty() && IsAborted(options.signal)) return;
  if (key.callback->IsNull()) return;
  if (!Find(target, key.type, key.callback, (options.flags & listener::kCapture) != 0).IsEmpty()) return;
  v8::Local<v8::Object> record;
  if (!Append(context, target, key.type, key.callback, options.flags).ToLocal(&record) || options.signal.IsEmpty()) {
    return;
  }
  SetField(record, listener::kSignal, options.signal);
  SetField(record, listener::kTarget, target);
  RemoveListenerOnAbort(context, options.signal, record);
}

// https://dom.spec.whatwg.org/#dom-eventtarget-removeeventlistener
void RemoveEventListener(const Info& info) {
  Key key;
  ListenerOptions options;
  if (!key.Read(info, "EventTarget.removeEventListener") ||
      !options.Read(info.GetIsolate()->GetCurrentContext(), info[2], /*all=*/false)) {
    return;
  }
  const auto record = Find(info.This(), key.type, key.callback, (options.flags & listener::kCapture) != 0);
  if (!record.IsEmpty()) RemoveListener(info.GetIsolate(), info.This(), record);
}

// https://dom.spec.whatwg.org/#dom-eventtarget-dispatchevent
void DispatchEvent(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!RequireArguments(info, 1, "EventTarget.dispatchEvent")) return;
  if (!Implements(info[0], kEventInterface)) {
    return ThrowTypeError(isolate, "EventTarget.dispatchEvent: the argument is not an Event");
  }
  const v8::Local<v8::Object> event = info[0].As<v8::Object>();
  if (event::Has(event, event::kDispatch)) {
    return ThrowDOMException(isolate->GetCurrentContext(), "The event is already being dispatched",
                             "InvalidStateError");
  }
  event::Change(isolate, event, 0, event::kTrusted);
  if (Dispatch(isolate, info.This(), event, Stack::kInUse)) {
    info.GetReturnValue().Set(!event::Has(event, event::kCanceled));
  }
}

constexpr Member kTargetMembers[] = {
    {.kind = Member::kOperation, .name = "addEventListener", .call = AddEventListener, .length = 2},
    {.kind = Member::kOperation, .name = "removeEventListener", .call = RemoveEventListener, .length = 2},
    {.kind = Member::kOperation, .name = "dispatchEvent", .call = DispatchEvent, .length = 1},
};

}  // namespace

constexpr Interface kEventTargetInterface{.name = "EventTarget",
                                          .construct = Construct,
                                          .fields = event_target::kEnd - kFirstField,
                                          .members = kTargetMembers};

}  // namespace sluice::binding
