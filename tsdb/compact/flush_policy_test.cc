#include "tsdb/compact/flush_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimeMs kHour = 3'600'000, kMinute = 60'000;
const FlushPolicyOptions kOptions{
    .window_ms = kHour, .slack_ms = 5 * kMinute, .late_wait_ms = 10 * kMinute};

TEST(FlushPolicy, DataThatMovedOnEndsAWindowWhereverTheClockStands) {
  FlushPolicy policy(kOptions);
  for (const TimeMs now : {TimeMs{0}, 1000 * kHour}) {
    EXPECT_THAT(policy.Choose({{0, kHour, 2 * kHour}, {}, 2 * kHour + 5 * kMinute, now}),
                ElementsAre(0, kHour));
    EXPECT_THAT(policy.Choose({{kHour}, {}, 2 * kHour + 5 * kMinute - 1, now}), IsEmpty());
  }
}

TEST(FlushPolicy, SamplesForASealedWindowWaitByTheClock) {
  FlushPolicy policy(kOptions);
  FlushPolicy::View view{{0, 9 * kHour}, {0}, 9 * kHour, 9 * kHour};
  EXPECT_THAT(policy.Choose(view), IsEmpty());
  view.now += 10 * kMinute - 1;
  EXPECT_THAT(policy.Choose(view), IsEmpty());
  view.now += 1;
  EXPECT_THAT(policy.Choose(view), ElementsAre(0));
  EXPECT_THAT(policy.Choose(view), IsEmpty()) << "the next late samples wait anew";
}

TEST(FlushPolicy, AnEndedWindowWhoseSenderStoppedIsFlushedByTheClock) {
  FlushPolicy policy(kOptions);
  FlushPolicy::View view{{0}, {}, kHour - 1, kHour + 5 * kMinute - 1};
  EXPECT_THAT(policy.Choose(view), IsEmpty());
  view.now += 1;
  EXPECT_THAT(policy.Choose(view), IsEmpty());
  view.now += 10 * kMinute;
  EXPECT_THAT(policy.Choose(view), ElementsAre(0));
}

TEST(FlushPolicy, AClockThatWasSetBackDelaysButDoesNotBlock) {
  FlushPolicy policy(kOptions);
  FlushPolicy::View view{{0}, {0}, 9 * kHour, 9 * kHour};
  EXPECT_THAT(policy.Choose(view), IsEmpty());
  view.now = 3 * kHour;
  EXPECT_THAT(policy.Choose(view), IsEmpty());
  view.now += 10 * kMinute;
  EXPECT_THAT(policy.Choose(view), ElementsAre(0));
}

}  // namespace
}  // namespace hearth
