#include "src/runtime/text_encoding.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/runtime/buffer_allocator.h"
#include "src/runtime/heap_room.h"
#include "src/runtime/text_decoder.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using binding::Info;
using binding::Interface;
using binding::Member;

constexpr int kWriteOptions = v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8;

// A DecoderState and the options, as three numbers in internal fields: nothing has to be freed.
constexpr int kOptionsField = binding::kFirstField;
constexpr int kStateField = kOptionsField + 1;
constexpr int kPendingField = kStateField + 1;

int32_t Field(v8::Local<v8::Object> object, int index) {
  return object->GetInternalField(index).As<v8::Int32>()->Value();
}

void SetField(v8::Local<v8::Object> object, int index, int32_t value) {
  object->SetInternalField(index, v8::Integer::New(object->GetIsolate(), value));
}

// ---- TextEncoder

extern const Interface kTextEncoder;
extern const Interface kTextDecoder;

void ConstructEncoder(const Info& info) { binding::SetBrand(info.This(), kTextEncoder); }

void EncoderEncoding(const Info& info) { info.GetReturnValue().Set(binding::Ascii(info.GetIsolate(), "utf-8")); }

// https://encoding.spec.whatwg.org/#dom-textencoder-encode
void Encode(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::String> input = v8::String::Empty(isolate);
  if (info.Length() > 0 && !info[0]->IsUndefined() &&
      !info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&input)) {
    return;
  }
  const auto size = static_cast<size_t>(input->Utf8Length(isolate));
  char* bytes = nullptr;
  v8::Local<v8::ArrayBuffer> buffer;
  if (!NewBuffer(isolate, size, bytes).ToLocal(&buffer)) return;
  input->WriteUtf8(isolate, bytes, static_cast<int>(size), nullptr, kWriteOptions);
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, size));
}

// https://encoding.spec.whatwg.org/#dom-textencoder-encodeinto
void EncodeInto(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::String> source;
  if (!info[0]->ToString(context).ToLocal(&source)) return;
  if (!info[1]->IsUint8Array()) {
    return binding::ThrowTypeError(isolate, "TextEncoder.encodeInto: the destination must be a Uint8Array");
  }
  const v8::Local<v8::Uint8Array> destination = info[1].As<v8::Uint8Array>();
  int read = 0;
  int written = 0;
  if (const size_t room = destination->ByteLength(); room != 0) {
    char* const begin =
        static_cast<char*>(destination->Buffer()->GetBackingStore()->Data()) + destination->ByteOffset();
    const int capacity = static_cast<int>(std::min<size_t>(room, std::numeric_limits<int>::max()));
    written = source->WriteUtf8(isolate, begin, capacity, &read, kWriteOptions);
  }
  const v8::Local<v8::Object> result = v8::Object::New(isolate);
  (void)result->CreateDataProperty(context, binding::Ascii(isolate, "read"), v8::Integer::New(isolate, read));
  (void)result->CreateDataProperty(context, binding::Ascii(isolate, "written"), v8::Integer::New(isolate, written));
  info.GetReturnValue().Set(result);
}

constexpr Member kEncoderMembers[] = {
    {Member::kAttribute, "encoding", EncoderEncoding},
    {Member::kOperation, "encode", Encode},
    {.kind = Member::kOperation, .name = "encodeInto", .call = EncodeInto, .length = 2},
};
const Interface kTextEncoder{.name = "TextEncoder", .construct = ConstructEncoder, .members = kEncoderMembers};

// ---- TextDecoder

// A boolean member of a dictionary; nothing if a getter threw.
v8::Maybe<bool> Flag(v8::Isolate* isolate, v8::Local<v8::Object> dictionary, const char* name) {
  if (dictionary.IsEmpty()) return v8::Just(false);
  v8::Local<v8::Value> value;
  if (!binding::DictionaryMember(isolate->GetCurrentContext(), dictionary, binding::Ascii(isolate, name))
           .ToLocal(&value)) {
    return v8::Nothing<bool>();
  }
  return v8::Just(value->BooleanValue(isolate));
}

constexpr int32_t kFatalBit = 0x100;
constexpr int32_t kIgnoreBomBit = 0x200;

Encoding EncodingOf(v8::Local<v8::Object> decoder) {
  return static_cast<Encoding>(Field(decoder, kOptionsField) & 0xFF);
}

// https://encoding.spec.whatwg.org/#dom-textdecoder
void ConstructDecoder(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Object> self = info.This();
  binding::SetBrand(self, kTextDecoder);
  constexpr size_t kLongestLabel = 10'000;  // bytes, with the blanks around it
  std::string label = "utf-8";
  size_t rest = 0;
  if (info.Length() > 0 && !info[0]->IsUndefined()) {
    v8::Local<v8::String> text;
    if (!info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&text)) return;
    label = Utf8Prefix(isolate, text, kLongestLabel, rest);
  }
  v8::Local<v8::Object> dictionary;
  bool fatal = false;
  bool ignore_bom = false;
  if (!binding::ToDictionary(isolate, info[1], "TextDecoder", dictionary) ||
      !Flag(isolate, dictionary, "fatal").To(&fatal) || !Flag(isolate, dictionary, "ignoreBOM").To(&ignore_bom)) {
    return;
  }
  const std::optional<Encoding> encoding = rest == 0 ? EncodingOfLabel(label) : std::nullopt;
  if (!encoding) {
    return binding::ThrowRangeError(
        isolate, "TextDecoder: '" + label +
                     "' is not a label of utf-8, utf-16le, utf-16be or windows-1252; there are no others");
  }
  SetField(self, kOptionsField,
           static_cast<int32_t>(*encoding) | (fatal ? kFatalBit : 0) | (ignore_bom ? kIgnoreBomBit : 0));
  SetField(self, kStateField, 0);
  SetField(self, kPendingField, 0);
}

void DecoderEncoding(const Info& info) {
  info.GetReturnValue().Set(binding::Ascii(info.GetIsolate(), NameOf(EncodingOf(info.This()))));
}

void Fatal(const Info& info) { info.GetReturnValue().Set((Field(info.This(), kOptionsField) & kFatalBit) != 0); }

void IgnoreBom(const Info& info) {
  info.GetReturnValue().Set((Field(info.This(), kOptionsField) & kIgnoreBomBit) != 0);
}

// The bytes of a buffer or a view; false if `value` is neither. They are valid until script runs.
bool BytesOf(v8::Local<v8::Value> value, std::string_view& bytes) {
  const auto whole = [](const std::shared_ptr<v8::BackingStore>& store) {
    return std::string_view(static_cast<const char*>(store->Data()), store->ByteLength());
  };
  if (value->IsArrayBuffer()) {
    bytes = whole(value.As<v8::ArrayBuffer>()->GetBackingStore());
  } else if (value->IsSharedArrayBuffer()) {
    bytes = whole(value.As<v8::SharedArrayBuffer>()->GetBackingStore());
  } else if (value->IsArrayBufferView()) {
    const v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    if (view->ByteLength() != 0) {
      bytes = whole(view->Buffer()->GetBackingStore()).substr(view->ByteOffset(), view->ByteLength());
    }
  } else {
    return false;
  }
  return true;
}

DecoderState LoadState(v8::Local<v8::Object> decoder) {
  const int32_t flags = Field(decoder, kStateField);
  const auto pending = static_cast<uint32_t>(Field(decoder, kPendingField));
  DecoderState state{.bom_seen = (flags & 4) != 0, .pending_count = static_cast<uint8_t>(flags & 3)};
  for (int i = 0; i < 3; ++i) state.pending[i] = static_cast<uint8_t>(pending >> (8 * i));
  return state;
}

void StoreState(v8::Local<v8::Object> decoder, const DecoderState& state) {
  SetField(decoder, kStateField, state.pending_count | (state.bom_seen ? 4 : 0));
  SetField(decoder, kPendingField, state.pending[0] | state.pending[1] << 8 | state.pending[2] << 16);
}

// https://encoding.spec.whatwg.org/#dom-textdecoder-decode
void DecodeMethod(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Object> self = info.This();
  v8::Local<v8::Object> dictionary;
  std::string_view bytes;
  if (info.Length() > 0 && !info[0]->IsUndefined() && !BytesOf(info[0], bytes)) {
    return binding::ThrowTypeError(isolate, "TextDecoder.decode: the input must be an ArrayBuffer or a view of one");
  }
  DecodeOptions options;
  if (!binding::ToDictionary(isolate, info[1], "TextDecoder.decode", dictionary) ||
      !Flag(isolate, dictionary, "stream").To(&options.stream)) {
    return;
  }
  // The dictionary's getter may have done anything with the buffer, and a shared one changes under our eyes.
  bytes = {};
  if (info.Length() > 0) (void)BytesOf(info[0], bytes);
  std::string copy;
  if (info[0]->IsSharedArrayBuffer() ||
      (info[0]->IsArrayBufferView() && info[0].As<v8::ArrayBufferView>()->Buffer()->IsSharedArrayBuffer())) {
    copy = bytes;
    bytes = copy;
  }
  options.fatal = (Field(self, kOptionsField) & kFatalBit) != 0;
  options.ignore_bom = (Field(self, kOptionsField) & kIgnoreBomBit) != 0;
  DecoderState state = LoadState(self);
  DecodedText text;
  const bool well_formed = Decode(EncodingOf(self), bytes, options, state, text);
  StoreState(self, state);
  v8::Local<v8::String> string;
  if (!well_formed) {
    binding::ThrowTypeError(isolate,
                            std::string("TextDecoder: the encoded data was not valid ") + NameOf(EncodingOf(self)));
  } else if (ToString(isolate, text).ToLocal(&string)) {
    info.GetReturnValue().Set(string);
  }
}

constexpr Member kDecoderMembers[] = {
    {Member::kAttribute, "encoding", DecoderEncoding},
    {Member::kAttribute, "fatal", Fatal},
    {Member::kAttribute, "ignoreBOM", IgnoreBom},
    {Member::kOperation, "decode", DecodeMethod},
};
const Interface kTextDecoder{
    .name = "TextDecoder", .construct = ConstructDecoder, .fields = 3, .members = kDecoderMembers};

}  // namespace

v8::MaybeLocal<v8::String> ToString(v8::Isolate* isolate, const DecodedText& text) {
  if (text.is_utf8) return NewString(isolate, text.utf8);
  if (text.units.size() > static_cast<size_t>(v8::String::kMaxLength)) {
    binding::ThrowRangeError(isolate, "TextDecoder: the text is too long for a string");
    return {};
  }
  if (!RequireHeap(isolate, sizeof(char16_t) * text.units.size())) return {};
  return v8::String::NewFromTwoByte(isolate, reinterpret_cast<const uint16_t*>(text.units.data()),
                                    v8::NewStringType::kNormal, static_cast<int>(text.units.size()));
}

void ExposeTextEncoding(v8::Local<v8::Context> context) {
  binding::Expose(context, kTextEncoder);
  binding::Expose(context, kTextDecoder);
}

}  // namespace sluice::runtime
