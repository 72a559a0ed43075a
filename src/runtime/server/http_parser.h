// Bytes of a connection to requests: HTTP/1.0 and 1.1 (RFC 9112), with limits. Boost.Beast reads the heads; what it is
// lenient about is decided here. Bodies are read without it. No V8, no sockets; a function of the bytes alone.
//
//   RequestParser parser({});
//   size_t used = parser.Feed(buffer);       // `buffer`: all bytes that were not used yet
//   switch (parser.state()) {
//     case RequestParser::State::kDone: Handle(parser.Take()); ...     // begins the next request
//     case RequestParser::State::kFailed: Refuse(parser.error()); ...  // nothing more can be read
//     ...                                                             // more bytes are needed
//   }
#ifndef SLUICE_RUNTIME_SERVER_HTTP_PARSER_H_
#define SLUICE_RUNTIME_SERVER_HTTP_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/server/chunked_body.h"
#include "src/runtime/server/http_request.h"

namespace sluice::runtime {

class RequestParser {
 public:
  enum class State : uint8_t {
    kIdle,    // nothing of a request has come, but for empty lines
    kHead,    // in the request line or the fields
    kBody,    // head() is complete
    kDone,    // Take()
    kFailed,  // error()
  };

  explicit RequestParser(const HttpLimits& limits) : limits_(limits) {}

  // Reads on; returns how many bytes of `bytes` will not be needed again. The others are to be given again, with more
  // after them. Stops after a head, and after a request: calls it until it uses nothing or state() is kDone. It needs
  // no more than head_bytes + 16 bytes at once.
  size_t Feed(std::string_view bytes);
  State state() const { return state_; }
  // In kBody: what is known already. `body` is not complete.
  const HttpRequest& head() const { return request_; }
  const HttpError& error() const { return error_; }
  // In kBody, before any of the body was read: this one may have no more than `bytes`. Fails if it is known to be
  // longer.
  void LimitBody(uint64_t bytes);
  // In kDone. The parser is in kIdle then.
  HttpRequest Take();

 private:
  size_t Fail(HttpError error);
  bool ScanHead(std::string_view bytes);
  bool ReadHead(std::string_view head);
  size_t ReadBody(std::string_view bytes);

  HttpLimits limits_;
  State state_ = State::kIdle;
  HttpRequest request_;
  HttpError error_;
  size_t head_scanned_ = 0;      // bytes of a head that is not whole
  uint64_t body_remaining_ = 0;  // of a body with a length
  std::optional<ChunkedBody> chunks_;
};

// All requests at the begin of `bytes`, as a connection that never pauses would see them; the last error, if any.
// What fuzzers and tests call.
struct ParsedRequests {
  std::vector<HttpRequest> requests;
  HttpError error;
  size_t used = 0;  // bytes
};
ParsedRequests ParseRequests(std::string_view bytes, const HttpLimits& limits);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_HTTP_PARSER_H_
