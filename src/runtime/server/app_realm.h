// The JavaScript of an app: its module in a realm of its own, and the requests that its handler has not answered yet.
//
//   AppRealm app(configuration, log);
//   if (!app.Load(go_on)) ...                  // what is wrong was logged
//   app.Handle(exchange);                      // answers it now or later
//   app.realm().RunLoop([&] { return !app.broken(); });
//
// All on one thread. A handler is `export default { fetch(request, env) {} }` or `export function fetch(request, env)`.
#ifndef SLUICE_RUNTIME_SERVER_APP_REALM_H_
#define SLUICE_RUNTIME_SERVER_APP_REALM_H_

#include <v8.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "src/runtime/config/configuration.h"
#include "src/runtime/realm.h"
#include "src/runtime/server/exchange.h"

namespace sluice::runtime {

class AppRealm {
 public:
  // `out`: what the app's console prints; `log`: what went wrong. Both outlive this.
  AppRealm(const AppConfiguration& configuration, Sink out, Sink log);
  AppRealm(const AppRealm&) = delete;
  AppRealm& operator=(const AppRealm&) = delete;
  // Answers what is in flight with 503.
  ~AppRealm();

  Realm& realm() { return *realm_; }
  // Loads and evaluates the module, with its top-level await, while `go_on`. False after logging what is wrong.
  bool Load(const std::function<bool()>& go_on);
  // Not from inside a task. Nothing if it ended already.
  void Handle(std::shared_ptr<Exchange> exchange);
  // The client has gone, or the time is over: aborts the request's signal, and forgets it if the exchange has ended.
  void Abandon(const Exchange& exchange, GaveUp why);

  // The heap is exhausted, or the app ended itself: no more JavaScript is to run here.
  bool broken() const { return out_of_memory_ || realm_->ended(); }
  bool out_of_memory() const { return out_of_memory_; }
  size_t in_flight() const { return in_flight_.size(); }

 private:
  struct InFlight {
    std::shared_ptr<Exchange> exchange;
    v8::Global<v8::Object> request;  // whose signal is made when the handler asks for it
    std::string what;  // "GET http://...", for the log
    bool client_gone = false;
  };
  static size_t OnNearHeapLimit(void* self, size_t current, size_t initial);
  static void Respond(const v8::FunctionCallbackInfo<v8::Value>& info);
  static void Fail(const v8::FunctionCallbackInfo<v8::Value>& info);

  bool FindHandler(v8::Local<v8::Context> context, v8::Local<v8::Module> module);
  bool MakeDispatcher(v8::Local<v8::Context> context, v8::Local<v8::Object> handler);
  void Dispatch(v8::Local<v8::Context> context, std::shared_ptr<Exchange> exchange);
  // Takes a request out of flight; empty if it is not there any more.
  std::unique_ptr<InFlight> Take(uint32_t id);
  void LogException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception, std::string_view what);

  const AppConfiguration& configuration_;
  Sink log_;
  std::unique_ptr<Realm> realm_;
  v8::Global<v8::Function> dispatch_;
  std::unordered_map<uint32_t, InFlight> in_flight_;
  uint32_t last_id_ = 0;
  bool out_of_memory_ = false;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_REALM_H_
