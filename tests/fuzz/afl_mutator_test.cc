// The mutator library as AFL++ uses it: loaded, and driven through the engine's C interface.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "fuzz/program/bytes.h"
#include "fuzz/program/mutate.h"
#include "fuzz/program/text.h"
#include "tests/fuzz/run_program.h"

namespace sluice::fuzz {
namespace {

using ::testing::ContainsRegex;

// Relative to this program: a definition with the path could not have a # in it.
std::string MutatorPath() {
  const std::filesystem::path tests = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return tests / "../../fuzzers/sluice_afl_mutator.so";
}

class Library {
 public:
  Library() : handle_(dlopen(MutatorPath().c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) std::abort();
    Load(init, "afl_custom_init");
    Load(deinit, "afl_custom_deinit");
    Load(fuzz, "afl_custom_fuzz");
    Load(describe, "afl_custom_describe");
    Load(init_trim, "afl_custom_init_trim");
    Load(trim, "afl_custom_trim");
    Load(post_trim, "afl_custom_post_trim");
  }
  ~Library() { dlclose(handle_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  void* (*init)(void*, unsigned) = nullptr;
  void (*deinit)(void*) = nullptr;
  size_t (*fuzz)(void*, uint8_t*, size_t, uint8_t**, uint8_t*, size_t, size_t) = nullptr;
  const char* (*describe)(void*, size_t) = nullptr;
  int32_t (*init_trim)(void*, uint8_t*, size_t) = nullptr;
  size_t (*trim)(void*, uint8_t**) = nullptr;
  int32_t (*post_trim)(void*, uint8_t) = nullptr;

 private:
  template <typename Function>
  void Load(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (function == nullptr) std::abort();
  }

  void* handle_;
};

class AflMutatorTest : public testing::Test {
 protected:
  AflMutatorTest() { Begin("balanced", 1); }
  ~AflMutatorTest() override { library_.deinit(mutator_); }

  void Begin(const char* profile, unsigned seed) {
    if (mutator_ != nullptr) library_.deinit(mutator_);
    setenv("SLUICE_MUTATION_PROFILE", profile, 1);
    mutator_ = library_.init(nullptr, seed);
  }

  std::string Fuzz(std::string input, std::string other = "", size_t max_size = 384) {
    uint8_t* out = nullptr;
    const size_t size = library_.fuzz(mutator_, Bytes(input), input.size(), &out,
                                      other.empty() ? nullptr : Bytes(other), other.size(), max_size);
    return std::string(reinterpret_cast<char*>(out), size);
  }

  std::vector<std::string> Inputs(int count) {
    std::vector<std::string> inputs{""};
    for (int i = 0; i < count; ++i) inputs.push_back(Fuzz(inputs.back(), inputs[inputs.size() / 2]));
    return inputs;
  }

  // As AFL++ does it; `same` stands for "takes the same way". Counts the candidates.
  template <typename Same>
  std::string Trim(std::string input, Same same) {
    const int32_t steps = library_.init_trim(mutator_, Bytes(input), input.size());
    candidates_ = 0;
    for (int32_t step = 0; step < steps;) {
      uint8_t* out = nullptr;
      const size_t size = library_.trim(mutator_, &out);
      const std::string candidate(reinterpret_cast<char*>(out), size);
      ++candidates_;
      EXPECT_LT(candidate.size(), input.size());
      const bool keep = same(candidate);
      if (keep) input = candidate;
      step = library_.post_trim(mutator_, keep);
    }
    return input;
  }

  static uint8_t* Bytes(std::string& text) { return reinterpret_cast<uint8_t*>(text.data()); }
  static Program Decode(const std::string& bytes) {
    return DecodeInput({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  }

  const Library library_;
  void* mutator_ = nullptr;
  int candidates_ = 0;
};

TEST_F(AflMutatorTest, EveryInputIsAWholeProgram) {
  for (const std::string& input : Inputs(2000)) {
    if (!input.empty()) EXPECT_EQ(EncodeBytes(Decode(input)), input);
  }
}

TEST_F(AflMutatorTest, TheSameSeedGivesTheSameInputs) {
  const std::vector<std::string> once = Inputs(500);
  Begin("balanced", 1);
  EXPECT_EQ(Inputs(500), once);
  Begin("balanced", 2);
  EXPECT_NE(Inputs(500), once);
  Begin("reentrancy", 1);
  EXPECT_NE(Inputs(500), once);
}

TEST_F(AflMutatorTest, NoInputIsLargerThanItMayBe) {
  Random random(1);
  const std::string large = EncodeBytes(RandomProgram(random, BalancedProfile()));
  ASSERT_GT(large.size(), 40u);
  for (size_t max_size : {0u, 1u, 5u, 40u}) EXPECT_LE(Fuzz(large, large, max_size).size(), max_size);
}

TEST_F(AflMutatorTest, ANewInputHasPartsOfTheOtherEntry) {
  const std::string writes = EncodeBytes(ParseOrDie("w0.write(\"a\")\nw0.write(\"a\")\nw0.write(\"a\")\n"));
  const std::string detaches = EncodeBytes(ParseOrDie("detach buffer(77)\ndetach buffer(77)\ndetach buffer(77)\n"));
  int crossed = 0;
  for (int i = 0; i < 200; ++i) {
    const bool has = PrintText(Decode(Fuzz(writes, detaches))).find("buffer(77)") != std::string::npos;
    if (has) EXPECT_THAT(library_.describe(mutator_, 200), ContainsRegex("^cross-over")) << i;
    crossed += has;
  }
  EXPECT_GT(crossed, 20);
}

TEST_F(AflMutatorTest, DescriptionsArePartsOfFileNames) {
  std::set<std::string> descriptions;
  std::string input;
  for (int i = 0; i < 200; ++i) {
    input = Fuzz(input, input);
    descriptions.insert(library_.describe(mutator_, 200));
    EXPECT_THAT(*descriptions.rbegin(), ContainsRegex("^[a-z+-]+$"));
    EXPECT_LE(std::string(library_.describe(mutator_, 7)).size(), 7u);
  }
  EXPECT_TRUE(descriptions.contains("insert-op"));
  EXPECT_TRUE(descriptions.contains("random-program"));
}

TEST_F(AflMutatorTest, TrimmingLeavesWhatIsNeededAsAProgram) {
  Random random(7);
  const auto same = [](const std::string& candidate) {
    const Program program = Decode(candidate);
    EXPECT_EQ(EncodeBytes(program), candidate);
    return PrintText(program).find(".write(") != std::string::npos;
  };
  int trimmed = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string input = EncodeBytes(RandomProgram(random, BalancedProfile()));
    if (!same(input)) continue;
    ++trimmed;
    const std::string small = Trim(input, same);
    EXPECT_TRUE(same(small));
    EXPECT_EQ(Decode(small).ops.size() + Decode(small).scripts.size(), 1u) << PrintText(Decode(small));
  }
  EXPECT_GT(trimmed, 20);
}

TEST_F(AflMutatorTest, TrimmingTextMakesItBytesFirst) {
  const std::string text = "# A seed.\nmethods write\nw0 = stream.getWriter()\nw0.write(\"a\")\n";
  const std::string small = Trim(text, [&](const std::string& candidate) { return Decode(candidate) == Decode(text); });
  EXPECT_EQ(small, EncodeBytes(ParseOrDie(text)));
}

TEST_F(AflMutatorTest, ASmallestInputIsNotTrimmed) {
  EXPECT_EQ(Trim(EncodeBytes(Program{}), [](const std::string&) { return true; }), EncodeBytes(Program{}));
  EXPECT_EQ(candidates_, 0);
}

TEST_F(AflMutatorTest, TrimmingTheNextInputForgetsTheLast) {
  const std::string first = EncodeBytes(ParseOrDie("run\nrun\nrun\n"));
  const std::string second = EncodeBytes(ParseOrDie("w0 = stream.getWriter()\nw0.close()\n"));
  Trim(first, [](const std::string&) { return false; });
  EXPECT_EQ(Trim(second, [](const std::string&) { return false; }), second);
}

TEST(AflMutatorDeathTest, AnUnknownProfileIsAnError) {
  const Library library;
  setenv("SLUICE_MUTATION_PROFILE", "wild", 1);
  EXPECT_EXIT(library.init(nullptr, 1), testing::ExitedWithCode(2), "SLUICE_MUTATION_PROFILE is unknown: wild");
  unsetenv("SLUICE_MUTATION_PROFILE");
  EXPECT_EXIT(library.init(nullptr, 1), testing::ExitedWithCode(2), "SLUICE_MUTATION_PROFILE is not set");
}

}  // namespace
}  // namespace sluice::fuzz
