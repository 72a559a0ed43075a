// A fixture that has V8, an isolate with the binding, and an event loop that the test turns by hand.
//
//   TEST_F(V8Test, AdditionAdds) { EXPECT_EQ(Run("1 + 1"), "2"); }
//
// Values come back as String(value), what is thrown as "throws " + String(exception).
#ifndef SLUICE_TESTS_V8_V8_TEST_H_
#define SLUICE_TESTS_V8_V8_TEST_H_

#include <gtest/gtest.h>
#include <v8.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/runtime/isolate.h"
#include "src/v8/globals.h"

namespace sluice::binding {

// Timers that go off when the test says so, and reported exceptions as text.
class TestEmbedder : public Embedder {
 public:
  int64_t PostDelayedTask(double milliseconds, std::function<void()> task) override {
    tasks_.push_back({milliseconds, std::move(task), ++last_id_});
    return last_id_;
  }
  void CancelDelayedTask(int64_t id) override {
    std::erase_if(tasks_, [id](const Task& task) { return task.id == id; });
  }
  void ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                       v8::Local<v8::Message>) override {
    v8::TryCatch caught(context->GetIsolate());
    v8::Local<v8::String> text;
    if (!exception->ToString(context).ToLocal(&text)) return reported_.emplace_back("no text"), void();
    reported_.emplace_back(*v8::String::Utf8Value(context->GetIsolate(), text));
  }

  // Runs the tasks due within `milliseconds` of their posting, soonest first.
  void RunTasks(double milliseconds) {
    std::stable_sort(tasks_.begin(), tasks_.end(), [](const Task& a, const Task& b) { return a.due < b.due; });
    while (!tasks_.empty() && tasks_.front().due <= milliseconds) {
      const std::function<void()> run = std::move(tasks_.front().run);
      tasks_.erase(tasks_.begin());
      run();
    }
  }
  void DropTasks() { tasks_.clear(); }
  size_t task_count() const { return tasks_.size(); }
  // What was reported since the last call.
  std::vector<std::string> TakeReported() { return std::exchange(reported_, {}); }

 private:
  struct Task {
    double due;
    std::function<void()> run;
    int64_t id;
  };
  std::vector<Task> tasks_;
  int64_t last_id_ = 0;
  std::vector<std::string> reported_;
};

class V8Test : public ::testing::Test {
 protected:
  V8Test() : V8Test(Options{}) {}
  explicit V8Test(Options options) {
    // A function that is being compiled on another thread keeps what it refers to: tests that count would be flaky.
    runtime::InitializeV8({"--expose-gc", "--stack-size=500", "--no-concurrent-recompilation"});
    if (options.embedder == nullptr) options.embedder = &embedder_;
    isolate_ = std::make_unique<runtime::Isolate>(runtime::IsolateOptions{.binding = options});
    isolate()->Enter();
    const v8::HandleScope handles(isolate());
    context_.Reset(isolate(), isolate_->NewContext());
  }
  ~V8Test() override { DestroyIsolate(); }

  // Before the fixture does it. Nothing else may be called after this.
  void DestroyIsolate() {
    if (isolate_ == nullptr) return;
    context_.Reset();
    isolate()->Exit();
    isolate_.reset();
  }

  v8::Isolate* isolate() const { return isolate_->get(); }
  IsolateData& data() { return isolate_->data(); }
  TestEmbedder& embedder() { return embedder_; }
  // Inside a HandleScope.
  v8::Local<v8::Context> context() const { return context_.Get(isolate()); }

  // The completion value of a classic script, or what it throws; "terminated" if it was.
  std::string Run(std::string_view source) {
    const v8::HandleScope handles(isolate());
    return RunIn(context(), source);
  }
  std::string RunIn(v8::Local<v8::Context> in, std::string_view source) {
    const v8::HandleScope handles(isolate());
    const v8::Context::Scope entered(in);
    v8::TryCatch caught(isolate());
    v8::Local<v8::Value> value;
    if (!Evaluate(in, source).ToLocal(&value)) {
      if (caught.HasTerminated()) return "terminated";
      return "throws " + Text(in, caught.Exception());
    }
    return Text(in, value);
  }
  v8::MaybeLocal<v8::Value> Evaluate(v8::Local<v8::Context> in, std::string_view source) {
    v8::Local<v8::String> text;
    v8::Local<v8::Script> script;
    if (!v8::String::NewFromUtf8(isolate(), source.data(), v8::NewStringType::kNormal, static_cast<int>(source.size()))
             .ToLocal(&text) ||
        !v8::Script::Compile(in, text).ToLocal(&script)) {
      return {};
    }
    return script->Run(in);
  }
  // Defines a global function for scripts. `function` gets the call's info.
  void Define(const char* name, v8::FunctionCallback function, void* pointer = nullptr) {
    const v8::HandleScope handles(isolate());
    const v8::Context::Scope entered(context());
    const auto made = v8::Function::New(context(), function, v8::External::New(isolate(), pointer)).ToLocalChecked();
    context()->Global()->Set(context(), Ascii(isolate(), name), made).Check();
  }

  void RunMicrotasks() { isolate()->PerformMicrotaskCheckpoint(); }
  void CollectGarbage() {
    isolate()->ClearKeptObjects();
    isolate_->CollectGarbage();
  }

 private:
  std::string Text(v8::Local<v8::Context> in, v8::Local<v8::Value> value) {
    v8::TryCatch caught(isolate());
    v8::Local<v8::String> text;
    if (value.IsEmpty() || !value->ToString(in).ToLocal(&text)) return "no text";
    return *v8::String::Utf8Value(isolate(), text);
  }

  TestEmbedder embedder_;
  std::unique_ptr<runtime::Isolate> isolate_;
  v8::Global<v8::Context> context_;
};

}  // namespace sluice::binding

#endif  // SLUICE_TESTS_V8_V8_TEST_H_
