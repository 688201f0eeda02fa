// The rules of Prometheus' alert generator compliance suite on made data, evaluation by evaluation:
// states, samples, and what is sent. Needs the suite's rule file.
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "rules/group_fixture.h"

namespace hearth {
namespace {

class AlertGeneratorTest : public GroupTest {
 protected:
  static constexpr TimeMs kInterval = 30 * kSecond;

  void SetUp() override {
    const char* const shared = std::getenv("HEARTH_SHARED");
    const std::string path = StrCat(shared == nullptr ? "../shared" : shared,
                                    "/conformance/compliance/alert_generator/rules.yaml");
    std::ifstream in(path);
    if (!in) GTEST_SKIP() << "not there: " << path;
    std::ostringstream text;
    text << in.rdbuf();
    yaml_ = text.str();
  }

  void Use(const std::string& group) {
    for (const RuleGroupSpec& spec : Specs(yaml_)) {
      if (spec.name == group) group_ = MakeGroup(spec);
    }
    ASSERT_NE(group_, nullptr) << group;
  }
  Labels Series(const std::string& alertname, const TextPairs& more = {}) const {
    LabelsBuilder builder;
    builder.Set("__name__", "alert_generator_test_suite").Set("rulegroup", group_->name());
    if (!alertname.empty()) builder.Set("alertname", alertname);
    for (const auto& [name, value] : more) builder.Set(name, value);
    return builder.Build();
  }
  // The value from now on.
  void Set(const Labels& labels, double v) { values_[labels] = v; }

  // Scrapes and evaluates until `end` (exclusive), a time since the start.
  void RunUntil(TimeMs end) {
    for (; now_ < end; now_ += kInterval) {
      for (const auto& [labels, v] : values_) Put(labels, kStart + now_, v);
      group_->Evaluate(kStart + now_);
      Note();
    }
  }

  // `3m0s firing`, … each time that the state of a rule changes.
  Lines StatesOf(const std::string& rule) { return states_[rule]; }
  // When alerts with this name were sent: `6m30s`, and for resolved ones `6m30s resolved 6m0s`.
  Lines SendsOf(const std::string& rule) { return sends_[rule]; }
  AlertStatus Only(size_t rule) {
    const std::vector<AlertStatus> alerts = group_->Status().rules[rule].alerts;
    EXPECT_EQ(alerts.size(), 1u);
    return alerts.empty() ? AlertStatus() : alerts.front();
  }

 private:
  static std::string Text(TimeMs t) { return StrCat(t / kMinute, "m", t % kMinute / kSecond, "s"); }
  void Note() {
    for (const RuleStatus& rule : group_->Status().rules) {
      EXPECT_EQ(rule.last_error, "");
      const std::string state(AlertStateText(rule.state));
      if (state_[rule.name] == state) continue;
      state_[rule.name] = state;
      states_[rule.name].push_back(StrCat(Text(now_), " ", state));
    }
    for (const OutgoingAlert& alert : sink_.Take()) {
      const TimeMs ends = alert.ends_at_ms - kStart;
      sends_[std::string(alert.labels.Get("alertname"))].push_back(
          ends > now_ ? Text(now_) : StrCat(Text(now_), " resolved ", Text(ends)));
    }
  }

  std::string yaml_;
  std::unique_ptr<Group> group_;
  TimeMs now_ = 0;
  std::map<Labels, double> values_;
  std::map<std::string, std::string> state_;
  std::map<std::string, Lines> states_, sends_;
};

TEST_F(AlertGeneratorTest, PendingAndFiringAndResolved) {
  const std::string rule = "PendingAndFiringAndResolved_SimpleAlert";
  ASSERT_NO_FATAL_FAILURE(Use("PendingAndFiringAndResolved"));
  Set(Series(rule), 5);
  RunUntil(2 * kMinute);
  Set(Series(rule), 15);
  RunUntil(10 * kMinute);
  EXPECT_EQ(Only(0).annotations, (TextPairs{{"description", "SimpleAlert is firing"},
                                            {"summary", "The value is 15 15"}}));
  EXPECT_EQ(
      Only(0).labels,
      (Labels{{"alertname", rule}, {"foo", "bar"}, {"rulegroup", "PendingAndFiringAndResolved"}}));
  Set(Series(rule), 3);
  RunUntil(15 * kMinute);
  EXPECT_EQ(StatesOf(rule),
            (Lines{"0m0s inactive", "2m0s pending", "8m0s firing", "10m0s inactive"}));
  EXPECT_EQ(SendsOf(rule), (Lines{"8m0s", "9m30s", "10m0s resolved 10m0s", "11m30s resolved 10m0s",
                                  "13m0s resolved 10m0s", "14m30s resolved 10m0s"}));
}

TEST_F(AlertGeneratorTest, PendingAndResolvedWithoutFiring) {
  const std::string rule = "PendingAndResolved_AlwaysInactive_PendingAlert";
  ASSERT_NO_FATAL_FAILURE(Use("PendingAndResolved_AlwaysInactive"));
  Set(Series(rule), 11);
  Set(Series("PendingAndResolved_AlwaysInactive_InactiveAlert"), 99);
  RunUntil(2 * kMinute + kInterval);
  Set(Series(rule), 9);
  RunUntil(6 * kMinute);
  EXPECT_EQ(StatesOf(rule), (Lines{"0m0s pending", "2m30s inactive"}));
  EXPECT_EQ(StatesOf("PendingAndResolved_AlwaysInactive_InactiveAlert"), Lines{"0m0s inactive"});
  EXPECT_TRUE(SendsOf(rule).empty());
}

TEST_F(AlertGeneratorTest, ZeroForFiresAtOnceAndASmallForAfterAnInterval) {
  ASSERT_NO_FATAL_FAILURE(Use("ZeroFor_SmallFor"));
  const std::string zero = "ZeroFor_SmallFor_ZeroFor", small = "ZeroFor_SmallFor_SmallFor";
  for (const char* id : {"2", "10", "1"}) Set(Series("", {{"for", "template"}, {"id", id}}), 7);
  Set(Series(zero), 5);
  Set(Series(small), 5);
  RunUntil(kMinute);
  Set(Series(zero), 11);
  Set(Series(small), 14);
  RunUntil(2 * kMinute);
  EXPECT_EQ(StatesOf(zero), (Lines{"0m0s inactive", "1m0s firing"}));
  EXPECT_EQ(StatesOf(small), (Lines{"0m0s inactive", "1m0s pending", "1m30s firing"}));
  EXPECT_EQ(
      Only(0).annotations,
      (TextPairs{{"description", "This should immediately fire"},
                 {"template_query_test", "Args are: foo bar 99. first_id:1,1:7,10:7,2:7,"},
                 {"template_test", "1.049M 1Mi 2m 15s 95.9% 2022-01-25 12:36:43 +0000 UTC"}}));
  EXPECT_EQ(
      Only(1).annotations,
      (TextPairs{{"description", "This should fire after an interval"},
                 {"template_test",
                  "This Part IS TESTING the strings. ::1 127.0.0.1. 7815. replaced text. ."}}));
}

TEST_F(AlertGeneratorTest, AnAlertOnAlertsFiresInTheSameEvaluation) {
  ASSERT_NO_FATAL_FAILURE(Use("NewAlerts_OrderCheck"));
  const std::string first = "NewAlerts_OrderCheck_Rule1", second = "NewAlerts_OrderCheck_Rule2";
  Set(Series(first, {{"variant", "one"}}), 15);
  RunUntil(2 * kMinute);
  Set(Series(first, {{"variant", "two"}}), 15);
  RunUntil(6 * kMinute);
  EXPECT_EQ(StatesOf(first), (Lines{"0m0s pending", "3m0s firing"}));
  EXPECT_EQ(StatesOf(second), (Lines{"0m0s inactive", "5m0s firing"}));
  EXPECT_EQ(SendsOf(second), Lines{"5m0s"});
  EXPECT_EQ(Only(1).labels, (Labels{{"alertname", second},
                                    {"alertstate", "firing"},
                                    {"ba_dum", "tss"},
                                    {"foo", "baz"},
                                    {"rulegroup", "NewAlerts_OrderCheck"}}));
  EXPECT_EQ(Only(1).annotations, (TextPairs{{"description", "Based on ALERTS. Old alertname was " +
                                                                first + ". foo was bar."}}));
}

}  // namespace
}  // namespace hearth
