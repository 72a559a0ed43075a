#include "fuzz/harness/suppressed_inputs.h"

#include <dirent.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace sluice::fuzz {
namespace {

// FNV-1a, and then the finaliser of SplitMix64: FNV's upper bits say little of the last bytes.
uint64_t HashOf(const uint8_t* data, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ data[i]) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

// Whole or not at all.
bool WriteWhole(const std::string& path, const uint8_t* data, size_t size) {
  const std::string unfinished = path + "." + std::to_string(getpid());
  std::FILE* const file = std::fopen(unfinished.c_str(), "wbe");
  if (file == nullptr) return false;
  const bool is_written = std::fwrite(data, 1, size, file) == size;
  const bool is_closed = std::fclose(file) == 0;
  if (is_written && is_closed && std::rename(unfinished.c_str(), path.c_str()) == 0) return true;
  unlink(unfinished.c_str());
  return false;
}

}  // namespace

SuppressedInputs::SuppressedInputs(std::string folder, size_t most_per_key)
    : folder_(std::move(folder)), most_per_key_(most_per_key) {
  DIR* const listing = opendir(folder_.c_str());
  if (listing == nullptr) return;
  while (const dirent* const entry = readdir(listing)) {
    uint64_t key = 0;
    uint64_t content = 0;
    char more = 0;
    if (std::sscanf(entry->d_name, "%16" SCNx64 "-%16" SCNx64 "%c", &key, &content, &more) == 2) {
      stored_[key].insert(content);
    }
  }
  closedir(listing);
}

std::string SuppressedInputs::PathOf(uint64_t key, uint64_t content) const {
  char name[40];
  std::snprintf(name, sizeof name, "/%016" PRIx64 "-%016" PRIx64, key, content);
  return folder_ + name;
}

void SuppressedInputs::Store(std::string_view key, const uint8_t* data, size_t size) {
  const uint64_t key_hash = HashOf(reinterpret_cast<const uint8_t*>(key.data()), key.size());
  const uint64_t content = HashOf(data, size);
  std::set<uint64_t>& stored = stored_[key_hash];
  const bool is_full = stored.size() >= most_per_key_;
  if ((is_full && content > *stored.rbegin()) || stored.contains(content)) return;
  if (!WriteWhole(PathOf(key_hash, content), data, size)) return;
  stored.insert(content);
  if (!is_full) return;
  unlink(PathOf(key_hash, *stored.rbegin()).c_str());
  stored.erase(*stored.rbegin());
}

void StoreSuppressedInput(std::string_view key, const uint8_t* data, size_t size) {
  static const char* const folder = std::getenv("SLUICE_SUPPRESSED_INPUTS");
  if (folder == nullptr || *folder == '\0') return;
  static auto* const suppressed = new SuppressedInputs(folder, 64);
  suppressed->Store(key, data, size);
}

}  // namespace sluice::fuzz
