#include "src/runtime/heap_room.h"

#include <string>
#include <string_view>

#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

constexpr size_t kSmall = size_t{1} << 20;  // V8 has this much to spare, and is not asked for each string
// Of V8's young generation: three times the largest of its parts.
constexpr size_t kYoungGeneration = size_t{3} * (size_t{16} << 20);

// What V8 has for objects that are not young and small, garbage among them. What is large may be young, and counts
// against the limit when it is old.
size_t OldGenerationBytes(v8::Isolate* isolate) {
  size_t bytes = 0;
  for (size_t i = 0; i < isolate->NumberOfHeapSpaces(); ++i) {
    v8::HeapSpaceStatistics space;
    if (isolate->GetHeapSpaceStatistics(&space, i) && std::string_view(space.space_name()) != "new_space") {
      bytes += space.space_size();
    }
  }
  return bytes;
}

}  // namespace

bool RequireHeap(v8::Isolate* isolate, size_t bytes) {
  if (bytes < kSmall) return true;
  v8::HeapStatistics heap;
  isolate->GetHeapStatistics(&heap);
  // What is large is made in the old generation. The limit that V8 reports has the young one in it.
  const size_t both = heap.heap_size_limit();
  const size_t limit = both > kYoungGeneration ? both - kYoungGeneration : both / 2;
  const auto fits = [&] { return bytes <= limit && OldGenerationBytes(isolate) <= limit - bytes; };
  if (fits()) return true;
  if (bytes <= limit) isolate->LowMemoryNotification();
  if (fits()) return true;
  binding::ThrowRangeError(isolate, "The heap's limit of " + std::to_string(limit) +
                                        " bytes leaves no room for a string of " + std::to_string(bytes));
  return false;
}

}  // namespace sluice::runtime
