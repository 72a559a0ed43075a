// The state of the server as JSON, for those who watch it and for tests of leaks.
//
//   {"apps": [{"name": "hello", "requests": 3, "inFlight": 0, "restarts": 0, "heapBytes": 4000000, "bufferBytes": 0,
//              "live": {"streams": 0, "writers": 0, "externalBytes": 0}}], "residentBytes": 60000000}
#ifndef SLUICE_RUNTIME_SERVER_STATUS_H_
#define SLUICE_RUNTIME_SERVER_STATUS_H_

#include <memory>
#include <vector>

#include "src/runtime/server/app.h"
#include "src/runtime/server/exchange.h"

namespace sluice::runtime {

// Asks all apps, each on its thread, and answers `exchange` when the last one has told. `collect`: after collecting garbage.
void TellStatus(const std::vector<std::unique_ptr<App>>& apps, std::shared_ptr<Exchange> exchange, bool collect);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_STATUS_H_
