#include "tsdb/change_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace hearth {
namespace {

constexpr TimeMs kNone = std::numeric_limits<TimeMs>::max();

TEST(ChangeLogTest, NothingHasChangedSinceNow) {
  ChangeLog log;
  EXPECT_EQ(log.Since(log.Since(0).now).from, kNone);
  log.NoteFrom(100);
  EXPECT_EQ(log.Since(log.Since(0).now).from, kNone);
}

TEST(ChangeLogTest, TheLowestTimeSinceAMomentCounts) {
  ChangeLog log;
  log.NoteFrom(100);
  const uint64_t first = log.Since(0).now;
  log.NoteFrom(200);
  const uint64_t second = log.Since(0).now;
  log.NoteFrom(300);
  EXPECT_EQ(log.Since(0).from, 100);
  EXPECT_EQ(log.Since(first).from, 200);
  EXPECT_EQ(log.Since(second).from, 300);
  log.NoteFrom(150);  // Late.
  EXPECT_EQ(log.Since(0).from, 100);
  EXPECT_EQ(log.Since(first).from, 150);
  EXPECT_EQ(log.Since(second).from, 150);
  EXPECT_EQ(log.Since(log.Since(0).now).from, kNone);
}

TEST(ChangeLogTest, EverythingIsBelowAllTimes) {
  ChangeLog log;
  log.NoteFrom(7);
  const uint64_t before = log.Since(0).now;
  log.NoteEverything();
  EXPECT_EQ(log.Since(before).from, std::numeric_limits<TimeMs>::min());
}

// Against a list of all changes: never later than the truth, and not much earlier.
TEST(ChangeLogTest, TellsNoLaterTimeThanTheTruth) {
  std::mt19937 random(1);
  ChangeLog log;
  std::vector<TimeMs> all;  // all[i] is change i + 1.
  TimeMs t = 0;
  for (int i = 0; i < 20'000; ++i) {
    t += static_cast<TimeMs>(random() % 20);
    const bool late = random() % 200 == 0;
    all.push_back(late ? t - static_cast<TimeMs>(random() % 2000) : t);
    log.NoteFrom(all.back());
    const size_t back = 1 + random() % std::min<size_t>(all.size(), i % 2 == 0 ? 50 : 10'000);
    const auto since = all.end() - static_cast<std::ptrdiff_t>(back);
    const TimeMs truth = *std::min_element(since, all.end());
    const TimeMs told = log.Since(all.size() - back).from;
    ASSERT_LE(told, truth) << "change " << i << ", " << back << " back";
    ASSERT_GE(told, truth - (t - truth) / 7 - 20) << "change " << i << ", " << back << " back";
  }
}

TEST(ChangeLogTest, StaysSmallWhateverTheTimes) {
  ChangeLog log;
  TimeMs t = -(TimeMs{1} << 62);
  for (int i = 0; i < 2000; ++i) log.NoteFrom(t += TimeMs{1} << 51);
  EXPECT_EQ(log.Since(0).from, -(TimeMs{1} << 62) + (TimeMs{1} << 51));
  EXPECT_EQ(log.Since(1999).from, t);
  EXPECT_LE(log.Since(1000).from, t);
}

}  // namespace
}  // namespace hearth
