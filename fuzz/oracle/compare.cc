#include "fuzz/oracle/compare.h"

#include <algorithm>

namespace sluice::fuzz {

size_t FirstDifferentEvent(const Trace& a, const Trace& b) {
  const auto differs = std::mismatch(a.events.begin(), a.events.end(), b.events.begin(), b.events.end());
  if (differs.first == a.events.end() && differs.second == b.events.end()) return kSame;
  return static_cast<size_t>(differs.first - a.events.begin());
}

std::vector<DifferentSlot> DifferentSlots(const Trace& a, const Trace& b, size_t end) {
  std::vector<DifferentSlot> slots;
  const auto add = [&slots](std::string_view name, size_t event, size_t stream) {
    const bool known = std::any_of(slots.begin(), slots.end(), [name](const auto& slot) { return slot.name == name; });
    if (!known) slots.push_back({std::string(name), event, stream});
  };
  const auto compare = [&](size_t event, size_t stream) {
    const core::Snapshot* left = a.SnapshotOf(event, stream);
    const core::Snapshot* right = b.SnapshotOf(event, stream);
    if (left == nullptr && right == nullptr) return;
    if (left == nullptr || right == nullptr) return add("controller", event, stream);
    if (*left == *right) return;
    const auto ours = SnapshotFields(*left);
    const auto theirs = SnapshotFields(*right);
    for (size_t i = 0; i < ours.size(); ++i) {
      if (ours[i].second != theirs[i].second) add(ours[i].first, event, stream);
    }
  };
  size_t streams = kStreamCount;
  while (streams > 1 && a.snapshots[streams - 1].taken.empty() && b.snapshots[streams - 1].taken.empty()) --streams;
  for (size_t event = 0; event < end; ++event) {
    for (size_t stream = 0; stream < streams; ++stream) compare(event, stream);
  }
  return slots;
}

size_t NextNewSnapshot(const Trace& trace, size_t stream, size_t event) {
  const Trace::Snapshots& all = trace.snapshots[stream];
  for (; event < all.of_event.size(); ++event) {
    const uint32_t index = all.of_event[event];
    if (index == 0) continue;
    if (index == 1 || !(all.taken[index - 1] == all.taken[index - 2])) return event;
  }
  return kSame;
}

}  // namespace sluice::fuzz
