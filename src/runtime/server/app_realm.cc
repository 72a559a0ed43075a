#include "src/runtime/server/app_realm.h"

#include <utility>

#include "src/runtime/exceptions.h"
#include "src/runtime/script_runner.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/http_response.h"
#include "src/runtime/values.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// What awaits a handler. Nothing of it can be patched by the app; one closure less a request than then() would need.
constexpr std::string_view kDispatcher = R"JS(
(handler, env, respond, fail) => async (id, request) => {
  try {
    respond(id, await handler.fetch(request, env));
  } catch (error) {
    fail(id, error);
  }
})JS";

// What V8 may use beyond the limit until JavaScript has stopped: the largest single object is half as large, and one
// that does not fit would end the process.
constexpr size_t kHeapReserve = size_t{2} << 30;

constexpr int kInternalError = 500;
constexpr int kUnavailable = 503;
constexpr int kTimedOut = 504;

RealmOptions OptionsOf(const AppConfiguration& configuration, Sink out, Sink err) {
  RealmOptions options;
  options.isolate.binding.stream.byte_limit = configuration.max_buffer_size_bytes;
  options.isolate.max_heap_bytes = configuration.memory_limit_bytes;
  options.isolate.max_buffer_bytes = configuration.memory_limit_bytes;
  options.go_on_after_errors = true;
  options.interrupted_text =
      Concat("JavaScript that ran longer than the time limit of ", configuration.time_limit_ms, " ms was ended\n");
  options.out = std::move(out);
  options.err = std::move(err);
  return options;
}

}  // namespace

AppRealm::AppRealm(const AppConfiguration& configuration, Sink out, Sink log)
    : configuration_(configuration),
      log_(std::move(log)),
      realm_(std::make_unique<Realm>(OptionsOf(configuration, std::move(out), log_))) {
  realm_->isolate().get()->AddNearHeapLimitCallback(OnNearHeapLimit, this);
}

AppRealm::~AppRealm() {
  for (auto& [id, request] : in_flight_) {
    request.exchange->Answer(PlainResponse(kUnavailable, "The app ended before it answered."));
  }
  in_flight_.clear();
  dispatch_.Reset();
  realm_->isolate().get()->RemoveNearHeapLimitCallback(OnNearHeapLimit, 0);
}

// In the middle of a garbage collection: nothing but flags can be set.
size_t AppRealm::OnNearHeapLimit(void* self, size_t current, size_t) {
  AppRealm& app = *static_cast<AppRealm*>(self);
  app.out_of_memory_ = true;
  app.realm_->isolate().get()->TerminateExecution();
  return current + kHeapReserve;
}

bool AppRealm::Load(const std::function<bool()>& go_on) {
  v8::Global<v8::Module> module;
  const bool evaluated =
      EvaluateModuleFile(*realm_, configuration_.entry, module, [&] { return go_on() && !out_of_memory_; });
  if (out_of_memory_) log_(Concat(configuration_.entry, ": the memory limit does not suffice to load it\n"));
  if (!evaluated || broken()) return false;
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
      !v8::Function::New(context, Respond, self).ToLocal(&respond) ||
      !v8::Function::New(context, Fail, self).ToLocal(&fail)) {
    return false;
  }
  v8::Local<v8::Value> arguments[] = {handler, env, respond, fail};
  if (!make.As<v8::Function>()->Call(context, v8::Undefined(isolate), 4, arguments).ToLocal(&dispatch)) return false;
  dispatch_.Reset(isolate, dispatch.As<v8::Function>());
  return true;
}

void AppRealm::Handle(std::shared_ptr<Exchange> exchange) {
  if (exchange->ended()) return;
  realm_->RunTask([&] { Dispatch(realm_->context(), std::move(exchange)); });
}

void AppRealm::Dispatch(v8::Local<v8::Context> context, std::shared_ptr<Exchange> exchange) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch caught(isolate);
  std::string what = Concat(exchange->request.method, " ", exchange->request.url);
  v8::Local<v8::Object> request;
  if (!NewRequest(context, std::move(exchange->request), {}).ToLocal(&request)) {
    // A method or a URL that HTTP allows and fetch does not.
    exchange->Answer(caught.HasTerminated() ? PlainResponse(kUnavailable, "The app is being ended.")
                                            : PlainResponse(400, "The method, the URL or a field is not valid."));
    return;
  }
  const uint32_t id = ++last_id_;
  exchange->id = id;
  in_flight_[id] = {std::move(exchange), v8::Global<v8::Object>(isolate, request), std::move(what)};
  v8::Local<v8::Value> arguments[] = {v8::Integer::NewFromUnsigned(isolate, id), request};
  if (!dispatch_.Get(isolate)->Call(context, v8::Undefined(isolate), 2, arguments).IsEmpty()) return;
  // Terminated: this handler will not answer any more. Nothing else comes out of an async function.
  if (broken()) return;
  if (const auto ended = Take(id)) ended->exchange->Answer(PlainResponse(kTimedOut, "The app took too long."));
}

std::unique_ptr<AppRealm::InFlight> AppRealm::Take(uint32_t id) {
  const auto found = in_flight_.find(id);
  if (found == in_flight_.end()) return nullptr;
  auto taken = std::make_unique<InFlight>(std::move(found->second));
  in_flight_.erase(found);
  return taken;
}

void AppRealm::LogException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception, std::string_view what) {
  const v8::Local<v8::Message> message = v8::Exception::CreateMessage(context->GetIsolate(), exception);
  log_(DescribeException(context, exception, message, Concat(what, ":")));
}

// respond(id, value)
void AppRealm::Respond(const v8::FunctionCallbackInfo<v8::Value>& info) {
  AppRealm& self = SelfOf<AppRealm>(info);
  v8::Isolate* const isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const auto request = self.Take(info[0].As<v8::Uint32>()->Value());
  if (request == nullptr) return;
  ResponseData response;
  v8::TryCatch caught(isolate);
  if (!ReadResponse(context, info[1], response)) {
    if (caught.HasTerminated()) {
      response = PlainResponse(kUnavailable, "The app is being ended.");
    } else {
      self.LogException(context, caught.Exception(), request->what);
      response = PlainResponse(kInternalError);
    }
  }
  request->exchange->Answer(std::move(response));
  if (caught.HasTerminated()) caught.ReThrow();
}

// fail(id, error): it threw, or its promise was rejected. The client learns no more than that.
void AppRealm::Fail(const v8::FunctionCallbackInfo<v8::Value>& info) {
  AppRealm& self = SelfOf<AppRealm>(info);
  const auto request = self.Take(info[0].As<v8::Uint32>()->Value());
  if (request == nullptr) return;
  // Who waits for a client that has gone is meant to give up.
  if (!request->client_gone) {
    self.LogException(info.GetIsolate()->GetCurrentContext(), info[1], request->what);
  }
  request->exchange->Answer(PlainResponse(kInternalError));
}

void AppRealm::Abandon(const Exchange& exchange, GaveUp why) {
  // Ids begin anew in each realm.
  const auto found = in_flight_.find(exchange.id);
  if (found == in_flight_.end() || found->second.exchange.get() != &exchange) return;
  if (why == GaveUp::kTimeOver) {
    log_(Concat(found->second.what, ": not answered within the time limit of ", configuration_.time_limit_ms, " ms\n"));
  }
  found->second.client_gone = why == GaveUp::kClientGone;
  const auto taken = exchange.ended() ? Take(exchange.id) : nullptr;
  realm_->RunTask([&] {
    v8::Isolate* const isolate = realm_->isolate().get();
    const v8::Local<v8::Context> context = realm_->context();
    const v8::Local<v8::Object> request = (taken ? *taken : in_flight_.at(exchange.id)).request.Get(isolate);
    v8::Local<v8::Value> reason = v8::Undefined(isolate);
    if (why == GaveUp::kTimeOver) {
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
