#include "src/runtime/script_runner.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>

#include "src/runtime/exceptions.h"
#include "src/runtime/source_file.h"
#include "src/runtime/values.h"

namespace sluice::runtime {
namespace {

void RunClassic(Realm& realm, const std::string& name, const std::string& text) {
  v8::Isolate* const isolate = realm.isolate().get();
  const v8::Local<v8::Context> context = realm.context();
  v8::Local<v8::String> source;
  v8::Local<v8::String> resource;
  if (!NewString(isolate, text).ToLocal(&source) || !NewString(isolate, name).ToLocal(&resource)) return;
  v8::ScriptOrigin origin(isolate, resource);
  v8::Local<v8::Script> script;
  {
    v8::TryCatch caught(isolate);
    if (!v8::Script::Compile(context, source, &origin).ToLocal(&script)) {
      realm.PrintError(absl::StrCat(PlaceOf(context, caught.Message()), ": ", Utf8(isolate, caught.Message()->Get()),
                                    "\n", DescribePlace(context, caught.Message())));
      return realm.End(kExitMalformed);
    }
  }
  (void)script->Run(context);
}

}  // namespace

int RunFiles(Realm& realm, const std::vector<ScriptFile>& files) {
  for (const ScriptFile& file : files) {
    const absl::StatusOr<std::string> text = ReadSource(file.path);
    if (!text.ok()) {
      realm.PrintError(absl::StrCat("sluice: ", text.status().message(), "\n"));
      realm.End(kExitMalformed);
      break;
    }
    realm.RunTask([&] { RunClassic(realm, file.path == "-" ? "<stdin>" : file.path, *text); });
    if (realm.ended()) break;
  }
  return realm.RunLoop();
}

}  // namespace sluice::runtime
