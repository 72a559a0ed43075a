// What must hold of the server's reading of requests and writing of responses (src/runtime/server), for any bytes at
// all.
#ifndef SLUICE_FUZZ_SERVER_REQUEST_RULES_H_
#define SLUICE_FUZZ_SERVER_REQUEST_RULES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "src/runtime/server/http_parser.h"

namespace sluice::fuzz {

struct RequestFinding {
  std::string rule;      // "REQ-PIECES"
  std::string sentence;  // what should have held
  std::string detail;    // for what it did not hold
};

// What a connection makes of `bytes` that come in pieces of `piece` bytes, as connection.cc reads them.
struct FedRequests {
  std::vector<runtime::HttpRequest> requests;
  runtime::HttpError error;
  size_t kept = 0;  // the most bytes that had to be given again
};
FedRequests FeedRequests(std::string_view bytes, size_t piece, const runtime::HttpLimits& limits);

using RequestFeeder =
    std::function<FedRequests(std::string_view bytes, size_t piece, const runtime::HttpLimits& limits)>;

// The first rule that does not hold, under the default limits and under small ones. Tests put a feeder with a fault in
// place of ours.
std::optional<RequestFinding> CheckRequests(std::string_view bytes, const RequestFeeder& feed = FeedRequests);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SERVER_REQUEST_RULES_H_
