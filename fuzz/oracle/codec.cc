#include "fuzz/oracle/codec.h"

#include <algorithm>
#include <string_view>

#include "fuzz/program/bytes.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

std::span<const uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

bool WithinLimits(const Program& program) {
  return program.ops.size() <= kMaxOps && program.scripts.size() <= kMaxScripts &&
         std::all_of(program.scripts.begin(), program.scripts.end(),
                     [](const Script& script) { return script.ops.size() <= kMaxScriptOps; });
}

std::optional<CodecFinding> CheckProgram(const Program& program) {
  const std::string text = PrintText(program);
  if (!WithinLimits(program)) return CodecFinding{"C-LIMITS", "a program is within the language's limits", text};
  const std::string bytes = EncodeBytes(program);
  if (!(DecodeBytes(AsBytes(bytes)) == program)) {
    return CodecFinding{"C-BYTES-ROUND-TRIP", "a program's bytes decode to the same program",
                        text + "\nits bytes decode to\n" + PrintText(DecodeBytes(AsBytes(bytes)))};
  }
  if (LooksLikeText(bytes)) return CodecFinding{"C-BYTES-NOT-TEXT", "a program's bytes do not look like text", text};
  const ParsedProgram parsed = ParseText(text);
  if (!parsed.program.has_value()) {
    return CodecFinding{"C-TEXT-PARSES", "a program's text parses",
                        text + "\nline " + std::to_string(parsed.error.line) + ": " + parsed.error.message};
  }
  if (!(*parsed.program == program)) {
    return CodecFinding{"C-TEXT-ROUND-TRIP", "a program's text parses to the same program",
                        text + "\nparses to\n" + PrintText(*parsed.program)};
  }
  return std::nullopt;
}

}  // namespace

std::optional<CodecFinding> CheckCodec(std::span<const uint8_t> input) {
  Program program = DecodeBytes(input);
  if (auto finding = CheckProgram(program)) return finding;

  const std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  const ParsedProgram parsed = ParseText(text);
  if (parsed.program.has_value()) {
    if (auto finding = CheckProgram(*parsed.program)) return finding;
    program = *parsed.program;
  } else {
    const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
    if (parsed.error.line < 1 || parsed.error.line > lines || parsed.error.column < 1 || parsed.error.message.empty()) {
      return CodecFinding{"C-ERROR-HAS-PLACE", "a text that does not parse says where and why", std::string(text)};
    }
  }

  // Mutants are programs like any other.
  Random random(input.size() + (input.empty() ? 0 : input.back()));
  const Program before = program;
  Mutate(program, random, BalancedProfile());
  if (auto finding = CheckProgram(program)) return finding;
  return CheckProgram(CrossOver(before, program, random));
}

}  // namespace sluice::fuzz
