#include "server/pressure_policy.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr int64_t kLimit = 1'000'000'000;
constexpr int64_t kMillion = 1'000'000;

MemoryPressure At(PressurePolicy* policy, int64_t resident, int64_t flush = 0, int64_t work = 0) {
  return policy->Judge({resident * kMillion, flush * kMillion, work * kMillion}).pressure;
}

TEST(PressurePolicyTest, TheLevelsComeOneAfterTheOther) {
  PressurePolicy policy(kLimit);
  EXPECT_EQ(At(&policy, 749), MemoryPressure::kNone);
  EXPECT_EQ(At(&policy, 750), MemoryPressure::kShrink);
  EXPECT_EQ(At(&policy, 840), MemoryPressure::kFlush);
  EXPECT_EQ(At(&policy, 900), MemoryPressure::kRefuse);
  EXPECT_EQ(At(&policy, 970), MemoryPressure::kFull);
}

TEST(PressurePolicyTest, WhatTheNextFlushWouldTakeCounts) {
  PressurePolicy policy(kLimit);
  EXPECT_EQ(At(&policy, 600, 239), MemoryPressure::kShrink);
  EXPECT_EQ(At(&policy, 600, 240), MemoryPressure::kFlush);
  EXPECT_EQ(At(&policy, 600, 300), MemoryPressure::kRefuse);
  EXPECT_EQ(At(&policy, 600, 500), MemoryPressure::kRefuse) << "nothing is full yet";
}

TEST(PressurePolicyTest, QueriesNeitherFlushNorRefuseSeries) {
  PressurePolicy policy(kLimit);
  EXPECT_EQ(At(&policy, 930, 0, 200), MemoryPressure::kShrink);
  EXPECT_EQ(At(&policy, 975, 0, 200), MemoryPressure::kFull) << "but the limit is the limit";
}

TEST(PressurePolicyTest, ALevelGoesOnlyWithSomethingToSpare) {
  PressurePolicy policy(kLimit);
  EXPECT_EQ(At(&policy, 905), MemoryPressure::kRefuse);
  EXPECT_EQ(At(&policy, 895), MemoryPressure::kRefuse);
  EXPECT_EQ(At(&policy, 870), MemoryPressure::kRefuse);
  EXPECT_EQ(At(&policy, 869), MemoryPressure::kFlush);
  EXPECT_EQ(At(&policy, 895), MemoryPressure::kFlush);
  EXPECT_EQ(At(&policy, 721), MemoryPressure::kShrink);
  EXPECT_EQ(At(&policy, 719), MemoryPressure::kNone);
}

TEST(PressurePolicyTest, RoomEndsWhereRefusingBegins) {
  PressurePolicy policy(kLimit);
  EXPECT_EQ(policy.Judge({500 * kMillion, 100 * kMillion, 0}).room, 300 * kMillion);
  EXPECT_EQ(policy.Judge({500 * kMillion, 100 * kMillion, 50 * kMillion}).room, 350 * kMillion);
  EXPECT_EQ(policy.Judge({950 * kMillion, 100 * kMillion, 0}).room, 0);
}

TEST(PressurePolicyTest, QueriesHaveWhatIsLeftAndNeverNothing) {
  PressurePolicy policy(kLimit);
  EXPECT_EQ(policy.Judge({500 * kMillion, 0, 0}).work_max, 440 * kMillion);
  EXPECT_EQ(policy.Judge({500 * kMillion, 0, 100 * kMillion}).work_max, 540 * kMillion)
      << "with what they have already";
  EXPECT_EQ(policy.Judge({960 * kMillion, 0, 0}).work_max, kLimit / 16);
  EXPECT_EQ(PressurePolicy(32 * kMillion).Judge({31 * kMillion, 0, 0}).work_max,
            PressurePolicy::kWorkMinBytes);
}

}  // namespace
}  // namespace hearth
