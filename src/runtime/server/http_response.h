// Responses as bytes.
#ifndef SLUICE_RUNTIME_SERVER_HTTP_RESPONSE_H_
#define SLUICE_RUNTIME_SERVER_HTTP_RESPONSE_H_

#include <ctime>
#include <string>
#include <string_view>

#include "src/runtime/fetch/messages.h"

namespace sluice::runtime {

// What the answer depends on besides the response.
struct ResponseContext {
  bool head = false;        // the request's method was HEAD
  bool keep_alive = false;  // another request may follow
  int version = 11;         // of the request
  std::string_view date;    // HttpDate
};

// The status line and the fields, with the empty line; then response.body is to be sent if `sends_body`. How a message
// ends is the server's: the app's Connection, Transfer-Encoding and the like are left out, and its Content-Length where
// there is a body.
std::string ResponseHead(const ResponseData& response, const ResponseContext& context, bool& sends_body);

// Statuses of the server's own responses.
inline constexpr int kInternalError = 500;
inline constexpr int kUnavailable = 503;
inline constexpr int kTimedOut = 504;

// The server's own: plain text, "404 Not Found\n" and `detail` as a second line.
ResponseData PlainResponse(int status, std::string_view detail = {});

// "Not Found"; "" for a status that has no name.
std::string_view ReasonPhrase(int status);

// https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats
std::string HttpDate(std::time_t time);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_HTTP_RESPONSE_H_
