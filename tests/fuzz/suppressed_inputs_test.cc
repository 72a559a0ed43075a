#include "fuzz/harness/suppressed_inputs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace sluice::fuzz {
namespace {

namespace fs = std::filesystem;

class SuppressedInputsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::path(testing::TempDir()) / "suppressed-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Store(SuppressedInputs& suppressed, const std::string& key, const std::string& input) {
    suppressed.Store(key, reinterpret_cast<const uint8_t*>(input.data()), input.size());
  }

  std::set<std::string> Inputs() const {
    std::set<std::string> inputs;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      std::ifstream file(entry.path(), std::ios::binary);
      inputs.emplace(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
  }

  std::string folder_;
};

std::vector<std::string> Many(size_t count) {
  std::vector<std::string> inputs;
  for (size_t i = 0; i < count; ++i) inputs.push_back("w0.write(" + std::to_string(i) + ")\n");
  return inputs;
}

TEST_F(SuppressedInputsTest, AFewOfEachKeyAreStoredWhole) {
  SuppressedInputs suppressed(folder_, 5);
  for (const std::string& input : Many(100)) {
    Store(suppressed, "slots/a@write", input);
    Store(suppressed, "slots/a@close", "close " + input);
  }
  const std::set<std::string> inputs = Inputs();
  EXPECT_EQ(inputs.size(), 10u);
  EXPECT_EQ(std::count_if(inputs.begin(), inputs.end(), [](const auto& input) { return input.starts_with("close "); }),
            5);
}

TEST_F(SuppressedInputsTest, TheSampleDoesNotDependOnTheOrderOfInputs) {
  std::vector<std::string> all = Many(100);
  SuppressedInputs first(folder_, 5);
  for (const std::string& input : all) Store(first, "k", input);
  const std::set<std::string> inputs = Inputs();
  fs::remove_all(folder_);
  fs::create_directory(folder_);
  std::reverse(all.begin(), all.end());
  for (size_t begin = 0; begin < all.size(); begin += 10) {
    SuppressedInputs one_after_another(folder_, 5);
    for (size_t i = begin; i < begin + 10; ++i) Store(one_after_another, "k", all[i]);
  }
  EXPECT_EQ(Inputs(), inputs);
}

TEST_F(SuppressedInputsTest, ConcurrentProcessesStoreTheSampleOfOneAndAFewMore) {
  const std::vector<std::string> all = Many(100);
  SuppressedInputs alone(folder_, 5);
  for (const std::string& input : all) Store(alone, "k", input);
  const std::set<std::string> inputs = Inputs();
  fs::remove_all(folder_);
  fs::create_directory(folder_);
  SuppressedInputs one(folder_, 5);
  SuppressedInputs other(folder_, 5);
  for (size_t i = 0; i < all.size(); ++i) Store(i % 2 == 0 ? one : other, "k", all[i]);
  const std::set<std::string> both = Inputs();
  EXPECT_TRUE(std::includes(both.begin(), both.end(), inputs.begin(), inputs.end()));
  EXPECT_LE(both.size(), 10u);
}

// Not the first, nor the last.
TEST_F(SuppressedInputsTest, TheSampleIsSpreadOverAllInputs) {
  SuppressedInputs suppressed(folder_, 50);
  const std::vector<std::string> all = Many(1000);
  for (const std::string& input : all) Store(suppressed, "k", input);
  const std::set<std::string> inputs = Inputs();
  const auto early =
      std::count_if(all.begin(), all.begin() + 500, [&](const auto& input) { return inputs.contains(input); });
  EXPECT_GT(early, 10);
  EXPECT_LT(early, 40);
}

TEST_F(SuppressedInputsTest, AFolderThatCannotBeWrittenIsIgnored) {
  SuppressedInputs suppressed(folder_ + "/missing", 5);
  for (const std::string& input : Many(10)) Store(suppressed, "k", input);
  EXPECT_FALSE(fs::exists(folder_ + "/missing"));
  fs::create_directory(folder_ + "/missing");  // later, it can
  for (const std::string& input : Many(10)) Store(suppressed, "k", input);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ + "/missing"), fs::directory_iterator()), 5);
}

}  // namespace
}  // namespace sluice::fuzz
