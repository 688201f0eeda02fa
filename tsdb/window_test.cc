#include "tsdb/window.h"

#include <gtest/gtest.h>

#include <limits>

namespace hearth {
namespace {

constexpr TimeMs kFirst = std::numeric_limits<TimeMs>::min();
constexpr TimeMs kLast = std::numeric_limits<TimeMs>::max();
constexpr TimeMs kHour = 3'600'000;

TEST(WindowTest, WindowsAreAlignedToTheEpochOnBothSidesOfIt) {
  EXPECT_EQ(WindowStart(0, 100), 0);
  EXPECT_EQ(WindowStart(199, 100), 100);
  EXPECT_EQ(WindowStart(-1, 100), -100);
  EXPECT_EQ(WindowStart(-100, 100), -100);
  EXPECT_EQ(WindowRange(-100, 100), (TimeRange{-100, -1}));
}

TEST(WindowTest, TheFirstAndTheLastTimesHaveWindowsToo) {
  for (const TimeMs length : {TimeMs{1}, TimeMs{7}, kHour, TimeMs{1} << 32, kLast}) {
    SCOPED_TRACE(length);
    for (const TimeMs t :
         {kFirst, kFirst + 1, kFirst + length, TimeMs{0}, kLast - length, kLast - 1, kLast}) {
      SCOPED_TRACE(t);
      const TimeRange window = WindowRange(WindowStart(t, length), length);
      EXPECT_TRUE(window.Contains(t));
      EXPECT_EQ(WindowStart(window.mint, length), window.mint);
      EXPECT_EQ(WindowStart(window.maxt, length), window.mint);
      // Neighbours meet without overlapping.
      if (window.mint != kFirst) {
        EXPECT_EQ(WindowRange(WindowStart(window.mint - 1, length), length).maxt, window.mint - 1);
      }
      if (window.maxt != kLast) {
        EXPECT_EQ(WindowStart(window.maxt + 1, length), window.maxt + 1);
      }
    }
  }
}

TEST(WindowTest, AnEndBeyondTheLastTimeIsTheLastTime) {
  EXPECT_EQ(WindowEnd(100, 50), 149);
  EXPECT_EQ(WindowEnd(kLast - 49, 50), kLast);
  EXPECT_EQ(WindowEnd(kLast - 48, 50), kLast);
  EXPECT_EQ(WindowEnd(kLast, 1), kLast);
}

TEST(Window, MergedOnesAreAtMostATenthOfTheRetention) {
  constexpr TimeMs kHour = 60 * 60 * 1000, kDay = 24 * kHour;
  EXPECT_EQ(MergedWindowMs(kHour, 0), kDay);
  EXPECT_EQ(MergedWindowMs(kHour, 30 * kDay), kDay);
  EXPECT_EQ(MergedWindowMs(kHour, 10 * kDay), kDay);
  EXPECT_EQ(MergedWindowMs(kHour, 9 * kDay), 12 * kHour);
  EXPECT_EQ(MergedWindowMs(kHour, kDay), 2 * kHour);
  EXPECT_EQ(MergedWindowMs(kHour, kHour), kHour);
  EXPECT_EQ(MergedWindowMs(5 * kHour, 0), 5 * kHour);
  EXPECT_EQ(MergedWindowMs(2 * kDay, 0), 2 * kDay);
}

}  // namespace
}  // namespace hearth
