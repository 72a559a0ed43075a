#include "src/runtime/timers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "src/runtime/values.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// What native code has for one timer of a script, in bytes, more or less: a Timer, its places in three tables, a
// Handler.
constexpr int64_t kTimerBytes = 400;

// How long timers that are due keep a turn of the loop to themselves.
constexpr double kLongestRoundMs = 50;

// What a JavaScript timer calls. The timer owns it: a handler that refers to what set it is let go when it has run.
class Handler {
 public:
  // `call`: the function and its arguments, in an array that no author has.
  Handler(v8::Isolate* isolate, v8::Local<v8::Array> call) : isolate_(isolate), call_(isolate, call) {
    binding::IsolateData::Of(isolate)->AdjustExternalMemory(kTimerBytes);
  }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  ~Handler() { binding::IsolateData::Of(isolate_)->AdjustExternalMemory(-kTimerBytes); }

  // In a task.
  void Call() const {
    const v8::HandleScope handles(isolate_);
    const v8::Local<v8::Context> context = isolate_->GetCurrentContext();
    const v8::Local<v8::Array> call = call_.Get(isolate_);
    std::vector<v8::Local<v8::Value>> values(call->Length());
    for (uint32_t i = 0; i < values.size(); ++i) {
      if (!call->Get(context, i).ToLocal(&values[i])) return;
    }
    // What it throws is the task's to report.
    (void)values[0].As<v8::Function>()->Call(context, context->Global(), static_cast<int>(values.size() - 1),
                                             values.data() + 1);
  }

 private:
  v8::Isolate* const isolate_;
  const v8::Global<v8::Array> call_;
};

}  // namespace

Timers::Timers(EventLoop& loop, RunTask run_task) : loop_(loop), run_task_(std::move(run_task)) {
  uv_timer_init(loop_.get(), &wake_);
  wake_.data = this;
  uv_idle_init(loop_.get(), &soon_);
  soon_.data = this;
}

Timers::~Timers() {
  // Closing turns the loop, and nothing may run any more.
  CancelAll();
  loop_.Close(wake_);
  loop_.Close(soon_);
}

Timers::Id Timers::Post(double milliseconds, Task task, Options options) {
  const Id id = ++last_id_;
  Timer& timer = timers_[id];
  timer.interval = milliseconds > 0 ? milliseconds : 0;
  timer.task = std::move(task);
  timer.options = options;
  if (options.keeps_alive) ++keeping_alive_;
  Enqueue(id, timer);
  Arm();
  return id;
}

int32_t Timers::NewScriptId() {
  // They go round rather than over; one that is still in use is never given again.
  do {
    last_script_id_ = last_script_id_ == std::numeric_limits<int32_t>::max() ? 1 : last_script_id_ + 1;
  } while (by_script_id_.contains(last_script_id_));
  return last_script_id_;
}

void Timers::Cancel(Id id) {
  Erase(id);
  Arm();
}

void Timers::CancelAll() {
  timers_.clear();
  queue_.clear();
  by_script_id_.clear();
  keeping_alive_ = 0;
  Arm();
}

void Timers::Enqueue(Id id, Timer& timer) {
  timer.key = {EventLoop::Now() + timer.interval, sequence_++};
  queue_[timer.key] = id;
}

void Timers::Erase(Id id) {
  const auto found = timers_.find(id);
  if (found == timers_.end()) return;
  by_script_id_.erase(found->second.script_id);
  queue_.erase(found->second.key);
  if (found->second.options.keeps_alive) --keeping_alive_;
  timers_.erase(found);
}

void Timers::Arm() {
  uv_timer_stop(&wake_);
  uv_idle_stop(&soon_);
  if (queue_.empty()) return;
  const double wait = std::ceil(queue_.begin()->first.first - EventLoop::Now());
  if (wait > 0) {
    // libuv counts from the time at which this turn began, which may be long past.
    uv_update_time(loop_.get());
    uv_timer_start(
        &wake_, [](uv_timer_t* timer) { static_cast<Timers*>(timer->data)->RunDue(); },
        static_cast<uint64_t>(std::min(wait, 1e12)), 0);
  } else {
    // Not a timer of 0 ms: libuv (1.44) would run it again in this turn, and its other events would never have theirs.
    uv_idle_start(&soon_, [](uv_idle_t* idle) { static_cast<Timers*>(idle->data)->RunDue(); });
  }
  for (auto* const handle : {reinterpret_cast<uv_handle_t*>(&wake_), reinterpret_cast<uv_handle_t*>(&soon_)}) {
    keeping_alive_ != 0 ? uv_ref(handle) : uv_unref(handle);
  }
}

void Timers::RunDue() {
  const Key limit{EventLoop::Now(), sequence_};
  while (!queue_.empty()) {
    const auto [key, id] = *queue_.begin();
    // Those set since this round began have a higher number, even when they are due already. They are due after all
    // that were there before, as the clock does not go back.
    if (key.first > limit.first || key.second >= limit.second) break;
    // The others are due in the next turn, after what else has come.
    if (EventLoop::Now() - limit.first > kLongestRoundMs) break;
    RunOne(id);
  }
  Arm();
}

void Timers::RunOne(Id id) {
  Timer& timer = timers_.at(id);
  queue_.erase(timer.key);
  // The task may clear its own timer, or the realm may clear all of them: what runs is held here.
  const Task task = timer.options.repeats ? timer.task : std::move(timer.task);
  if (!timer.options.repeats) Erase(id);
  run_task_(task);
  // The interval counts from the end of its task, so that one that takes long does not pile up.
  if (const auto again = timers_.find(id); again != timers_.end() && again->second.options.repeats) {
    Enqueue(id, again->second);
  }
}

// https://html.spec.whatwg.org/#timer-initialisation-steps
void Timers::Set(const v8::FunctionCallbackInfo<v8::Value>& info, bool repeats) {
  v8::Isolate* const isolate = info.GetIsolate();
  const char* const name = repeats ? "setInterval" : "setTimeout";
  if (!binding::RequireArguments(info, 1, name)) return;
  if (!info[0]->IsFunction()) {
    return binding::ThrowTypeError(
        isolate, std::string(name) + ": the handler must be a function; strings of code are not taken");
  }
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  int32_t milliseconds = 0;  // Web IDL's long: NaN and infinities are 0, 2**31 wraps
  if (info.Length() > 1 && !info[1]->Int32Value(context).To(&milliseconds)) return;
  if (!binding::IsolateData::Of(isolate)->RequireMemory(kTimerBytes, name)) return;
  std::vector<v8::Local<v8::Value>> call{info[0]};
  for (int i = 2; i < info.Length(); ++i) call.push_back(info[i]);
  const auto handler = std::make_shared<Handler>(isolate, v8::Array::New(isolate, call.data(), call.size()));
  Timers& timers = SelfOf<Timers>(info);
  const Id id = timers.Post(milliseconds, [handler] { handler->Call(); }, {.repeats = repeats});
  const int32_t script_id = timers.NewScriptId();
  timers.timers_.at(id).script_id = script_id;
  timers.by_script_id_[script_id] = id;
  info.GetReturnValue().Set(script_id);
}

void Timers::Clear(const v8::FunctionCallbackInfo<v8::Value>& info) {
  int32_t id = 0;
  if (info.Length() > 0 && !info[0]->Int32Value(info.GetIsolate()->GetCurrentContext()).To(&id)) return;
  Timers& timers = SelfOf<Timers>(info);
  if (const auto found = timers.by_script_id_.find(id); found != timers.by_script_id_.end()) {
    timers.Cancel(found->second);
  }
}

void Timers::Expose(v8::Local<v8::Context> context) {
  const v8::Local<v8::Object> global = context->Global();
  DefineFunction(
      context, global, "setTimeout", [](const auto& info) { Set(info, false); }, this, 1);
  DefineFunction(
      context, global, "setInterval", [](const auto& info) { Set(info, true); }, this, 1);
  DefineFunction(context, global, "clearTimeout", Clear, this);
  DefineFunction(context, global, "clearInterval", Clear, this);
}

}  // namespace sluice::runtime
