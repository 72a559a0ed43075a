// class WritableStreamDefaultController. https://streams.spec.whatwg.org/#ws-default-controller-class
#include "src/core/class_steps.h"
#include "src/v8/stream_object.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {
namespace {

v8::Local<v8::Object> StreamOf(const Info& info) {
  return info.This()->GetInternalField(ControllerField::kStream).As<v8::Object>();
}

void Signal(const Info& info) {
  const v8::Local<v8::Object> wrapper = StreamOf(info);
  StreamObject& stream = *StreamObject::Of(wrapper);
  v8::Local<v8::Value> signal;
  if (stream.data.host().Signal(info.GetIsolate()->GetCurrentContext(), stream, wrapper).ToLocal(&signal)) {
    info.GetReturnValue().Set(signal);
  }
}

void Error(const Info& info) {
  StreamObject& stream = *StreamObject::Of(StreamOf(info));
  V8Host& host = stream.data.host();
  const V8Host::Operation operation(host);
  core::ws_default_controller::Error(host, stream.core, V8Host::Borrow(info[0]));
}

constexpr Member kMembers[] = {
    {Member::kAttribute, "signal", Signal},
    {Member::kOperation, "error", Error},
};

}  // namespace

const Interface kWritableStreamDefaultControllerInterface{
    .name = "WritableStreamDefaultController", .fields = ControllerField::kEnd - kFirstField, .members = kMembers};

}  // namespace sluice::binding
