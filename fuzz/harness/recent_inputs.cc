#include "fuzz/harness/recent_inputs.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

namespace sluice::fuzz {
namespace {

struct Ring {
  RecentInputsHeader header;
  RecentInput inputs[kRecentInputs];
};

constexpr int kFiles = 512;  // a fuzzer that forks for every crash does not fill the disk

Ring* g_ring = nullptr;
bool g_tried = false;

// The parent's file is the parent's.
void ForgetRingInChild() {
  g_ring = nullptr;
  g_tried = false;
}

Ring* OpenRing() {
  g_tried = true;
  const char* const folder = std::getenv("SLUICE_RECENT_INPUTS");
  if (folder == nullptr || *folder == '\0') return nullptr;
  static const bool registered = pthread_atfork(nullptr, nullptr, &ForgetRingInChild) == 0;
  if (!registered) return nullptr;
  const std::string path = std::string(folder) + "/" + std::to_string(getpid() % kFiles) + ".ring";
  // Anew: an earlier process's inputs are no one's any more.
  unlink(path.c_str());
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return nullptr;
  // Allocated and not only sized: on a full disk, writing into a hole would end the process.
  void* const memory = posix_fallocate(file, 0, sizeof(Ring)) == 0
                           ? mmap(nullptr, sizeof(Ring), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                           : MAP_FAILED;
  close(file);
  if (memory == MAP_FAILED) {
    unlink(path.c_str());
    return nullptr;
  }
  Ring* const ring = static_cast<Ring*>(memory);
  std::memcpy(ring->header.magic, "SLUICERI", sizeof(ring->header.magic));
  ring->header.inputs = kRecentInputs;
  ring->header.input_bytes = kRecentInputBytes;
  ring->header.pid = static_cast<uint64_t>(getpid());
  return ring;
}

}  // namespace

void RememberInput(const uint8_t* data, size_t size) {
  if (g_ring == nullptr) {
    if (g_tried) return;
    g_ring = OpenRing();
    if (g_ring == nullptr) return;
  }
  RecentInput& input = g_ring->inputs[g_ring->header.count % kRecentInputs];
  input.number = g_ring->header.count + 1;
  input.size = size;
  std::memcpy(input.bytes, data, std::min<size_t>(size, kRecentInputBytes));
  g_ring->header.count = input.number;
}

}  // namespace sluice::fuzz
