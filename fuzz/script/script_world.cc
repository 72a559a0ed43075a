#include "fuzz/script/script_world.h"

#include "src/runtime/isolate.h"
#include "src/runtime/values.h"

namespace sluice::fuzz {

using runtime::NewString;
using runtime::Realm;
using runtime::Utf8;

std::string Evaluate(v8::Local<v8::Context> context, std::string_view source, ScriptRun& run) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch caught(isolate);
  v8::Local<v8::String> text;
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> value;
  if (NewString(isolate, source).ToLocal(&text) && v8::Script::Compile(context, text).ToLocal(&script) &&
      script->Run(context).ToLocal(&value)) {
    // Anything else might be an author's, whose conversion runs an author's code.
    if (value->IsString()) return Utf8(isolate, value.As<v8::String>());
    return value->IsInt32() ? std::to_string(value.As<v8::Int32>()->Value()) : "";
  }
  // V8's message has been made already.
  run.thrown = caught.HasCaught() && !caught.Message().IsEmpty() ? Utf8(isolate, caught.Message()->Get()) : "nothing";
  return "";
}

void WithRealm(const std::function<void(Realm& realm, ScriptRun& run)>& use) {
  // A stack that is the same in every build, so that what is too deep for one is too deep for all. No garbage collector
  // of V8's own threads: what is collected when would differ.
  runtime::InitializeV8({"--stack-size=500", "--single-threaded"});
  ScriptRun run;
  runtime::RealmOptions options;
  options.rejections = runtime::RejectionMode::kNone;
  options.go_on_after_errors = true;
  options.out = [&run](std::string_view text) { run.out += text; };
  options.err = [&run](std::string_view text) { run.err += text; };
  Realm realm(std::move(options));
  use(realm, run);
}

ScriptRun RunScripts(const std::vector<std::string_view>& scripts) {
  ScriptRun result;
  WithRealm([&](Realm& realm, ScriptRun& run) {
    for (const std::string_view script : scripts) {
      run.out.clear();
      run.err.clear();
      realm.RunTask([&] { run.result = Evaluate(realm.context(), script, run); });
      if (!run.thrown.empty()) break;
    }
    realm.RunLoop();
    result = run;
  });
  return result;
}

}  // namespace sluice::fuzz
