#include "src/runtime/sluice_object.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/core/tick_model.h"
#include "src/runtime/realm.h"
#include "src/runtime/source_file.h"
#include "src/runtime/values.h"
#include "src/v8/streams.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

void Print(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::String> line = v8::String::Empty(isolate);
  if (info.Length() > 0 && !info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&line)) return;
  SelfOf<Realm>(info).options().out(Utf8(isolate, line) + "\n");
}

void ReadTextFile(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::String> path;
  if (!binding::RequireArguments(info, 1, "readTextFile")) return;
  if (!info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&path)) return;
  absl::StatusOr<std::string> text = LocateUnder(SelfOf<Realm>(info).options().root, Utf8(isolate, path));
  if (text.ok()) text = ReadSource(*text, SelfOf<Realm>(info).max_file_bytes());
  if (!text.ok()) {
    v8::Local<v8::String> message;
    if (NewString(isolate, std::string(text.status().message())).ToLocal(&message)) {
      isolate->ThrowException(v8::Exception::Error(message));
    }
    return;
  }
  v8::Local<v8::String> result;
  if (NewString(isolate, *text).ToLocal(&result)) info.GetReturnValue().Set(result);
}

void MemoryUsage(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::HeapStatistics heap;
  isolate->GetHeapStatistics(&heap);
  const binding::LiveObjects& live = SelfOf<Realm>(info).isolate().data().live();
  const std::pair<const char*, double> numbers[] = {
      {"heapUsed", static_cast<double>(heap.used_heap_size())},
      {"heapTotal", static_cast<double>(heap.total_heap_size())},
      {"external", static_cast<double>(heap.external_memory())},
      {"liveStreams", static_cast<double>(live.streams)},
      {"liveWriters", static_cast<double>(live.writers)},
      {"liveSignals", static_cast<double>(live.signals)},
      {"streamBytes", static_cast<double>(live.external_bytes)},
  };
  const v8::Local<v8::Object> usage = v8::Object::New(isolate);
  for (const auto& [name, number] : numbers) {
    (void)usage->CreateDataProperty(context, binding::Ascii(isolate, name), v8::Number::New(isolate, number));
  }
  info.GetReturnValue().Set(usage);
}

// The option `byteLimit`; false with an exception pending if it is none.
bool ReadByteLimit(v8::Isolate* isolate, v8::Local<v8::Value> value, std::optional<uint64_t>& limit) {
  constexpr double kLargestWholeNumber = 0x1p53;
  if (value->IsUndefined()) return true;
  if (value->IsBigInt()) {
    bool lossless = false;
    limit = value.As<v8::BigInt>()->Uint64Value(&lossless);
    if (lossless) return true;
  } else if (value->IsNumber()) {
    const double bytes = value.As<v8::Number>()->Value();
    if (std::isinf(bytes) && bytes > 0) return limit.reset(), true;
    if (bytes >= 0 && bytes <= kLargestWholeNumber && bytes == std::floor(bytes)) {
      limit = static_cast<uint64_t>(bytes);
      return true;
    }
  }
  binding::ThrowRangeError(isolate, "sluice.createWritableStream: byteLimit is a whole number of bytes, or Infinity");
  return false;
}

bool ReadTickModel(v8::Isolate* isolate, v8::Local<v8::Value> value, core::TickModel& model) {
  if (value->IsUndefined()) return true;
  const std::string name = value->IsString() ? Utf8(isolate, value.As<v8::String>()) : std::string();
  for (int i = 0; i < core::kTickModelCount; ++i) {
    if (name != core::kTickModelNames[i]) continue;
    model = static_cast<core::TickModel>(i);
    return true;
  }
  std::string message = "sluice.createWritableStream: tickModel is one of";
  for (const std::string_view known : core::kTickModelNames) message += " " + std::string(known);
  binding::ThrowTypeError(isolate, message);
  return false;
}

void CreateWritableStream(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  binding::StreamOptions options = SelfOf<Realm>(info).isolate().data().options().stream;
  const std::optional<uint64_t> most = options.byte_limit;
  if (info[2]->IsObject()) {
    v8::Local<v8::Value> limit;
    v8::Local<v8::Value> model;
    const auto get = [&](const char* name) {
      return info[2].As<v8::Object>()->Get(context, binding::Ascii(isolate, name));
    };
    if (!get("byteLimit").ToLocal(&limit) || !ReadByteLimit(isolate, limit, options.byte_limit)) return;
    if (SelfOf<Realm>(info).options().byte_limit_is_most && most) {
      options.byte_limit = std::min(*most, options.byte_limit.value_or(*most));
    }
    if (!get("tickModel").ToLocal(&model) || !ReadTickModel(isolate, model, options.tick_model)) return;
  }
  v8::Local<v8::Object> stream;
  if (binding::NewWritableStream(context, info[0], info[1], options).ToLocal(&stream)) {
    info.GetReturnValue().Set(stream);
  }
}

void OnUnhandledRejection(const Info& info) {
  if (!info[0]->IsFunction()) {
    return binding::ThrowTypeError(info.GetIsolate(), "sluice.onUnhandledRejection: the argument is not a function");
  }
  SelfOf<Realm>(info).OnUnhandledRejection(info[0].As<v8::Function>());
}

void Exit(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  int32_t code = 0;
  if (info.Length() > 0 && !info[0]->IsUndefined() && !info[0]->Int32Value(context).To(&code)) return;
  if (code < 0 || code > 255) return binding::ThrowRangeError(isolate, "sluice.exit: exit codes are 0 to 255");
  SelfOf<Realm>(info).End(code);
  // V8 looks for a request to terminate when it enters a function: it is made to enter one, so that nothing of the
  // caller runs any more.
  v8::Local<v8::Script> nothing;
  if (v8::Script::Compile(context, v8::String::Empty(isolate)).ToLocal(&nothing)) (void)nothing->Run(context);
}

void CollectGarbage(const Info& info) { info.GetIsolate()->LowMemoryNotification(); }

}  // namespace

void ExposeSluice(Realm& realm, v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> sluice = v8::Object::New(isolate);
  const auto define = [&](const char* name, v8::Local<v8::Value> value) {
    (void)sluice->CreateDataProperty(context, binding::Ascii(isolate, name), value);
  };
  define("version", binding::Ascii(isolate, kVersion));
  define("v8Version", binding::Ascii(isolate, v8::V8::GetVersion()));
  std::vector<v8::Local<v8::Value>> arguments;
  for (const std::string& argument : realm.options().arguments) {
    v8::Local<v8::String> text;
    if (NewString(isolate, argument).ToLocal(&text)) arguments.push_back(text);
  }
  define("args", v8::Array::New(isolate, arguments.data(), arguments.size()));
  DefineFunction(context, sluice, "print", Print, &realm, 1);
  DefineFunction(context, sluice, "readTextFile", ReadTextFile, &realm, 1);
  DefineFunction(context, sluice, "memoryUsage", MemoryUsage, &realm);
  DefineFunction(context, sluice, "createWritableStream", CreateWritableStream, &realm);
  DefineFunction(context, sluice, "onUnhandledRejection", OnUnhandledRejection, &realm, 1);
  DefineFunction(context, sluice, "exit", Exit, &realm);
  (void)context->Global()->DefineOwnProperty(context, binding::Ascii(isolate, "sluice"), sluice, v8::DontEnum);
  if (realm.options().expose_gc) DefineFunction(context, context->Global(), "gc", CollectGarbage, &realm);
}

}  // namespace sluice::runtime
