#include "src/runtime/structured_clone.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/realm.h"
#include "src/runtime/values.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;
using Buffers = std::vector<v8::Local<v8::ArrayBuffer>>;
// Found while V8 serializes, in handle scopes of its own.
using SharedBuffers = std::vector<v8::Global<v8::SharedArrayBuffer>>;

void ThrowDataClone(v8::Isolate* isolate, std::string_view message) {
  binding::ThrowDOMException(isolate->GetCurrentContext(), message, "DataCloneError");
}

// The `stack` of a DOMException, if it is a string of its own; undefined otherwise.
v8::Local<v8::Value> StackOf(v8::Local<v8::Context> context, v8::Local<v8::Object> exception) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::String> field = binding::Ascii(isolate, "value");
  v8::Local<v8::Value> descriptor;
  v8::Local<v8::Value> stack;
  if (exception->GetOwnPropertyDescriptor(context, binding::Ascii(isolate, "stack")).ToLocal(&descriptor) &&
      descriptor->IsObject() && descriptor.As<v8::Object>()->HasOwnProperty(context, field).FromMaybe(false) &&
      descriptor.As<v8::Object>()->Get(context, field).ToLocal(&stack) && stack->IsString()) {
    return stack;
  }
  return v8::Undefined(isolate);
}

// What is serialized is native memory while it is needed, and counted as that: a string that an array has a thousand
// times is there a thousand times.
class Writer final : public v8::ValueSerializer::Delegate {
 public:
  Writer(v8::Isolate* isolate, SharedBuffers& shared)
      : isolate_(isolate), shared_(shared), memory_(*binding::IsolateData::Of(isolate)->memory()) {}
  ~Writer() override { memory_.Return(counted_); }

  void UseSerializer(v8::ValueSerializer& serializer) { serializer_ = &serializer; }

  void ThrowDataCloneError(v8::Local<v8::String> message) override {
    ThrowDataClone(isolate_, Utf8(isolate_, message));
  }

  // Of what has internal fields, only DOMExceptions are serializable.
  // https://webidl.spec.whatwg.org/#idl-DOMException
  v8::Maybe<bool> WriteHostObject(v8::Isolate*, v8::Local<v8::Object> object) override {
    const v8::Local<v8::Context> context = isolate_->GetCurrentContext();
    if (!binding::Implements(object, binding::kDomExceptionInterface)) {
      ThrowDataClone(isolate_, Utf8(isolate_, object->GetConstructorName()) + " object could not be cloned.");
      return v8::Nothing<bool>();
    }
    const v8::Local<v8::Value> values[] = {binding::DOMExceptionMessage(object), binding::DOMExceptionName(object),
                                           StackOf(context, object)};
    for (const v8::Local<v8::Value> value : values) {
      if (!serializer_->WriteValue(context, value).FromMaybe(false)) return v8::Nothing<bool>();
    }
    return v8::Just(true);
  }

  // V8 asks for each object once.
  v8::Maybe<uint32_t> GetSharedArrayBufferId(v8::Isolate*, v8::Local<v8::SharedArrayBuffer> buffer) override {
    shared_.emplace_back(isolate_, buffer);
    return v8::Just(static_cast<uint32_t>(shared_.size() - 1));
  }

  // Null makes V8 throw a DataCloneError.
  void* ReallocateBufferMemory(void* old, size_t size, size_t* actual) override {
    if (size > kMaxBytes || Realm::Of(isolate_).interrupted()) return nullptr;
    if (size > kUncountedBytes) {
      if (size > counted_ && !memory_.Take(size - counted_)) return nullptr;
      counted_ = std::max(counted_, size);
    }
    *actual = size;
    return std::realloc(old, size);
  }
  void FreeBufferMemory(void* buffer) override { std::free(buffer); }

 private:
  // Where nothing else is a limit.
  static constexpr size_t kMaxBytes = size_t{1} << 30;
  // So little is no matter: what has used all of its memory can still clone.
  static constexpr size_t kUncountedBytes = 64 * 1024;

  v8::Isolate* isolate_;
  SharedBuffers& shared_;
  binding::NativeMemory& memory_;
  size_t counted_ = 0;
  v8::ValueSerializer* serializer_ = nullptr;
};

class Reader final : public v8::ValueDeserializer::Delegate {
 public:
  explicit Reader(const SharedBuffers& shared) : shared_(shared) {}

  void UseDeserializer(v8::ValueDeserializer& deserializer) { deserializer_ = &deserializer; }

  v8::MaybeLocal<v8::SharedArrayBuffer> GetSharedArrayBufferFromId(v8::Isolate* isolate, uint32_t id) override {
    return v8::SharedArrayBuffer::New(isolate, shared_.at(id).Get(isolate)->GetBackingStore());
  }

  // V8 ends the process if JavaScript runs in here.
  v8::MaybeLocal<v8::Object> ReadHostObject(v8::Isolate* isolate) override {
    const v8::Local<v8::Context> context = isolate->GetCurrentContext();
    v8::Local<v8::Value> message;
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> stack;
    v8::Local<v8::Object> exception;
    if (!deserializer_->ReadValue(context).ToLocal(&message) || !deserializer_->ReadValue(context).ToLocal(&name) ||
        !deserializer_->ReadValue(context).ToLocal(&stack) ||
        !binding::NewDOMExceptionWithoutStack(context, message.As<v8::String>(), name.As<v8::String>())
             .ToLocal(&exception)) {
      return {};
    }
    if (stack->IsString()) {
      (void)exception->DefineOwnProperty(context, binding::Ascii(isolate, "stack"), stack, v8::DontEnum);
    }
    return exception;
  }

 private:
  const SharedBuffers& shared_;
  v8::ValueDeserializer* deserializer_ = nullptr;
};

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
  binding::ObjectSet<v8::ArrayBuffer> buffers;
  const bool read =
      binding::ForEachInSequence(context, member, "structuredClone: transfer", [&](v8::Local<v8::Value> item) {
        if (!item->IsObject()) {
          binding::ThrowTypeError(isolate, "structuredClone: an item of transfer is not an object");
        } else if (!item->IsArrayBuffer()) {
          ThrowDataClone(isolate, "An item of transfer cannot be transferred; only ArrayBuffers can be.");
        } else if (!buffers.Add(isolate, item.As<v8::ArrayBuffer>())) {
          ThrowDataClone(isolate, "An ArrayBuffer is in transfer twice.");
        } else {
          return true;
        }
        return false;
      });
  if (!read) return false;
  transfer = buffers.Locals(isolate);
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
  writer.UseSerializer(serializer);
  serializer.WriteHeader();
  for (uint32_t i = 0; i < transfer.size(); ++i) serializer.TransferArrayBuffer(i, transfer[i]);
  if (!serializer.WriteValue(context, info[0]).FromMaybe(false)) return;
  const auto [data, size] = serializer.Release();
  const std::unique_ptr<uint8_t, decltype(&std::free)> bytes(data, &std::free);

  // A getter of the value may have detached what was to be transferred.
  if (!CheckDetachable(isolate, transfer)) return;
  Reader reader(shared);
  v8::ValueDeserializer deserializer(isolate, data, size, &reader);
  reader.UseDeserializer(deserializer);
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
