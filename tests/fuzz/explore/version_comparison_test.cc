#include "fuzz/explore/version_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "fuzz/program/text.h"
#include "tests/fuzz/explore/spaces.h"
#include "tests/fuzz/explore/test_versions.h"

namespace sluice::fuzz {
namespace {

enum Version : uint32_t { kForgetsToRelease = 1, kKeepsAReference, kTakesAnotherName, kAsTheOriginal };

// The core with a planted fault for each version.
class VersionedSubject final : public CoreSubject {
 public:
  sim::Outcome Perform(const SubjectCall& call) override {
    if (call.method != SubjectMethod::kReleaseLock) return CoreSubject::Perform(call);
    const core::WritableStream& stream = host().stream(0);
    const bool waits = stream.pendingAbortRequest.has_value() && !stream.inFlightWriteRequest.is_undefined();
    if (g_version == kForgetsToRelease && waits) return {};
    if (g_version == kKeepsAReference && waits) host().Retain(stream.pendingAbortRequest->promise);
    if (g_version == kTakesAnotherName) host().realm().NewPromise();
    return CoreSubject::Perform(call);
  }
};

VersionResult Compare(uint32_t version) {
  TestVersions versions;
  VersionComparison comparison(
      {.space = FullSink(/*observed=*/true), .versions = &versions, .compared = {version}, .make_subject = [] {
         return std::make_unique<VersionedSubject>();
       }});
  EXPECT_TRUE(comparison.Run());
  EXPECT_EQ(g_version, kOriginal);
  return comparison.results().front();
}

TEST(VersionComparisonTest, AFaultThatAuthorsSeeIsKilledByAShortestProgram) {
  const VersionResult result = Compare(kForgetsToRelease);
  ASSERT_EQ(result.fate, Fate::kKilled);
  EXPECT_THAT(result.findings, ::testing::Contains(::testing::StartsWith("slots/")));
  // A writer, a write that is in flight and an abort come before releaseLock(), some of them inside author functions.
  EXPECT_LE(result.program.ops.size(), 5u) << PrintText(result.program);
  EXPECT_THAT(PrintText(result.program), ::testing::HasSubstr("releaseLock()"));
  ASSERT_TRUE(result.visible.has_value());
  EXPECT_GE(result.visible->ops.size(), result.program.ops.size());
}

TEST(VersionComparisonTest, ProgramsThatShowAVersionAreReportedUntilEnoughWereJudged) {
  TestVersions versions;
  std::vector<Program> shown;
  VersionComparison comparison({.space = FullSink(/*observed=*/true),
                                .versions = &versions,
                                .compared = {kForgetsToRelease},
                                .programs = 5,
                                .make_subject = [] { return std::make_unique<VersionedSubject>(); },
                                .on_visible =
                                    [&](uint32_t version, const Program& program) {
                                      EXPECT_EQ(version, kForgetsToRelease);
                                      shown.push_back(program);
                                    }});
  EXPECT_TRUE(comparison.Run());
  const VersionResult& result = comparison.results().front();
  EXPECT_EQ(result.judged, 5u);
  // More than one, though all versions are killed by the first.
  ASSERT_GT(shown.size(), 1u);
  EXPECT_EQ(PrintText(shown.front()), PrintText(*result.visible));
}

TEST(VersionComparisonTest, AFaultThatOnlyTheHostSeesIsKilledAndNotVisible) {
  const VersionResult result = Compare(kKeepsAReference);
  ASSERT_EQ(result.fate, Fate::kKilled);
  EXPECT_EQ(result.oracles, 1u << static_cast<uint32_t>(Oracle::kOwnership));
  EXPECT_FALSE(result.visible.has_value());
}

TEST(VersionComparisonTest, OtherNamesForTheSameThingsAreNoDifference) {
  const VersionResult result = Compare(kTakesAnotherName);
  EXPECT_EQ(result.fate, Fate::kSame);
  EXPECT_GT(result.judged, 0u);
}

TEST(VersionComparisonTest, AVersionThatDoesAsTheOriginalOnEveryEdgeIsTheSame) {
  const VersionResult result = Compare(kAsTheOriginal);
  EXPECT_EQ(result.fate, Fate::kSame);
  EXPECT_EQ(result.judged, 0u);
  // On each edge, and at each state.
  EXPECT_GT(result.runs, result.edges);
}

TEST(VersionComparisonTest, AVersionWhoseCodeNeverRanIsNotCalledTheSame) {
  const VersionResult result = Compare(kNeverRuns);
  EXPECT_EQ(result.fate, Fate::kNotRun);
  EXPECT_EQ(result.runs, 0u);
}

TEST(VersionComparisonTest, CodeThatOnlyOtherVersionsRunWasNotRun) {
  TestVersions versions;
  VersionComparison comparison({.space = FullSink(/*observed=*/true),
                                .versions = &versions,
                                .compared = {kAsTheOriginal, kRunsInOthersOnly},
                                .make_subject = [] { return std::make_unique<VersionedSubject>(); }});
  ASSERT_TRUE(comparison.Run());
  EXPECT_EQ(comparison.results()[0].fate, Fate::kSame);
  EXPECT_EQ(comparison.results()[1].fate, Fate::kNotRun);
}

TEST(VersionComparisonTest, WhatBecomesOfAVersionDoesNotDependOnTheOthers) {
  TestVersions versions;
  VersionComparison comparison({.space = FullSink(/*observed=*/true),
                                .versions = &versions,
                                .compared = {kAsTheOriginal, kKeepsAReference, kForgetsToRelease, kTakesAnotherName},
                                .make_subject = [] { return std::make_unique<VersionedSubject>(); }});
  ASSERT_TRUE(comparison.Run());
  for (const VersionResult& result : comparison.results()) {
    const VersionResult alone = Compare(static_cast<Version>(result.version));
    EXPECT_EQ(result.fate, alone.fate);
    EXPECT_EQ(result.findings, alone.findings);
    EXPECT_EQ(PrintText(result.program), PrintText(alone.program));
  }
}

}  // namespace
}  // namespace sluice::fuzz
