#include "tsdb/compact/merge_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000, kQuiet = 600'000;
constexpr WindowId kFirst{0, kHour}, kSecond{kHour, kHour};

TEST(MergePolicy, AWindowWaitsUntilItIsQuiet) {
  MergePolicy policy({.quiet_ms = kQuiet});
  const std::vector<SealedWindow> windows = {{.window = kFirst, .newest = 1, .generations = 1},
                                             {.window = kSecond, .newest = 2, .generations = 2}};
  EXPECT_EQ(policy.Choose(windows, 1000), std::nullopt);
  EXPECT_EQ(policy.Choose(windows, 1000 + kQuiet - 1), std::nullopt);
  EXPECT_EQ(policy.Choose(windows, 1000 + kQuiet), kSecond);
  EXPECT_EQ(policy.Choose({windows[0]}, 1000 + kQuiet), std::nullopt);
}

TEST(MergePolicy, AnotherGenerationOrDeleteStartsTheWaitAnew) {
  MergePolicy policy({.quiet_ms = kQuiet});
  SealedWindow window{.window = kFirst, .newest = 2, .generations = 2};
  EXPECT_EQ(policy.Choose({window}, 0), std::nullopt);
  window.newest = 3;
  EXPECT_EQ(policy.Choose({window}, kQuiet), std::nullopt);
  window.unapplied_delete = 77;
  EXPECT_EQ(policy.Choose({window}, 2 * kQuiet), std::nullopt);
  EXPECT_EQ(policy.Choose({window}, 3 * kQuiet), kFirst);
}

TEST(MergePolicy, AFailedMergeWaitsAndLetsOthersGoFirst) {
  MergePolicy policy({.quiet_ms = kQuiet});
  const std::vector<SealedWindow> windows = {{.window = kFirst, .newest = 2, .generations = 2},
                                             {.window = kSecond, .newest = 2, .generations = 2}};
  policy.Choose(windows, 0);
  EXPECT_EQ(policy.Choose(windows, kQuiet), kFirst);
  policy.Postpone(kFirst, kQuiet);
  EXPECT_EQ(policy.Choose(windows, kQuiet), kSecond);
  EXPECT_EQ(policy.Choose({windows[0]}, 2 * kQuiet), kFirst);
}

TEST(MergePolicy, WhatTheHeadStillHasWaitsForItsFlush) {
  MergePolicy policy({.quiet_ms = kQuiet});
  SealedWindow window{.window = kFirst, .newest = 2, .generations = 2, .in_head = true};
  EXPECT_EQ(policy.Choose({window}, 0), std::nullopt);
  EXPECT_EQ(policy.Choose({window}, kQuiet), std::nullopt);
  window.in_head = false;
  EXPECT_EQ(policy.Choose({window}, 2 * kQuiet), std::nullopt);
  EXPECT_EQ(policy.Choose({window}, 3 * kQuiet), kFirst);
}

TEST(MergePolicy, ASingleGenerationWithDeletedSamplesIsRewritten) {
  MergePolicy policy({.quiet_ms = kQuiet});
  const SealedWindow window{.window = kFirst, .newest = 1, .generations = 1, .unapplied_delete = 5};
  EXPECT_EQ(policy.Choose({window}, 0), std::nullopt);
  EXPECT_EQ(policy.Choose({window}, kQuiet), kFirst);
}

TEST(MergePolicy, TheOldestComesFirstAndAClockSetBackWaitsAgain) {
  MergePolicy policy({.quiet_ms = kQuiet});
  const std::vector<SealedWindow> windows = {{.window = kFirst, .newest = 2, .generations = 2},
                                             {.window = kSecond, .newest = 2, .generations = 2}};
  EXPECT_EQ(policy.Choose(windows, kHour), std::nullopt);
  EXPECT_EQ(policy.Choose(windows, 0), std::nullopt);
  EXPECT_EQ(policy.Choose(windows, kQuiet), kFirst);
}

}  // namespace
}  // namespace hearth
