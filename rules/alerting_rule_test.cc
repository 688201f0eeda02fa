// The life of an alert, evaluation by evaluation: its states, what is written and what is sent.
#include "rules/alerting_rule.h"

#include <cmath>

#include "rules/group_fixture.h"

namespace hearth {
namespace {

class AlertingRuleTest : public GroupTest {
 protected:
  static constexpr TimeMs kInterval = 30 * kSecond;

  // A group with one alert `A` on `in > 10`, every 30 s.
  void Make(std::string_view rule_keys, std::string_view group_keys = "") {
    group_ = MakeGroup(StrCat("groups: [{name: g, interval: 30s, ", group_keys,
                              " rules: [{alert: A, expr: in > 10, ", rule_keys, "}]}]"));
  }
  // The next evaluation, with `in` at the value; NaN = absent.
  void Step(double in) {
    const Labels labels = {{"__name__", "in"}, {"job", "j"}};
    if (std::isnan(in)) {
      End(labels, now_);
    } else {
      Put(labels, now_, in);
    }
    clock_.Set(now_);
    group_->Evaluate(now_);
    now_ += kInterval;
  }
  TimeMs last() const { return now_ - kInterval; }
  RuleStatus Rule() const { return group_->Status().rules.front(); }
  std::string State() const { return std::string(AlertStateText(Rule().state)); }
  AlertStatus Only() const {
    const RuleStatus rule = Rule();
    EXPECT_EQ(rule.alerts.size(), 1u);
    return rule.alerts.empty() ? AlertStatus() : rule.alerts.front();
  }

  TimeMs now_ = kStart;
  std::unique_ptr<Group> group_;
};

TEST_F(AlertingRuleTest, IsUnknownUntilEvaluatedThenInactive) {
  Make("");
  EXPECT_EQ(State(), "unknown");
  EXPECT_EQ(Rule().health, RuleHealth::kUnknown);
  Step(1);
  EXPECT_EQ(State(), "inactive");
  EXPECT_EQ(Rule().health, RuleHealth::kGood);
  EXPECT_EQ(WrittenAt(last()), Lines{});
}

TEST_F(AlertingRuleTest, FiresAtOnceWithoutFor) {
  Make("labels: {severity: page}");
  Step(11);
  EXPECT_EQ(State(), "firing");
  EXPECT_EQ(WrittenAt(last()),
            (Lines{R"(ALERTS_FOR_STATE{alertname="A", job="j", severity="page"} 1700000000)",
                   R"(ALERTS{alertname="A", alertstate="firing", job="j", severity="page"} 1)"}));
}

TEST_F(AlertingRuleTest, WaitsForAsLongAsForSays) {
  Make("for: 1m");
  Step(11);
  EXPECT_EQ(State(), "pending");
  Step(11);
  EXPECT_EQ(State(), "pending");
  EXPECT_TRUE(sink_.Take().empty());
  Step(11);
  EXPECT_EQ(State(), "firing");
  EXPECT_EQ(Only().active_at_ms, kStart);
  EXPECT_EQ(WrittenAt(last()),
            (Lines{R"(ALERTS_FOR_STATE{alertname="A", job="j"} 1700000000)",
                   R"(ALERTS{alertname="A", alertstate="firing", job="j"} 1)",
                   R"(ALERTS{alertname="A", alertstate="pending", job="j"} stale)"}));
}

TEST_F(AlertingRuleTest, BeginsAnewWhenItWasGoneWhilePending) {
  Make("for: 1m");
  Step(11);
  Step(1);
  EXPECT_EQ(State(), "inactive");
  EXPECT_EQ(WrittenAt(last()),
            (Lines{R"(ALERTS_FOR_STATE{alertname="A", job="j"} stale)",
                   R"(ALERTS{alertname="A", alertstate="pending", job="j"} stale)"}));
  Step(11);
  Step(11);
  EXPECT_EQ(State(), "pending");
  EXPECT_EQ(Only().active_at_ms, kStart + 2 * kInterval);
}

TEST_F(AlertingRuleTest, TheValueIsTheLatestAndMayBeNaN) {
  group_ = MakeGroup("groups: [{name: g, rules: [{alert: A, expr: in}]}]");
  Put({{"__name__", "in"}}, kStart, 3);
  group_->Evaluate(kStart);
  EXPECT_EQ(Only().value, 3);
  Put({{"__name__", "in"}}, kStart + 1, NormalNaN());
  group_->Evaluate(kStart + 1);
  EXPECT_TRUE(std::isnan(Only().value));
  EXPECT_EQ(Only().active_at_ms, kStart);
}

TEST_F(AlertingRuleTest, GoesOnFiringForKeepFiringFor) {
  Make("keep_firing_for: 1m");
  Step(11);
  EXPECT_FALSE(Only().keep_firing_since_ms.has_value());
  Step(1);
  EXPECT_EQ(State(), "firing");
  EXPECT_EQ(Only().keep_firing_since_ms, last());
  Step(1);
  EXPECT_EQ(State(), "firing");
  Step(1);
  EXPECT_EQ(State(), "inactive");
}

TEST_F(AlertingRuleTest, KeepFiringForCountsFromTheLastTimeItWasGone) {
  Make("keep_firing_for: 1m");
  Step(11);
  Step(1);
  Step(11);
  EXPECT_FALSE(Only().keep_firing_since_ms.has_value());
  Step(1);
  Step(1);
  EXPECT_EQ(State(), "firing");
  EXPECT_EQ(Only().active_at_ms, kStart);
}

TEST_F(AlertingRuleTest, SendsWithTimesLinkAndTexts) {
  Make(
      R"(for: 30s, labels: {severity: page}, annotations: {summary: '{{ $value }} of {{ $labels.job }}'})");
  Step(11);
  Step(12);
  const std::vector<OutgoingAlert> sent = sink_.Take();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].labels, (Labels{{"alertname", "A"}, {"job", "j"}, {"severity", "page"}}));
  EXPECT_EQ(sent[0].annotations, (Labels{{"summary", "12 of j"}}));
  EXPECT_EQ(sent[0].starts_at_ms, kStart + kInterval);
  EXPECT_EQ(sent[0].ends_at_ms, kStart + kInterval + 4 * kMinute);
  EXPECT_EQ(sent[0].generator_url, "http://hearth.example:9090/graph?g0.expr=in+%3E+10&g0.tab=1");
}

TEST_F(AlertingRuleTest, IsSentAgainAfterTheResendDelay) {
  Make("");
  std::vector<size_t> sent;
  for (int step = 0; step < 7; ++step) {
    Step(11);
    sent.push_back(sink_.Take().size());
  }
  // A minute must have passed, and not be just over.
  EXPECT_EQ(sent, (std::vector<size_t>{1, 0, 0, 1, 0, 0, 1}));
}

TEST_F(AlertingRuleTest, AResolvedAlertIsSentForFifteenMinutes) {
  Make("");
  Step(11);
  sink_.Take();
  Step(1);
  const TimeMs resolved = last();
  std::vector<OutgoingAlert> sent = sink_.Take();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].starts_at_ms, kStart);
  EXPECT_EQ(sent[0].ends_at_ms, resolved);
  TimeMs last_sent = 0;
  while (now_ < resolved + 20 * kMinute) {
    Step(1);
    for (const OutgoingAlert& alert : sink_.Take()) {
      EXPECT_EQ(alert.ends_at_ms, resolved);
      last_sent = last();
    }
  }
  EXPECT_GT(last_sent, resolved + 13 * kMinute);
  EXPECT_LE(last_sent, resolved + 15 * kMinute);
}

TEST_F(AlertingRuleTest, FiringAgainAfterItWasResolvedIsANewAlert) {
  Make("");
  Step(11);
  Step(1);
  Step(11);
  sink_.Take();
  EXPECT_EQ(Only().active_at_ms, last());
  Step(11);
  EXPECT_EQ(State(), "firing");
}

TEST_F(AlertingRuleTest, LabelsOfTheAlertWinAndNamesGo) {
  Make(R"(labels: {job: 'was {{ $labels.job }}', alertname: other})");
  Step(11);
  EXPECT_EQ(Only().labels, (Labels{{"alertname", "A"}, {"job", "was j"}}));
}

TEST_F(AlertingRuleTest, EqualLabelsOfTwoAlertsAreAnError) {
  Make("labels: {job: same}");
  Put({{"__name__", "in"}, {"job", "k"}}, kStart, 20);
  Step(11);
  EXPECT_EQ(Rule().last_error,
            "vector contains metrics with the same labelset after applying alert labels");
  EXPECT_EQ(Rule().health, RuleHealth::kBad);
  EXPECT_EQ(WrittenAt(kStart), Lines{});
}

TEST_F(AlertingRuleTest, MoreThanTheLimitForgetsAll) {
  Make("", "limit: 1,");
  Step(11);
  EXPECT_EQ(State(), "firing");
  Put({{"__name__", "in"}, {"job", "k"}}, now_, 20);
  Step(11);
  EXPECT_EQ(Rule().last_error, "exceeded limit of 1 with 2 alerts");
  EXPECT_TRUE(Rule().alerts.empty());
  EXPECT_EQ(State(), "inactive");
  End({{"__name__", "in"}, {"job", "k"}}, now_);
  Step(11);
  EXPECT_EQ(Rule().last_error, "");
  EXPECT_EQ(Only().active_at_ms, last());
}

TEST_F(AlertingRuleTest, ATemplatesErrorIsItsText) {
  Make(R"(annotations: {summary: '{{ template "none" }}'})");
  Step(11);
  ASSERT_EQ(Only().annotations.size(), 1u);
  EXPECT_TRUE(Only().annotations[0].second.starts_with("<error expanding template: "))
      << Only().annotations[0].second;
  EXPECT_EQ(Rule().health, RuleHealth::kGood);
  ASSERT_EQ(warnings_.size(), 1u);
}

TEST_F(AlertingRuleTest, ATemplateThatCallsItselfEndsWithAnError) {
  Make(
      R"(annotations: {a: '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', b: fine})");
  Step(11);
  ASSERT_EQ(Only().annotations.size(), 2u);
  EXPECT_TRUE(Only().annotations[0].second.starts_with("<error expanding template: "));
  EXPECT_EQ(Only().annotations[1].second, "fine");
  EXPECT_EQ(State(), "firing");
}

TEST_F(AlertingRuleTest, TemplatesAskTheEngineAndKnowTheirSurroundings) {
  settings_.external_labels = Labels{{"region", "eu"}};
  Make(R"(annotations: {a: '{{ query "in * 2" | first | value }} {{ $externalLabels.region }} )"
       R"({{ $externalURL }} {{ .Value }}'})");
  Step(11);
  EXPECT_EQ(Only().annotations, (TextPairs{{"a", "22 eu http://hearth.example:9090 11"}}));
}

TEST_F(AlertingRuleTest, AnEmptyAnnotationStaysAndAnEmptyLabelGoes) {
  Make(R"(labels: {l: '{{ if false }}x{{ end }}'}, annotations: {a: '{{ if false }}x{{ end }}'})");
  Step(11);
  EXPECT_EQ(Only().annotations, (TextPairs{{"a", ""}}));
  EXPECT_EQ(Only().labels, (Labels{{"alertname", "A"}, {"job", "j"}}));
}

TEST_F(AlertingRuleTest, AFailedQueryKeepsTheAlertsAsTheyWere) {
  group_ = MakeGroup("groups: [{name: g, rules: [{alert: A, expr: in + on (job) two > 0}]}]");
  Put({{"__name__", "in"}, {"job", "j"}}, kStart, 1);
  Put({{"__name__", "two"}, {"job", "j"}, {"n", "1"}}, kStart, 1);
  group_->Evaluate(kStart);
  EXPECT_EQ(State(), "firing");
  Put({{"__name__", "two"}, {"job", "j"}, {"n", "2"}}, kStart + kMinute, 1);
  group_->Evaluate(kStart + kMinute);
  EXPECT_EQ(Rule().health, RuleHealth::kBad);
  EXPECT_NE(Rule().last_error.find("duplicate"), std::string::npos) << Rule().last_error;
  EXPECT_EQ(State(), "firing");
  EXPECT_EQ(WrittenAt(kStart + kMinute, "two"), Lines{});
}

TEST_F(AlertingRuleTest, AnOffsetAsksAndWritesInThePastButCountsFromNow) {
  Make("", "query_offset: 30s,");
  Step(11);
  EXPECT_EQ(State(), "inactive");
  Step(1);
  EXPECT_EQ(State(), "firing");
  EXPECT_EQ(Only().active_at_ms, kStart + kInterval);
  EXPECT_EQ(WrittenAt(kStart).size(), 2u);
}

TEST(TableLinkTest, EscapesAsGoDoes) {
  EXPECT_EQ(TableLink("a{b=\"c d\"} +1~"), "/graph?g0.expr=a%7Bb%3D%22c+d%22%7D+%2B1~&g0.tab=1");
}

}  // namespace
}  // namespace hearth
