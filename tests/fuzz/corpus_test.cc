// One test for each file of the corpus: it parses, says why it exists, keeps the codec's rules and passes every oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fuzz/oracle/codec.h"
#include "fuzz/oracle/finding_report.h"
#include "fuzz/oracle/judge.h"
#include "fuzz/program/bytes.h"
#include "fuzz/program/language.h"
#include "fuzz/program/text.h"

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

// Targets whose seeds are no programs (fuzz/targets/targets.json); the tests of their rules read them.
const std::set<std::string> kOfBytes = {SLUICE_TARGETS_OF_BYTES};

// Tests run, and are listed, in the source folder.
std::vector<fs::path> CorpusFiles() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator("corpus")) {
    if (entry.is_regular_file() && entry.path().extension() == ".ops") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string TestName(const testing::TestParamInfo<fs::path>& info) {
  std::string name = info.param.parent_path().filename().string() + "_" + info.param.stem().string();
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

class CorpusTest : public testing::TestWithParam<fs::path> {};

INSTANTIATE_TEST_SUITE_P(Files, CorpusTest, testing::ValuesIn(CorpusFiles()), TestName);

TEST_P(CorpusTest, Passes) {
  const std::string text = Read(GetParam());
  EXPECT_TRUE(text.starts_with("# ")) << "the first line says why the file exists";
  const ParsedProgram parsed = ParseText(text);
  ASSERT_TRUE(parsed.program.has_value())
      << GetParam() << ":" << parsed.error.line << ":" << parsed.error.column << ": " << parsed.error.message;
  const auto codec = CheckCodec({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  ASSERT_FALSE(codec.has_value()) << codec->rule << "\n" << codec->detail;
  Judge judge;
  const auto finding = judge.Run(*parsed.program);
  ASSERT_FALSE(finding.has_value()) << FindingReport(judge, finding);
}

TEST(CorpusFolderTest, HoldsEnoughSeedsAndOnlySeeds) {
  EXPECT_GE(CorpusFiles().size(), 60u);
  std::set<std::string> programs;
  for (const auto& entry : fs::recursive_directory_iterator("corpus")) {
    if (!entry.is_regular_file() || entry.path().filename() == "README.md") continue;
    if (kOfBytes.contains(entry.path().parent_path().filename().string())) continue;
    EXPECT_EQ(entry.path().extension(), ".ops") << entry.path();
    const ParsedProgram parsed = ParseText(Read(entry.path()));
    if (!parsed.program.has_value()) continue;
    EXPECT_TRUE(programs.insert(entry.path().parent_path().string() + EncodeBytes(*parsed.program)).second)
        << entry.path() << " is the same program as another seed of its folder";
  }
}

TEST(CorpusFolderTest, UsesEveryOperationAndEveryEnd) {
  std::set<OpKind> ops;
  std::set<EndKind> ends;
  for (const fs::path& path : CorpusFiles()) {
    const ParsedProgram parsed = ParseText(Read(path));
    if (!parsed.program.has_value()) continue;
    for (const Op& op : parsed.program->ops) ops.insert(op.kind);
    for (const Script& script : parsed.program->scripts) {
      for (const Op& op : script.ops) ops.insert(op.kind);
      ends.insert(script.end.kind);
    }
  }
  for (const Row& row : OpRows())
    EXPECT_EQ(ops.count(static_cast<OpKind>(row.kind)), 1u) << row.pattern << " has no seed";
  for (const Row& row : EndRows())
    EXPECT_EQ(ends.count(static_cast<EndKind>(row.kind)), 1u) << row.pattern << " has no seed";
}

}  // namespace
}  // namespace sluice::fuzz
