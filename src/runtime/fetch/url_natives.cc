// The native functions under js/url.js: Ada's parser, serializer and setters.
//
// A URL is its serialization and where the parts of that are: nothing native has to be kept for it. A setter parses the
// serialization again.
#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "src/runtime/fetch/ada.h"
#include "src/runtime/fetch/fetch_script.h"
#include "src/runtime/fetch/http_syntax.h"
#include "src/runtime/realm.h"
#include "src/runtime/values.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using binding::Info;

constexpr size_t kMostPairs = 10'000'000;  // of a query

// A string as UTF-8, with U+FFFD for lone surrogates. Short ASCII, which most URLs are, is not allocated for.
class Text {
 public:
  Text(v8::Isolate* isolate, v8::Local<v8::Value> value) {
    const v8::Local<v8::String> string = value.As<v8::String>();
    const int length = string->Length();
    if (string->IsOneByte() && length <= static_cast<int>(sizeof(small_))) {
      string->WriteOneByte(isolate, small_, 0, length, v8::String::NO_NULL_TERMINATION);
      if (std::all_of(small_, small_ + length, [](uint8_t byte) { return byte < 0x80; })) {
        view_ = {reinterpret_cast<const char*>(small_), static_cast<size_t>(length)};
        return;
      }
    }
    large_ = Utf8(isolate, string);
    view_ = large_;
  }
  Text(const Text&) = delete;
  Text& operator=(const Text&) = delete;

  std::string_view view() const { return view_; }
  const char* data() const { return view_.data(); }
  size_t size() const { return view_.size(); }

 private:
  uint8_t small_[512];
  std::string large_;
  std::string_view view_;
};

FetchState& StateOf(const Info& info) { return Realm::Of(info.GetIsolate()).fetch(); }

void KeepParts(const ada::Url& url, FetchState& state) {
  const ada_url_components& parts = *ada_get_components(url.get());
  const uint32_t all[] = {parts.protocol_end, parts.username_end,   parts.host_start,   parts.host_end,
                          parts.port,         parts.pathname_start, parts.search_start, parts.hash_start};
  static_assert(ada_url_omitted == static_cast<uint32_t>(-1));
  std::transform(std::begin(all), std::end(all), state.url_parts.begin(),
                 [](uint32_t part) { return static_cast<int32_t>(part); });
}

// Returns `text`, or undefined with a RangeError thrown if that is too long for a string.
void Return(const Info& info, std::string_view text) {
  v8::Local<v8::String> string;
  if (NewString(info.GetIsolate(), text).ToLocal(&string)) info.GetReturnValue().Set(string);
}

void ReturnHref(const Info& info, const ada::Url& url) {
  KeepParts(url, StateOf(info));
  const std::string_view href = ada::View(ada_get_href(url.get()));
  v8::Local<v8::String> string;
  if (NewByteString(info.GetIsolate(), href).ToLocal(&string)) info.GetReturnValue().Set(string);
}

// Bytes that are not ASCII, or are there as %XX.
size_t EncodedBytes(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(),
                                           [](char c) { return static_cast<unsigned char>(c) >= 0x80 || c == '%'; }));
}

// Punycode takes time that grows with the square of a host's length, and nothing interrupts it: this much of a host may
// need it. (A name of DNS has 253 bytes.)
constexpr size_t kMostEncodedHostBytes = 10'000;

// Whether the host of the URL `text`, of a scheme whose hosts are encoded, is longer than that.
bool HostIsTooLong(std::string_view text) {
  constexpr std::string_view kSchemes[] = {"http", "https", "ws", "wss", "ftp", "file"};
  if (EncodedBytes(text) <= kMostEncodedHostBytes) return false;
  // As the parser reads it: without blanks before it, and without tabs and line ends.
  const auto* const begin = std::find_if(text.begin(), text.end(), [](unsigned char c) { return c > ' '; });
  std::string input(begin, text.end());
  std::erase_if(input, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  const size_t colon = input.find(':');
  const bool has_scheme = colon != std::string::npos &&
                          std::find(std::begin(kSchemes), std::end(kSchemes),
                                    AsciiLowerCase(input.substr(0, std::min<size_t>(colon, 8)))) != std::end(kSchemes);
  const size_t slashes = has_scheme ? colon + 1 : 0;
  const size_t host = std::min(input.find_first_not_of("/\\", slashes), input.size());
  if (!has_scheme && host < slashes + 2) return false;  // a path, or another scheme
  return EncodedBytes(std::string_view(input).substr(host, input.find_first_of("/\\?#", host) - host)) >
         kMostEncodedHostBytes;
}

// `base` is a string or undefined.
ada::Url Parse(v8::Isolate* isolate, const Text& input, v8::Local<v8::Value> base) {
  if (HostIsTooLong(input.view())) return nullptr;
  if (base->IsUndefined()) return ada::Parse(input.view());
  const Text base_text(isolate, base);
  if (HostIsTooLong(base_text.view())) return nullptr;
  return ada::Parse(input.view(), base_text.view());
}

// UrlParts(): FetchState::url_parts as a typed array.
void UrlParts(const Info& info) {
  auto& parts = StateOf(info).url_parts;
  const auto buffer = v8::ArrayBuffer::New(
      info.GetIsolate(),
      v8::ArrayBuffer::NewBackingStore(parts.data(), sizeof(parts), v8::BackingStore::EmptyDeleter, nullptr));
  info.GetReturnValue().Set(v8::Int32Array::New(buffer, 0, parts.size()));
}

// ParseUrl(input, base or undefined): the serialization, and its parts in url_parts; undefined if it is no URL.
void ParseUrl(const Info& info) {
  const Text input(info.GetIsolate(), info[0]);
  const ada::Url url = Parse(info.GetIsolate(), input, info[1]);
  if (url == nullptr) return;
  if (input.view() != ada::View(ada_get_href(url.get()))) return ReturnHref(info, url);
  // The same string: the script knows it again by its address.
  KeepParts(url, StateOf(info));
  info.GetReturnValue().Set(info[0]);
}

// CanParseUrl(input, base or undefined)
void CanParseUrl(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  info.GetReturnValue().Set(Parse(isolate, Text(isolate, info[0]), info[1]) != nullptr);
}

// Whether Ada took the value. It says nothing of a search or a hash, which it takes always.
template <auto set>
bool Set(ada_url url, const Text& value) {
  if constexpr (std::is_void_v<decltype(set(url, value.data(), value.size()))>) {
    set(url, value.data(), value.size());
    return true;
  } else {
    return set(url, value.data(), value.size());
  }
}

// The query and the fragment of a serialization, with their "?" and "#".
std::string_view TailOf(std::string_view href) { return href.substr(std::min(href.find_first_of("?#"), href.size())); }

// Ada 2.7.8 drops the query and the fragment where a path that begins with two slashes is set and there is no host:
// `url`, which was `before`, gets them back.
void RestoreTail(ada::Url& url, std::string_view before) {
  const std::string_view href = ada::View(ada_get_href(url.get()));
  if (TailOf(href) == TailOf(before)) return;
  const std::string whole = std::string(href.substr(0, href.size() - TailOf(href).size())).append(TailOf(before));
  if (ada::Url restored = ada::Parse(whole)) url = std::move(restored);
}

// UpdateUrl(href, setter, value): the serialization afterwards, and its parts; `href` itself if that cannot be parsed.
// The numbers of the setters are url.js's.
void UpdateUrl(const Info& info) {
  constexpr int kProtocolSetter = 0;
  constexpr int kHostSetter = 3;  // and that of hostname after it
  constexpr int kPathnameSetter = 6;
  constexpr bool (*kSetters[])(ada_url, const Text&) = {
      Set<ada_set_protocol>, Set<ada_set_username>, Set<ada_set_password>, Set<ada_set_host>, Set<ada_set_hostname>,
      Set<ada_set_port>,     Set<ada_set_pathname>, Set<ada_set_search>,   Set<ada_set_hash>};
  const Text href(info.GetIsolate(), info[0]);
  ada::Url url = ada::Parse(href.view());
  if (url == nullptr) return info.GetReturnValue().Set(info[0]);
  const int setter = info[1].As<v8::Int32>()->Value();
  const Text value(info.GetIsolate(), info[2]);
  const bool has_port_0 = ada_get_components(url.get())->port == 0;
  const bool sets_host = setter == kHostSetter || setter == kHostSetter + 1;
  const bool is_too_long = sets_host && EncodedBytes(value.view()) > kMostEncodedHostBytes;
  const bool is_set = !is_too_long && kSetters[setter](url.get(), value);
  // Ada 2.7.8 gives a URL that has no host an empty one where the new host is no host.
  if (sets_host && !is_set) return info.GetReturnValue().Set(info[0]);
  // Ada 2.7.8 takes 0 for the default port of a scheme that has none.
  if (setter == kProtocolSetter && has_port_0) static_cast<void>(ada_set_port(url.get(), "0", 1));
  if (setter == kPathnameSetter) RestoreTail(url, href.view());
  ReturnHref(info, url);
}

// UrlOrigin(href)
void UrlOrigin(const Info& info) {
  const ada::Url url = ada::Parse(Text(info.GetIsolate(), info[0]).view());
  if (url == nullptr) return Return(info, "null");
  const ada_owned_string origin = ada_get_origin(url.get());
  Return(info, {origin.data, origin.length});
  ada_free_owned_string(origin);
}

// ParseQuery(text): [name, value, name, value...]. One ? at the begin is passed over.
void ParseQuery(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const Text query(isolate, info[0]);
  // V8 ends the process where an array would be too long; each pair takes far more while it is parsed.
  constexpr size_t kPairBytes = 200;
  constexpr size_t kFewPairs = 1000;  // an app that has used all of its memory can still read a query
  const auto pairs = static_cast<size_t>(std::count(query.view().begin(), query.view().end(), '&')) + 1;
  if (pairs > kMostPairs) return binding::ThrowRangeError(isolate, "URLSearchParams: the query has too many pairs");
  if (pairs > kFewPairs && !binding::IsolateData::Of(isolate)->RequireMemory(pairs * kPairBytes, "URLSearchParams")) {
    return;
  }
  const ada::SearchParams params(ada_parse_search_params(query.data(), query.size()));
  const ada::SearchParamsEntries entries(ada_search_params_get_entries(params.get()));
  std::vector<v8::Local<v8::Value>> list;
  list.reserve(2 * ada_search_params_size(params.get()));
  while (ada_search_params_entries_iter_has_next(entries.get())) {
    const ada_string_pair entry = ada_search_params_entries_iter_next(entries.get());
    for (const ada_string part : {entry.key, entry.value}) {
      v8::Local<v8::String> string;
      if (!NewString(isolate, ada::View(part)).ToLocal(&string)) return;
      list.push_back(string);
    }
  }
  info.GetReturnValue().Set(v8::Array::New(isolate, list.data(), list.size()));
}

// SerializeQuery([name, value, name, value...])
void SerializeQuery(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const v8::Local<v8::Array> list = info[0].As<v8::Array>();
  const ada::SearchParams params(ada_parse_search_params("", 0));
  for (uint32_t i = 0; i + 1 < list->Length(); i += 2) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    if (!list->Get(context, i).ToLocal(&name) || !list->Get(context, i + 1).ToLocal(&value)) return;
    const Text key(isolate, name);
    const Text text(isolate, value);
    ada_search_params_append(params.get(), key.data(), key.size(), text.data(), text.size());
  }
  const ada_owned_string text = ada_search_params_to_string(params.get());
  // Ada 2.7.8 leaves a backslash as it is, which the standard encodes.
  std::string encoded;
  std::string_view rest(text.data, text.length);
  for (size_t at = rest.find('\\'); at != std::string_view::npos; at = rest.find('\\')) {
    encoded.append(rest.substr(0, at)).append("%5C");
    rest.remove_prefix(at + 1);
  }
  encoded += rest;
  ada_free_owned_string(text);
  Return(info, encoded);
}

// WellFormed(string): with U+FFFD for lone surrogates.
void WellFormed(const Info& info) {
  info.GetReturnValue().Set(info[0]);
  const v8::Local<v8::String> string = info[0].As<v8::String>();
  if (!string->IsOneByte()) Return(info, Utf8(info.GetIsolate(), string));
}

}  // namespace

std::string ParseAbsoluteUrl(std::string_view text, FetchState& state) {
  const ada::Url url = ada::Parse(text);
  if (url == nullptr) return {};
  KeepParts(url, state);
  return std::string(ada::View(ada_get_href(url.get())));
}

std::vector<binding::ScriptNative> UrlNatives() {
  return {{"UrlParts", UrlParts},
          {"ParseUrl", ParseUrl},
          {"CanParseUrl", CanParseUrl},
          {"UpdateUrl", UpdateUrl},
          {"UrlOrigin", UrlOrigin},
          {"ParseQuery", ParseQuery},
          {"SerializeQuery", SerializeQuery},
          {"WellFormed", WellFormed}};
}

}  // namespace sluice::runtime
