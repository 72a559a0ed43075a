#include "src/runtime/server/http_parser.h"

#define BOOST_BEAST_USE_STD_STRING_VIEW

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <optional>
#include <utility>

#include "src/runtime/server/ascii.h"

namespace sluice::runtime {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using View = boost::beast::string_view;

constexpr int kVersion11 = 11;

// Whether the request line ends with a version at all: "... HTTP/2.0".
bool NamesVersion(std::string_view text) {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  constexpr std::string_view kLike = " HTTP/2.0";
  return line.size() >= kLike.size() && line.substr(line.size() - kLike.size(), 6) == kLike.substr(0, 6);
}

HttpError ErrorOf(const error_code& code, std::string_view text) {
  if (code == http::error::header_limit) return {431, "The request line and the fields are too long."};
  if (code == http::error::body_limit) return {413, "The body is too long."};
  if (code == http::error::bad_version && NamesVersion(text))
    return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (code == http::error::bad_content_length) return {400, "The Content-Length is not one number."};
  if (code == http::error::bad_transfer_encoding) return {400, "The Transfer-Encoding contradicts other fields."};
  if (code == http::error::bad_method || code == http::error::bad_target || code == http::error::bad_version) {
    return {400, "The request line is malformed."};
  }
  if (code == http::error::bad_line_ending) return {400, "A line does not end with CR LF."};
  return {400, "A field is malformed."};
}

// Gives what Beast finds in a head to the request. Beast is not asked about bodies.
struct Syntax final : http::basic_parser<true> {
  Syntax(HttpRequest& to, const HttpLimits& limits) : request(to), head_limit(limits.head_bytes) {
    header_limit(static_cast<uint32_t>(limits.head_bytes));
    body_limit(limits.body_bytes);
  }

  HttpRequest& request;
  HttpError error;
  size_t head_limit;
  size_t head_size = 0;
  int hosts = 0;
  bool has_length = false;
  bool transfer_encoding = false;

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
    if (code) return;
    if (field == http::field::host) {
      if (++hosts > 1) return Refuse({400, "There is more than one Host."}, code);
      request.host = value;
    } else if (field == http::field::content_length) {
      // Beast takes lists of the same number, as it may. Who stands before us might not.
      const bool is_number = std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (has_length || !is_number) return Refuse({400, "The Content-Length is not one number."}, code);
      has_length = true;
    } else if (field == http::field::transfer_encoding) {
      // https://www.rfc-editor.org/rfc/rfc9112#name-transfer-encoding
      if (request.version < kVersion11) return Refuse({400, "HTTP/1.0 has no Transfer-Encoding."}, code);
      if (transfer_encoding) return Refuse({400, "There is more than one Transfer-Encoding."}, code);
      if (!EqualsIgnoringCase(std::string_view(value), "chunked")) {
        return Refuse({501, "The only Transfer-Encoding that is understood here is chunked."}, code);
      }
      transfer_encoding = true;
    } else if (field == http::field::expect && request.version >= kVersion11) {
      if (!EqualsIgnoringCase(std::string_view(value), "100-continue")) {
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

  void on_body_init_impl(const boost::optional<uint64_t>&, error_code&) override {}
  size_t on_body_impl(View, error_code&) override { return 0; }
  void on_chunk_header_impl(uint64_t, View, error_code&) override {}
  size_t on_chunk_body_impl(uint64_t, View, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

}  // namespace

size_t RequestParser::Fail(HttpError error) {
  state_ = State::kFailed;
  error_ = error;
  return 0;
}

// Beast reads a head when it is whole. Until then the only things that are said of it are those that do not depend on
// how it was cut into pieces, and what Beast would take: a line feed by itself, and a field that goes on in another
// line, which others read differently (https://www.rfc-editor.org/rfc/rfc9112#name-obsolete-line-folding). Returns
// whether the head is whole; `head_scanned_` is how far it was looked at.
bool RequestParser::ScanHead(std::string_view bytes) {
  for (; head_scanned_ < bytes.size() && head_scanned_ < limits_.head_bytes; ++head_scanned_) {
    const size_t i = head_scanned_;
    const char c = bytes[i];
    const bool after_line = i >= 2 && bytes[i - 1] == '\n';
    if (c == '\n' && (i == 0 || bytes[i - 1] != '\r')) return Fail({400, "A line does not end with CR LF."}), false;
    if (c != '\r' && i >= 1 && bytes[i - 1] == '\r' && c != '\n') {
      return Fail({400, "A line does not end with CR LF."}), false;
    }
    if (after_line && (c == ' ' || c == '\t')) return Fail({400, "A field goes on in another line."}), false;
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < ' ' && c != '\r' && c != '\n' && c != '\t') || byte == 0x7F) {
      return Fail({400, "There is a control character in the head."}), false;
    }
    if (c == '\n' && i >= 3 && bytes[i - 2] == '\n') {
      ++head_scanned_;
      return true;
    }
  }
  if (head_scanned_ == limits_.head_bytes) Fail({431, "The request line and the fields are too long."});
  return false;
}

size_t RequestParser::Feed(std::string_view bytes) {
  if (state_ == State::kDone || state_ == State::kFailed) return 0;
  size_t blank = 0;
  if (state_ == State::kIdle) {
    // Empty lines before a request are passed over: https://www.rfc-editor.org/rfc/rfc9112#name-message-parsing
    while (bytes.substr(blank, 2) == "\r\n") blank += 2;
    bytes.remove_prefix(blank);
    if (bytes.empty() || bytes == "\r") return blank;
    head_scanned_ = 0;
    state_ = State::kHead;
  }
  if (state_ == State::kBody) return ReadBody(bytes);
  if (!ScanHead(bytes)) return blank;
  if (!ReadHead(bytes.substr(0, head_scanned_))) return 0;
  return blank + head_scanned_;
}

// `head` is whole.
bool RequestParser::ReadHead(std::string_view head) {
  Syntax syntax(request_, limits_);
  while (!syntax.is_header_done()) {
    error_code code;
    head.remove_prefix(syntax.put(boost::asio::const_buffer(head.data(), head.size()), code));
    // All of the head is there: a line in it is too short.
    if (code == http::error::need_more) return Fail({400, "The request line is malformed."}), false;
    if (code) return Fail(syntax.error.status != 0 ? syntax.error : ErrorOf(code, head)), false;
  }
  body_remaining_ = 0;
  chunks_.reset();
  if (syntax.chunked()) {
    chunks_.emplace(limits_);
  } else if (const auto length = syntax.content_length()) {
    body_remaining_ = *length;
    // Not all that a client promises: it may not come.
    constexpr uint64_t kPromised = 64 * 1024;
    request_.body.reserve(static_cast<size_t>(std::min(body_remaining_, kPromised)));
  }
  state_ = chunks_ || body_remaining_ > 0 ? State::kBody : State::kDone;
  return true;
}

size_t RequestParser::ReadBody(std::string_view bytes) {
  if (chunks_) {
    const size_t used = chunks_->Feed(bytes, request_.body);
    if (chunks_->error().status != 0) return Fail(chunks_->error());
    if (chunks_->done()) state_ = State::kDone;
    return used;
  }
  const auto used = static_cast<size_t>(std::min<uint64_t>(body_remaining_, bytes.size()));
  request_.body.append(bytes, 0, used);
  body_remaining_ -= used;
  if (body_remaining_ == 0) state_ = State::kDone;
  return used;
}

void RequestParser::LimitBody(uint64_t bytes) {
  HttpLimits limits = limits_;
  limits.body_bytes = std::min(limits.body_bytes, bytes);
  if (chunks_) {
    chunks_.emplace(limits);
  } else if (body_remaining_ > limits.body_bytes) {
    Fail({413, "The body is too long."});
  }
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
