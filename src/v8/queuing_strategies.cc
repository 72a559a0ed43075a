// class ByteLengthQueuingStrategy, class CountQueuingStrategy.
//   https://streams.spec.whatwg.org/#blqs-class  https://streams.spec.whatwg.org/#cqs-class
#include <string>

#include "src/v8/bootstrap.h"
#include "src/v8/isolate_data.h"
#include "src/v8/stream_object.h"

namespace sluice::binding {
namespace {

// new ...QueuingStrategy(init), with a required dictionary whose member highWaterMark is required.
void Construct(const Info& info, const Interface& interface) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const std::string what = std::string("Failed to construct '") + interface.name + "'";
  v8::Local<v8::Object> init;
  if (!ToDictionary(isolate, info[0], what + ": the argument", init)) return;
  v8::Local<v8::Value> mark = v8::Undefined(isolate);
  if (!DictionaryMember(context, init, IsolateData::Of(isolate)->name(Name::kHighWaterMark)).ToLocal(&mark)) return;
  if (mark->IsUndefined()) return ThrowTypeError(isolate, what + ": highWaterMark is required");
  v8::Local<v8::Number> number;
  if (!mark->ToNumber(context).ToLocal(&number)) return;
  info.This()->SetInternalField(StrategyField::kHighWaterMark, number);
}

void HighWaterMark(const Info& info) {
  info.GetReturnValue().Set(info.This()->GetInternalField(StrategyField::kHighWaterMark).As<v8::Value>());
}

// One function for each realm: that of the object.
void Size(const Info& info, Intrinsic which) {
  info.GetReturnValue().Set(GetIntrinsic(info.This()->GetCreationContext().ToLocalChecked(), which));
}

constexpr Member kByteLengthMembers[] = {
    {Member::kAttribute, "highWaterMark", HighWaterMark},
    {Member::kAttribute, "size", [](const Info& info) { Size(info, Intrinsic::kByteLengthSize); }},
};

constexpr Member kCountMembers[] = {
    {Member::kAttribute, "highWaterMark", HighWaterMark},
    {Member::kAttribute, "size", [](const Info& info) { Size(info, Intrinsic::kCountSize); }},
};

}  // namespace

const Interface kByteLengthQueuingStrategyInterface{
    .name = "ByteLengthQueuingStrategy",
    .construct = [](const Info& info) { Construct(info, kByteLengthQueuingStrategyInterface); },
    .length = 1,
    .fields = StrategyField::kEnd - kFirstField,
    .members = kByteLengthMembers};

const Interface kCountQueuingStrategyInterface{
    .name = "CountQueuingStrategy",
    .construct = [](const Info& info) { Construct(info, kCountQueuingStrategyInterface); },
    .length = 1,
    .fields = StrategyField::kEnd - kFirstField,
    .members = kCountMembers};

}  // namespace sluice::binding
