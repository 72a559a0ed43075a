#include "fuzz/lab/observable_commands.h"

#include <bit>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fuzz/driver/core_subject.h"
#include "fuzz/driver/driver.h"
#include "fuzz/lab/commands.h"
#include "fuzz/lab/judging.h"
#include "fuzz/oracle/canary.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/text.h"
#include "src/core/check.h"

namespace sluice::lab {
namespace {

// FNV-1a, https://www.rfc-editor.org/info/rfc9923: the same in every build.
class Digest {
 public:
  void Add(uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) {
      hash_ = (hash_ ^ (number >> 8 * byte & 0xFF)) * 0x00000100000001B3;
    }
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xCBF29CE484222325;
};

uint64_t DigestOf(const fuzz::Program& program, fuzz::CoreSubject& core) {
  static thread_local fuzz::Driver driver;
  static thread_local fuzz::Trace trace;
  driver.Run(program, core, {.snapshots = false}, trace);
  Digest digest;
  for (const fuzz::Event& event : trace.events) {
    digest.Add(static_cast<uint64_t>(event.kind) | uint64_t{event.code} << 8 | uint64_t{event.thrown} << 16);
    digest.Add(uint64_t{event.where.script} << 16 | event.where.op);
    digest.Add(event.number);
    digest.Add(static_cast<uint64_t>(event.value.kind) << 32 | event.value.id);
    digest.Add(std::bit_cast<uint64_t>(event.value.number));
  }
  return digest.value();
}

struct Head {
  uint32_t size = 0;  // of the program's bytes; 0: the end
  uint32_t unused = 0;
  uint64_t digest = 0;
};

bool Write(const Head& head, const std::string& bytes, std::FILE* out) {
  return std::fwrite(&head, sizeof head, 1, out) == 1 &&
         std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
}

constexpr uint32_t kMostBytes = 1 << 20;

}  // namespace

bool WriteTrace(const fuzz::Program& program, std::FILE* out) {
  static thread_local fuzz::CoreSubject core;
  const std::string bytes = fuzz::EncodeBytes(program);
  return Write({.size = static_cast<uint32_t>(bytes.size()), .digest = DigestOf(program, core)}, bytes, out);
}

bool WriteEndOfTraces(std::FILE* out) { return Write({}, "", out) && std::fflush(out) == 0; }

int CompareTraces(std::FILE* in, bool canary) {
  std::unique_ptr<fuzz::CoreSubject> core = std::make_unique<fuzz::CoreSubject>();
  if (canary) core = std::make_unique<fuzz::CanarySubject>();
  // What a build's own asserts say is not what authors see.
  core::SetAssertHandler([](const char*, const char*) {});
  uint64_t count = 0;
  std::string bytes;
  for (Head head; std::fread(&head, sizeof head, 1, in) == 1; ++count) {
    if (head.size == 0) {
      PrintOut(absl::StrCat("No author can tell them apart in ", count, " programs.\n"));
      return kExitOk;
    }
    if (head.size > kMostBytes) break;
    bytes.resize(head.size);
    if (std::fread(bytes.data(), 1, bytes.size(), in) != bytes.size()) break;
    const fuzz::Program program = fuzz::DecodeBytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    if (DigestOf(program, *core) == head.digest) continue;
    PrintOut(absl::StrCat("An author can tell them apart, by this program (", count + 1, " were compared):\n\n",
                          fuzz::PrintText(program)));
    return kExitFinding;
  }
  return Complain(absl::DataLossError(absl::StrCat("compare-traces: the traces end after ", count, " programs")));
}

}  // namespace sluice::lab
