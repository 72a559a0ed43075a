#include "fuzz/server/http_grammar.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace sluice::fuzz {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// RFC 9110, section 5.5: visible characters, bytes from 0x80, spaces and tabs.
bool IsFieldContent(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// RFC 9110, section 5.6.1, with empty elements.
bool IsTokenList(std::string_view text) {
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view element = Trimmed(text.substr(0, comma));
    if (!element.empty() && !IsHttpToken(element)) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::optional<uint64_t> Number(std::string_view digits, uint64_t base) {
  if (digits.empty()) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    const char lower = Lower(std::string_view(&c, 1))[0];
    const uint64_t digit = lower >= '0' && lower <= '9'                 ? static_cast<uint64_t>(lower - '0')
                           : lower >= 'a' && lower <= 'f' && base == 16 ? static_cast<uint64_t>(lower - 'a' + 10)
                                                                        : base;
    if (digit >= base || value > (UINT64_MAX - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  GrammarRequests Read() {
    while (Request()) {
    }
    return std::move(result_);
  }

 private:
  bool Malformed(const std::string& why) {
    result_.malformed = why;
    return false;
  }

  // Whether there may be another one.
  bool Request() {
    while (rest_.starts_with(kLineEnd)) rest_.remove_prefix(2);
    const size_t end = rest_.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    GrammarRequest request;
    std::string_view head = rest_.substr(0, end + 2);
    rest_.remove_prefix(end + 4);
    if (!RequestLine(TakeLine(head), request)) return false;
    if (!Fields(head, request.headers)) return false;
    if (!Body(request)) return false;
    result_.requests.push_back(std::move(request));
    return true;
  }

  // `text` has a line's end in it.
  static std::string_view TakeLine(std::string_view& text) {
    const size_t end = text.find(kLineEnd);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    return line;
  }

  // RFC 9112, section 3
  bool RequestLine(std::string_view line, GrammarRequest& request) {
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return Malformed("the request line has not three parts");
    request.method = line.substr(0, first);
    request.target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!IsHttpToken(request.method)) return Malformed("the method is no token");
    const bool is_target = std::all_of(request.target.begin(), request.target.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte > 0x20 && byte != 0x7F;
    });
    if (!is_target || request.target.empty()) return Malformed("the target has blanks or control characters");
    if (version != "HTTP/1.0" && version != "HTTP/1.1")
      return Malformed("the version is neither HTTP/1.0 nor HTTP/1.1");
    request.version = version.back() == '1' ? 11 : 10;
    return true;
  }

  // RFC 9112, section 5. Continued lines (obs-fold) are refused, as they may be.
  bool Field(std::string_view line, std::pair<std::string, std::string>& field) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsHttpToken(line.substr(0, colon))) return Malformed("a field has no name");
    field.first = line.substr(0, colon);
    field.second = Trimmed(line.substr(colon + 1));
    return IsFieldContent(field.second) || Malformed("a field has control characters");
  }
  bool Fields(std::string_view text, std::vector<std::pair<std::string, std::string>>& fields) {
    while (!text.empty()) {
      std::pair<std::string, std::string> field;
      if (!Field(TakeLine(text), field)) return false;
      const std::string name = Lower(field.first);
      const bool is_connection = name == "connection" || name == "proxy-connection";
      if (is_connection && !IsTokenList(field.second)) return Malformed("a Connection that is no list of tokens");
      fields.push_back(std::move(field));
    }
    return true;
  }

  // RFC 9112, section 6
  bool Body(GrammarRequest& request) {
    std::vector<std::string> lengths, codings, hosts;
    for (const auto& [name, value] : request.headers) {
      const std::string lower = Lower(name);
      if (lower == "content-length") lengths.push_back(value);
      if (lower == "transfer-encoding") codings.push_back(Lower(value));
      if (lower == "host") hosts.push_back(value);
    }
    if (hosts.size() > 1 || (hosts.empty() && request.version == 11)) return Malformed("there is not one Host");
    if (!codings.empty()) {
      if (request.version == 10) return Malformed("HTTP/1.0 with Transfer-Encoding");
      if (!lengths.empty()) return Malformed("Content-Length beside Transfer-Encoding");
      if (codings.size() != 1 || codings[0] != "chunked") return Malformed("a Transfer-Encoding that is not chunked");
      return Chunks(request.body);
    }
    if (lengths.empty()) return true;
    const std::optional<uint64_t> length = Number(lengths[0], 10);
    if (lengths.size() > 1 || !length) return Malformed("the Content-Length is not one number");
    if (rest_.size() < *length) return false;
    request.body = rest_.substr(0, *length);
    rest_.remove_prefix(*length);
    return true;
  }

  // RFC 9112, section 7.1
  bool Chunks(std::string& body) {
    while (true) {
      if (rest_.find(kLineEnd) == std::string_view::npos) return false;
      const std::string_view line = TakeLine(rest_);
      const std::string_view digits = line.substr(0, line.find_first_not_of("0123456789abcdefABCDEF"));
      const std::string_view extension = line.substr(digits.size());
      const std::optional<uint64_t> size = Number(digits, 16);
      if (!size) return Malformed("a chunk has no size");
      // Extensions are passed over, whatever they say. Blanks belong to them: by themselves they are nothing.
      if (!extension.empty() && !Trimmed(extension).starts_with(';')) {
        return Malformed("a chunk has something after its size");
      }
      if (!IsFieldContent(extension)) return Malformed("a chunk's extension has control characters");
      if (*size == 0) return Trailers();
      if (rest_.size() < *size) return false;
      body += rest_.substr(0, *size);
      rest_.remove_prefix(*size);
      if (rest_.size() < 2) return false;
      if (!rest_.starts_with(kLineEnd)) return Malformed("a chunk is longer than its size");
      rest_.remove_prefix(2);
    }
  }
  // RFC 9110, section 6.5.1. Nobody sees them, so what they say is of no interest, but for how long the body is.
  bool Trailers() {
    while (rest_.find(kLineEnd) != std::string_view::npos) {
      const std::string_view line = TakeLine(rest_);
      if (line.empty()) return true;
      std::pair<std::string, std::string> trailer;
      if (!Field(line, trailer)) return false;
      const std::string name = Lower(trailer.first);
      if (name == "content-length" || name == "transfer-encoding")
        return Malformed("trailers say how long the body is");
    }
    return false;
  }

  std::string_view rest_;
  GrammarRequests result_;
};

}  // namespace

bool IsHttpToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

GrammarRequests ReadRequestsByGrammar(std::string_view bytes) { return Reader(bytes).Read(); }

std::string PathByUrlStandard(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  if (const size_t scheme = target.find("://"); !target.starts_with('/') && scheme != target.npos) {
    target.remove_prefix(scheme + 3);
    target.remove_prefix(std::min(target.find_first_of("/\\"), target.size()));
  }
  if (!target.empty()) target.remove_prefix(1);
  std::vector<std::string> path;
  std::string buffer;
  for (size_t pointer = 0; pointer <= target.size(); ++pointer) {
    const bool is_end = pointer == target.size();
    if (!is_end && target[pointer] != '/' && target[pointer] != '\\') {
      buffer += target[pointer];
      continue;
    }
    std::string dots;
    for (size_t i = 0; i < buffer.size();) {
      const bool is_dot = buffer.substr(i, 3) == "%2e" || buffer.substr(i, 3) == "%2E";
      dots += is_dot ? '.' : buffer[i];
      i += is_dot ? 3 : 1;
    }
    const bool is_double_dot = dots == "..";
    const bool is_single_dot = dots == ".";
    if (is_double_dot && !path.empty()) path.pop_back();
    if (is_double_dot || is_single_dot) {
      if (is_end) path.emplace_back();
    } else {
      path.push_back(buffer);
    }
    buffer.clear();
  }
  std::string serialized;
  for (const std::string& segment : path) serialized += "/" + segment;
  return serialized;
}

}  // namespace sluice::fuzz
