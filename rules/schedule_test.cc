#include "rules/schedule.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hearth {
namespace {

constexpr TimeMs kInterval = 15'000;

TEST(GroupOffsetTest, IsDecidedByFileAndNameAlone) {
  EXPECT_EQ(GroupOffset("f", "g", kInterval), GroupOffset("f", "g", kInterval));
  EXPECT_NE(GroupOffset("f", "g", kInterval), GroupOffset("g", "f", kInterval));
}

TEST(GroupOffsetTest, SpreadsGroupsOverTheInterval) {
  std::set<TimeMs> seconds;
  for (int i = 0; i < 1000; ++i) {
    const TimeMs offset = GroupOffset("rules.yml", "group " + std::to_string(i), kInterval);
    ASSERT_GE(offset, 0);
    ASSERT_LT(offset, kInterval);
    seconds.insert(offset / 1000);
  }
  EXPECT_EQ(seconds.size(), 15u);
}

TEST(ScheduleTest, BeginsAtTheNextSlot) {
  EXPECT_EQ(Schedule(10, 3, 100).next_ms(), 103);
  EXPECT_EQ(Schedule(10, 3, 102).next_ms(), 103);
  EXPECT_EQ(Schedule(10, 3, 103).next_ms(), 113);
  EXPECT_EQ(Schedule(10, 3, 0).next_ms(), 3);
}

TEST(ScheduleTest, TakesOneSlotAfterTheOther) {
  Schedule schedule(10, 3, 100);
  EXPECT_EQ(schedule.Take(103).ts, 103);
  EXPECT_EQ(schedule.next_ms(), 113);
  const Schedule::Turn late = schedule.Take(122);
  EXPECT_EQ(late.ts, 113);
  EXPECT_EQ(late.missed, 0);
}

TEST(ScheduleTest, CountsTheSlotsThatWereLeftOut) {
  Schedule schedule(10, 3, 100);
  const Schedule::Turn turn = schedule.Take(135);
  EXPECT_EQ(turn.ts, 133);
  EXPECT_EQ(turn.missed, 3);
  EXPECT_EQ(schedule.next_ms(), 143);
}

TEST(ScheduleTest, GoesOnFromAClockThatWasSetBack) {
  Schedule schedule(10, 3, 1000);
  schedule.Begin(500);
  EXPECT_EQ(schedule.next_ms(), 503);
}

}  // namespace
}  // namespace hearth
