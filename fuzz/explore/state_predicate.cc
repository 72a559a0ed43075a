#include "fuzz/explore/state_predicate.h"

#include <algorithm>
#include <array>

#include "fuzz/driver/trace.h"
#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

constexpr std::string_view kMicrotasks = "microtasks";
constexpr std::string_view kWriters = "writers";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// Of the second stream, names of slots have a prefix: "s1.state".
bool IsOfSecond(std::string_view name) { return name.starts_with(StreamPrefix(1)); }
std::string_view WithoutStream(std::string_view name) {
  return IsOfSecond(name) ? name.substr(StreamPrefix(1).size()) : name;
}

std::vector<std::string> Names() {
  std::vector<std::string> names{std::string(kMicrotasks), std::string(kWriters)};
  for (const auto& [name, value] : SnapshotFields(core::Snapshot{})) {
    if (name != "depth") names.emplace_back(name);
  }
  return names;
}

}  // namespace

std::string StatePredicate::Parse(std::string_view text) {
  wanted_.clear();
  const std::vector<std::string> names = Names();
  while (!Trimmed(text).empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const size_t equals = part.find('=');
    const std::string name(Trimmed(part.substr(0, equals)));
    if (equals == std::string_view::npos) return "expected NAME=VALUE, not \"" + std::string(Trimmed(part)) + "\"";
    const bool is_count = name.ends_with(kMicrotasks) || name.ends_with(kWriters);
    const std::string known_as(is_count ? name : WithoutStream(name));
    if (std::find(names.begin(), names.end(), known_as) == names.end()) {
      std::string all;
      for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
      return "a state has no \"" + name + "\"; it has: " + all;
    }
    wanted_.emplace_back(name, Trimmed(part.substr(equals + 1)));
  }
  return wanted_.empty() ? "expected NAME=VALUE" : "";
}

bool StatePredicate::Holds(Walker& walker) const {
  std::array<std::vector<std::pair<std::string_view, std::string>>, 2> fields;
  for (uint32_t stream = 0; stream < fields.size(); ++stream) {
    core::Snapshot snapshot;
    if (!walker.subject().TakeSnapshot(stream, snapshot)) continue;
    for (const auto& [name, value] : SnapshotFields(snapshot)) fields[stream].emplace_back(name, value);
  }
  if (fields[0].empty()) return false;
  return std::all_of(wanted_.begin(), wanted_.end(), [&](const auto& wanted) {
    if (wanted.first == kMicrotasks) return std::to_string(walker.microtasks()) == wanted.second;
    if (wanted.first == kWriters) {
      int count = 0;
      for (int name = 0; name < kWriterCount; ++name) count += walker.author().has_writer(name) ? 1 : 0;
      return std::to_string(count) == wanted.second;
    }
    const auto& of = fields[IsOfSecond(wanted.first) ? 1 : 0];
    const std::string_view name = WithoutStream(wanted.first);
    return std::any_of(of.begin(), of.end(),
                       [&](const auto& field) { return field.first == name && field.second == wanted.second; });
  });
}

}  // namespace sluice::fuzz
