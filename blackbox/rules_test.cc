// Rules in the real server, on what it scrapes: recording, alerting, reloads, restarts, and that
// what is wrong with one rule is seen and leaves the others alone. Then the same rules beside a
// Prometheus.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "blackbox/exporters.h"
#include "blackbox/http_fixture.h"
#include "blackbox/server_process.h"
#include "re2/re2.h"

namespace hearth::blackbox {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class RulesTest : public testing::Test {
 protected:
  RulesTest() : target_("in 11\n", "text/plain; version=0.0.4") {}

  std::string Config() const {
    return "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms, "
           "external_labels: {region: eu}}\n"
           "rule_files: ['" +
           directory_.Path("rules") +
           "*.yml']\n"
           "scrape_configs:\n  - job_name: j\n    static_configs: [{targets: ['127.0.0.1:" +
           std::to_string(target_.port()) + "'], labels: {instance: i}}]\n";
  }
  void Start(const std::string& rules, const std::vector<std::string>& flags = {}) {
    directory_.Write("rules.yml", rules);
    Restart(flags);
  }
  void Restart(const std::vector<std::string>& flags = {}) {
    server_.reset();
    server_ = StartHearth(directory_, Config(), flags);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  json Rules() const { return server_->Get("/api/v1/rules").Json()["data"]["groups"]; }
  json Rule(const std::string& name) const {
    for (const json& group : Rules()) {
      for (const json& rule : group["rules"]) {
        if (rule["name"] == name) return rule;
      }
    }
    return json();
  }
  json Alerts() const { return server_->Get("/api/v1/alerts").Json()["data"]["alerts"]; }
  bool Await(const std::function<bool()>& condition) { return WaitFor(seconds(60), condition); }
  bool AwaitState(const std::string& name, const std::string& state) {
    return Await([&] { return Rule(name).value("state", "") == state; });
  }
  std::string Metrics() const { return server_->Get("/metrics").body; }

  TempDir directory_;
  HttpFixture target_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(RulesTest, RecordsAndFiresAndResolves) {
  Start(R"(
groups:
- name: g
  rules:
  - {record: 'job:in:double', expr: in * 2, labels: {team: t}}
  - {alert: High, expr: 'job:in:double > 20', for: 1s, labels: {severity: page},
     annotations: {summary: '{{ $value }} in {{ $externalLabels.region }}'}}
)");
  ASSERT_TRUE(AwaitState("High", "firing")) << Rules();
  EXPECT_EQ(server_->Value(R"(job:in:double{team="t", instance="i", job="j"})"), 22);
  EXPECT_EQ(server_->Value(R"(ALERTS{alertname="High", alertstate="firing", severity="page"})"), 1);
  ASSERT_TRUE(server_->Value("ALERTS_FOR_STATE").has_value());
  ASSERT_EQ(Alerts().size(), 1u);
  const json alert = Alerts()[0];
  EXPECT_EQ(alert["annotations"]["summary"], "22 in eu");
  EXPECT_EQ(alert["value"], "2.2e+01");
  target_.Set("in 1\n");
  ASSERT_TRUE(AwaitState("High", "inactive"));
  EXPECT_TRUE(Alerts().empty());
  EXPECT_FALSE(server_->Value("ALERTS").has_value());
  EXPECT_THAT(Metrics(), HasSubstr("prometheus_rule_group_rules{rule_group=\"" +
                                   directory_.Path("rules.yml") + ";g\"} 2\n"));
}

TEST_F(RulesTest, ForGoesOnAfterARestart) {
  Start("groups: [{name: g, rules: [{alert: Slow, expr: in > 10, for: 1h}]}]");
  ASSERT_TRUE(AwaitState("Slow", "pending"));
  ASSERT_TRUE(Await([&] { return server_->Value("count_over_time(ALERTS_FOR_STATE[1m])") > 5; }));
  const std::string since = Alerts()[0]["activeAt"];
  const auto for_state = server_->Value("ALERTS_FOR_STATE");
  ASSERT_EQ(server_->process().Terminate(), 0);
  ASSERT_NO_FATAL_FAILURE(Restart());
  ASSERT_TRUE(AwaitState("Slow", "pending"));
  // What it was down is added, in whole seconds: less than the evaluations before it was.
  ASSERT_TRUE(Await([&] { return server_->Value("ALERTS_FOR_STATE").has_value(); }));
  EXPECT_LT(*server_->Value("ALERTS_FOR_STATE") - *for_state,
            *server_->Value("time()") - *for_state - 1)
      << since << " " << Alerts();
}

TEST_F(RulesTest, ABadFileChangesNothing) {
  Start("groups: [{name: g, rules: [{record: a, expr: in}]}]");
  directory_.Write("rules.yml", "groups: [{name: g, rules: [{record: b, expr: in}]}]");
  directory_.Write("rules2.yml", "groups: [{name: g, rules: [{record: c, expr: 'in +'}]}]");
  EXPECT_EQ(server_->Post("/-/reload").status, 500);
  EXPECT_THAT(server_->process().Output(), HasSubstr("parse error"));
  EXPECT_FALSE(Rule("a").is_null());
  EXPECT_TRUE(Rule("b").is_null());
  directory_.Write("rules2.yml", "groups: []");
  EXPECT_EQ(server_->Post("/-/reload").status, 200);
  EXPECT_TRUE(Rule("a").is_null());
  EXPECT_FALSE(Rule("b").is_null());
  EXPECT_TRUE(Await([&] { return server_->Value("b") == 11; }));
  EXPECT_TRUE(Await([&] { return !server_->Value("a").has_value(); })) << "no marker";
}

TEST_F(RulesTest, AFileRemovedWhileFiringEndsItsAlerts) {
  directory_.Write("rules2.yml", "groups: [{name: h, rules: [{record: out, expr: in}]}]");
  Start("groups: [{name: g, rules: [{alert: A, expr: in > 10}]}]");
  ASSERT_TRUE(AwaitState("A", "firing"));
  ASSERT_TRUE(Await([&] { return server_->Value("ALERTS").has_value(); }));
  directory_.Write("rules.yml", "groups: []");
  ASSERT_EQ(server_->Post("/-/reload").status, 200);
  EXPECT_TRUE(Alerts().empty());
  EXPECT_EQ(Rules().size(), 1u);
  EXPECT_TRUE(Await([&] { return !server_->Value("ALERTS").has_value(); })) << "no marker";
  EXPECT_TRUE(Await([&] { return server_->Value("out") == 11; }));
  EXPECT_EQ(Metrics().find("rules.yml;g\""), std::string::npos);
}

TEST_F(RulesTest, WhatIsWrongIsSeenAndLeavesTheRestAlone) {
  target_.Set("in{n=\"1\"} 1\nin{n=\"2\"} 2\n");
  Start(R"(
groups:
- name: g
  limit: 1
  rules:
  - {record: out, expr: sum(in)}
  - {record: twice, expr: 'label_replace(in, "n", "x", "n", ".*")'}
  - {record: many, expr: in}
  - {alert: Many, expr: in}
  - {alert: Loop, expr: sum(in), annotations: {text: '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}'}}
)");
  ASSERT_TRUE(AwaitState("Loop", "firing")) << Rules();
  ASSERT_TRUE(Await([&] { return server_->Value("out") == 3; }));
  const std::string error = Alerts()[0]["annotations"]["text"];
  EXPECT_THAT(error, StartsWith("<error expanding template: "));
  ASSERT_TRUE(Await([&] { return Rule("Many")["health"] == "err"; }));
  EXPECT_THAT(Rule("twice")["lastError"], HasSubstr("same labelset"));
  EXPECT_EQ(Rule("many")["lastError"], "exceeded limit of 1 with 2 series");
  EXPECT_EQ(Rule("Many")["lastError"], "exceeded limit of 1 with 2 alerts");
  EXPECT_EQ(Rule("Many")["state"], "inactive");
  EXPECT_EQ(Rule("out")["health"], "ok");
  EXPECT_EQ(Rule("Loop")["health"], "ok");
  double evaluations = 0, failures = 0;
  const std::string metrics = Metrics();
  EXPECT_TRUE(RE2::PartialMatch(
      metrics, R"(prometheus_rule_evaluations_total\{rule_group="[^"]*;g"\} (\S+))", &evaluations));
  EXPECT_TRUE(RE2::PartialMatch(
      metrics, R"(prometheus_rule_evaluation_failures_total\{rule_group="[^"]*;g"\} (\S+))",
      &failures));
  // Three of five, but for an evaluation under way.
  EXPECT_NEAR(failures, evaluations * 3 / 5, 5);
  EXPECT_GT(failures, 0);
}

// What only time decides is checked for its form and taken out, recursively.
void TakeOutTimes(json* value) {
  static const RE2 kTime(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))");
  if (value->is_object()) {
    for (const char* key : {"lastEvaluation", "activeAt"}) {
      if (!value->contains(key)) continue;
      const auto text = (*value)[key].get<std::string>();
      EXPECT_TRUE(RE2::FullMatch(text, kTime)) << text;
      (*value)[key] = "time";
    }
    if (value->contains("evaluationTime")) {
      EXPECT_TRUE((*value)["evaluationTime"].is_number());
      (*value)["evaluationTime"] = 0;
    }
  }
  if (!value->is_structured()) return;
  for (json& child : *value) TakeOutTimes(&child);
}

// Alerts in one order: Prometheus has them in that of a hash map.
void SortAlerts(json* alerts) {
  std::sort(alerts->begin(), alerts->end(),
            [](const json& a, const json& b) { return a["labels"] < b["labels"]; });
}

constexpr char kPeerRules[] = R"yaml(
groups:
- name: recording
  interval: 300ms
  limit: 10
  rules:
  - {record: 'r:sum', expr: 'sum(in)by(job)'}
  - {record: 'r:labels', expr: in * 2, labels: {instance: '', extra: x}}
  - {record: 'r:scalar', expr: 1 + 1}
  - {record: 'r:twice', expr: 'label_replace(in, "n", "x", "n", ".*")'}
  - {record: 'r:chain', expr: 'r:sum + 1'}
- name: alerting
  rules:
  - alert: Firing
    expr: in > 1
    labels: {severity: 'level {{ $labels.n }}', job: own}
    annotations:
      summary: '{{ $labels.n }} is {{ $value | humanize }} of {{ with query "sum(in)" }}{{ . | first | value }}{{ end }}'
      broken: '{{ template "none" }}'
  - {alert: Pending, expr: 'in>=2', for: 1d, keep_firing_for: 5m}
  - {alert: Inactive, expr: in > 4000 * 1000 * 1000}
  - {alert: Same, expr: in, labels: {n: ''}}
- name: limited
  limit: 2
  rules:
  - {alert: Many, expr: in}
  - {record: 'r:many', expr: in}
  - {record: 'r:few', expr: in > 1}
)yaml";

class RulesPeerTest : public RulesTest {
 protected:
  void SetUp() override {
    if (FindProgram("prometheus").empty()) GTEST_SKIP() << "not installed: prometheus";
    target_.Set("in{n=\"1\"} 1\nin{n=\"2\"} 2\nin{n=\"3\"} 3e9\n");
    ASSERT_NO_FATAL_FAILURE(Start(kPeerRules));
    prometheus_ = StartPrometheus(directory_, "prometheus", Config());
    ASSERT_TRUE(prometheus_->WaitUntilOk("/-/ready")) << prometheus_->process().Output();
    for (const ServerProcess* server : Both()) {
      ASSERT_TRUE(Await([&] {
        return server->Value("count({__name__=~\"r:.*\"})") == 8 &&
               server->Value("count(ALERTS)") == 4 &&
               server->Value("min(count_over_time(r:few[1m]))").value_or(0) > 3 &&
               server->Value("min(count_over_time(ALERTS[1m]))").value_or(0) > 3;
      }));
    }
  }
  std::vector<const ServerProcess*> Both() const { return {prometheus_.get(), server_.get()}; }
  // The same of both, in one form.
  std::vector<json> Answers(const std::string& path) const {
    std::vector<json> answers;
    for (const ServerProcess* server : Both()) {
      const Answer answer = server->Get(path);
      EXPECT_EQ(answer.status, 200) << answer.body;
      json data = answer.Json()["data"];
      TakeOutTimes(&data);
      if (data.contains("alerts")) SortAlerts(&data["alerts"]);
      if (data.contains("groups")) {
        // 2.42 shows groups of which the filter has left nothing.
        std::erase_if(data["groups"].get_ref<json::array_t&>(),
                      [](const json& group) { return group["rules"].empty(); });
        for (json& group : data["groups"]) {
          for (json& rule : group["rules"]) {
            if (rule.contains("alerts")) SortAlerts(&rule["alerts"]);
          }
        }
      }
      answers.push_back(std::move(data));
    }
    return answers;
  }
  std::unique_ptr<ServerProcess> prometheus_;
};

TEST_F(RulesPeerTest, ShowTheSameRulesAndAlerts) {
  std::cerr << "not compared: rule_name[], rule_group[], file[], match[] and pages, which 2.42 "
               "does not have\n";
  for (const std::string path : {"/api/v1/rules", "/api/v1/alerts", "/api/v1/rules?type=alert",
                                 "/api/v1/rules?type=record"}) {
    const std::vector<json> answers = Answers(path);
    EXPECT_EQ(answers[0].dump(1), answers[1].dump(1)) << path;
  }
}

TEST_F(RulesPeerTest, WriteTheSameSeries) {
  std::vector<std::set<std::string>> written(2);
  for (size_t i = 0; i < 2; ++i) {
    const json data = Both()[i]->Query("{__name__=~\"r:.*|ALERTS.*\"}");
    for (const json& series : data["result"]) {
      const bool time = series["metric"]["__name__"] == "ALERTS_FOR_STATE";
      written[i].insert(series["metric"].dump() +
                        (time ? "" : " " + series["value"][1].get<std::string>()));
    }
  }
  EXPECT_EQ(written[0], written[1]);
  EXPECT_EQ(written[0].size(), 16u);
}

TEST_F(RulesPeerTest, GiveTheSameMetricsOfGroups) {
  static const RE2 kLine(R"re((prometheus_rule_\w+)\{rule_group="[^"]*;(\w+)"\} (\S+))re");
  // Names and groups, and the values of those that do not depend on time.
  std::vector<std::set<std::string>> metrics(2);
  for (size_t i = 0; i < 2; ++i) {
    const std::string text = Both()[i]->Get("/metrics").body;
    re2::StringPiece rest(text);
    std::string name, group, value;
    while (RE2::FindAndConsume(&rest, kLine, &name, &group, &value)) {
      const bool constant = name.ends_with("_rules") || name.ends_with("interval_seconds") ||
                            name.ends_with("_samples") || name.ends_with("missed_total");
      metrics[i].insert(name + " " + group + (constant ? " " + value : ""));
    }
  }
  // Newer than 2.42.
  for (const char* group : {"recording", "alerting", "limited"}) {
    for (const char* name : {"prometheus_rule_group_last_rule_duration_sum_seconds ",
                             "prometheus_rule_group_last_restore_duration_seconds "}) {
      EXPECT_EQ(metrics[1].erase(std::string(name) + group), 1u) << name;
    }
  }
  EXPECT_EQ(metrics[0], metrics[1]);
}

}  // namespace
}  // namespace hearth::blackbox
