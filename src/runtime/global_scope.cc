#include "src/runtime/global_scope.h"

#include <absl/strings/escaping.h>
#include <uv.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "src/runtime/base64.h"
#include "src/runtime/realm.h"
#include "src/runtime/values.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/dom/event_target.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using binding::Info;
using binding::Interface;
using binding::Member;

// https://html.spec.whatwg.org/#dom-queuemicrotask
void QueueMicrotask(const Info& info) {
  if (!binding::RequireArguments(info, 1, "queueMicrotask")) return;
  if (!info[0]->IsFunction()) {
    return binding::ThrowTypeError(info.GetIsolate(), "queueMicrotask: the callback must be a function");
  }
  info.GetIsolate()->EnqueueMicrotask(info[0].As<v8::Function>());
}

// https://html.spec.whatwg.org/#dom-reporterror
void ReportError(const Info& info) {
  if (!binding::RequireArguments(info, 1, "reportError")) return;
  v8::Isolate* const isolate = info.GetIsolate();
  SelfOf<Realm>(info).ReportException(isolate->GetCurrentContext(), info[0],
                                      v8::Exception::CreateMessage(isolate, info[0]));
}

// ---- Base64. https://html.spec.whatwg.org/#atob

// The first argument as a string, whose characters as bytes: false with something thrown.
bool ToBytes(const Info& info, const char* what, std::string& bytes) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::String> text;
  if (!binding::RequireArguments(info, 1, what) || !info[0]->ToString(context).ToLocal(&text)) return false;
  if (!text->ContainsOnlyOneByte()) {
    binding::ThrowDOMException(context, std::string(what) + ": a character is above U+00FF", "InvalidCharacterError");
    return false;
  }
  // Twice, and what is made of it. So little is no matter.
  constexpr int kShort = 100'000;
  if (text->Length() > kShort &&
      !binding::IsolateData::Of(isolate)->RequireMemory(3 * static_cast<size_t>(text->Length()), what)) {
    return false;
  }
  bytes.resize(static_cast<size_t>(text->Length()));
  text->WriteOneByte(isolate, reinterpret_cast<uint8_t*>(bytes.data()), 0, text->Length(),
                     v8::String::NO_NULL_TERMINATION);
  return true;
}

void ReturnByteString(const Info& info, const std::string& bytes) {
  v8::Local<v8::String> result;
  if (NewByteString(info.GetIsolate(), bytes).ToLocal(&result)) info.GetReturnValue().Set(result);
}

void Btoa(const Info& info) {
  std::string bytes;
  if (ToBytes(info, "btoa", bytes)) ReturnByteString(info, absl::Base64Escape(bytes));
}

void Atob(const Info& info) {
  std::string bytes;
  if (!ToBytes(info, "atob", bytes)) return;
  if (const std::optional<std::string> decoded = ForgivingBase64Decode(bytes)) return ReturnByteString(info, *decoded);
  binding::ThrowDOMException(info.GetIsolate()->GetCurrentContext(), "atob: the text is not Base64",
                             "InvalidCharacterError");
}

// ---- Performance. https://w3c.github.io/hr-time/#sec-performance

double TimeOrigin(v8::Isolate* isolate) { return Realm::Of(isolate).wall_time_origin(); }

void Now(const Info& info) { info.GetReturnValue().Set(EventLoop::Now() - Realm::Of(info.GetIsolate()).time_origin()); }

void GetTimeOrigin(const Info& info) { info.GetReturnValue().Set(TimeOrigin(info.GetIsolate())); }

void PerformanceToJson(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Object> json = v8::Object::New(isolate);
  if (json->CreateDataProperty(isolate->GetCurrentContext(), binding::Ascii(isolate, "timeOrigin"),
                               v8::Number::New(isolate, TimeOrigin(isolate)))
          .FromMaybe(false)) {
    info.GetReturnValue().Set(json);
  }
}

constexpr Member kPerformanceMembers[] = {
    {Member::kOperation, "now", Now},
    {Member::kAttribute, "timeOrigin", GetTimeOrigin},
    {Member::kOperation, "toJSON", PerformanceToJson},
};
const Interface kPerformance{.name = "Performance",
                             .parent = &binding::kEventTargetInterface,
                             .fields = binding::event_target::kEnd - binding::kFirstField,
                             .members = kPerformanceMembers};

// ---- Crypto. https://w3c.github.io/webcrypto/#crypto-interface

// False with an exception thrown.
bool Random(v8::Isolate* isolate, void* bytes, size_t size) {
  if (uv_random(nullptr, nullptr, bytes, size, 0, nullptr) == 0) return true;
  binding::ThrowDOMException(isolate->GetCurrentContext(), "crypto: the system gives no random bytes",
                             "OperationError");
  return false;
}

void GetRandomValues(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  constexpr size_t kMostBytes = 65'536;
  if (!binding::RequireArguments(info, 1, "crypto.getRandomValues")) return;
  if (!info[0]->IsArrayBufferView()) {
    return binding::ThrowTypeError(isolate, "crypto.getRandomValues: the argument is not an ArrayBufferView");
  }
  if (!info[0]->IsTypedArray() || info[0]->IsFloat32Array() || info[0]->IsFloat64Array()) {
    return binding::ThrowDOMException(context, "crypto.getRandomValues: the array is not one of integers",
                                      "TypeMismatchError");
  }
  const v8::Local<v8::ArrayBufferView> view = info[0].As<v8::ArrayBufferView>();
  if (view->Buffer()->IsSharedArrayBuffer()) {
    return binding::ThrowTypeError(isolate, "crypto.getRandomValues: the array is shared");
  }
  const size_t size = view->ByteLength();
  if (size > kMostBytes) {
    return binding::ThrowDOMException(context, "crypto.getRandomValues: the array has more than 65536 bytes",
                                      "QuotaExceededError");
  }
  if (size != 0 &&
      !Random(isolate, static_cast<char*>(view->Buffer()->GetBackingStore()->Data()) + view->ByteOffset(), size)) {
    return;
  }
  info.GetReturnValue().Set(info[0]);
}

// https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-4
void RandomUuid(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  std::array<uint8_t, 16> bytes;
  if (!Random(isolate, bytes.data(), bytes.size())) return;
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits;
  }
  ReturnByteString(info, text);
}

constexpr Member kCryptoMembers[] = {
    {.kind = Member::kOperation, .name = "getRandomValues", .call = GetRandomValues, .length = 1},
    {Member::kOperation, "randomUUID", RandomUuid},
};
const Interface kCrypto{.name = "Crypto", .members = kCryptoMembers};

}  // namespace

void ExposeGlobalScope(Realm& realm, v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> global = context->Global();
  const auto hidden = [&](const char* name, v8::Local<v8::Value> value) {
    (void)global->DefineOwnProperty(context, binding::Ascii(isolate, name), value, v8::DontEnum);
  };
  hidden("self", global);
  DefineFunction(context, global, "queueMicrotask", QueueMicrotask, &realm, 1);
  DefineFunction(context, global, "reportError", ReportError, &realm, 1);
  DefineFunction(context, global, "atob", Atob, &realm, 1);
  DefineFunction(context, global, "btoa", Btoa, &realm, 1);
  const std::pair<const char*, const Interface*> kObjects[] = {{"performance", &kPerformance}, {"crypto", &kCrypto}};
  for (const auto& [name, interface] : kObjects) {
    v8::Local<v8::Object> object;
    binding::Expose(context, *interface);
    if (binding::NewObject(context, *interface).ToLocal(&object)) hidden(name, object);
  }
}

}  // namespace sluice::runtime
