#include "src/runtime/server/status.h"

#include <malloc.h>
#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::runtime {
namespace {

struct Gathering {
  std::mutex mutex;
  std::vector<AppStatus> statuses;  // in the order of the configuration
  size_t missing = 0;
  std::shared_ptr<Exchange> exchange;
};

ResponseData Report(const std::vector<AppStatus>& apps) {
  nlohmann::ordered_json report;
  report["apps"] = nlohmann::ordered_json::array();
  const uint64_t own = AppProcess::OwnMemoryOf(getpid());
  uint64_t all = own;
  for (const AppStatus& app : apps) {
    all += app.resident_bytes;
    report["apps"].push_back({{"name", app.name},
                              {"process", app.process},
                              {"requests", app.requests},
                              {"inFlight", app.in_flight},
                              {"bodyBytes", app.body_bytes},
                              {"restarts", app.restarts},
                              {"heapBytes", app.realm.heap_bytes},
                              {"bufferBytes", app.realm.buffer_bytes},
                              {"residentBytes", app.resident_bytes},
                              {"live",
                               {{"streams", app.realm.streams},
                                {"writers", app.realm.writers},
                                {"externalBytes", app.realm.external_bytes}}}});
  }
  report["serverBytes"] = own;
  report["residentBytes"] = all;
  ResponseData response;
  response.headers.emplace_back("content-type", "application/json");
  response.body = report.dump(2) + "\n";
  return response;
}

}  // namespace

void RespondWithStatus(const std::vector<std::unique_ptr<App>>& apps, std::shared_ptr<Exchange> exchange,
                       bool collect) {
  const auto gathering = std::make_shared<Gathering>();
  gathering->statuses.resize(apps.size());
  gathering->missing = apps.size();
  gathering->exchange = std::move(exchange);
  for (size_t i = 0; i < apps.size(); ++i) {
    apps[i]->QueryStatus(collect, [gathering, i, collect](const AppStatus& status) {
      const std::lock_guard lock(gathering->mutex);
      gathering->statuses[i] = status;
      if (--gathering->missing != 0) return;
      // What the C library keeps for later is not in use.
      if (collect) malloc_trim(0);
      gathering->exchange->Answer(Report(gathering->statuses));
    });
  }
}

}  // namespace sluice::runtime
