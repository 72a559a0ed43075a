#include "src/v8/dom/event.h"

#include <string>

namespace sluice::binding {
namespace event {

void Cancel(v8::Isolate* isolate, v8::Local<v8::Object> event) {
  if (Has(event, kCancelable) && !Has(event, kInPassiveListener)) Change(isolate, event, kCanceled);
}

namespace {

enum CustomFields { kDetail = kEnd, kCustomEnd };

// https://dom.spec.whatwg.org/#inner-event-creation-steps, without the dictionary
void Create(v8::Isolate* isolate, v8::Local<v8::Object> event, v8::Local<v8::String> type, int flags) {
  SetField(event, kType, type);
  SetIntegerField(isolate, event, kFlags, flags | kInitialized);
  SetField(event, kTarget, v8::Null(isolate));
  SetField(event, kCurrentTarget, v8::Null(isolate));
  SetField(event, kTimeStamp, v8::Number::New(isolate, DomData::Of(isolate).Now()));
}

// EventInit's members, in their order. False if something was thrown.
bool ReadEventInit(v8::Local<v8::Context> context, v8::Local<v8::Object> dictionary, int& flags) {
  constexpr struct {
    const char* name;
    int flag;
  } kMembers[] = {{"bubbles", kBubbles}, {"cancelable", kCancelable}, {"composed", kComposed}};
  v8::Isolate* isolate = context->GetIsolate();
  for (const auto& member : kMembers) {
    v8::Local<v8::Value> value;
    if (!DictionaryMember(context, dictionary, Ascii(isolate, member.name)).ToLocal(&value)) return false;
    if (value->BooleanValue(isolate)) flags |= member.flag;
  }
  return true;
}

// Event's constructor; CustomEvent reads one member more.
bool ConstructEvent(const Info& info, const char* name, v8::Local<v8::Object>& dictionary) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::String> type;
  if (!info[0]->ToString(context).ToLocal(&type)) return false;
  int flags = 0;
  if (!ToDictionary(isolate, info[1], std::string("Failed to construct '") + name + "': eventInitDict", dictionary) ||
      !ReadEventInit(context, dictionary, flags)) {
    return false;
  }
  Create(isolate, info.This(), type, flags);
  return true;
}

// https://dom.spec.whatwg.org/#dom-event-event
void Construct(const Info& info) {
  v8::Local<v8::Object> dictionary;
  ConstructEvent(info, "Event", dictionary);
}

// https://dom.spec.whatwg.org/#concept-event-initialize, of initEvent and initCustomEvent. False if the event is being
// dispatched or something was thrown.
bool Initialize(const Info& info, const char* what) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> type;
  if (!RequireArguments(info, 1, what) || !info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&type)) return false;
  const v8::Local<v8::Object> self = info.This();
  if (Has(self, kDispatch)) return false;
  SetField(self, kType, type);
  SetField(self, kTarget, v8::Null(isolate));
  int set = kInitialized;
  if (info[1]->BooleanValue(isolate)) set |= kBubbles;
  if (info[2]->BooleanValue(isolate)) set |= kCancelable;
  Change(isolate, self, set,
         kStopPropagation | kStopImmediatePropagation | kCanceled | kTrusted | kBubbles | kCancelable);
  return true;
}

void InitEvent(const Info& info) { Initialize(info, "Event.initEvent"); }

template <int kField>
void Get(const Info& info) {
  info.GetReturnValue().Set(Field(info.This(), kField));
}

template <int kFlag>
void GetFlag(const Info& info) {
  info.GetReturnValue().Set(Has(info.This(), kFlag));
}

// https://dom.spec.whatwg.org/#dom-event-composedpath. Nothing has a parent, so the path is the target or nothing.
void ComposedPath(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Value> target = Field(info.This(), kCurrentTarget);
  info.GetReturnValue().Set(v8::Array::New(isolate, &target, Has(info.This(), kDispatch) ? 1 : 0));
}

constexpr int kAtTarget = 2;
void GetEventPhase(const Info& info) { info.GetReturnValue().Set(Has(info.This(), kDispatch) ? kAtTarget : 0); }

void StopPropagation(const Info& info) { Change(info.GetIsolate(), info.This(), kStopPropagation); }
void SetCancelBubble(const Info& info) {
  if (info[0]->BooleanValue(info.GetIsolate())) StopPropagation(info);
}
void StopImmediatePropagation(const Info& info) {
  Change(info.GetIsolate(), info.This(), kStopPropagation | kStopImmediatePropagation);
}
void GetReturnValue(const Info& info) { info.GetReturnValue().Set(!Has(info.This(), kCanceled)); }
void SetReturnValue(const Info& info) {
  if (!info[0]->BooleanValue(info.GetIsolate())) Cancel(info.GetIsolate(), info.This());
}
void PreventDefault(const Info& info) { Cancel(info.GetIsolate(), info.This()); }

constexpr Member kMembers[] = {
    {Member::kAttribute, "type", Get<kType>},
    {Member::kAttribute, "target", Get<kTarget>},
    {Member::kAttribute, "srcElement", Get<kTarget>},
    {Member::kAttribute, "currentTarget", Get<kCurrentTarget>},
    {Member::kOperation, "composedPath", ComposedPath},
    {.kind = Member::kConstant, .name = "NONE", .value = 0},
    {.kind = Member::kConstant, .name = "CAPTURING_PHASE", .value = 1},
    {.kind = Member::kConstant, .name = "AT_TARGET", .value = kAtTarget},
    {.kind = Member::kConstant, .name = "BUBBLING_PHASE", .value = 3},
    {Member::kAttribute, "eventPhase", GetEventPhase},
    {Member::kOperation, "stopPropagation", StopPropagation},
    {Member::kAttribute, "cancelBubble", GetFlag<kStopPropagation>, SetCancelBubble},
    {Member::kOperation, "stopImmediatePropagation", StopImmediatePropagation},
    {Member::kAttribute, "bubbles", GetFlag<kBubbles>},
    {Member::kAttribute, "cancelable", GetFlag<kCancelable>},
    {Member::kAttribute, "returnValue", GetReturnValue, SetReturnValue},
    {Member::kOperation, "preventDefault", PreventDefault},
    {Member::kAttribute, "defaultPrevented", GetFlag<kCanceled>},
    {Member::kAttribute, "composed", GetFlag<kComposed>},
    {.kind = Member::kAttribute, .name = "isTrusted", .call = GetFlag<kTrusted>, .unforgeable = true},
    {Member::kAttribute, "timeStamp", Get<kTimeStamp>},
    {.kind = Member::kOperation, .name = "initEvent", .call = InitEvent, .length = 1},
};

// ---- CustomEvent. https://dom.spec.whatwg.org/#interface-customevent

void ConstructCustomEvent(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Object> dictionary;
  v8::Local<v8::Value> detail;
  if (!ConstructEvent(info, "CustomEvent", dictionary) ||
      !DictionaryMember(isolate->GetCurrentContext(), dictionary, Ascii(isolate, "detail")).ToLocal(&detail)) {
    return;
  }
  SetField(info.This(), kDetail, detail->IsUndefined() ? v8::Null(isolate).As<v8::Value>() : detail);
}

void InitCustomEvent(const Info& info) {
  if (!Initialize(info, "CustomEvent.initCustomEvent")) return;
  const v8::Local<v8::Value> detail = info[3];
  SetField(info.This(), kDetail, detail->IsUndefined() ? v8::Null(info.GetIsolate()).As<v8::Value>() : detail);
}

constexpr Member kCustomMembers[] = {
    {Member::kAttribute, "detail", Get<kDetail>},
    {.kind = Member::kOperation, .name = "initCustomEvent", .call = InitCustomEvent, .length = 1},
};

}  // namespace
}  // namespace event

constexpr Interface kEventInterface{.name = "Event",
                                    .construct = event::Construct,
                                    .length = 1,
                                    .fields = event::kEnd - kFirstField,
                                    .members = event::kMembers};

constexpr Interface kCustomEventInterface{.name = "CustomEvent",
                                          .parent = &kEventInterface,
                                          .construct = event::ConstructCustomEvent,
                                          .length = 1,
                                          .fields = event::kCustomEnd - kFirstField,
                                          .members = event::kCustomMembers};

v8::MaybeLocal<v8::Object> NewEvent(v8::Local<v8::Context> context, v8::Local<v8::String> type) {
  v8::Local<v8::Object> made;
  if (!NewObject(context, kEventInterface).ToLocal(&made)) return {};
  event::Create(context->GetIsolate(), made, type, event::kTrusted);
  return made;
}

}  // namespace sluice::binding
