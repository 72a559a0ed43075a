#include "src/runtime/fetch/fetch.h"

#include <utility>

#include "src/runtime/buffer_allocator.h"
#include "src/runtime/fetch/fetch_js.h"
#include "src/runtime/fetch/fetch_script.h"
#include "src/runtime/fetch/http_syntax.h"
#include "src/runtime/realm.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// Where a context's embedder data has what the script published. The binding has 1.
constexpr int kFetchFunctionsIndex = 2;

// Publish(...FetchFunction)
void Publish(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto holder = v8::ObjectTemplate::New(isolate);
  holder->SetInternalFieldCount(static_cast<int>(FetchFunction::kCount));
  v8::Local<v8::Object> functions;
  if (!holder->NewInstance(isolate->GetCurrentContext()).ToLocal(&functions)) return;
  for (int i = 0; i < info.Length(); ++i) functions->SetInternalField(i, info[i]);
  isolate->GetCurrentContext()->SetEmbedderData(kFetchFunctionsIndex, functions);
}

v8::MaybeLocal<v8::Value> Call(v8::Local<v8::Context> context, FetchFunction function, int count,
                               v8::Local<v8::Value>* arguments) {
  return GetFetchFunction(context, function)
      .As<v8::Function>()
      ->Call(context, v8::Undefined(context->GetIsolate()), count, arguments);
}

}  // namespace

const char* FetchScript() {
  constexpr const char* kName = "sluice/fetch";
  static const bool registered = [] {
    static const std::vector<binding::ScriptNative> natives = [] {
      std::vector<binding::ScriptNative> all = UrlNatives();
      for (const binding::ScriptNative& native : FetchNatives()) all.push_back(native);
      all.push_back({"Publish", Publish});
      return all;
    }();
    binding::RegisterScript(kName, kFetchJs, natives);
    return true;
  }();
  static_cast<void>(registered);
  return kName;
}

v8::Local<v8::Value> GetFetchFunction(v8::Local<v8::Context> context, FetchFunction function) {
  return context->GetEmbedderData(kFetchFunctionsIndex)
      .As<v8::Object>()
      ->GetInternalField(static_cast<int>(function))
      .As<v8::Value>();
}

void ExposeFetch(v8::Local<v8::Context> context) {
  const v8::Local<v8::Array> classes = GetFetchFunction(context, FetchFunction::kClasses).As<v8::Array>();
  for (uint32_t i = 0; i < classes->Length(); ++i) {
    v8::Local<v8::Value> made;
    if (!classes->Get(context, i).ToLocal(&made)) return;
    const v8::Local<v8::String> name = made.As<v8::Function>()->GetName().As<v8::String>();
    (void)context->Global()->DefineOwnProperty(context, name, made, v8::DontEnum);
  }
}

v8::MaybeLocal<v8::Object> NewRequest(v8::Local<v8::Context> context, RequestData data, v8::Local<v8::Value> signal) {
  v8::Isolate* const isolate = context->GetIsolate();
  if (!IsToken(data.method)) {
    binding::ThrowTypeError(isolate, "Request: the method is not a token");
    return {};
  }
  const std::string url = ParseAbsoluteUrl(data.url, Realm::Of(isolate).fetch());
  if (url.empty()) {
    binding::ThrowTypeError(isolate, "Request: the URL cannot be parsed");
    return {};
  }
  std::string headers;
  if (!WriteHeaders(data.headers, headers)) {
    binding::ThrowTypeError(isolate, "Request: a header has an invalid name or value");
    return {};
  }
  v8::Local<v8::String> method_string;
  v8::Local<v8::String> url_string;
  v8::Local<v8::String> headers_string;
  if (!NewByteString(isolate, data.method).ToLocal(&method_string) ||
      !NewByteString(isolate, url).ToLocal(&url_string) || !NewByteString(isolate, headers).ToLocal(&headers_string)) {
    return {};
  }
  const bool bodiless = data.method == "GET" || data.method == "HEAD";
  v8::Local<v8::Value> body = v8::Null(isolate);
  if (v8::Local<v8::ArrayBuffer> buffer; !bodiless) {
    if (!NewBufferOf(isolate, std::move(data.body)).ToLocal(&buffer)) return {};
    body = buffer;
  }
  if (signal.IsEmpty()) signal = v8::Undefined(isolate);
  v8::Local<v8::Value> arguments[] = {method_string, url_string, headers_string, body, signal};
  v8::Local<v8::Value> request;
  if (!Call(context, FetchFunction::kNewRequest, 5, arguments).ToLocal(&request)) return {};
  return request.As<v8::Object>();
}

v8::MaybeLocal<v8::Object> DescribeFetchObject(v8::Local<v8::Context> context, v8::Local<v8::Object> object) {
  // Contexts that are no realm's have no such classes.
  if (context->GetNumberOfEmbedderDataFields() <= kFetchFunctionsIndex ||
      !context->GetEmbedderData(kFetchFunctionsIndex)->IsObject()) {
    return {};
  }
  const v8::TryCatch caught(context->GetIsolate());
  v8::Local<v8::Value> argument = object;
  v8::Local<v8::Value> shown;
  if (!Call(context, FetchFunction::kDescribed, 1, &argument).ToLocal(&shown) || !shown->IsObject()) return {};
  return shown.As<v8::Object>();
}

bool AbortRequest(v8::Local<v8::Context> context, v8::Local<v8::Object> request, v8::Local<v8::Value> reason) {
  v8::Local<v8::Value> arguments[] = {request, reason};
  return !Call(context, FetchFunction::kAbortRequest, 2, arguments).IsEmpty();
}

bool ReadResponse(v8::Local<v8::Context> context, v8::Local<v8::Value> response, ResponseData& out) {
  FetchState& state = Realm::Of(context->GetIsolate()).fetch();
  state.response = &out;
  v8::Local<v8::Value> result;
  const bool read = Call(context, FetchFunction::kReadResponse, 1, &response).ToLocal(&result);
  state.response = nullptr;
  return read;
}

}  // namespace sluice::runtime
