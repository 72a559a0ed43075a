#include "fuzz/explore/visibility.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "fuzz/program/text.h"
#include "tests/fuzz/explore/spaces.h"
#include "tests/fuzz/explore/test_versions.h"

namespace sluice::fuzz {
namespace {

enum Version : uint32_t {
  kRefusesAWriter = 1,    // seen at once
  kForgetsToRelease,      // seen when the next writer is refused
  kChangesTheMark,        // nothing is seen of it until somebody reads desiredSize
  kChangesAMarkOfNobody,  // of a stream that is errored: its slot is another one, and nobody can ever read it
  kKeepsAReference,       // only the host's count differs
};

// The core with a planted fault for each version.
class VersionedSubject final : public CoreSubject {
 public:
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method == SubjectMethod::kGetWriter && g_version == kRefusesAWriter) {
      return sim::Outcome::Throw(host().TakeThrown({host().NewTypeError(core::TypeErrorReason::kStreamIsLocked)}));
    }
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    core::WritableStream& stream = host().stream(0);
    const bool is_errored = stream.state == core::StreamState::kErrored;
    if (g_version == kForgetsToRelease) return {};
    if (g_version == kChangesTheMark && !is_errored) stream.controller.strategyHWM = 7;
    if (g_version == kChangesAMarkOfNobody && is_errored) stream.controller.strategyHWM = 7;
    if (g_version == kKeepsAReference && !stream.storedError.is_undefined()) host().Retain(stream.storedError);
    return CoreSubject::Perform(call);
  }
};

std::vector<VisibilityResult> Look(std::vector<uint32_t> versions, uint64_t most_programs = 20'000,
                                   uint64_t most_states = 1'000'000) {
  TestVersions test_versions;
  Visibility visibility({.space = FullSink(/*observed=*/true, {.queue = 1, .writers = 1, .reentry = 1}),
                         .versions = &test_versions,
                         .compared = std::move(versions),
                         .most_programs = most_programs,
                         .make_subject = [] { return std::make_unique<VersionedSubject>(); },
                         .go_on = [=](uint64_t states, uint64_t) { return states < most_states; }});
  visibility.Run();
  EXPECT_EQ(g_version, kOriginal);
  return visibility.results();
}

TEST(VisibilityTest, AFaultThatIsSeenAtOnceHasAShortestProgram) {
  const VisibilityResult result = Look({kRefusesAWriter}).front();
  ASSERT_EQ(result.visible, Visible::kYes);
  // The microtask of start, and the call.
  EXPECT_EQ(result.program.ops.size(), 2u) << PrintText(result.program);
  EXPECT_EQ(result.programs, 0u);
}

TEST(VisibilityTest, AFaultThatShowsLaterIsFoundFromTheStateThatItLeaves) {
  for (const Version version : {kForgetsToRelease, kChangesTheMark}) {
    const VisibilityResult result = Look({version}).front();
    ASSERT_EQ(result.visible, Visible::kYes);
    EXPECT_GT(result.programs, 0u);
    // The microtask of start, a writer, its release, another writer, and what it shows.
    EXPECT_LE(result.program.ops.size(), 5u) << PrintText(result.program);
    EXPECT_THAT(PrintText(result.program), ::testing::HasSubstr("releaseLock()"));
  }
}

TEST(VisibilityTest, AnotherStateThatNobodyCanReadIsNotVisible) {
  const VisibilityResult result = Look({kChangesAMarkOfNobody}).front();
  EXPECT_EQ(result.visible, Visible::kNo);
  EXPECT_GT(result.programs, 0u);
}

TEST(VisibilityTest, ASearchThatWasNotCompletedIsOpen) {
  EXPECT_EQ(Look({kChangesAMarkOfNobody}, /*most_programs=*/5).front().visible, Visible::kOpen);
  EXPECT_EQ(Look({kKeepsAReference}, 20'000, /*most_states=*/50).front().visible, Visible::kOpen);
}

TEST(VisibilityTest, ReferencesAreNotVisible) {
  const VisibilityResult result = Look({kKeepsAReference}).front();
  EXPECT_EQ(result.visible, Visible::kNo);
  EXPECT_EQ(result.programs, 0u);
}

TEST(VisibilityTest, WhatIsSeenOfAVersionDoesNotDependOnTheOthers) {
  const std::vector<uint32_t> all = {kNeverRuns, kKeepsAReference, kChangesTheMark, kForgetsToRelease};
  const std::vector<VisibilityResult> together = Look(all);
  for (size_t i = 0; i < all.size(); ++i) {
    const VisibilityResult alone = Look({all[i]}).front();
    EXPECT_EQ(together[i].visible, alone.visible);
    EXPECT_EQ(PrintText(together[i].program), PrintText(alone.program));
  }
}

}  // namespace
}  // namespace sluice::fuzz
