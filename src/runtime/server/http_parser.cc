#include "src/runtime/server/http_parser.h"

#define BOOST_BEAST_USE_STD_STRING_VIEW
#include <absl/strings/match.h>

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

namespace sluice::runtime {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using View = boost::beast::string_view;

constexpr int kVersion11 = 11;

HttpError ErrorOf(const error_code& code) {
  if (code == http::error::header_limit) return {431, "The request line and the fields are too long."};
  if (code == http::error::body_limit) return {413, "The body is too long."};
  if (code == http::error::bad_version) return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (code == http::error::bad_content_length) return {400, "The Content-Length is not one number."};
  if (code == http::error::bad_transfer_encoding) return {400, "The Transfer-Encoding contradicts other fields."};
  if (code == http::error::bad_chunk || code == http::error::bad_chunk_extension) {
    return {400, "The chunks of the body are malformed."};
  }
  if (code == http::error::bad_method || code == http::error::bad_target) {
    return {400, "The request line is malformed."};
  }
  if (code == http::error::bad_line_ending) return {400, "A line does not end with CR LF."};
  return {400, "A field is malformed."};
}

}  // namespace

// Gives what Beast finds to the request.
struct RequestParser::Syntax final : http::basic_parser<true> {
  Syntax(HttpRequest& to, const HttpLimits& limits) : request(to), head_limit(limits.head_bytes) {
    // Beast counts anew after each piece that it was given: the sum is counted here.
    header_limit(static_cast<uint32_t>(limits.head_bytes));
    body_limit(limits.body_bytes);
  }

  HttpRequest& request;
  HttpError error;
  size_t head_limit;
  size_t head_size = 0;
  int hosts = 0;
  bool transfer_encoding = false;
  bool in_body = false;

  // Any error code makes Beast stop; ours is what counts.
  void Refuse(HttpError why, error_code& code) {
    error = why;
    code = http::error::bad_value;
  }
  void Count(size_t bytes, error_code& code) {
    head_size += bytes;
    if (head_size > head_limit) code = http::error::header_limit;
  }

  void on_request_impl(http::verb, View method, View target, int version, error_code& code) override {
    request.method = method;
    request.target = target;
    request.version = version;
    Count(method.size() + target.size() + sizeof("  HTTP/1.1\r"), code);
  }
  void on_response_impl(int, View, int, error_code&) override {}

  void on_field_impl(http::field field, View name, View value, error_code& code) override {
    Count(name.size() + value.size() + sizeof(": \r"), code);
    // Trailers come here too. They may say nothing that the head should have said, and nobody asks for them.
    if (code || in_body) return;
    if (field == http::field::host) {
      if (++hosts > 1) return Refuse({400, "There is more than one Host."}, code);
      request.host = value;
    } else if (field == http::field::transfer_encoding) {
      // https://www.rfc-editor.org/rfc/rfc9112#name-transfer-encoding
      if (request.version < kVersion11) return Refuse({400, "HTTP/1.0 has no Transfer-Encoding."}, code);
      if (transfer_encoding) return Refuse({400, "There is more than one Transfer-Encoding."}, code);
      if (!absl::EqualsIgnoreCase(std::string_view(value), "chunked")) {
        return Refuse({501, "The only Transfer-Encoding that is understood here is chunked."}, code);
      }
      transfer_encoding = true;
    } else if (field == http::field::expect && request.version >= kVersion11) {
      if (!absl::EqualsIgnoreCase(std::string_view(value), "100-continue")) {
        return Refuse({417, "The only Expect that is understood here is 100-continue."}, code);
      }
      request.expects_continue = true;
    }
    request.headers.emplace_back(name, value);
  }

  void on_header_impl(error_code& code) override {
    if (hosts == 0 && request.version >= kVersion11) return Refuse({400, "An HTTP/1.1 request needs a Host."}, code);
    request.keep_alive = keep_alive();
  }

  void on_body_init_impl(const boost::optional<uint64_t>& length, error_code&) override {
    in_body = true;
    head_size = 0;  // of trailers
    // Not all that a client promises: it may not come.
    constexpr uint64_t kPromised = 64 * 1024;
    if (length) request.body.reserve(static_cast<size_t>(std::min(*length, kPromised)));
  }
  size_t on_body_impl(View body, error_code&) override {
    request.body.append(body);
    return body.size();
  }
  void on_chunk_header_impl(uint64_t, View, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, View body, error_code&) override {
    request.body.append(body);
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

RequestParser::RequestParser(const HttpLimits& limits) : limits_(limits) {}
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;
RequestParser::~RequestParser() = default;

size_t RequestParser::Fail(HttpError error) {
  state_ = State::kFailed;
  error_ = error;
  syntax_.reset();
  return 0;
}

size_t RequestParser::Feed(std::string_view bytes) {
  if (state_ == State::kDone || state_ == State::kFailed) return 0;
  size_t blank = 0;
  if (state_ == State::kIdle) {
    // Empty lines before a request are passed over: https://www.rfc-editor.org/rfc/rfc9112#name-message-parsing
    while (bytes.substr(blank, 2) == "\r\n") blank += 2;
    bytes.remove_prefix(blank);
    if (bytes.empty() || bytes == "\r") return blank;
    syntax_ = std::make_unique<Syntax>(request_, limits_);
    state_ = State::kHead;
  }
  return blank + FeedSyntax(bytes);
}

size_t RequestParser::FeedSyntax(std::string_view bytes) {
  size_t used = 0;
  while (used < bytes.size()) {
    const std::string_view rest = bytes.substr(used);
    error_code code;
    const size_t now = syntax_->put(boost::asio::const_buffer(rest.data(), rest.size()), code);
    used += now;
    if (code && code != http::error::need_more) return Fail(syntax_->error.status != 0 ? syntax_->error : ErrorOf(code));
    if (syntax_->is_done()) {
      state_ = State::kDone;
      syntax_.reset();
      break;
    }
    if (state_ == State::kHead && syntax_->is_header_done()) {
      state_ = State::kBody;
      break;
    }
    if (code == http::error::need_more) {
      // A chunk's line, or the trailers, of any length would have to be kept.
      if (state_ == State::kBody && bytes.size() - used > limits_.head_bytes) {
        return Fail({400, "The chunks of the body are malformed."});
      }
      if (now == 0) break;
    }
  }
  return used;
}

HttpRequest RequestParser::Take() {
  state_ = State::kIdle;
  return std::exchange(request_, {});
}

ParsedRequests ParseRequests(std::string_view bytes, const HttpLimits& limits) {
  ParsedRequests parsed;
  RequestParser parser(limits);
  for (;;) {
    const auto before = parser.state();
    const size_t used = parser.Feed(bytes.substr(parsed.used));
    parsed.used += used;
    if (parser.state() == RequestParser::State::kFailed) {
      parsed.error = parser.error();
      break;
    }
    if (parser.state() == RequestParser::State::kDone) {
      parsed.requests.push_back(parser.Take());
    } else if (used == 0 && parser.state() == before) {
      break;
    }
  }
  return parsed;
}

}  // namespace sluice::runtime
