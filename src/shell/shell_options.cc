#include "src/shell/shell_options.h"

#include <absl/strings/str_split.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "src/runtime/realm.h"

namespace sluice::shell {
namespace {

constexpr double kMegabyte = core::kBytesPerMegabyte;
// What V8 may need below its own limit, and what the libraries around it have on the stack already.
constexpr int64_t kStackReserveKb = 512;
constexpr int64_t kLeastStackKb = 64;

// In kilobytes.
int64_t LargestStack() {
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 1 << 20;
  return static_cast<int64_t>(limit.rlim_cur / 1024) - kStackReserveKb;
}

const std::map<std::string, runtime::RejectionMode>& RejectionModes() {
  static const std::map<std::string, runtime::RejectionMode> kModes = {{"throw", runtime::RejectionMode::kThrow},
                                                                       {"warn", runtime::RejectionMode::kWarn},
                                                                       {"none", runtime::RejectionMode::kNone}};
  return kModes;
}

}  // namespace

std::vector<std::string> TickModelNames() {
  return {std::begin(core::kTickModelNames), std::end(core::kTickModelNames)};
}

std::vector<std::string> RejectionModeNames() {
  std::vector<std::string> names;
  for (const auto& [name, mode] : RejectionModes()) names.push_back(name);
  return names;
}

std::string CheckBufferSize(const std::string& text) {
  char* end = nullptr;
  const double megabytes = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(megabytes)) return "'" + text + "' is not a number of megabytes";
  if (megabytes * kMegabyte < 1) return "'" + text + "' is less than one byte";
  if (megabytes * kMegabyte > 0x1p53) return "'" + text + "' is more than 2^53 bytes";
  return "";
}

std::string CheckStackSize(const std::string& text) {
  char* end = nullptr;
  const long long kilobytes = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') return "'" + text + "' is not a whole number of kilobytes";
  if (kilobytes < kLeastStackKb) return "'" + text + "' is less than " + std::to_string(kLeastStackKb) + " kilobytes";
  if (kilobytes > LargestStack()) {
    return "'" + text + "' is more than the stack's own limit allows, which is " + std::to_string(LargestStack()) +
           " (see ulimit -s)";
  }
  return "";
}

bool ShellOptions::StartV8() const {
  std::vector<std::string> flags;
  for (const std::string& group : v8_flags) {
    for (const absl::string_view flag : absl::StrSplit(group, ' ', absl::SkipWhitespace())) flags.emplace_back(flag);
  }
  const std::vector<std::string> refused = runtime::InitializeV8(flags);
  for (const std::string& flag : refused) std::fprintf(stderr, "--v8-flags: V8 does not know '%s'\n", flag.c_str());
  return refused.empty();
}

runtime::RealmOptions ShellOptions::Realm() const {
  runtime::RealmOptions options;
  options.isolate.binding.stream.byte_limit = static_cast<uint64_t>(max_buffer_size_mb * kMegabyte);
  for (int i = 0; i < core::kTickModelCount; ++i) {
    if (tick_model != core::kTickModelNames[i]) continue;
    options.isolate.binding.stream.tick_model = static_cast<core::TickModel>(i);
  }
  if (stack_size_kb) options.isolate.stack_bytes = static_cast<size_t>(*stack_size_kb) * 1024;
  options.rejections = RejectionModes().at(rejections);
  options.expose_gc = expose_gc;
  return options;
}

}  // namespace sluice::shell
