#include "fuzz/server/request_rules.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fuzz/server/http_grammar.h"
#include "src/runtime/fetch/http_syntax.h"
#include "src/runtime/server/http_response.h"
#include "src/runtime/server/request_target.h"
#include "src/runtime/server/router.h"

namespace sluice::fuzz {
namespace {

using runtime::AppConfiguration;
using runtime::HttpLimits;
using runtime::HttpRequest;
using runtime::RequestParser;
using MaybeRequestFinding = std::optional<RequestFinding>;

constexpr std::string_view kOwnAuthority = "127.0.0.1:8080";

std::string Printed(const HttpRequest& request) {
  std::string text = request.method + " " + request.target + " " + std::to_string(request.version) + "\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
  return text + "body: " + request.body + "\n";
}

// Without the words for a person: which of several faults is seen first may depend on the pieces.
std::string Printed(const FedRequests& fed) {
  std::string text;
  for (const HttpRequest& request : fed.requests) text += Printed(request);
  return text + "status " + std::to_string(fed.error.status) + "\n";
}

// ---- Reading

MaybeRequestFinding CheckPieces(std::string_view bytes, const HttpLimits& limits, const FedRequests& whole,
                                const RequestFeeder& feed) {
  for (const size_t piece : {size_t{1}, size_t{3}, size_t{64}}) {
    const FedRequests fed = feed(bytes, piece, limits);
    if (Printed(fed) != Printed(whole)) {
      return {{"REQ-PIECES", "how bytes are cut into pieces changes nothing",
               "At once:\n" + Printed(whole) + "\nIn pieces of " + std::to_string(piece) + ":\n" + Printed(fed)}};
    }
    if (fed.kept > limits.head_bytes + 16) {
      return {{"REQ-BUFFER", "no more than a head is kept by the connection", std::to_string(fed.kept) + " bytes"}};
    }
  }
  return std::nullopt;
}

MaybeRequestFinding CheckLimits(const HttpRequest& request, const HttpLimits& limits) {
  size_t head = request.method.size() + request.target.size();
  for (const auto& [name, value] : request.headers) head += name.size() + value.size();
  if (head > limits.head_bytes || request.body.size() > limits.body_bytes) {
    return {{"REQ-LIMITS", "what is longer than the limits is refused", Printed(request)}};
  }
  return std::nullopt;
}

MaybeRequestFinding CheckStatus(const runtime::HttpError& error) {
  const int status = error.status;
  if (status == 0 || (status >= 400 && status < 500) || status == 501 || status == 505) return std::nullopt;
  return {{"REQ-STATUS", "a malformed request is the client's fault: 4xx, 501 or 505", std::to_string(status)}};
}

bool IsSame(const HttpRequest& ours, const GrammarRequest& theirs) {
  return ours.method == theirs.method && ours.target == theirs.target && ours.version == theirs.version &&
         ours.headers == theirs.headers && ours.body == theirs.body;
}

MaybeRequestFinding CheckGrammar(std::string_view bytes, const HttpLimits& limits, const FedRequests& fed,
                                 const RequestFeeder& feed) {
  const GrammarRequests grammar = ReadRequestsByGrammar(bytes);
  const std::string detail = Printed(fed) + "\nBy the grammar there are " + std::to_string(grammar.requests.size()) +
                             " requests" + (grammar.malformed.empty() ? "" : ", and then " + grammar.malformed);
  // With what is wrong: readers that let through different things have different faults.
  const RequestFinding malformed = {"REQ-MALFORMED" + (grammar.malformed.empty() ? "" : ": " + grammar.malformed),
                                    "what is no request is refused, and what is one is read", detail};
  for (size_t i = 0; i < fed.requests.size(); ++i) {
    if (i == grammar.requests.size() && !grammar.malformed.empty()) return malformed;
    if (i >= grammar.requests.size() || !IsSame(fed.requests[i], grammar.requests[i])) {
      return {{"REQ-GRAMMAR", "a request is what RFC 9112 says", detail + "\nat number " + std::to_string(i + 1)}};
    }
  }
  bool is_refused = fed.error.status != 0;
  if (!is_refused && !grammar.malformed.empty()) {
    // It may wait for the end of what it reads; then it must see it.
    const std::string longer = std::string(bytes) + "\r\n\r\n\r\n\r\n";
    const FedRequests later = feed(longer, longer.size(), limits);
    is_refused = later.error.status != 0 && later.requests.size() == fed.requests.size();
  }
  if (!is_refused && (!grammar.malformed.empty() || fed.requests.size() < grammar.requests.size())) {
    return malformed;
  }
  // Small limits refuse long chunk lines with 400, too.
  const bool may_refuse = limits.head_bytes < bytes.size();
  if (fed.error.status == 400 && !may_refuse && fed.requests.size() < grammar.requests.size()) {
    return {{"REQ-STRICT", "what is a request by RFC 9112 is not refused", detail}};
  }
  return std::nullopt;
}

// ---- Routing

AppConfiguration App(std::optional<std::string> hostname, const std::string& path_prefix) {
  AppConfiguration app;
  app.hostname = std::move(hostname);
  app.path_prefix = path_prefix;
  return app;
}

const std::vector<AppConfiguration>& Apps() {
  static const auto& apps = *new std::vector<AppConfiguration>{
      App("a.example", "/"),  App("a.example", "/shop"),  App("a.example", "/shop/cart"),
      App("b.example", "/b"), App(std::nullopt, "/shop"), App(std::nullopt, "/x/y")};
  return apps;
}

bool IsPrefixOf(const std::string& prefix, const std::string& path) {
  if (prefix == "/") return true;
  return path == prefix || path.starts_with(prefix + "/");
}

// The app by the words of router.h; -1: none.
int ExpectedApp(const std::string& hostname, const std::string& path) {
  int best = -1;
  for (const bool any_host : {false, true}) {
    for (size_t i = 0; i < Apps().size(); ++i) {
      const AppConfiguration& app = Apps()[i];
      if (app.hostname.has_value() == any_host || (app.hostname && *app.hostname != hostname)) continue;
      if (!IsPrefixOf(app.path_prefix, path)) continue;
      if (best < 0 || app.path_prefix.size() > Apps()[static_cast<size_t>(best)].path_prefix.size())
        best = static_cast<int>(i);
    }
    if (best >= 0) return best;
  }
  return best;
}

MaybeRequestFinding CheckTarget(const HttpRequest& request) {
  const auto target = ReadTarget(request, kOwnAuthority);
  if (!target || target->asterisk) return std::nullopt;
  const std::string detail =
      Printed(request) + "\nURL: " + target->url + "\nhost: " + target->hostname + "\npath: " + target->path;
  if (const std::string path = PathByUrlStandard(request.target); path != target->path) {
    return {{"REQ-PATH", "the path is that of the URL, without dot segments however they are spelled",
             detail + "\npath by the URL Standard: " + path}};
  }
  if (runtime::NormalizePath(target->path) != target->path) {
    return {{"REQ-PATH-AGAIN", "a path that is normalized once more stays as it is", detail}};
  }
  const bool is_host = !target->hostname.empty() && target->hostname == runtime::AsciiLowerCase(target->hostname) &&
                       target->hostname.find_first_of("/?#@\\ ") == std::string::npos;
  if (!is_host || !target->url.starts_with("http://")) {
    return {{"REQ-HOST", "a URL has a host, in lower case and without port", detail}};
  }
  static const auto& router = *new runtime::Router(Apps());
  const runtime::Router::Route route = router.Find(target->hostname, target->path);
  const int expected = ExpectedApp(target->hostname, target->path);
  const bool is_right = expected < 0 ? route.status == runtime::Router::kNotFound
                                     : route.status == 0 && route.app == static_cast<size_t>(expected);
  if (!is_right) {
    return {{"REQ-ROUTE", "the host's longest prefix wins, then that of any host",
             detail + "\nrouted to " + std::to_string(route.app) + " (status " + std::to_string(route.status) +
                 "), not to " + std::to_string(expected)}};
  }
  return std::nullopt;
}

// ---- Writing

// Whether `head` is one status line, `fields` at most and the empty line: nothing began a line that should not have.
MaybeRequestFinding CheckHead(std::string_view head, const runtime::ResponseData& response, bool sends_body) {
  const auto fail = [&](const std::string& why) {
    return MaybeRequestFinding({"REQ-RESPONSE", "a response's head is one message, as long as its body says",
                                why + ":\n" + std::string(head)});
  };
  if (!head.ends_with("\r\n\r\n") || head.find("\r\n\r\n") != head.size() - 4) return fail("it does not end once");
  std::string_view rest = head.substr(0, head.size() - 2);
  size_t lines = 0;
  size_t lengths = 0;
  while (!rest.empty()) {
    const size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return fail("a line has a break");
    if (lines++ == 0) {
      if (!line.starts_with("HTTP/1.1 " + std::to_string(response.status) + " ")) return fail("no status line");
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || !IsHttpToken(line.substr(0, colon))) return fail("a field has no name");
    const std::string name = runtime::AsciiLowerCase(line.substr(0, colon));
    if (name == "transfer-encoding") return fail("it says Transfer-Encoding");
    if (name != "content-length") continue;
    ++lengths;
    if (sends_body && line.substr(colon + 1) != " " + std::to_string(response.body.size())) return fail("wrong length");
  }
  if (lines > response.headers.size() + 4) return fail("there are fields that nobody set");
  if (lengths > 1 || (sends_body && lengths == 0)) return fail("there is not one length");
  return std::nullopt;
}

// An app that answers with what it was sent: its fields, as the fetch classes let them through.
MaybeRequestFinding CheckEcho(const HttpRequest& request) {
  runtime::ResponseData response;
  std::string text;
  for (const auto& field : request.headers) {
    if (runtime::WriteHeaders({field}, text)) {
      for (auto& each : runtime::ReadHeaders(text)) response.headers.push_back(std::move(each));
    }
  }
  // A field holds no line break, so pieces of the body are tried, too, which hold anything.
  for (size_t begin = 0; begin < request.body.size();) {
    const size_t end = std::min(request.body.find('|', begin), request.body.size());
    const std::string piece = request.body.substr(begin, end - begin);
    if (runtime::WriteHeaders({{"x-echo", piece}}, text)) response.headers.push_back(runtime::ReadHeaders(text).at(0));
    if (runtime::WriteHeaders({{piece, "1"}}, text)) response.headers.push_back(runtime::ReadHeaders(text).at(0));
    if (runtime::IsReasonPhrase(piece)) response.status_text = piece;
    begin = end + 1;
  }
  response.body = request.body;
  for (const uint16_t status : {200, 204, 205, 304, 404}) {
    response.status = status;
    bool sends_body = false;
    const std::string head = runtime::ResponseHead(
        response, {request.method == "HEAD", request.keep_alive, request.version, "Thu, 01 Jan 1970 00:00:00 GMT"},
        sends_body);
    if (const auto finding = CheckHead(head, response, sends_body)) return finding;
  }
  return std::nullopt;
}

}  // namespace

FedRequests FeedRequests(std::string_view bytes, size_t piece, const HttpLimits& limits) {
  FedRequests fed;
  RequestParser parser(limits);
  std::string kept;
  for (size_t begin = 0; begin < bytes.size() && fed.error.status == 0; begin += piece) {
    kept += bytes.substr(begin, piece);
    while (true) {
      const RequestParser::State before = parser.state();
      const size_t used = parser.Feed(kept);
      kept.erase(0, used);
      if (parser.state() == RequestParser::State::kFailed) {
        fed.error = parser.error();
        break;
      }
      if (parser.state() == RequestParser::State::kDone) {
        fed.requests.push_back(parser.Take());
      } else if (used == 0 && parser.state() == before) {
        break;
      }
    }
    if (fed.error.status == 0) fed.kept = std::max(fed.kept, kept.size());
  }
  return fed;
}

std::optional<RequestFinding> CheckRequests(std::string_view bytes, const RequestFeeder& feed) {
  const HttpLimits small = {.head_bytes = 160, .body_bytes = 24};
  for (const HttpLimits& limits : {HttpLimits(), small}) {
    const FedRequests whole = feed(bytes, std::max<size_t>(bytes.size(), 1), limits);
    if (const auto finding = CheckStatus(whole.error)) return finding;
    if (const auto finding = CheckPieces(bytes, limits, whole, feed)) return finding;
    if (const auto finding = CheckGrammar(bytes, limits, whole, feed)) return finding;
    for (const HttpRequest& request : whole.requests) {
      if (const auto finding = CheckLimits(request, limits)) return finding;
      if (const auto finding = CheckTarget(request)) return finding;
      if (const auto finding = CheckEcho(request)) return finding;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::fuzz
