// The native functions under js/headers.js and js/body.js: what may stand in a header, bytes and text, abort signals.
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "src/runtime/buffer_allocator.h"
#include "src/runtime/fetch/fetch.h"
#include "src/runtime/fetch/fetch_script.h"
#include "src/runtime/fetch/http_syntax.h"
#include "src/runtime/realm.h"
#include "src/runtime/text_decoder.h"
#include "src/runtime/text_encoding.h"
#include "src/runtime/values.h"
#include "src/v8/dom/abort_signal.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using binding::Info;

// A string whose characters are all below U+0100, as bytes.
std::string Bytes(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  const v8::Local<v8::String> string = value.As<v8::String>();
  std::string bytes(static_cast<size_t>(string->Length()), '\0');
  string->WriteOneByte(isolate, reinterpret_cast<uint8_t*>(bytes.data()), 0, string->Length(),
                       v8::String::NO_NULL_TERMINATION);
  return bytes;
}

void ReturnBytes(const Info& info, std::string_view bytes) {
  v8::Local<v8::String> string;
  if (NewByteString(info.GetIsolate(), bytes).ToLocal(&string)) info.GetReturnValue().Set(string);
}

// ---- Headers. Strings are byte strings, unless said otherwise.

// IsByteString(any string)
void IsByteString(const Info& info) { info.GetReturnValue().Set(info[0].As<v8::String>()->ContainsOnlyOneByte()); }

// HeaderName(name): in lower case; undefined if it is none.
void HeaderName(const Info& info) {
  const std::string name = Bytes(info.GetIsolate(), info[0]);
  if (!IsToken(name)) return;
  const std::string lower = AsciiLowerCase(name);
  if (lower == name) return info.GetReturnValue().Set(info[0]);
  ReturnBytes(info, lower);
}

// HeaderValue(value): without blanks at its ends; undefined if it is none.
void HeaderValue(const Info& info) {
  const std::string bytes = Bytes(info.GetIsolate(), info[0]);
  const std::string_view value = NormalizeHeaderValue(bytes);
  if (!IsHeaderValue(value)) return;
  if (value.size() == bytes.size()) return info.GetReturnValue().Set(info[0]);
  ReturnBytes(info, value);
}

// IsReasonPhrase(text)
void IsReasonPhraseNative(const Info& info) {
  info.GetReturnValue().Set(IsReasonPhrase(Bytes(info.GetIsolate(), info[0])));
}

// RequestMethod(method): normalized; undefined if it is none, or one that scripts may not use.
void RequestMethod(const Info& info) {
  const std::string method = Bytes(info.GetIsolate(), info[0]);
  if (IsToken(method) && !IsForbiddenMethod(method)) ReturnBytes(info, NormalizeMethod(method));
}

// ---- Bodies

// What a buffer or a view of one holds; `length` 0 if it is detached. False if `value` is neither, or shared.
bool BufferSource(v8::Local<v8::Value> value, v8::Local<v8::ArrayBuffer>& buffer, size_t& offset, size_t& length) {
  if (value->IsArrayBuffer()) {
    buffer = value.As<v8::ArrayBuffer>();
    offset = 0;
    length = buffer->ByteLength();
    return true;
  }
  if (!value->IsArrayBufferView()) return false;
  const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
  const v8::Local<v8::Value> under = view->Buffer();
  if (!under->IsArrayBuffer()) return false;
  buffer = under.As<v8::ArrayBuffer>();
  offset = view->ByteOffset();
  length = view->ByteLength();
  return true;
}

std::string_view BytesOf(v8::Local<v8::ArrayBuffer> buffer) {
  const std::shared_ptr<v8::BackingStore> store = buffer->GetBackingStore();
  return {static_cast<const char*>(store->Data()), store->ByteLength()};
}

// CopyBytes(any value): a new ArrayBuffer with what a buffer or a view holds; undefined if it is neither.
void CopyBytes(const Info& info) {
  v8::Local<v8::ArrayBuffer> buffer;
  size_t offset = 0;
  size_t length = 0;
  if (!BufferSource(info[0], buffer, offset, length)) return;
  char* bytes = nullptr;
  v8::Local<v8::ArrayBuffer> copy;
  if (!NewBuffer(info.GetIsolate(), length, bytes).ToLocal(&copy)) return;
  if (length != 0) std::memcpy(bytes, BytesOf(buffer).data() + offset, length);
  info.GetReturnValue().Set(copy);
}

// EncodeText(string): an ArrayBuffer with its UTF-8.
void EncodeText(const Info& info) {
  const std::string text = Utf8(info.GetIsolate(), info[0].As<v8::String>());
  char* bytes = nullptr;
  v8::Local<v8::ArrayBuffer> buffer;
  if (!NewBuffer(info.GetIsolate(), text.size(), bytes).ToLocal(&buffer)) return;
  if (!text.empty()) std::memcpy(bytes, text.data(), text.size());
  info.GetReturnValue().Set(buffer);
}

// DecodeText(a string or an ArrayBuffer): the text that its UTF-8 is, without a byte order mark.
void DecodeText(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  std::string copy;
  std::string_view bytes;
  if (info[0]->IsString()) {
    if (info[0].As<v8::String>()->IsOneByte()) return info.GetReturnValue().Set(info[0]);
    copy = Utf8(isolate, info[0].As<v8::String>());
    bytes = copy;
  } else {
    bytes = BytesOf(info[0].As<v8::ArrayBuffer>());
  }
  DecoderState state;
  DecodedText text;
  v8::Local<v8::String> string;
  if (Decode(Encoding::kUtf8, bytes, {}, state, text) && ToString(isolate, text).ToLocal(&string)) {
    info.GetReturnValue().Set(string);
  }
}

// GiveResponse(status, statusText, headers, body): from readResponse(), to who asked for it. The body is a string, an
// ArrayBuffer or null; headers are as WriteHeaders() writes them.
void GiveResponse(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  ResponseData& response = *Realm::Of(isolate).fetch().response;
  response.status = static_cast<uint16_t>(info[0].As<v8::Int32>()->Value());
  response.status_text = Bytes(isolate, info[1]);
  response.headers = ReadHeaders(Bytes(isolate, info[2]));
  if (info[3]->IsString()) {
    response.body = Utf8(isolate, info[3].As<v8::String>());
  } else if (info[3]->IsArrayBuffer()) {
    response.body = BytesOf(info[3].As<v8::ArrayBuffer>());
  } else {
    response.body.clear();
  }
}

// ---- Signals

// IsAbortSignal(any value)
void IsAbortSignal(const Info& info) {
  info.GetReturnValue().Set(binding::Implements(info[0], binding::kAbortSignalInterface));
}

// NewSignal(signal or undefined): one that follows `signal`, or one that never aborts.
void NewSignal(const Info& info) {
  const v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  v8::Local<v8::Object> made;
  if (info[0]->IsUndefined()) {
    if (!binding::NewAbortSignal(context).ToLocal(&made)) return;
  } else {
    const v8::Local<v8::Object> source = info[0].As<v8::Object>();
    if (!binding::NewDependentSignal(context, {&source, 1}).ToLocal(&made)) return;
  }
  info.GetReturnValue().Set(made);
}

// AbortedSignal(reason)
void AbortedSignal(const Info& info) {
  v8::Local<v8::Object> made;
  if (binding::NewAbortedSignal(info.GetIsolate()->GetCurrentContext(), info[0]).ToLocal(&made)) {
    info.GetReturnValue().Set(made);
  }
}

// SignalAbort(signal, reason)
void SignalAbort(const Info& info) {
  binding::SignalAbort(info.GetIsolate()->GetCurrentContext(), info[0].As<v8::Object>(), info[1]);
}

}  // namespace

std::vector<binding::ScriptNative> FetchNatives() {
  return {{"IsByteString", IsByteString},   {"HeaderName", HeaderName},
          {"HeaderValue", HeaderValue},     {"IsReasonPhrase", IsReasonPhraseNative},
          {"RequestMethod", RequestMethod}, {"CopyBytes", CopyBytes},
          {"EncodeText", EncodeText},       {"DecodeText", DecodeText},
          {"GiveResponse", GiveResponse},   {"IsAbortSignal", IsAbortSignal},
          {"NewSignal", NewSignal},         {"AbortedSignal", AbortedSignal},
          {"SignalAbort", SignalAbort}};
}

}  // namespace sluice::runtime
