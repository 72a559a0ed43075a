// A request as it came over the wire, and the limits it came under. No V8, no sockets.
#ifndef SLUICE_RUNTIME_SERVER_HTTP_REQUEST_H_
#define SLUICE_RUNTIME_SERVER_HTTP_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "src/runtime/fetch/messages.h"

namespace sluice::runtime {

struct HttpLimits {
  size_t head_bytes = 16 * 1024;  // the request line and all fields, 431; all trailers; extensions of all chunks
  uint64_t body_bytes = 16 * 1024 * 1024;  // without chunk lines; 413
};

struct HttpRequest {
  std::string method;  // a token, as it came
  std::string target;  // as it came: "/path?query", "http://host/path", "*"
  int version = 11;    // 10 or 11
  HeaderList headers;  // names as they came
  std::string host;    // the field's value; there is one in each HTTP/1.1 request, and it may be empty
  std::string body;
  bool keep_alive = false;        // what the client would like
  bool expects_continue = false;  // it waits for "100 Continue" before it sends the body
};

// Why a request is refused. The connection cannot be used for another one.
struct HttpError {
  int status = 0;           // 0: it is not
  const char* detail = "";  // a sentence for the person who wrote the client
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_HTTP_REQUEST_H_
