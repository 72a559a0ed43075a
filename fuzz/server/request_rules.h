// Rules of the server's request parser and response writer (src/runtime/server), for any bytes.
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
  std::string sentence;  // the rule
  std::string detail;    // the input that breaks it
};

// The requests that a connection reads from `bytes`, in pieces of `piece` bytes, as connection.cc does.
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
