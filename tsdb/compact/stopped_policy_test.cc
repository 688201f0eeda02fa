#include "tsdb/compact/stopped_policy.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

StoppedSeries Stopped(size_t series, uint64_t alive, TimeMs longest_ms) {
  StoppedSeries stopped{.longest_ms = longest_ms, .alive = alive};
  stopped.series.resize(series);
  return stopped;
}

TEST(StoppedPolicy, LooksNowAndThen) {
  StoppedPolicy policy({.look_ms = 1000});
  EXPECT_TRUE(policy.Look(5000));
  EXPECT_FALSE(policy.Look(5999));
  EXPECT_TRUE(policy.Look(6000));
  EXPECT_TRUE(policy.Look(100)) << "the clock was set back";
  EXPECT_FALSE(policy.Look(1000));
}

TEST(StoppedPolicy, ManyGoAtOnceAndFewWhenTheyHaveWaited) {
  const StoppedPolicy policy({.enough = 100, .part = 10, .wait_ms = 1000});
  EXPECT_FALSE(policy.IsEnough(Stopped(0, 5000, 0)));
  EXPECT_FALSE(policy.IsEnough(Stopped(99, 500, 999)));
  EXPECT_TRUE(policy.IsEnough(Stopped(100, 500, 0)));
  EXPECT_FALSE(policy.IsEnough(Stopped(100, 5000, 0))) << "of many series, a tenth";
  EXPECT_TRUE(policy.IsEnough(Stopped(500, 5000, 0)));
  EXPECT_TRUE(policy.IsEnough(Stopped(1, 5000, 1000)));
}

TEST(StoppedPolicy, LessIsEnoughWithMemoryShort) {
  const StoppedPolicy policy({.enough = 80, .part = 10, .wait_ms = 800});
  const auto enough = [&](size_t series, TimeMs longest_ms) {
    StoppedSeries stopped = Stopped(series, 500, longest_ms);
    stopped.patience = Patience::kMemoryShort;
    return policy.IsEnough(stopped);
  };
  EXPECT_FALSE(enough(0, 800));
  EXPECT_FALSE(enough(9, 99));
  EXPECT_TRUE(enough(10, 0));
  EXPECT_TRUE(enough(1, 100));
}

}  // namespace
}  // namespace hearth
