#include "src/runtime/realm.h"

#include <algorithm>
#include <utility>

#include "src/runtime/exceptions.h"
#include "src/runtime/fetch/fetch.h"
#include "src/runtime/global_scope.h"
#include "src/runtime/module_loader.h"
#include "src/runtime/sluice_object.h"
#include "src/runtime/source_file.h"
#include "src/runtime/structured_clone.h"
#include "src/runtime/text_encoding.h"

namespace sluice::runtime {
namespace {

IsolateOptions WithEmbedder(IsolateOptions options, binding::Embedder* embedder) {
  options.binding.embedder = embedder;
  return options;
}

// What V8 catches by itself: errors in callbacks of queueMicrotask and of FinalizationRegistry.
void OnMessage(v8::Local<v8::Message> message, v8::Local<v8::Value> exception) {
  v8::Isolate* const isolate = message->GetIsolate();
  Realm::Of(isolate).ReportException(isolate->GetCurrentContext(), exception, message);
}

}  // namespace

Realm::Realm(RealmOptions options)
    : options_(std::move(options)),
      isolate_(WithEmbedder(options_.isolate, this)),
      rejections_(isolate_.get()),
      timers_(loop_, [this](const Timers::Task& task) { RunTask(task); }),
      console_(options_.out, options_.err),
      modules_(std::make_unique<ModuleLoader>(isolate_.get(), timers_)) {
  v8::Isolate* const isolate = isolate_.get();
  isolate->SetData(1, this);
  isolate->AddMessageListener(OnMessage);
  isolate->SetPromiseRejectCallback(
      [](v8::PromiseRejectMessage message) { Of(message.GetPromise()->GetIsolate()).rejections_.OnEvent(message); });
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope handles(isolate);
  const char* const scripts[] = {FetchScript()};
  const v8::Local<v8::Context> context = isolate_.NewContext(scripts);
  context_.Reset(isolate, context);
  const v8::Context::Scope in(context);
  DefineGlobals();
}

Realm::~Realm() {
  // No JavaScript runs from here on: what it would call is being taken down.
  isolate_.get()->RemoveMessageListeners(OnMessage);
  isolate_.get()->SetPromiseRejectCallback(nullptr);
  timers_.CancelAll();
  rejections_.Clear();
  modules_.reset();
  rejection_handler_.Reset();
  context_.Reset();
}

void Realm::DefineGlobals() {
  const v8::Local<v8::Context> in = context();
  ExposeGlobalScope(*this, in);
  console_.Expose(in);
  timers_.Expose(in);
  ExposeTextEncoding(in);
  ExposeStructuredClone(in);
  ExposeFetch(in);
  ExposeSluice(*this, in);
}

size_t Realm::max_file_bytes() const {
  const size_t limit = options_.isolate.max_native_bytes;
  return limit == 0 ? kMaxSourceBytes : std::min(limit, kMaxSourceBytes);
}

void Realm::RunTask(const std::function<void()>& task) {
  if (ended()) return;
  v8::Isolate* const isolate = isolate_.get();
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope handles(isolate);
  const v8::Local<v8::Context> in = context();
  const v8::Context::Scope scope(in);
  BeginTask();
  {
    const v8::TryCatch caught(isolate);
    task();
    if (caught.HasCaught() && !caught.HasTerminated()) ReportException(in, caught.Exception(), caught.Message());
  }
  if (!ended()) isolate->PerformMicrotaskCheckpoint();
  if (!ended()) ReportRejections();
  EndTask();
  if (failed_) End(1);
}

void Realm::BeginTask() {
  isolate_.data().OnTaskBegins();
  const std::lock_guard lock(task_mutex_);
  in_task_ = true;
  task_began_ = EventLoop::Now();
  interrupted_ = false;
}

void Realm::EndTask() {
  {
    const std::lock_guard lock(task_mutex_);
    in_task_ = false;
    // Whether it was terminated or only asked for when it had ended: what comes next is not.
    isolate_.get()->CancelTerminateExecution();
  }
  if (interrupted_ && !ended()) options_.err(options_.interrupted_text);
}

bool Realm::Interrupt() {
  const std::lock_guard lock(task_mutex_);
  if (!in_task_) return false;
  interrupted_ = true;
  isolate_.get()->TerminateExecution();
  return true;
}

double Realm::InterruptLongTask(double milliseconds) {
  const std::lock_guard lock(task_mutex_);
  if (!in_task_) return milliseconds;
  const double left = task_began_ + milliseconds - EventLoop::Now();
  if (left > 0) return left;
  interrupted_ = true;
  isolate_.get()->TerminateExecution();
  return milliseconds;
}

double Realm::TaskBegan() {
  const std::lock_guard lock(task_mutex_);
  return in_task_ ? task_began_ : 0;
}

int Realm::RunLoop(const std::function<bool()>& go_on) {
  while (!ended() && go_on()) {
    RunTask([this] { isolate_.PumpV8Tasks(); });
    if (ended() || !go_on() || !loop_.IsAlive()) break;
    loop_.Turn(/*wait=*/true);
  }
  return exit_code();
}

void Realm::End(int code) {
  if (!ended()) exit_code_ = code;
  timers_.CancelAll();
  // A turn that runs timers first would wait for what else there is.
  uv_stop(loop_.get());
  if (in_task_) isolate_.get()->TerminateExecution();
}

void Realm::ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                            v8::Local<v8::Message> message) {
  if (ended()) return;
  if (message.IsEmpty()) message = v8::Exception::CreateMessage(isolate_.get(), exception);
  options_.err(DescribeException(context, exception, message, "Uncaught"));
  if (!options_.go_on_after_errors) failed_ = true;
}

void Realm::ReportRejections() {
  // Printing cannot be interrupted: a task that was interrupted prints one more.
  size_t left_out = 0;
  bool is_last = false;
  rejections_.Process([&](v8::Local<v8::Promise> promise) {
    if (is_last) {
      ++left_out;
      return;
    }
    is_last = interrupted_;
    if (!rejection_handler_.IsEmpty() && !failed_ && !ended()) return CallRejectionHandler(promise);
    if (options_.rejections == RejectionMode::kNone || failed_) return;
    const v8::Local<v8::Value> reason = promise->Result();
    const v8::Local<v8::Message> message = v8::Exception::CreateMessage(isolate_.get(), reason);
    const bool warn = options_.rejections == RejectionMode::kWarn;
    options_.err(DescribeException(context(), reason, message,
                                   warn ? "Warning: unhandled promise rejection:" : "Unhandled promise rejection:"));
    if (!warn && !options_.go_on_after_errors) failed_ = true;
  });
  if (left_out != 0 && options_.rejections != RejectionMode::kNone) {
    options_.err("... and " + std::to_string(left_out) + " more unhandled promise rejections that are not printed\n");
  }
}

void Realm::CallRejectionHandler(v8::Local<v8::Promise> promise) {
  v8::Isolate* const isolate = isolate_.get();
  const v8::TryCatch caught(isolate);
  v8::Local<v8::Value> arguments[] = {promise, promise->Result()};
  static_cast<void>(rejection_handler_.Get(isolate)->Call(context(), v8::Undefined(isolate), 2, arguments));
  if (caught.HasCaught() && !caught.HasTerminated()) {
    ReportException(context(), caught.Exception(), caught.Message());
  }
  if (!ended()) isolate->PerformMicrotaskCheckpoint();
}

int64_t Realm::PostDelayedTask(double milliseconds, std::function<void()> task) {
  return timers_.Post(milliseconds, std::move(task), {.keeps_alive = false});
}

}  // namespace sluice::runtime
