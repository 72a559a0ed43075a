// The state of the server as JSON, for those who watch it and for tests of leaks.
//
//   {"apps": [{"name": "hello", "process": 4711, "requests": 3, "inFlight": 0, "bodyBytes": 0, "restarts": 0,
//              "heapBytes": 4000000, "bufferBytes": 0, "residentBytes": 30000000,
//              "live": {"streams": 0, "writers": 0, "externalBytes": 0}}],
//    "serverBytes": 9000000, "residentBytes": 39000000}
//
// "residentBytes" is the memory of a process that is its own; the last one is that of all processes together.
#ifndef SLUICE_RUNTIME_SERVER_STATUS_H_
#define SLUICE_RUNTIME_SERVER_STATUS_H_

#include <memory>
#include <vector>

#include "src/runtime/server/app.h"
#include "src/runtime/server/exchange.h"

namespace sluice::runtime {

// Queries all apps, and responds to `exchange` when the last one has replied. `collect`: after collecting
// garbage.
void RespondWithStatus(const std::vector<std::unique_ptr<App>>& apps, std::shared_ptr<Exchange> exchange, bool collect);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_STATUS_H_
