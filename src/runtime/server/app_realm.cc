#include "src/runtime/server/app_realm.h"

#include <unistd.h>

#include <utility>

#include "src/runtime/exceptions.h"
#include "src/runtime/fetch/fetch.h"
#include "src/runtime/script_runner.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/http_response.h"
#include "src/runtime/values.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// What awaits a handler. Nothing of it can be patched by the app; one closure less a request than then() would need. It
// is strict, so that neither `caller` nor a frame of Error.prepareStackTrace() gives the function away.
constexpr std::string_view kDispatcher = R"JS(
'use strict';
(handler, env, respond, fail) => async (id, request) => {
  try {
    respond(id, await handler.fetch(request, env));
  } catch (error) {
    fail(id, error);
  }
})JS";

RealmOptions OptionsOf(const AppConfiguration& configuration, TextOutput out, TextOutput err) {
  RealmOptions options;
  options.isolate.binding.stream.byte_limit = configuration.max_buffer_size_bytes;
  options.isolate.binding.total_byte_limit = configuration.max_total_buffer_size_bytes;
  options.isolate.binding.total_byte_limit_name = "max_total_buffer_size_mb";
  options.isolate.max_heap_bytes = configuration.memory_limit_bytes;
  options.isolate.max_native_bytes = configuration.memory_limit_bytes;
  options.root = configuration.root;
  options.byte_limit_is_most = true;
  options.go_on_after_errors = true;
  options.interrupted_text =
      Concat("JavaScript that ran longer than the time limit of ", configuration.time_limit_ms, " ms was ended\n");
  options.out = std::move(out);
  options.err = std::move(err);
  return options;
}

}  // namespace

// V8 asks in the middle of a garbage collection, before it would end the process itself with less to say.
size_t AppRealm::OnNearHeapLimit(void*, size_t, size_t) { _exit(static_cast<int>(AppExit::kOutOfMemory)); }

AppRealm::AppRealm(const AppConfiguration& configuration, TextOutput out, TextOutput log, Respond respond)
    : configuration_(configuration),
      log_(std::move(log)),
      respond_(std::move(respond)),
      realm_(std::make_unique<Realm>(OptionsOf(configuration, std::move(out), log_))) {
  v8::Isolate* const isolate = realm_->isolate().get();
  isolate->AddNearHeapLimitCallback(OnNearHeapLimit, nullptr);
  // It would hold up every other request; as in browsers' main threads it is a TypeError.
  isolate->SetAllowAtomicsWait(false);
}

AppRealm::~AppRealm() {
  in_flight_.clear();
  dispatch_.Reset();
  realm_->isolate().get()->RemoveNearHeapLimitCallback(OnNearHeapLimit, 0);
}

bool AppRealm::Load(const std::function<bool()>& go_on) {
  v8::Global<v8::Module> module;
  if (!EvaluateModuleFile(*realm_, configuration_.entry, module, go_on) || realm_->ended()) return false;
  bool found = false;
  realm_->RunTask([&] { found = FindHandler(realm_->context(), module.Get(realm_->isolate().get())); });
  return found;
}

bool AppRealm::FindHandler(v8::Local<v8::Context> context, v8::Local<v8::Module> module) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> exports = module->GetModuleNamespace().As<v8::Object>();
  v8::Local<v8::Value> candidate;
  v8::Local<v8::Value> fetch;
  // What a getter throws is reported by the task.
  if (!exports->Get(context, binding::Ascii(isolate, "default")).ToLocal(&candidate)) return false;
  if (candidate->IsObject()) {
    if (!candidate.As<v8::Object>()->Get(context, binding::Ascii(isolate, "fetch")).ToLocal(&fetch)) return false;
    if (fetch->IsFunction()) return MakeDispatcher(context, candidate.As<v8::Object>());
  }
  if (!exports->Get(context, binding::Ascii(isolate, "fetch")).ToLocal(&fetch)) return false;
  if (fetch->IsFunction()) return MakeDispatcher(context, exports);
  log_(Concat(configuration_.entry,
              ": has no handler: expected `export default { fetch(request, env) { ... } }` or "
              "`export function fetch(request, env) { ... }`\n"));
  return false;
}

bool AppRealm::MakeDispatcher(v8::Local<v8::Context> context, v8::Local<v8::Object> handler) {
  v8::Isolate* const isolate = context->GetIsolate();
  const auto define = [&](v8::Local<v8::Object> object, const char* name, v8::Local<v8::Value> value) {
    return object->CreateDataProperty(context, binding::Ascii(isolate, name), value).FromMaybe(false);
  };
  const v8::Local<v8::Object> env = v8::Object::New(isolate);
  v8::Local<v8::String> name;
  v8::Local<v8::String> file;
  v8::Local<v8::String> source;
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> make;
  v8::Local<v8::Value> dispatch;
  v8::Local<v8::Function> respond;
  v8::Local<v8::Function> fail;
  const v8::Local<v8::External> self = v8::External::New(isolate, this);
  if (!NewString(isolate, configuration_.name).ToLocal(&name) || !define(env, "name", name) ||
      !define(env, "maxBufferSize",
              v8::Number::New(isolate, static_cast<double>(configuration_.max_buffer_size_bytes))) ||
      !NewString(isolate, kDispatcher).ToLocal(&source) || !NewString(isolate, "sluice:server").ToLocal(&file)) {
    return false;
  }
  v8::ScriptOrigin origin(isolate, file);
  if (!v8::Script::Compile(context, source, &origin).ToLocal(&script) || !script->Run(context).ToLocal(&make) ||
      !v8::Function::New(context, OnRespond, self).ToLocal(&respond) ||
      !v8::Function::New(context, OnFail, self).ToLocal(&fail)) {
    return false;
  }
  v8::Local<v8::Value> arguments[] = {handler, env, respond, fail};
  if (!make.As<v8::Function>()->Call(context, v8::Undefined(isolate), 4, arguments).ToLocal(&dispatch)) return false;
  dispatch_.Reset(isolate, dispatch.As<v8::Function>());
  return true;
}

void AppRealm::Handle(uint64_t id, RequestData request) {
  realm_->RunTask([&] { Dispatch(realm_->context(), id, std::move(request)); });
}

void AppRealm::Dispatch(v8::Local<v8::Context> context, uint64_t id, RequestData data) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch caught(isolate);
  std::string what = Concat(data.method, " ", Visible(data.url));
  v8::Local<v8::Object> request;
  if (!NewRequest(context, std::move(data), {}).ToLocal(&request)) {
    // A method or a URL that HTTP allows and fetch does not.
    return respond_(id, caught.HasTerminated() ? PlainResponse(kUnavailable, "The app is being ended.")
                                               : PlainResponse(400, "The method, the URL or a field is not valid."));
  }
  in_flight_[id] = {v8::Global<v8::Object>(isolate, request), std::move(what)};
  v8::Local<v8::Value> arguments[] = {v8::Number::New(isolate, static_cast<double>(id)), request};
  if (!dispatch_.Get(isolate)->Call(context, v8::Undefined(isolate), 2, arguments).IsEmpty()) return;
  // Terminated: this handler will not answer any more. Nothing else comes out of an async function.
  if (!realm_->ended() && Take(id)) respond_(id, PlainResponse(kTimedOut, "The app took too long."));
}

std::optional<AppRealm::InFlight> AppRealm::Take(uint64_t id) {
  auto found = in_flight_.extract(id);
  return found ? std::optional<InFlight>(std::move(found.mapped())) : std::nullopt;
}

void AppRealm::LogException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception, std::string_view what) {
  const v8::Local<v8::Message> message = v8::Exception::CreateMessage(context->GetIsolate(), exception);
  log_(DescribeException(context, exception, message, Concat(what, ":")));
}

// respond(id, value)
void AppRealm::OnRespond(const v8::FunctionCallbackInfo<v8::Value>& info) {
  AppRealm& self = SelfOf<AppRealm>(info);
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const auto id = static_cast<uint64_t>(info[0].As<v8::Number>()->Value());
  const auto request = self.Take(id);
  if (!request) return;
  ResponseData response;
  v8::TryCatch caught(isolate);
  if (!ReadResponse(context, info[1], response)) {
    if (caught.HasTerminated()) {
      response = PlainResponse(kTimedOut, "The app took too long.");
    } else {
      self.LogException(context, caught.Exception(), request->what);
      response = PlainResponse(kInternalError);
    }
  }
  self.respond_(id, std::move(response));
  if (caught.HasTerminated()) caught.ReThrow();
}

// fail(id, error): it threw, or its promise was rejected. The client learns no more than that.
void AppRealm::OnFail(const v8::FunctionCallbackInfo<v8::Value>& info) {
  AppRealm& self = SelfOf<AppRealm>(info);
  const auto id = static_cast<uint64_t>(info[0].As<v8::Number>()->Value());
  const auto request = self.Take(id);
  if (!request) return;
  // Who waits for a client that has gone is meant to give up.
  if (!request->client_gone) {
    self.LogException(info.GetIsolate()->GetCurrentContext(), info[1], request->what);
  }
  self.respond_(id, PlainResponse(kInternalError));
}

void AppRealm::Abandon(const Abandonment& abandonment) {
  const auto found = in_flight_.find(abandonment.id);
  if (found == in_flight_.end()) return;
  if (abandonment.why == GaveUp::kTimeOver) {
    log_(Concat(found->second.what, ": not answered within the time limit of ", configuration_.time_limit_ms, " ms\n"));
  }
  found->second.client_gone = abandonment.why == GaveUp::kClientGone;
  realm_->RunTask([&] {
    v8::Isolate* const isolate = realm_->isolate().get();
    const v8::Local<v8::Context> context = realm_->context();
    const v8::Local<v8::Object> request = found->second.request.Get(isolate);
    if (abandonment.forget) in_flight_.erase(found);
    v8::Local<v8::Value> reason = v8::Undefined(isolate);
    if (abandonment.why == GaveUp::kTimeOver) {
      v8::Local<v8::Object> exception;
      if (!binding::NewDOMException(context, "The request took longer than the app's time limit", "TimeoutError")
               .ToLocal(&exception)) {
        return;
      }
      reason = exception;
    }
    AbortRequest(context, request, reason);
  });
}

}  // namespace sluice::runtime
