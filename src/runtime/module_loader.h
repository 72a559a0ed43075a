// ES modules from files: static and dynamic import, import.meta.url.
//   https://html.spec.whatwg.org/multipage/webappapis.html#fetching-scripts
//
//   v8::Local<v8::Module> module;
//   if (loader.Load(context, FileUrl("a.mjs"), "").ToLocal(&module)) promise = module->Evaluate(context);
//
// A module is loaded once for each URL (query and fragment count). What fails to load is tried again when it is asked
// for again. Import assertions, and with them JSON modules, are refused.
#ifndef SLUICE_RUNTIME_MODULE_LOADER_H_
#define SLUICE_RUNTIME_MODULE_LOADER_H_

#include <v8.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "src/runtime/timers.h"

namespace sluice::runtime {

class ModuleLoader {
 public:
  // Takes the isolate's import callbacks. `timers` is where dynamic imports become tasks.
  ModuleLoader(v8::Isolate* isolate, Timers& timers);
  ModuleLoader(const ModuleLoader&) = delete;
  ModuleLoader& operator=(const ModuleLoader&) = delete;

  // The module of `url` with all that it imports, ready to be evaluated. Empty with an exception thrown: a TypeError
  // whose message begins with the importer's file and position (`importer` for this module itself, with a ": " after
  // it; empty: nothing), or V8's SyntaxError. Runs no author code.
  v8::MaybeLocal<v8::Module> Load(v8::Local<v8::Context> context, const std::string& url, const std::string& importer);
  // The same of a module whose text is at hand.
  v8::MaybeLocal<v8::Module> LoadText(v8::Local<v8::Context> context, const std::string& url, const std::string& text);
  // In place of Module::Evaluate, which ends the process in some states: the promise of a module that Load() gave.
  // Runs author code. Empty with an exception pending, or if execution is being terminated.
  v8::MaybeLocal<v8::Promise> Evaluate(v8::Local<v8::Context> context, v8::Local<v8::Module> module);

 private:
  static v8::MaybeLocal<v8::Module> Resolve(v8::Local<v8::Context> context, v8::Local<v8::String> specifier,
                                            v8::Local<v8::FixedArray> assertions, v8::Local<v8::Module> referrer);
  static v8::MaybeLocal<v8::Promise> ImportDynamically(v8::Local<v8::Context> context, v8::Local<v8::Data> options,
                                                       v8::Local<v8::Value> resource_name,
                                                       v8::Local<v8::String> specifier,
                                                       v8::Local<v8::FixedArray> assertions);
  static void InitializeMeta(v8::Local<v8::Context> context, v8::Local<v8::Module> module, v8::Local<v8::Object> meta);

  bool Fetch(v8::Local<v8::Context> context, const std::string& url, const std::string& importer);
  bool Compile(v8::Local<v8::Context> context, const std::string& url, const std::string& text);
  bool LoadGraph(v8::Local<v8::Context> context, const std::string& root);
  v8::MaybeLocal<v8::Module> Link(v8::Local<v8::Context> context, const std::string& url);
  void Import(v8::Local<v8::Context> context, v8::Local<v8::Promise::Resolver> resolver, const std::string& specifier,
              const std::string& base_url);
  std::string UrlOf(v8::Local<v8::Module> module) const;
  std::vector<std::string> ImportsOf(v8::Local<v8::Context> context, const std::string& url) const;

  v8::Isolate* isolate_;
  Timers& timers_;
  std::unordered_map<std::string, v8::Global<v8::Module>> modules_;
  std::unordered_multimap<int, std::string> urls_;  // by identity hash
  std::unordered_set<std::string> interrupted_;     // those whose evaluation was terminated
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_MODULE_LOADER_H_
