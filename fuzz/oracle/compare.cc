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
  const auto add = [&slots](std::string_view name, size_t event) {
    const bool known = std::any_of(slots.begin(), slots.end(), [name](const auto& slot) { return slot.name == name; });
    if (!known) slots.push_back({std::string(name), event});
  };
  for (size_t event = 0; event < end; ++event) {
    const core::Snapshot* left = a.SnapshotOf(event);
    const core::Snapshot* right = b.SnapshotOf(event);
    if (left == nullptr && right == nullptr) continue;
    if (left == nullptr || right == nullptr) {
      add("controller", event);
      continue;
    }
    if (*left == *right) continue;
    const auto ours = SnapshotFields(*left);
    const auto theirs = SnapshotFields(*right);
    for (size_t i = 0; i < ours.size(); ++i) {
      if (ours[i].second != theirs[i].second) add(ours[i].first, event);
    }
  }
  return slots;
}

size_t NextNewSnapshot(const Trace& trace, size_t event) {
  for (; event < trace.snapshot_of_event.size(); ++event) {
    const uint32_t index = trace.snapshot_of_event[event];
    if (index == 0) continue;
    if (index == 1 || !(trace.snapshots[index - 1] == trace.snapshots[index - 2])) return event;
  }
  return kSame;
}

}  // namespace sluice::fuzz
