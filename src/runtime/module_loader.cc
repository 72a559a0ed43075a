#include "src/runtime/module_loader.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>

#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "src/runtime/file_url.h"
#include "src/runtime/realm.h"
#include "src/runtime/source_file.h"
#include "src/runtime/values.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

// Where `module`, which is of `url`, has the request: "file:///a.mjs:3:21: ".
std::string PlaceOfRequest(v8::Local<v8::Module> module, const std::string& url, v8::Local<v8::ModuleRequest> request) {
  v8::Location location = module->SourceOffsetToLocation(request->GetSourceOffset());
  return absl::StrCat(url, ":", location.GetLineNumber() + 1, ":", location.GetColumnNumber() + 1, ": ");
}

std::string BaseUrl(v8::Isolate* isolate, v8::Local<v8::Value> resource_name) {
  if (!resource_name->IsString()) return FileUrl("./");
  const std::string name = Utf8(isolate, resource_name.As<v8::String>());
  // What is typed at a prompt has no name.
  return name.starts_with("file://") ? name : FileUrl(name.empty() ? "./" : name);
}

// import()'s promise: fulfilled with the namespace when the module, and what it awaits at its top level, is done.
void SettleWhenEvaluated(v8::Local<v8::Context> context, v8::Local<v8::Promise::Resolver> resolver,
                         v8::Local<v8::Module> module, v8::Local<v8::Promise> evaluated) {
  using CallInfo = v8::FunctionCallbackInfo<v8::Value>;
  v8::Local<v8::Value> both[] = {resolver, module->GetModuleNamespace()};
  const auto resolve = [](const CallInfo& info) {
    const v8::Local<v8::Context> in = info.GetIsolate()->GetCurrentContext();
    v8::Local<v8::Value> to;
    v8::Local<v8::Value> name_space;
    if (info.Data().As<v8::Array>()->Get(in, 0).ToLocal(&to) &&
        info.Data().As<v8::Array>()->Get(in, 1).ToLocal(&name_space)) {
      (void)to.As<v8::Promise::Resolver>()->Resolve(in, name_space);
    }
  };
  const auto reject = [](const CallInfo& info) {
    (void)info.Data().As<v8::Promise::Resolver>()->Reject(info.GetIsolate()->GetCurrentContext(), info[0]);
  };
  v8::Local<v8::Function> fulfilled;
  v8::Local<v8::Function> rejected;
  if (v8::Function::New(context, resolve, v8::Array::New(context->GetIsolate(), both, 2)).ToLocal(&fulfilled) &&
      v8::Function::New(context, reject, resolver).ToLocal(&rejected)) {
    // An author's Promise.prototype.constructor is not looked up where the promise has one of its own, and no author
    // has this promise.
    (void)evaluated->CreateDataProperty(context, binding::Ascii(context->GetIsolate(), "constructor"),
                                        v8::Undefined(context->GetIsolate()));
    (void)evaluated->Then(context, fulfilled, rejected);
  }
}

// The system has no longer names, and errors repeat them.
constexpr size_t kLongestSpecifier = 8192;  // bytes

// What import() asked for, until its task runs.
struct ImportRequest {
  static constexpr size_t kBytes = 600;  // with its timer, without the texts, more or less

  ImportRequest(v8::Local<v8::Context> in, v8::Local<v8::Promise::Resolver> to, std::string what, std::string base)
      : isolate(in->GetIsolate()),
        context(isolate, in),
        resolver(isolate, to),
        specifier(std::move(what)),
        base_url(std::move(base)) {
    binding::IsolateData::Of(isolate)->AdjustExternalMemory(Bytes());
  }
  ImportRequest(const ImportRequest&) = delete;
  ImportRequest& operator=(const ImportRequest&) = delete;
  ~ImportRequest() { binding::IsolateData::Of(isolate)->AdjustExternalMemory(-Bytes()); }

  int64_t Bytes() const { return static_cast<int64_t>(kBytes + specifier.size() + base_url.size()); }

  v8::Isolate* const isolate;
  const v8::Global<v8::Context> context;
  const v8::Global<v8::Promise::Resolver> resolver;
  const std::string specifier;
  const std::string base_url;
};

constexpr char kNoAssertions[] = "import assertions are not supported, and there are no JSON modules";

}  // namespace

ModuleLoader::ModuleLoader(v8::Isolate* isolate, Timers& timers) : isolate_(isolate), timers_(timers) {
  isolate->SetHostImportModuleDynamicallyCallback(ImportDynamically);
  isolate->SetHostInitializeImportMetaObjectCallback(InitializeMeta);
}

std::string ModuleLoader::UrlOf(v8::Local<v8::Module> module) const {
  const auto [begin, end] = urls_.equal_range(module->GetIdentityHash());
  for (auto i = begin; i != end; ++i) {
    if (modules_.at(i->second) == module) return i->second;
  }
  return FileUrl("./");
}

bool ModuleLoader::Fetch(v8::Local<v8::Context> context, const std::string& url, const std::string& importer) {
  absl::StatusOr<std::string> text = LocateUnder(Realm::Of(isolate_).options().root, FilePath(url));
  if (text.ok()) text = ReadSource(*text, Realm::Of(isolate_).max_file_bytes());
  if (text.ok()) return Compile(context, url, *text);
  binding::ThrowTypeError(
      isolate_, absl::StrCat(importer, importer.empty() ? "" : "cannot import ", std::string(text.status().message())));
  return false;
}

bool ModuleLoader::Compile(v8::Local<v8::Context>, const std::string& url, const std::string& text) {
  v8::Local<v8::String> string;
  v8::Local<v8::String> name;
  v8::Local<v8::Module> module;
  if (!NewString(isolate_, text).ToLocal(&string) || !NewString(isolate_, url).ToLocal(&name)) return false;
  const v8::ScriptOrigin origin(isolate_, name, 0, 0, false, -1, v8::Local<v8::Value>(), false, false,
                                /*is_module=*/true);
  v8::ScriptCompiler::Source source(string, origin);
  if (!v8::ScriptCompiler::CompileModule(isolate_, &source).ToLocal(&module)) return false;
  modules_[url].Reset(isolate_, module);
  urls_.emplace(module->GetIdentityHash(), url);
  return true;
}

bool ModuleLoader::LoadGraph(v8::Local<v8::Context> context, const std::string& root) {
  // All of the graph is walked, not only what is new: an earlier attempt may have failed half way.
  std::unordered_set<std::string> seen{root};
  std::vector<std::string> waiting{root};
  while (!waiting.empty()) {
    const v8::HandleScope handles(isolate_);
    const std::string url = std::move(waiting.back());
    waiting.pop_back();
    const v8::Local<v8::Module> module = modules_.at(url).Get(isolate_);
    if (module->GetStatus() != v8::Module::kUninstantiated) continue;
    const v8::Local<v8::FixedArray> requests = module->GetModuleRequests();
    for (int i = 0; i < requests->Length(); ++i) {
      const v8::Local<v8::ModuleRequest> request = requests->Get(context, i).As<v8::ModuleRequest>();
      const std::string place = PlaceOfRequest(module, url, request);
      if (request->GetImportAssertions()->Length() != 0) {
        binding::ThrowTypeError(isolate_, absl::StrCat(place, kNoAssertions));
        return false;
      }
      const absl::StatusOr<std::string> target = ResolveSpecifier(Utf8(isolate_, request->GetSpecifier()), url);
      if (!target.ok()) {
        binding::ThrowTypeError(isolate_,
                                absl::StrCat(place, "cannot import ", std::string(target.status().message())));
        return false;
      }
      if (!seen.insert(*target).second) continue;
      if (!modules_.contains(*target) && !Fetch(context, *target, place)) return false;
      waiting.push_back(*target);
    }
  }
  return true;
}

v8::MaybeLocal<v8::Module> ModuleLoader::Link(v8::Local<v8::Context> context, const std::string& url) {
  if (!LoadGraph(context, url)) return {};
  const v8::Local<v8::Module> module = modules_.at(url).Get(isolate_);
  if (module->GetStatus() == v8::Module::kUninstantiated &&
      !module->InstantiateModule(context, Resolve).FromMaybe(false)) {
    return {};
  }
  return module;
}

v8::MaybeLocal<v8::Module> ModuleLoader::Load(v8::Local<v8::Context> context, const std::string& url,
                                              const std::string& importer) {
  if (!modules_.contains(url) && !Fetch(context, url, importer)) return {};
  return Link(context, url);
}

v8::MaybeLocal<v8::Module> ModuleLoader::LoadText(v8::Local<v8::Context> context, const std::string& url,
                                                  const std::string& text) {
  if (!modules_.contains(url) && !Compile(context, url, text)) return {};
  return Link(context, url);
}

// ---- Evaluation
//
// V8 10.2 checks, and ends the process where that fails, that a module which is evaluated
//   - is linked, evaluated or errored;
//   - and, if it is evaluated, that the root of its cycle is evaluated, too, or has a promise. The root of a cycle that
//     failed while it awaited something is "errored", and its members that had finished are "evaluated".
// What V8 holds of cycles cannot be asked for: they are found again in the graph of imports. And of a module whose
// evaluation was terminated, the promise is pending for ever, or the error is null.

std::vector<std::string> ModuleLoader::ImportsOf(v8::Local<v8::Context> context, const std::string& url) const {
  const v8::HandleScope handles(isolate_);
  std::vector<std::string> imports;
  const auto found = modules_.find(url);
  if (found == modules_.end()) return imports;
  const v8::Local<v8::FixedArray> requests = found->second.Get(isolate_)->GetModuleRequests();
  for (int i = 0; i < requests->Length(); ++i) {
    const v8::Local<v8::ModuleRequest> request = requests->Get(context, i).As<v8::ModuleRequest>();
    absl::StatusOr<std::string> target = ResolveSpecifier(Utf8(isolate_, request->GetSpecifier()), url);
    if (target.ok()) imports.push_back(*std::move(target));
  }
  return imports;
}

v8::MaybeLocal<v8::Promise> ModuleLoader::Evaluate(v8::Local<v8::Context> context, v8::Local<v8::Module> module) {
  // The graph below the module, and for each of its modules those that import it.
  std::unordered_map<std::string, std::vector<std::string>> importers;
  const std::string root = UrlOf(module);
  const auto walk = [&](const auto& next_of, const auto& visit) {
    std::unordered_set<std::string> seen{root};
    std::vector<std::string> waiting{root};
    while (!waiting.empty()) {
      const std::string url = std::move(waiting.back());
      waiting.pop_back();
      visit(url);
      for (const std::string& next : next_of(url)) {
        if (seen.insert(next).second) waiting.push_back(next);
      }
    }
  };
  v8::EscapableHandleScope handles(isolate_);
  std::string interrupted;
  std::vector<std::string> beginning;
  const bool finished = module->GetStatus() == v8::Module::kEvaluated;
  walk(
      [&](const std::string& url) {
        std::vector<std::string> imports = ImportsOf(context, url);
        for (const std::string& import : imports) importers[import].push_back(url);
        return imports;
      },
      [&](const std::string& url) {
        const auto found = modules_.find(url);
        if (found == modules_.end()) return;
        const v8::Module::Status status = found->second.Get(isolate_)->GetStatus();
        if (status == v8::Module::kEvaluating || interrupted_.contains(url)) interrupted = url;
        if (status == v8::Module::kInstantiated) beginning.push_back(url);
      });
  if (!interrupted.empty()) {
    binding::ThrowTypeError(isolate_, absl::StrCat(interrupted, ": its evaluation was interrupted"));
    return {};
  }
  v8::Local<v8::Value> error;
  if (finished) {
    // Those that the module imports and that import it: its cycle.
    walk([&](const std::string& url) { return importers[url]; },
         [&](const std::string& url) {
           const auto found = modules_.find(url);
           if (found == modules_.end() || !error.IsEmpty()) return;
           const v8::Local<v8::Module> member = found->second.Get(isolate_);
           if (member->GetStatus() == v8::Module::kErrored) error = member->GetException();
         });
  }
  v8::Local<v8::Value> promise;
  if (!error.IsEmpty()) {
    v8::Local<v8::Promise::Resolver> resolver;
    if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return {};
    if (resolver->Reject(context, error).IsNothing()) return {};
    promise = resolver->GetPromise();
  } else {
    const bool evaluated = module->Evaluate(context).ToLocal(&promise);
    if (Realm::Of(isolate_).interrupted()) {
      for (const std::string& url : beginning) {
        const v8::Module::Status status = modules_.at(url).Get(isolate_)->GetStatus();
        if (status == v8::Module::kErrored || status == v8::Module::kEvaluating) interrupted_.insert(url);
      }
    }
    if (!evaluated) return {};
  }
  return handles.Escape(promise.As<v8::Promise>());
}

v8::MaybeLocal<v8::Module> ModuleLoader::Resolve(v8::Local<v8::Context> context, v8::Local<v8::String> specifier,
                                                 v8::Local<v8::FixedArray>, v8::Local<v8::Module> referrer) {
  v8::Isolate* const isolate = context->GetIsolate();
  ModuleLoader& self = Realm::Of(isolate).modules();
  const absl::StatusOr<std::string> url = ResolveSpecifier(Utf8(isolate, specifier), self.UrlOf(referrer));
  const auto found = url.ok() ? self.modules_.find(*url) : self.modules_.end();
  if (found != self.modules_.end()) return found->second.Get(isolate);
  // LoadGraph has been through this graph.
  binding::ThrowTypeError(isolate, "A module was not loaded before it was linked");
  return {};
}

// https://html.spec.whatwg.org/#hostloadimportedmodule
v8::MaybeLocal<v8::Promise> ModuleLoader::ImportDynamically(v8::Local<v8::Context> context, v8::Local<v8::Data>,
                                                            v8::Local<v8::Value> resource_name,
                                                            v8::Local<v8::String> specifier,
                                                            v8::Local<v8::FixedArray> assertions) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return {};
  if (assertions->Length() != 0) {
    (void)resolver->Reject(context, v8::Exception::TypeError(binding::Ascii(isolate, kNoAssertions)));
    return resolver->GetPromise();
  }
  // The module runs in a task of its own, never inside of import().
  ModuleLoader& self = Realm::Of(isolate).modules();
  size_t rest = 0;
  std::string name = Utf8Prefix(isolate, specifier, kLongestSpecifier, rest);
  std::string base_url = BaseUrl(isolate, resource_name);
  v8::TryCatch caught(isolate);
  if (rest != 0) {
    binding::ThrowTypeError(isolate, absl::StrCat(base_url, ": cannot import '", name, "...': it is too long"));
  } else if (binding::IsolateData::Of(isolate)->RequireMemory(ImportRequest::kBytes + name.size() + base_url.size(),
                                                              "import()")) {
    const auto request = std::make_shared<ImportRequest>(context, resolver, std::move(name), std::move(base_url));
    self.timers_.Post(0,
                      [&self, request] {
                        self.Import(request->context.Get(self.isolate_), request->resolver.Get(self.isolate_),
                                    request->specifier, request->base_url);
                      },
                      {});
    return resolver->GetPromise();
  }
  if (caught.HasTerminated() || !caught.HasCaught()) return {};
  const v8::Local<v8::Value> error = caught.Exception();
  caught.Reset();
  (void)resolver->Reject(context, error);
  return resolver->GetPromise();
}

void ModuleLoader::Import(v8::Local<v8::Context> context, v8::Local<v8::Promise::Resolver> resolver,
                          const std::string& specifier, const std::string& base_url) {
  v8::TryCatch caught(isolate_);
  const absl::StatusOr<std::string> url = ResolveSpecifier(specifier, base_url);
  v8::Local<v8::Module> module;
  v8::Local<v8::Promise> evaluated;
  if (!url.ok()) {
    binding::ThrowTypeError(isolate_, absl::StrCat(base_url, ": cannot import ", std::string(url.status().message())));
  } else if (Load(context, *url, absl::StrCat(base_url, ": ")).ToLocal(&module)) {
    (void)Evaluate(context, module).ToLocal(&evaluated);
  }
  if (evaluated.IsEmpty()) {
    if (caught.HasTerminated() || !caught.HasCaught()) return;
    const v8::Local<v8::Value> error = caught.Exception();
    caught.Reset();
    (void)resolver->Reject(context, error);
    return;
  }
  SettleWhenEvaluated(context, resolver, module, evaluated);
}

void ModuleLoader::InitializeMeta(v8::Local<v8::Context> context, v8::Local<v8::Module> module,
                                  v8::Local<v8::Object> meta) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::String> url;
  if (NewString(isolate, Realm::Of(isolate).modules().UrlOf(module)).ToLocal(&url)) {
    (void)meta->CreateDataProperty(context, binding::Ascii(isolate, "url"), url);
  }
}

}  // namespace sluice::runtime
