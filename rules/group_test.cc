// Rules together: their order, what ends when, and what a changed group takes over.
#include "rules/group.h"

#include <atomic>
#include <thread>

#include "rules/group_fixture.h"

namespace hearth {
namespace {

std::string OneGroup(std::string_view rules) {
  return StrCat("groups: [{name: g, interval: 1m, rules: [", rules, "]}]");
}

TEST_F(GroupTest, ALaterRuleSeesWhatAnEarlierOneWrote) {
  Put({{"__name__", "in"}}, kStart, 2);
  MakeGroup(OneGroup("{record: a, expr: in * 10}, {record: b, expr: a + 1}"))->Evaluate(kStart);
  EXPECT_EQ(WrittenAt(kStart), (Lines{"a 20", "b 21"}));
}

TEST_F(GroupTest, WhatARuleNoLongerGivesEndsWithAMarker) {
  const auto group = MakeGroup(OneGroup("{record: out, expr: in}"));
  Put({{"__name__", "in"}, {"n", "1"}}, kStart, 1);
  Put({{"__name__", "in"}, {"n", "2"}}, kStart, 2);
  group->Evaluate(kStart);
  End({{"__name__", "in"}, {"n", "1"}}, kStart + kMinute);
  group->Evaluate(kStart + kMinute);
  EXPECT_EQ(WrittenAt(kStart + kMinute), (Lines{R"(out{n="1"} stale)", R"(out{n="2"} 2)"}));
  group->Evaluate(kStart + 2 * kMinute);
  EXPECT_EQ(WrittenAt(kStart + 2 * kMinute), Lines{R"(out{n="2"} 2)"});
}

TEST_F(GroupTest, AFailedEvaluationEndsNothing) {
  const auto group =
      MakeGroup(StrCat("groups: [{name: g, limit: 1, rules: [{record: out, expr: in}]}]"));
  Put({{"__name__", "in"}, {"n", "1"}}, kStart, 1);
  group->Evaluate(kStart);
  Put({{"__name__", "in"}, {"n", "2"}}, kStart + kMinute, 2);
  group->Evaluate(kStart + kMinute);
  EXPECT_EQ(WrittenAt(kStart + kMinute), Lines{});
  End({{"__name__", "in"}, {"n", "1"}}, kStart + 2 * kMinute);
  group->Evaluate(kStart + 2 * kMinute);
  EXPECT_EQ(WrittenAt(kStart + 2 * kMinute), (Lines{R"(out{n="1"} stale)", R"(out{n="2"} 2)"}));
}

TEST_F(GroupTest, ARuleThatFailsLeavesTheOthersAlone) {
  Put({{"__name__", "in"}}, kStart, 1);
  const auto group = MakeGroup(OneGroup("{record: bad, expr: '\"s\"'}, {record: good, expr: in}"));
  group->Evaluate(kStart);
  EXPECT_EQ(WrittenAt(kStart), Lines{"good 1"});
  const RuleGroupStatus status = group->Status();
  EXPECT_EQ(status.rules[0].health, RuleHealth::kBad);
  EXPECT_EQ(status.rules[1].health, RuleHealth::kGood);
  EXPECT_EQ(warnings_,
            Lines{"Evaluating rule failed, file rules.yml, group g, rule bad: rule result is not a "
                  "vector or scalar"});
}

TEST_F(GroupTest, StatusSaysWhenAndWhat) {
  const auto group = MakeGroup(
      "groups: [{name: g, interval: 15s, limit: 9, labels: {t: x}, rules: [{alert: A, expr: in, "
      "for: 1m, keep_firing_for: 2m, annotations: {z: '1', b: '2'}}]}]");
  EXPECT_FALSE(group->Status().last_evaluation_ms.has_value());
  clock_.Set(kStart + 5);
  group->Evaluate(kStart);
  const RuleGroupStatus status = group->Status();
  EXPECT_EQ(status.name, "g");
  EXPECT_EQ(status.file, "rules.yml");
  EXPECT_EQ(status.interval_ms, 15 * kSecond);
  EXPECT_EQ(status.limit, 9);
  EXPECT_EQ(status.last_evaluation_ms, kStart + 5);
  const RuleStatus& rule = status.rules.front();
  EXPECT_TRUE(rule.is_alert);
  EXPECT_EQ(rule.last_evaluation_ms, kStart + 5);
  EXPECT_EQ(rule.for_ms, kMinute);
  EXPECT_EQ(rule.keep_firing_for_ms, 2 * kMinute);
  EXPECT_EQ(rule.labels, (TextPairs{{"t", "x"}}));
  EXPECT_EQ(rule.annotations, (TextPairs{{"b", "2"}, {"z", "1"}}));
}

TEST_F(GroupTest, AGroupWithoutAnIntervalTakesTheGlobalOne) {
  settings_.interval_ms = 7 * kSecond;
  EXPECT_EQ(MakeGroup("groups: [{name: g, rules: []}]")->interval_ms(), 7 * kSecond);
}

TEST_F(GroupTest, IndependentRulesRunTogether) {
  GroupParts parts = Parts();
  std::vector<size_t> sizes;
  parts.run_tasks = [&](std::vector<std::function<void()>> tasks) {
    sizes.push_back(tasks.size());
    std::vector<std::thread> threads;
    for (auto& task : tasks) threads.emplace_back(task);
    for (std::thread& thread : threads) thread.join();
  };
  Put({{"__name__", "in"}}, kStart, 1);
  auto group = Group::Make(Specs(OneGroup("{record: a, expr: in}, {record: b, expr: in + 1}, "
                                          "{record: c, expr: a + b}"))
                               .front(),
                           settings_, parts);
  ASSERT_TRUE(group.ok());
  (*group)->Evaluate(kStart);
  EXPECT_EQ(sizes, std::vector<size_t>{2});
  EXPECT_EQ(WrittenAt(kStart), (Lines{"a 1", "b 2", "c 3"}));
}

TEST_F(GroupTest, DoesNothingOnceStopped) {
  const auto group = MakeGroup(OneGroup("{record: a, expr: 1}"));
  group->Stop();
  group->Evaluate(kStart);
  EXPECT_EQ(WrittenAt(kStart), Lines{});
  EXPECT_FALSE(group->Status().last_evaluation_ms.has_value());
}

class ChangedGroupTest : public GroupTest {
 protected:
  void Replace(std::string_view rules) {
    auto next = MakeGroup(OneGroup(rules));
    group_->Stop();
    next->TakeStateOf(group_.get());
    group_ = std::move(next);
  }
  std::unique_ptr<Group> group_;
};

TEST_F(ChangedGroupTest, SeriesOfRulesThatAreGoneEnd) {
  Put({{"__name__", "in"}}, kStart, 1);
  group_ = MakeGroup(OneGroup("{record: a, expr: in}, {record: b, expr: in}"));
  group_->Evaluate(kStart);
  Replace("{record: b, expr: in}, {record: c, expr: in}");
  group_->Evaluate(kStart + kMinute);
  EXPECT_EQ(WrittenAt(kStart + kMinute), (Lines{"a stale", "b 1", "c 1"}));
  group_->Evaluate(kStart + 2 * kMinute);
  EXPECT_EQ(WrittenAt(kStart + 2 * kMinute), (Lines{"b 1", "c 1"}));
}

TEST_F(ChangedGroupTest, AChangedExpressionGoesOnWritingItsSeries) {
  Put({{"__name__", "in"}, {"n", "1"}}, kStart, 1);
  Put({{"__name__", "in"}, {"n", "2"}}, kStart, 2);
  group_ = MakeGroup(OneGroup("{record: a, expr: in}"));
  group_->Evaluate(kStart);
  Replace("{record: a, expr: in > 1}");
  group_->Evaluate(kStart + kMinute);
  EXPECT_EQ(WrittenAt(kStart + kMinute), (Lines{R"(a{n="1"} stale)", R"(a{n="2"} 2)"}));
}

TEST_F(ChangedGroupTest, AlertsOfRulesWithTheSameNameAndLabelsGoOn) {
  Put({{"__name__", "in"}}, kStart, 11);
  group_ =
      MakeGroup(OneGroup("{alert: A, expr: in > 10, for: 2m, labels: {l: x}}, "
                         "{alert: B, expr: in > 10, for: 2m, labels: {l: x}}"));
  group_->Evaluate(kStart);
  Replace(
      "{alert: A, expr: in > 5, for: 1m, labels: {l: x}}, "
      "{alert: B, expr: in > 10, for: 1m, labels: {l: y}}");
  group_->Evaluate(kStart + kMinute);
  const RuleGroupStatus status = group_->Status();
  EXPECT_EQ(status.rules[0].state, AlertState::kFiring);
  EXPECT_EQ(status.rules[0].alerts.front().active_at_ms, kStart);
  EXPECT_EQ(status.rules[1].state, AlertState::kPending);
}

TEST_F(ChangedGroupTest, RulesWithEqualNamesAreMatchedInTheirOrder) {
  for (const char* n : {"1", "2"}) Put({{"__name__", "in"}, {"n", n}}, kStart, 11);
  group_ = MakeGroup(OneGroup(R"({alert: A, expr: 'in{n="1"}'}, {alert: A, expr: 'in{n="2"}'})"));
  group_->Evaluate(kStart);
  Replace(R"({alert: A, expr: 'in{n="1"} > 1'}, {alert: A, expr: 'in{n="2"} > 1'})");
  group_->Evaluate(kStart + kMinute);
  for (const AlertStatus& alert : group_->Alerts()) EXPECT_EQ(alert.active_at_ms, kStart);
  EXPECT_EQ(group_->Alerts().size(), 2u);
}

TEST_F(ChangedGroupTest, ShowsTheOldTimesUntilItIsEvaluated) {
  group_ = MakeGroup(OneGroup("{record: a, expr: 1}"));
  group_->Evaluate(kStart);
  Replace("{record: a, expr: 2}");
  EXPECT_EQ(group_->Status().last_evaluation_ms, kStart);
}

TEST_F(GroupTest, GivesUpAllItsSeries) {
  Put({{"__name__", "in"}}, kStart, 1);
  const auto group = MakeGroup(OneGroup("{record: a, expr: in}, {alert: B, expr: in}"));
  group->Evaluate(kStart);
  group->Stop();
  EXPECT_EQ(group->TakeSeries().size(), 3u);
  EXPECT_TRUE(group->TakeSeries().empty());
}

TEST_F(GroupTest, KnowsWhoDoesTheSame) {
  const auto group = MakeGroup(OneGroup("{record: a, expr: in}"));
  EXPECT_TRUE(group->DoesTheSameAs(*MakeGroup(OneGroup("{record: a, expr: in}"))));
  EXPECT_FALSE(group->DoesTheSameAs(*MakeGroup(OneGroup("{record: a, expr: in + 1}"))));
  settings_.interval_ms = 3 * kMinute;  // The group has its own.
  EXPECT_TRUE(group->DoesTheSameAs(*MakeGroup(OneGroup("{record: a, expr: in}"))));
  settings_.query_offset_ms = kSecond;
  EXPECT_FALSE(group->DoesTheSameAs(*MakeGroup(OneGroup("{record: a, expr: in}"))));
  settings_.query_offset_ms = 0;
  settings_.external_labels = Labels{{"a", "b"}};
  EXPECT_FALSE(group->DoesTheSameAs(*MakeGroup(OneGroup("{record: a, expr: in}"))));
}

}  // namespace
}  // namespace hearth
