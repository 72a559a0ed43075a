// class WritableStreamDefaultWriter. https://streams.spec.whatwg.org/#default-writer-class
#include "src/core/class_steps.h"
#include "src/v8/stream_object.h"
#include "src/v8/v8_host.h"

namespace sluice::binding {
namespace {

WriterObject& This(const Info& info) { return *WriterObject::Of(info.This()); }
bool IsWriter(const Info& info) { return Implements(info.This(), kWritableStreamDefaultWriterInterface); }

// https://streams.spec.whatwg.org/#default-writer-constructor
void Construct(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  if (!Implements(info[0], kWritableStreamInterface)) {
    return ThrowTypeError(isolate,
                          "Failed to construct 'WritableStreamDefaultWriter': the argument is not a WritableStream");
  }
  V8Host& host = IsolateData::Of(isolate)->host();
  const auto stream = info[0].As<v8::Object>();
  WriterObject& writer = host.NewWriter(info.This());
  const auto made = core::default_writer::Constructor(host, writer.slot(), StreamObject::Of(stream)->core);
  if (made.is_thrown()) {
    isolate->ThrowException(host.ValueOf(made.thrown().value));
    return;
  }
  host.Attach(info.This(), stream);
}

void Closed(const Info& info) {
  if (!IsWriter(info)) return RejectIllegalInvocation(info);
  V8Host& host = This(info).data.host();
  host.Return(info, core::default_writer::Closed(host, This(info).slot()));
}

void DesiredSize(const Info& info) {
  V8Host& host = This(info).data.host();
  const auto size = core::default_writer::DesiredSize(host, This(info).slot());
  if (size.is_thrown()) {
    info.GetIsolate()->ThrowException(host.ValueOf(size.thrown().value));
  } else if (size.value().has_value()) {
    info.GetReturnValue().Set(*size.value());
  } else {
    info.GetReturnValue().SetNull();
  }
}

void Ready(const Info& info) {
  if (!IsWriter(info)) return RejectIllegalInvocation(info);
  V8Host& host = This(info).data.host();
  host.Return(info, core::default_writer::Ready(host, This(info).slot()));
}

void Abort(const Info& info) {
  if (!IsWriter(info)) return RejectIllegalInvocation(info);
  V8Host& host = This(info).data.host();
  const V8Host::Operation operation(host);
  host.Return(info, core::default_writer::Abort(host, This(info).slot(), V8Host::Borrow(info[0])));
}

void Close(const Info& info) {
  if (!IsWriter(info)) return RejectIllegalInvocation(info);
  V8Host& host = This(info).data.host();
  const V8Host::Operation operation(host);
  host.Return(info, core::default_writer::Close(host, This(info).slot()));
}

void ReleaseLock(const Info& info) {
  V8Host& host = This(info).data.host();
  core::default_writer::ReleaseLock(host, This(info).slot());
  host.Detach(info.This());
}

void Write(const Info& info) {
  if (!IsWriter(info)) return RejectIllegalInvocation(info);
  V8Host& host = This(info).data.host();
  const V8Host::Operation operation(host);
  host.Return(info, core::default_writer::Write(host, This(info).slot(), V8Host::Borrow(info[0])));
}

constexpr Member kMembers[] = {
    {Member::kPromiseAttribute, "closed", Closed}, {Member::kAttribute, "desiredSize", DesiredSize},
    {Member::kPromiseAttribute, "ready", Ready},   {Member::kPromiseOperation, "abort", Abort},
    {Member::kPromiseOperation, "close", Close},   {Member::kOperation, "releaseLock", ReleaseLock},
    {Member::kPromiseOperation, "write", Write},
};

}  // namespace

const Interface kWritableStreamDefaultWriterInterface{.name = "WritableStreamDefaultWriter",
                                                      .construct = Construct,
                                                      .length = 1,
                                                      .fields = WriterField::kEnd - kFirstField,
                                                      .members = kMembers};

}  // namespace sluice::binding
