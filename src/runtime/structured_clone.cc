#include "src/runtime/structured_clone.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;
using Buffers = std::vector<v8::Local<v8::ArrayBuffer>>;
// Found while V8 serializes, in handle scopes of its own.
using SharedBuffers = std::vector<v8::Global<v8::SharedArrayBuffer>>;

void ThrowDataClone(v8::Isolate* isolate, v8::Local<v8::String> message) {
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Value> constructor;
  v8::Local<v8::Value> exception = v8::Exception::TypeError(message);
  if (context->Global()->GetRealNamedProperty(context, binding::Ascii(isolate, "DOMException")).ToLocal(&constructor) &&
      constructor->IsFunction()) {
    v8::Local<v8::Value> arguments[] = {message, binding::Ascii(isolate, "DataCloneError")};
    v8::Local<v8::Object> made;
    if (!constructor.As<v8::Function>()->NewInstance(context, 2, arguments).ToLocal(&made)) return;
    exception = made;
  }
  isolate->ThrowException(exception);
}

void ThrowDataClone(v8::Isolate* isolate, const char* message) {
  ThrowDataClone(isolate, binding::Ascii(isolate, message));
}

class Writer final : public v8::ValueSerializer::Delegate {
 public:
  Writer(v8::Isolate* isolate, SharedBuffers& shared) : isolate_(isolate), shared_(shared) {}

  void ThrowDataCloneError(v8::Local<v8::String> message) override { ThrowDataClone(isolate_, message); }

  v8::Maybe<bool> WriteHostObject(v8::Isolate*, v8::Local<v8::Object> object) override {
    v8::Local<v8::String> message;
    if (NewString(isolate_, Utf8(isolate_, object->GetConstructorName()) + " object could not be cloned.")
            .ToLocal(&message)) {
      ThrowDataClone(isolate_, message);
    }
    return v8::Nothing<bool>();
  }

  v8::Maybe<uint32_t> GetSharedArrayBufferId(v8::Isolate*, v8::Local<v8::SharedArrayBuffer> buffer) override {
    for (uint32_t i = 0; i < shared_.size(); ++i) {
      if (shared_[i] == buffer) return v8::Just(i);
    }
    shared_.emplace_back(isolate_, buffer);
    return v8::Just(static_cast<uint32_t>(shared_.size() - 1));
  }

 private:
  v8::Isolate* isolate_;
  SharedBuffers& shared_;
};

class Reader final : public v8::ValueDeserializer::Delegate {
 public:
  explicit Reader(const SharedBuffers& shared) : shared_(shared) {}

  v8::MaybeLocal<v8::SharedArrayBuffer> GetSharedArrayBufferFromId(v8::Isolate* isolate, uint32_t id) override {
    return v8::SharedArrayBuffer::New(isolate, shared_.at(id).Get(isolate)->GetBackingStore());
  }

 private:
  const SharedBuffers& shared_;
};

// The items of an iterable. False if something was thrown. https://webidl.spec.whatwg.org/#es-sequence
bool ToSequence(v8::Local<v8::Context> context, v8::Local<v8::Value> iterable,
                std::vector<v8::Local<v8::Value>>& items) {
  v8::Isolate* const isolate = context->GetIsolate();
  const auto refuse = [&] {
    binding::ThrowTypeError(isolate, "structuredClone: transfer must be an iterable object");
    return false;
  };
  v8::Local<v8::Value> method;
  v8::Local<v8::Value> iterator;
  v8::Local<v8::Value> next;
  if (!iterable->IsObject()) return refuse();
  if (!iterable.As<v8::Object>()->Get(context, v8::Symbol::GetIterator(isolate)).ToLocal(&method)) return false;
  if (!method->IsFunction()) return refuse();
  if (!method.As<v8::Function>()->Call(context, iterable, 0, nullptr).ToLocal(&iterator)) return false;
  if (!iterator->IsObject()) return refuse();
  if (!iterator.As<v8::Object>()->Get(context, binding::Ascii(isolate, "next")).ToLocal(&next)) return false;
  if (!next->IsFunction()) return refuse();
  while (true) {
    v8::Local<v8::Value> step;
    v8::Local<v8::Value> done;
    v8::Local<v8::Value> value;
    if (!next.As<v8::Function>()->Call(context, iterator, 0, nullptr).ToLocal(&step)) return false;
    if (!step->IsObject()) return refuse();
    if (!step.As<v8::Object>()->Get(context, binding::Ascii(isolate, "done")).ToLocal(&done)) return false;
    if (done->BooleanValue(isolate)) return true;
    if (!step.As<v8::Object>()->Get(context, binding::Ascii(isolate, "value")).ToLocal(&value)) return false;
    items.push_back(value);
  }
}

// The `transfer` member of the options. False if something was thrown.
bool TransferOf(v8::Local<v8::Context> context, v8::Local<v8::Value> options, Buffers& transfer) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Object> dictionary;
  v8::Local<v8::Value> member;
  if (!binding::ToDictionary(isolate, options, "structuredClone", dictionary)) return false;
  if (dictionary.IsEmpty()) return true;
  if (!binding::DictionaryMember(context, dictionary, binding::Ascii(isolate, "transfer")).ToLocal(&member)) {
    return false;
  }
  if (member->IsUndefined()) return true;
  std::vector<v8::Local<v8::Value>> items;
  if (!ToSequence(context, member, items)) return false;
  for (const v8::Local<v8::Value> item : items) {
    if (!item->IsObject()) {
      binding::ThrowTypeError(isolate, "structuredClone: an item of transfer is not an object");
      return false;
    }
    if (!item->IsArrayBuffer()) {
      ThrowDataClone(isolate, "An item of transfer cannot be transferred; only ArrayBuffers can be.");
      return false;
    }
    for (const v8::Local<v8::ArrayBuffer> other : transfer) {
      if (!other->StrictEquals(item)) continue;
      ThrowDataClone(isolate, "An ArrayBuffer is in transfer twice.");
      return false;
    }
    transfer.push_back(item.As<v8::ArrayBuffer>());
  }
  return true;
}

bool CheckDetachable(v8::Isolate* isolate, const Buffers& transfer) {
  for (const v8::Local<v8::ArrayBuffer> buffer : transfer) {
    if (buffer->IsDetachable() && !buffer->WasDetached()) continue;
    ThrowDataClone(isolate, buffer->WasDetached() ? "An ArrayBuffer in transfer is detached already."
                                                  : "An ArrayBuffer in transfer cannot be detached.");
    return false;
  }
  return true;
}

void StructuredClone(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (!binding::RequireArguments(info, 1, "structuredClone")) return;
  Buffers transfer;
  if (!TransferOf(context, info[1], transfer) || !CheckDetachable(isolate, transfer)) return;

  SharedBuffers shared;
  Writer writer(isolate, shared);
  v8::ValueSerializer serializer(isolate, &writer);
  serializer.WriteHeader();
  for (uint32_t i = 0; i < transfer.size(); ++i) serializer.TransferArrayBuffer(i, transfer[i]);
  if (!serializer.WriteValue(context, info[0]).FromMaybe(false)) return;
  const auto [data, size] = serializer.Release();
  const std::unique_ptr<uint8_t, decltype(&std::free)> bytes(data, &std::free);

  // A getter of the value may have detached what was to be transferred.
  if (!CheckDetachable(isolate, transfer)) return;
  Reader reader(shared);
  v8::ValueDeserializer deserializer(isolate, data, size, &reader);
  for (uint32_t i = 0; i < transfer.size(); ++i) {
    std::shared_ptr<v8::BackingStore> store = transfer[i]->GetBackingStore();
    transfer[i]->Detach();
    deserializer.TransferArrayBuffer(i, v8::ArrayBuffer::New(isolate, std::move(store)));
  }
  v8::Local<v8::Value> clone;
  if (deserializer.ReadHeader(context).FromMaybe(false) && deserializer.ReadValue(context).ToLocal(&clone)) {
    info.GetReturnValue().Set(clone);
  }
}

}  // namespace

void ExposeStructuredClone(v8::Local<v8::Context> context) {
  DefineFunction(context, context->Global(), "structuredClone", StructuredClone, nullptr, 1);
}

}  // namespace sluice::runtime
