#include "tsdb/compact/early_flush.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr TimeMs kMinute = EarlyFlush::kIntervalMs;

TEST(EarlyFlushTest, ComesAtOnceWhenMemoryIsShort) {
  EarlyFlush flush;
  EXPECT_FALSE(flush.Due(MemoryPressure::kNone, 1000));
  EXPECT_FALSE(flush.Due(MemoryPressure::kShrink, 1000));
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, 1000));
  EXPECT_FALSE(flush.Due(MemoryPressure::kRefuse, 2000));
}

TEST(EarlyFlushTest, WhatDidNotHelpIsTriedEverLater) {
  EarlyFlush flush;
  TimeMs now = 1000;
  for (const TimeMs minutes : {0, 1, 2, 4, 8, 16, 16, 16}) {
    if (minutes > 0) {
      EXPECT_FALSE(flush.Due(MemoryPressure::kFull, now + minutes * kMinute - 1)) << minutes;
    }
    now += minutes * kMinute;
    EXPECT_TRUE(flush.Due(MemoryPressure::kFull, now)) << minutes;
  }
}

TEST(EarlyFlushTest, APressureThatWentForAWhileIsANewOne) {
  EarlyFlush flush;
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, 0));
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, kMinute));
  EXPECT_FALSE(flush.Due(MemoryPressure::kNone, kMinute + 1000));
  EXPECT_FALSE(flush.Due(MemoryPressure::kFlush, kMinute + 2000)) << "it was gone for a second";
  EXPECT_FALSE(flush.Due(MemoryPressure::kNone, 3 * kMinute));
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, 3 * kMinute + 1000));
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, 4 * kMinute + 1000)) << "a minute, as at first";
}

TEST(EarlyFlushTest, AClockThatWasSetBackStopsNothing) {
  EarlyFlush flush;
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, 100 * kMinute));
  EXPECT_TRUE(flush.Due(MemoryPressure::kFlush, 10 * kMinute));
}

}  // namespace
}  // namespace hearth
