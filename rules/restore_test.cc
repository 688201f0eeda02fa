// How `for` goes on after a restart: what ALERTS_FOR_STATE says, and what an alert still waits.
#include "rules/for_state.h"
#include "rules/group_fixture.h"

namespace hearth {
namespace {

// `for` of 30 minutes, evaluated each minute; the group is made anew for each life of the server.
class RestoreTest : public GroupTest {
 protected:
  void Begin() {
    group_ = MakeGroup(
        "groups: [{name: g, interval: 1m, rules: [{alert: A, expr: in > 10, for: 30m, "
        "labels: {l: 'value {{ $value }}'}}]}]");
  }
  void Evaluate(TimeMs t, double in = 11) {
    Put({{"__name__", "in"}, {"job", "j"}}, t, in);
    group_->Evaluate(t);
  }
  void Run(TimeMs from, TimeMs to) {
    for (TimeMs t = from; t <= to; t += kMinute) Evaluate(t);
  }
  // Down after `down_at`, up at `up_at`: a first evaluation, then restoring.
  void Restart(TimeMs up_at) {
    Begin();
    group_->AwaitRestore();
    Evaluate(up_at);
    EXPECT_EQ(WrittenAt(up_at), Lines{}) << "ALERTS_FOR_STATE was overwritten";
    group_->Restore(storage_, up_at, options_);
  }
  // When it fires, evaluated each minute after `t`.
  TimeMs FiresAt(TimeMs t) {
    for (TimeMs end = t + 2 * 60 * kMinute; t <= end; t += kMinute) {
      Evaluate(t);
      if (group_->Status().rules.front().state == AlertState::kFiring) return t;
    }
    return 0;
  }

  RestoreOptions options_;
  std::unique_ptr<Group> group_;
};

TEST_F(RestoreTest, TheTimeItWasDownDoesNotCount) {
  Begin();
  Run(kStart, kStart + 10 * kMinute);  // 20 minutes remain.
  const TimeMs up = kStart + 15 * kMinute;
  Restart(up);
  EXPECT_EQ(FiresAt(up + kMinute), up + 20 * kMinute);
}

TEST_F(RestoreTest, ItWaitsAtLeastTheGracePeriod) {
  Begin();
  Run(kStart, kStart + 28 * kMinute);  // 2 minutes remain.
  const TimeMs up = kStart + 35 * kMinute;
  Restart(up);
  EXPECT_EQ(FiresAt(up + kMinute), up + 10 * kMinute);
}

TEST_F(RestoreTest, WhatFiredFiresAtTheNextEvaluation) {
  Begin();
  Run(kStart, kStart + 31 * kMinute);
  const TimeMs up = kStart + 40 * kMinute;
  Restart(up);
  EXPECT_EQ(FiresAt(up + kMinute), up + kMinute);
  EXPECT_EQ(group_->Status().rules.front().alerts.front().active_at_ms, kStart);
}

TEST_F(RestoreTest, AStateBeyondTheToleranceIsForgotten) {
  Begin();
  Run(kStart, kStart + 20 * kMinute);
  const TimeMs up = kStart + 81 * kMinute;
  Restart(up);
  EXPECT_EQ(FiresAt(up + kMinute), up + 30 * kMinute);
}

TEST_F(RestoreTest, AnAlertThatWasOverBeforeBeginsAnew) {
  Begin();
  Run(kStart, kStart + 20 * kMinute);
  Evaluate(kStart + 21 * kMinute, 1);  // Writes the marker.
  const TimeMs up = kStart + 25 * kMinute;
  Restart(up);
  EXPECT_EQ(FiresAt(up + kMinute), up + 30 * kMinute);
}

TEST_F(RestoreTest, ForShorterThanTheGracePeriodBeginsAnew) {
  options_.grace_period_ms = 31 * kMinute;
  Begin();
  Run(kStart, kStart + 20 * kMinute);
  const TimeMs up = kStart + 25 * kMinute;
  Restart(up);
  EXPECT_EQ(FiresAt(up + kMinute), up + 30 * kMinute);
}

TEST_F(RestoreTest, WritesAgainOnceRestored) {
  Begin();
  Run(kStart, kStart + 10 * kMinute);
  Restart(kStart + 15 * kMinute);
  Evaluate(kStart + 16 * kMinute);
  EXPECT_EQ(WrittenAt(kStart + 16 * kMinute),
            (Lines{R"(ALERTS_FOR_STATE{alertname="A", job="j", l="value 11"} 1700000300)",
                   R"(ALERTS{alertname="A", alertstate="pending", job="j", l="value 11"} 1)"}));
}

TEST(RestoredActiveAtTest, FollowsTheThreeCases) {
  constexpr TimeMs kGrace = 10, kFor = 100;
  const ForState state = {.down_at_ms = 1050, .active_at_ms = 1000};
  EXPECT_EQ(RestoredActiveAt(state, 1070, kFor, kGrace), 1020);
  EXPECT_EQ(RestoredActiveAt({1095, 1000}, 1200, kFor, kGrace), 1200 + kGrace - kFor);
  EXPECT_EQ(RestoredActiveAt({1100, 1000}, 1200, kFor, kGrace), 1000);
}

TEST(FloorToSecondsTest, RoundsTowardsThePast) {
  EXPECT_EQ(FloorToSeconds(1999), 1);
  EXPECT_EQ(FloorToSeconds(-1), -1);
  EXPECT_EQ(FloorToSeconds(-1000), -1);
}

}  // namespace
}  // namespace hearth
