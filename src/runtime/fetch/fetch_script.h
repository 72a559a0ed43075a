// The script of the fetch classes and what it stands on: its native functions, and what native code keeps of each
// realm.
#ifndef SLUICE_RUNTIME_FETCH_FETCH_SCRIPT_H_
#define SLUICE_RUNTIME_FETCH_FETCH_SCRIPT_H_

#include <v8.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/v8/script_extension.h"

namespace sluice::runtime {

struct ResponseData;

// What the script published, by where it is in the list that it gave Publish().
enum class FetchFunction : int { kNewRequest, kAbortRequest, kReadResponse, kDescribed, kClasses, kCount };

// A realm's. Outlives its isolate: the script has `url_parts` as a typed array.
struct FetchState {
  // The components of the URL that was parsed last, in the order of ada_url_components; -1 for those it has not.
  std::array<int32_t, 8> url_parts{};
  ResponseData* response = nullptr;  // where ReadResponse() wants it, while it runs
};

// For Context::New. Registered with V8 when it is first asked for: before the first context of the process.
const char* FetchScript();

v8::Local<v8::Value> GetFetchFunction(v8::Local<v8::Context> context, FetchFunction function);

// Parses an absolute URL. Its serialization; `state` then has the parts. Empty text if it is none.
std::string ParseAbsoluteUrl(std::string_view url, FetchState& state);

// The native functions, and where they are.
std::vector<binding::ScriptNative> UrlNatives();    // url_natives.cc
std::vector<binding::ScriptNative> FetchNatives();  // fetch_natives.cc

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_FETCH_FETCH_SCRIPT_H_
