// The app server: apps behind HTTP.
//
//   Server server(configuration, options, [](const std::string& url) { ... listening ... });
//   int code = server.Run();     // until Stop()
//
// The thread that calls Run() accepts connections and hands them round to configuration.threads I/O threads; each app
// has a process of its own. No JavaScript runs in this one.
#ifndef SLUICE_RUNTIME_SERVER_SERVER_H_
#define SLUICE_RUNTIME_SERVER_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "src/runtime/config/configuration.h"
#include "src/runtime/server/server_options.h"

namespace sluice::runtime {

class Server {
 public:
  // `listening` is called when requests will be accepted, with "http://ADDRESS:PORT".
  Server(Configuration configuration, ServerOptions options, std::function<void(const std::string& url)> listening);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  // 0: it was stopped, and all requests were answered. 2: it could not start, and the log says why.
  int Run();
  // Any thread: no more is accepted, requests in flight are answered, Run() returns. Again: nothing.
  void Stop();
  // Before Run(): SIGTERM and SIGINT stop it; the second one ends the process with 128 + its number.
  void StopOnSignals();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_SERVER_H_
