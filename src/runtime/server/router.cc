#include "src/runtime/server/router.h"

#include <algorithm>

namespace sluice::runtime {

Router::Router(const std::vector<AppConfiguration>& apps) {
  for (size_t i = 0; i < apps.size(); ++i) {
    Prefixes& prefixes = apps[i].hostname ? hosts_[*apps[i].hostname] : any_host_;
    prefixes.emplace_back(apps[i].path_prefix, i);
  }
  const auto longest_first = [](Prefixes& prefixes) {
    std::stable_sort(prefixes.begin(), prefixes.end(),
                     [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  };
  longest_first(any_host_);
  for (auto& [host, prefixes] : hosts_) longest_first(prefixes);
}

const size_t* Router::FindIn(const Prefixes& prefixes, std::string_view path) {
  for (const auto& [prefix, app] : prefixes) {
    if (!path.starts_with(prefix)) continue;
    if (path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/') return &app;
  }
  return nullptr;
}

Router::Route Router::Find(std::string_view hostname, std::string_view path) const {
  const auto host = hosts_.empty() ? hosts_.end() : hosts_.find(std::string(hostname));
  if (host != hosts_.end()) {
    if (const size_t* const app = FindIn(host->second, path)) return {.app = *app};
  }
  if (const size_t* const app = FindIn(any_host_, path)) return {.app = *app};
  return {.status = host == hosts_.end() && any_host_.empty() ? kMisdirected : kNotFound};
}

}  // namespace sluice::runtime
