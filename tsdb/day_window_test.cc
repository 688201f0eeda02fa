// Days of a running database: hours are merged when their day is over, queries and starts see every
// sample once, with late ones, and with a crash in between.
#include <gtest/gtest.h>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

class DayWindowTest : public DbTest {
 protected:
  static constexpr TimeMs kMidnight = kNow - kNow % kDay;

  // Five hours of the day before.
  void PushYesterday() {
    clock_.Set(kMidnight - kHour);
    for (TimeMs t = kMidnight - 6 * kHour; t < kMidnight - kHour; t += kMinute) PushAll(4, t);
  }
  // Moves to the next day, and runs rounds until the day before has been merged.
  void RunMerges() {
    clock_.Set(kMidnight + 2 * kHour);
    for (int round = 0; round < 4; ++round) {
      ASSERT_TRUE(db_->Compact().ok());
      clock_.Advance(20 * kMinute);
    }
  }
};

TEST_F(DayWindowTest, ADayIsMergedWhenItIsOver) {
  PushYesterday();
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(db_->Stats().store.generations, 5u);
  clock_.Advance(40 * kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  clock_.Advance(10 * kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, 5u) << "the day is not over";
  RunMerges();
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  EXPECT_EQ(db_->Stats().compactor.merges, 1u);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
  EXPECT_EQ(db_->Stats().head.series, 0u) << "the WAL has nothing that the day does not cover";
}

TEST_F(DayWindowTest, LateSamplesOfAMergedDayJoinIt) {
  options_.out_of_order_window_ms = kDay;
  Reopen();
  PushYesterday();
  ASSERT_TRUE(db_->Flush().ok());
  RunMerges();
  PushAll(4, clock_.NowMs());
  for (TimeMs t = kMidnight - 3 * kHour + 17; t < kMidnight - 2 * kHour; t += kMinute) {
    PushAll(3, t);
  }
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_) << "from the WAL, beside the day";
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(Read(), expected_);
  RunMerges();
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

// A day that is merged on demand while some of its hours are still written to covers only what was
// flushed of each.
TEST_F(DayWindowTest, AMergeOnDemandLeavesTheRestOfTheDayToTheWal) {
  PushYesterday();
  ASSERT_TRUE(db_->Flush().ok());
  clock_.Set(kMidnight - kHour / 2);
  for (TimeMs t = kMidnight - kHour; t < kMidnight - kHour / 2; t += kMinute) PushAll(5, t);
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  EXPECT_EQ(Read(), expected_);
}

}  // namespace
}  // namespace hearth
