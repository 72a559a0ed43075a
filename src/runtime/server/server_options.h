// What the server has besides its configuration: limits that nobody should need to change, and what tests change.
#ifndef SLUICE_RUNTIME_SERVER_SERVER_OPTIONS_H_
#define SLUICE_RUNTIME_SERVER_SERVER_OPTIONS_H_

#include <chrono>
#include <string>
#include <vector>

#include "src/runtime/output.h"
#include "src/runtime/server/http_request.h"

namespace sluice::runtime {

struct ServerOptions {
  HttpLimits http;
  std::chrono::milliseconds idle{75'000};         // between requests; then the connection is closed
  std::chrono::milliseconds head{10'000};         // from its first byte to its last; 408
  std::chrono::milliseconds body_pause{30'000};   // without a byte; 408
  std::chrono::milliseconds body{300'000};        // from the head to the last byte; 408
  std::chrono::milliseconds write_pause{30'000};  // in which the client takes nothing; then it is given up
  std::chrono::milliseconds linger{2'000};        // how long a refused client may go on sending
  // When the server ends: how long a connection that is between two requests may send one more, which is answered. A
  // client that never pauses would else lose the request that crosses the end of its connection.
  std::chrono::milliseconds last_request{200};
  bool access_log = false;
  std::string status_path;  // "/status": where AppStatus and the process' memory can be asked for; empty: nowhere
  // The command that is the main function of an app's process (app_main.h); the server's process id and the app's name
  // are appended.
  std::vector<std::string> app_command{"/proc/self/exe", "app-process"};
  // Any thread; whole lines.
  TextOutput out;  // the access log, and what apps print
  TextOutput log;  // what went wrong
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_SERVER_OPTIONS_H_
