#include "fuzz/explore/state_predicate.h"

#include <algorithm>

#include "fuzz/driver/trace.h"

namespace sluice::fuzz {
namespace {

constexpr std::string_view kMicrotasks = "microtasks";
constexpr std::string_view kWriters = "writers";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
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
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string all;
      for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
      return "a state has no \"" + name + "\"; it has: " + all;
    }
    wanted_.emplace_back(name, Trimmed(part.substr(equals + 1)));
  }
  return wanted_.empty() ? "expected NAME=VALUE" : "";
}

bool StatePredicate::Holds(Walker& walker) const {
  core::Snapshot snapshot;
  if (!walker.subject().TakeSnapshot(0, snapshot)) return false;
  const auto fields = SnapshotFields(snapshot);
  return std::all_of(wanted_.begin(), wanted_.end(), [&](const auto& wanted) {
    if (wanted.first == kMicrotasks) return std::to_string(walker.microtasks()) == wanted.second;
    if (wanted.first == kWriters) {
      int count = 0;
      for (int name = 0; name < kWriterCount; ++name) count += walker.author().has_writer(name) ? 1 : 0;
      return std::to_string(count) == wanted.second;
    }
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& field) { return field.first == wanted.first && field.second == wanted.second; });
  });
}

}  // namespace sluice::fuzz
