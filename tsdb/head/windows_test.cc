#include "tsdb/head/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimeMs kNever = std::numeric_limits<TimeMs>::min();

TEST(TouchedWindowsTest, ListsEachWindowOnce) {
  TouchedWindows touched(100);
  for (const TimeMs t : {5, 199, 7, 100, -1, 0}) touched.Touch(t);
  EXPECT_THAT(touched.starts(), ElementsAre(0, 100, -100));
  touched.Clear();
  EXPECT_THAT(touched.starts(), IsEmpty());
  touched.Touch(0);
  EXPECT_THAT(touched.starts(), ElementsAre(0));
}

TEST(WindowChunksTest, AWindowWithoutChunksIsNotListed) {
  WindowChunks chunks;
  chunks.Add(100);
  chunks.Add(0);
  chunks.Add(100);
  EXPECT_EQ(chunks.total(), 3u);
  chunks.Remove(100);
  EXPECT_THAT(chunks.Starts(), ElementsAre(0, 100));
  chunks.Remove(100);
  EXPECT_THAT(chunks.Starts(), ElementsAre(0));
}

TEST(WalCoverageTest, ASegmentGoesWhenEachOfItsWindowsIsCoveredUpToItsLastRecord) {
  WalCoverage coverage;
  coverage.NoteSegment(1, 1000);
  coverage.NoteSegment(2, 500);
  coverage.NoteSamples(1, {0, 100}, 10);
  coverage.NoteSamples(1, {0}, 12);
  coverage.NoteSamples(2, {100}, 20);
  EXPECT_THAT(coverage.Deletable(3, kNever), IsEmpty());
  coverage.NoteFlushed(0, 12);
  EXPECT_THAT(coverage.Deletable(3, kNever), IsEmpty()) << "window 100 is not covered";
  coverage.NoteFlushed(100, 9);
  EXPECT_THAT(coverage.Deletable(3, kNever), IsEmpty()) << "not up to record 10";
  coverage.NoteFlushed(100, 19);
  EXPECT_THAT(coverage.Deletable(3, kNever), ElementsAre(1));
  EXPECT_EQ(coverage.bytes(), 1500u);
  coverage.Forget(1);
  EXPECT_EQ(coverage.bytes(), 500u);
  coverage.NoteFlushed(100, 20);
  EXPECT_THAT(coverage.Deletable(3, kNever), ElementsAre(2));
  EXPECT_THAT(coverage.Deletable(2, kNever), IsEmpty()) << "never the current one";
}

TEST(WalCoverageTest, WindowsBeyondTheRetentionNeedNoSegment) {
  WalCoverage coverage;
  coverage.NoteSamples(1, {0, 100}, 10);
  EXPECT_THAT(coverage.Deletable(2, 100), IsEmpty());
  EXPECT_THAT(coverage.Deletable(2, 200), ElementsAre(1));
}

TEST(WalCoverageTest, ASegmentWithoutSamplesIsNotNeeded) {
  WalCoverage coverage;
  coverage.NoteSegment(1, 16);
  EXPECT_THAT(coverage.Deletable(2, kNever), ElementsAre(1));
}

}  // namespace
}  // namespace hearth
