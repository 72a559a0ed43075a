// Rules of the program language's two forms, for any bytes.
#ifndef SLUICE_FUZZ_ORACLE_CODEC_H_
#define SLUICE_FUZZ_ORACLE_CODEC_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sluice::fuzz {

struct CodecFinding {
  std::string rule;      // "C-BYTES-ROUND-TRIP"
  std::string sentence;  // the rule
  std::string detail;    // the program or text that breaks it
};

std::optional<CodecFinding> CheckCodec(std::span<const uint8_t> input);

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_ORACLE_CODEC_H_
