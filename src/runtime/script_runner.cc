#include "src/runtime/script_runner.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>

#include <string_view>

#include "src/runtime/exceptions.h"
#include "src/runtime/file_url.h"
#include "src/runtime/module_loader.h"
#include "src/runtime/source_file.h"
#include "src/runtime/values.h"

namespace sluice::runtime {
namespace {

// A file that cannot be run: FILE:LINE:COLUMN, V8's words, the line and a caret. What the module loader complains about
// names its place itself.
void ReportMalformed(Realm& realm, const v8::TryCatch& caught) {
  const v8::Local<v8::Context> context = realm.context();
  const v8::Local<v8::Message> message = caught.Message();
  if (message.IsEmpty()) return;
  constexpr size_t kLongest = 10'000;  // bytes; V8 quotes what it stumbled over
  size_t rest = 0;
  std::string text = Utf8Prefix(realm.isolate().get(), message->Get(), kLongest, rest);
  const std::string place = DescribePlace(context, message);
  constexpr std::string_view kPrefix = "Uncaught ";
  if (text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
  if (place.empty()) {
    constexpr std::string_view kType = "TypeError: ";
    if (text.starts_with(kType)) text.erase(0, kType.size());
    realm.PrintError(absl::StrCat("sluice: ", text, "\n"));
  } else {
    realm.PrintError(absl::StrCat("sluice: ", PlaceOf(context, message), ": ", text, "\n", place));
  }
  realm.End(kExitMalformed);
}

void RunClassic(Realm& realm, const std::string& name, const std::string& text) {
  v8::Isolate* const isolate = realm.isolate().get();
  const v8::Local<v8::Context> context = realm.context();
  v8::Local<v8::String> source;
  v8::Local<v8::String> resource;
  if (!NewString(isolate, text).ToLocal(&source) || !NewString(isolate, name).ToLocal(&resource)) return;
  v8::ScriptOrigin origin(isolate, resource);
  v8::Local<v8::Script> script;
  {
    const v8::TryCatch caught(isolate);
    if (!v8::Script::Compile(context, source, &origin).ToLocal(&script)) return ReportMalformed(realm, caught);
  }
  (void)script->Run(context);
}

// Evaluates the module; `evaluated` becomes its promise.
void RunModule(Realm& realm, const std::string& name, const std::string& text, v8::Global<v8::Module>& loaded,
               v8::Global<v8::Promise>& evaluated) {
  v8::Isolate* const isolate = realm.isolate().get();
  const v8::Local<v8::Context> context = realm.context();
  v8::Local<v8::Module> module;
  {
    const v8::TryCatch caught(isolate);
    if (!realm.modules().LoadText(context, FileUrl(name), text).ToLocal(&module)) return ReportMalformed(realm, caught);
  }
  loaded.Reset(isolate, module);
  v8::Local<v8::Promise> promise;
  if (!realm.modules().Evaluate(context, module).ToLocal(&promise)) return;
  // Its rejection is ours to report, in the words for an uncaught error.
  promise->MarkAsHandled();
  evaluated.Reset(isolate, promise);
}

v8::Promise::PromiseState StateOf(Realm& realm, const v8::Global<v8::Promise>& promise) {
  const v8::HandleScope handles(realm.isolate().get());
  return promise.Get(realm.isolate().get())->State();
}

// Whether it was fulfilled.
bool AwaitModule(Realm& realm, const std::string& name, const v8::Global<v8::Promise>& evaluated,
                 const std::function<bool()>& go_on) {
  if (evaluated.IsEmpty()) return false;
  bool stopped = false;
  realm.RunLoop([&] {
    stopped = !go_on();
    return !stopped && StateOf(realm, evaluated) == v8::Promise::kPending;
  });
  if (realm.ended()) return false;
  switch (StateOf(realm, evaluated)) {
    case v8::Promise::kFulfilled:
      return true;
    case v8::Promise::kPending:
      if (stopped) return false;
      realm.PrintError(
          absl::StrCat("sluice: ", name, ": nothing is left to do, and its top-level await still waits\n"));
      realm.End(1);
      return false;
    case v8::Promise::kRejected:
      realm.RunTask([&] {
        realm.ReportException(realm.context(), evaluated.Get(realm.isolate().get())->Result(),
                              v8::Local<v8::Message>());
      });
  }
  return false;
}

bool Evaluate(Realm& realm, const std::string& name, const std::string& text, v8::Global<v8::Module>& module,
              const std::function<bool()>& go_on) {
  v8::Global<v8::Promise> evaluated;
  realm.RunTask([&] { RunModule(realm, name, text, module, evaluated); });
  return AwaitModule(realm, name, evaluated, go_on);
}

}  // namespace

int RunFiles(Realm& realm, const std::vector<ScriptFile>& files) {
  for (const ScriptFile& file : files) {
    const absl::StatusOr<std::string> text =
        file.path == "-" ? ReadStandardInput() : ReadSource(file.path, realm.max_file_bytes());
    if (!text.ok()) {
      realm.PrintError(absl::StrCat("sluice: ", text.status().message(), "\n"));
      realm.End(kExitMalformed);
      break;
    }
    const std::string name = file.path == "-" ? "<stdin>" : file.path;
    if (file.module) {
      v8::Global<v8::Module> module;
      Evaluate(realm, name, *text, module, [] { return true; });
    } else {
      realm.RunTask([&] { RunClassic(realm, name, *text); });
    }
    if (realm.ended()) break;
  }
  return realm.RunLoop();
}

bool EvaluateModuleFile(Realm& realm, const std::string& path, v8::Global<v8::Module>& module,
                        const std::function<bool()>& go_on) {
  const absl::StatusOr<std::string> text = ReadSource(path, realm.max_file_bytes());
  if (!text.ok()) {
    realm.PrintError(absl::StrCat("sluice: ", text.status().message(), "\n"));
    return false;
  }
  return Evaluate(realm, path, *text, module, go_on);
}

}  // namespace sluice::runtime
