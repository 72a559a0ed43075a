#include "src/runtime/server/http_response.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "src/runtime/server/ascii.h"

namespace sluice::runtime {
namespace {

struct Reason {
  int status;
  std::string_view phrase;
};
// https://www.iana.org/assignments/http-status-codes
constexpr Reason kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

constexpr int kNoContent = 204;
constexpr int kResetContent = 205;
constexpr int kNotModified = 304;

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view one) { return EqualsIgnoringCase(name, one); });
}

// Fields that say how the message ends, or are for this connection only.
bool IsServersOwn(std::string_view name) {
  return IsOneOf(name, {"connection", "transfer-encoding", "keep-alive", "upgrade", "trailer", "te"});
}

// A number that every reader can hold.
bool IsLength(std::string_view value) {
  constexpr size_t kMostDigits = 18;
  return !value.empty() && value.size() <= kMostDigits && value.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  const auto* const found = std::lower_bound(std::begin(kReasons), std::end(kReasons), status,
                                             [](const Reason& reason, int wanted) { return reason.status < wanted; });
  return found != std::end(kReasons) && found->status == status ? found->phrase : "";
}

std::string HttpDate(std::time_t time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[64];
  const int size =
      std::snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[utc.tm_wday], utc.tm_mday,
                    kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return std::string(text, static_cast<size_t>(size));
}

std::string ResponseHead(const ResponseData& response, const ResponseContext& context, bool& sends_body) {
  const bool never_has_body =
      response.status == kNoContent || response.status == kResetContent || response.status == kNotModified;
  sends_body = !never_has_body && !context.head;
  bool has_length = false;
  bool has_date = false;
  std::string head;
  constexpr size_t kUsualHead = 192;  // bytes
  head.reserve(kUsualHead + (sends_body ? response.body.size() : 0));
  Append(head, "HTTP/1.1 ", response.status, " ",
         response.status_text.empty() ? ReasonPhrase(response.status) : response.status_text, "\r\n");
  for (const auto& [name, value] : response.headers) {
    if (IsServersOwn(name)) continue;
    if (EqualsIgnoringCase(name, "content-length")) {
      // Without a body it may state how long one would be. https://www.rfc-editor.org/rfc/rfc9110#name-content-length
      // Readers of 205 read as many bytes as it says: none.
      // https://www.rfc-editor.org/rfc/rfc9110#name-205-reset-content
      const bool may_state = !sends_body && response.body.empty() && response.status != kNoContent &&
                             response.status != kResetContent && !has_length;
      if (!may_state || !IsLength(value)) continue;
      has_length = true;
    }
    has_date = has_date || EqualsIgnoringCase(name, "date");
    Append(head, name, ": ", value, "\r\n");
  }
  if (!has_length && response.status != kNoContent && response.status != kNotModified) {
    Append(head, "content-length: ", response.status == kResetContent ? 0 : response.body.size(), "\r\n");
  }
  if (!has_date) Append(head, "date: ", context.date, "\r\n");
  constexpr int kHttp11 = 11;
  if (!context.keep_alive) {
    head += "connection: close\r\n";
  } else if (context.version < kHttp11) {
    head += "connection: keep-alive\r\n";
  }
  head += "\r\n";
  return head;
}

ResponseData PlainResponse(int status, std::string_view detail) {
  ResponseData response;
  response.status = static_cast<uint16_t>(status);
  response.headers.emplace_back("content-type", "text/plain;charset=UTF-8");
  response.body = Concat(status, " ", ReasonPhrase(status), "\n", detail, detail.empty() ? "" : "\n");
  return response;
}

}  // namespace sluice::runtime
