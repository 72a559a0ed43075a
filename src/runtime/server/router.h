// Which app a request is for.
//
// The app with its hostname and the longest path prefix; if there is none, the app without a hostname and with the longest
// path prefix. A prefix fits whole segments: /shop fits /shop and /shop/cart, and not /shopping. No V8, no sockets.
#ifndef SLUICE_RUNTIME_SERVER_ROUTER_H_
#define SLUICE_RUNTIME_SERVER_ROUTER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "src/runtime/config/configuration.h"

namespace sluice::runtime {

class Router {
 public:
  static constexpr int kNotFound = 404;
  static constexpr int kMisdirected = 421;  // no app would be found for this host, whatever the path

  explicit Router(const std::vector<AppConfiguration>& apps);

  struct Route {
    size_t app = 0;  // index
    int status = 0;  // 0: found
  };
  // `hostname` in lower case, without port; `path` normalised.
  Route Find(std::string_view hostname, std::string_view path) const;

 private:
  using Prefixes = std::vector<std::pair<std::string, size_t>>;  // longest first
  static const size_t* FindIn(const Prefixes& prefixes, std::string_view path);

  std::unordered_map<std::string, Prefixes> hosts_;
  Prefixes any_host_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_ROUTER_H_
