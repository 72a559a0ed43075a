// A fixture that has a realm whose output is text.
//
//   TEST_F(RealmTest, Adds) { EXPECT_EQ(Run("console.log(1 + 1)"), "2\n"); }
#ifndef SLUICE_TESTS_RUNTIME_REALM_TEST_H_
#define SLUICE_TESTS_RUNTIME_REALM_TEST_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <v8.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "src/runtime/inspect.h"
#include "src/runtime/realm.h"
#include "src/runtime/values.h"

namespace sluice::runtime {

class RealmTest : public ::testing::Test {
 protected:
  RealmTest() { Restart({}); }

  // A new realm; the one before it is taken down.
  void Restart(RealmOptions options) {
    InitializeV8({"--expose-gc", "--stack-size=500"});
    options.out = [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      out_ += text;
    };
    options.err = [this](std::string_view text) { err_ += text; };
    realm_.reset();
    realm_ = std::make_unique<Realm>(std::move(options));
  }
  void Destroy() { realm_.reset(); }

  Realm& realm() { return *realm_; }
  v8::Isolate* isolate() { return realm_->isolate().get(); }

  // Runs `source` as a task of its own. An exception that it leaves is reported.
  void RunTask(std::string_view source) {
    realm().RunTask([&] { (void)Evaluate(source); });
  }
  // The same, and then the event loop until nothing is left. Returns what was printed on standard output.
  std::string Run(std::string_view source) {
    RunTask(source);
    realm().RunLoop();
    return std::exchange(out_, {});
  }
  // Inspect's words for the value of the expression `source`.
  std::string Inspected(std::string_view source, const InspectOptions& options = {}) {
    std::string text;
    realm().RunTask([&] {
      v8::Local<v8::Value> value;
      if (Evaluate(source).ToLocal(&value)) text = Inspect(realm().context(), value, options);
    });
    return text;
  }
  v8::MaybeLocal<v8::Value> Evaluate(std::string_view source) {
    v8::Local<v8::String> text;
    v8::Local<v8::String> name;
    v8::Local<v8::Script> script;
    if (!NewString(isolate(), source).ToLocal(&text) || !NewString(isolate(), "test.js").ToLocal(&name)) return {};
    v8::ScriptOrigin origin(isolate(), name);
    if (!v8::Script::Compile(realm().context(), text, &origin).ToLocal(&script)) return {};
    return script->Run(realm().context());
  }

  // From another thread, too.
  bool HasPrinted(std::string_view text) {
    const std::lock_guard lock(mutex_);
    return out_.find(text) != std::string::npos;
  }
  std::string TakeErrors() { return std::exchange(err_, {}); }
  std::string TakeOutput() { return std::exchange(out_, {}); }

 private:
  std::mutex mutex_;  // for HasPrinted()
  std::string out_;
  std::string err_;
  std::unique_ptr<Realm> realm_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_TESTS_RUNTIME_REALM_TEST_H_
