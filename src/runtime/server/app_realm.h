// The JavaScript of an app: its module in a realm of its own, and the requests that its handler has not answered yet.
//
//   AppRealm app(configuration, out, log, [](uint64_t id, ResponseData response) { ... });
//   if (!app.Load(go_on)) ...                  // what is wrong was logged
//   app.Handle(id, request);                   // answers it now or later
//   app.realm().RunLoop([&] { return !app.realm().ended(); });
//
// A heap that is exhausted ends the process (AppExit::kOutOfMemory).
//
// All on one thread. A handler is `export default { fetch(request, env) {} }` or `export function fetch(request, env)`.
#ifndef SLUICE_RUNTIME_SERVER_APP_REALM_H_
#define SLUICE_RUNTIME_SERVER_APP_REALM_H_

#include <v8.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "src/runtime/config/configuration.h"
#include "src/runtime/realm.h"
#include "src/runtime/server/frames.h"

namespace sluice::runtime {

class AppRealm {
 public:
  using Respond = std::function<void(uint64_t id, ResponseData response)>;

  // `out`: what the app's console prints; `log`: what went wrong. All three outlive this.
  AppRealm(const AppConfiguration& configuration, TextOutput out, TextOutput log, Respond respond);
  AppRealm(const AppRealm&) = delete;
  AppRealm& operator=(const AppRealm&) = delete;
  ~AppRealm();

  Realm& realm() { return *realm_; }
  // Loads and evaluates the module, with its top-level await, while `go_on`. False after logging what is wrong.
  bool Load(const std::function<bool()>& go_on);
  // Not from inside a task.
  void Handle(uint64_t id, RequestData request);
  // The client has gone, or the time is over: aborts the request's signal.
  void Abandon(const Abandonment& abandonment);

 private:
  struct InFlight {
    v8::Global<v8::Object> request;  // whose signal is made when the handler asks for it
    std::string what;                // "GET http://...", for the log
    bool client_gone = false;
  };
  static size_t OnNearHeapLimit(void* self, size_t current, size_t initial);
  static void OnRespond(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void OnFail(const v8::FunctionCallbackInfo<v8::Value>& info);

  bool FindHandler(v8::Local<v8::Context> context, v8::Local<v8::Module> module);
  bool MakeDispatcher(v8::Local<v8::Context> context, v8::Local<v8::Object> handler);
  void Dispatch(v8::Local<v8::Context> context, uint64_t id, RequestData request);
  // Takes a request out of flight; none if it is not there any more.
  std::optional<InFlight> Take(uint64_t id);
  void LogException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception, std::string_view what);

  const AppConfiguration& configuration_;
  TextOutput log_;
  Respond respond_;
  std::unique_ptr<Realm> realm_;
  v8::Global<v8::Function> dispatch_;
  std::unordered_map<uint64_t, InFlight> in_flight_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_REALM_H_
