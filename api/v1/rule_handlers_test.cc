// What the API shows of rules and alerts, and which of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "api/v1/api.h"
#include "http/url.h"
#include "model/fake_clock.h"

namespace hearth {
namespace {

using testing::HasSubstr;

class FakeRules : public RulesStatus {
 public:
  std::vector<RuleGroupStatus> RuleGroups() const override { return groups; }
  std::vector<AlertStatus> Alerts() const override { return alerts; }

  std::vector<RuleGroupStatus> groups;
  std::vector<AlertStatus> alerts;
};

RuleStatus Recording(std::string name, TextPairs labels = {}) {
  RuleStatus rule;
  rule.name = std::move(name);
  rule.query = "up";
  rule.labels = std::move(labels);
  return rule;
}

RuleStatus Alerting(std::string name, TextPairs labels = {}) {
  RuleStatus rule = Recording(std::move(name), std::move(labels));
  rule.is_alert = true;
  return rule;
}

RuleGroupStatus GroupOf(std::string file, std::string name, std::vector<RuleStatus> rules) {
  RuleGroupStatus group;
  group.file = std::move(file);
  group.name = std::move(name);
  group.rules = std::move(rules);
  return group;
}

class RuleHandlersTest : public testing::Test {
 protected:
  RuleHandlersTest() {
    ApiDependencies deps;
    deps.clock = &clock_;
    deps.registry = &registry_;
    deps.rules = &rules_;
    deps.readiness = [] { return Readiness::kReady; };
    api_ = *Api::Create(std::move(deps));
    rules_.groups = {
        GroupOf("a.yml", "g1", {Recording("r1"), Alerting("A1", {{"severity", "page"}})}),
        GroupOf("a.yml", "g2", {Recording("r2", {{"severity", "page"}, {"team", "x"}})}),
        GroupOf("b.yml", "g1", {Alerting("A2", {{"severity", "{{ $value }}"}})})};
  }

  http::Response Get(const std::string& target) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    const size_t question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    request.query = *http::ParseQuery(target.substr(std::min(question + 1, target.size())));
    request.cancelled = std::make_shared<std::atomic<bool>>(false);
    return api_->Route(request).handle(request);
  }
  nlohmann::json Data(const std::string& target) {
    const http::Response response = Get(target);
    EXPECT_EQ(response.status, 200) << response.body;
    return nlohmann::json::parse(response.body)["data"];
  }
  // `g1[r1 A1] g2[r2]`
  std::string Shown(const std::string& parameters) {
    std::string text;
    const nlohmann::json data = Data("/api/v1/rules?" + parameters);
    for (const auto& group : data["groups"]) {
      text += (text.empty() ? "" : " ") + group["name"].get<std::string>() + "[";
      for (const auto& rule : group["rules"]) {
        text += (text.ends_with('[') ? "" : " ") + rule["name"].get<std::string>();
      }
      text += "]";
    }
    return text;
  }
  std::string Error(const std::string& parameters) {
    const http::Response response = Get("/api/v1/rules?" + parameters);
    EXPECT_EQ(response.status, 400);
    return nlohmann::json::parse(response.body)["error"];
  }

  FakeClock clock_{0};
  metrics::Registry registry_;
  FakeRules rules_;
  std::unique_ptr<Api> api_;
};

TEST_F(RuleHandlersTest, ARecordingRuleHasTheseFields) {
  RuleStatus rule = Recording("r", {{"a", "b"}});
  rule.health = RuleHealth::kBad;
  rule.last_error = "broken";
  rule.evaluation_time_s = 0.25;
  rule.last_evaluation_ms = 1'500;
  rules_.groups = {GroupOf("f", "g", {rule})};
  rules_.groups[0].interval_ms = 15'000;
  rules_.groups[0].limit = 7;
  rules_.groups[0].evaluation_time_s = 0.5;
  EXPECT_THAT(
      Get("/api/v1/rules").body,
      HasSubstr(R"({"groups":[{"name":"g","file":"f","rules":[{"name":"r","query":"up",)"
                R"("labels":{"a":"b"},"health":"err","lastError":"broken","evaluationTime":0.25,)"
                R"("lastEvaluation":"1970-01-01T00:00:01.5Z","type":"recording"}],)"
                R"("interval":15,"limit":7,"evaluationTime":0.5,)"
                R"("lastEvaluation":"0001-01-01T00:00:00Z"}]})"));
}

TEST_F(RuleHandlersTest, ARecordingRuleWithoutLabelsShowsNone) {
  EXPECT_THAT(Get("/api/v1/rules").body,
              HasSubstr(R"({"name":"r1","query":"up","health":"unknown","evaluationTime":0,)"
                        R"("lastEvaluation":"0001-01-01T00:00:00Z","type":"recording"})"));
}

TEST_F(RuleHandlersTest, AnAlertingRuleHasTheseFields) {
  RuleStatus rule = Alerting("A", {{"severity", "page"}});
  rule.state = AlertState::kFiring;
  rule.health = RuleHealth::kGood;
  rule.for_ms = 90'000;
  rule.keep_firing_for_ms = 500;
  rule.annotations = {{"s", "{{ $value }}"}};
  rule.alerts = {{.labels = Labels{{"alertname", "A"}},
                  .annotations = {{"s", ""}},
                  .state = AlertState::kFiring,
                  .active_at_ms = 2'000,
                  .keep_firing_since_ms = 3'000,
                  .value = 15}};
  rules_.groups = {GroupOf("f", "g", {rule})};
  EXPECT_THAT(
      Get("/api/v1/rules").body,
      HasSubstr(
          R"("rules":[{"state":"firing","name":"A","query":"up","duration":90,"keepFiringFor":0.5,)"
          R"("labels":{"severity":"page"},"annotations":{"s":"{{ $value }}"},"alerts":[{"labels":)"
          R"({"alertname":"A"},"annotations":{"s":""},"state":"firing",)"
          R"("activeAt":"1970-01-01T00:00:02Z","keepFiringSince":"1970-01-01T00:00:03Z",)"
          R"("value":"1.5e+01"}],"health":"ok","evaluationTime":0,)"
          R"("lastEvaluation":"0001-01-01T00:00:00Z","type":"alerting"}])"));
}

TEST_F(RuleHandlersTest, AlertsAreListed) {
  EXPECT_THAT(Get("/api/v1/alerts").body, HasSubstr(R"("data":{"alerts":[]})"));
  rules_.alerts = {{.labels = Labels{{"alertname", "A"}},
                    .annotations = {},
                    .state = AlertState::kPending,
                    .active_at_ms = 2'000,
                    .value = std::nan("")}};
  EXPECT_THAT(Get("/api/v1/alerts").body,
              HasSubstr(R"({"alerts":[{"labels":{"alertname":"A"},"annotations":{},)"
                        R"("state":"pending","activeAt":"1970-01-01T00:00:02Z","value":"NaN"}]})"));
}

TEST_F(RuleHandlersTest, FiltersByType) {
  EXPECT_EQ(Shown(""), "g1[r1 A1] g2[r2] g1[A2]");
  EXPECT_EQ(Shown("type=record"), "g1[r1] g2[r2]");
  EXPECT_EQ(Shown("type=ALERT"), "g1[A1] g1[A2]");
  EXPECT_EQ(Error("type=other"), "invalid parameter \"type\": not supported value \"other\"");
}

TEST_F(RuleHandlersTest, FiltersByNameGroupAndFile) {
  EXPECT_EQ(Shown("rule_name[]=r1&rule_name[]=A2"), "g1[r1] g1[A2]");
  EXPECT_EQ(Shown("rule_group[]=g1"), "g1[r1 A1] g1[A2]");
  EXPECT_EQ(Shown("file[]=a.yml&rule_group[]=g1"), "g1[r1 A1]");
  EXPECT_EQ(Shown("file[]=none"), "");
}

TEST_F(RuleHandlersTest, FiltersByLabelsAsTheyStandInTheFile) {
  EXPECT_EQ(Shown("match[]={severity=\"page\"}"), "g1[A1] g2[r2]");
  EXPECT_EQ(Shown("match[]={severity=\"page\",team=\"x\"}"), "g2[r2]");
  EXPECT_EQ(Shown("match[]={team=\"x\"}&match[]={severity=~\".*value.*\"}"), "g2[r2] g1[A2]");
  EXPECT_THAT(Error("match[]={severity=\"\"}"), HasSubstr("non-empty matcher"));
}

TEST_F(RuleHandlersTest, LeavesAlertsOutWhenAsked) {
  EXPECT_EQ(Data("/api/v1/rules?type=alert")["groups"][0]["rules"][0]["alerts"],
            nlohmann::json::array());
  EXPECT_EQ(Data("/api/v1/rules?type=alert&exclude_alerts=True")["groups"][0]["rules"][0]["alerts"],
            nlohmann::json());
  EXPECT_EQ(Error("exclude_alerts=maybe"),
            "invalid parameter \"exclude_alerts\": error converting exclude_alerts: "
            "strconv.ParseBool: parsing \"maybe\": invalid syntax");
}

TEST_F(RuleHandlersTest, PagesLeadFromOneToTheNext) {
  const nlohmann::json first = Data("/api/v1/rules?group_limit=2");
  EXPECT_EQ(first["groups"].size(), 2u);
  const std::string token = first["groupNextToken"];
  const nlohmann::json second = Data("/api/v1/rules?group_limit=2&group_next_token=" + token);
  ASSERT_EQ(second["groups"].size(), 1u);
  EXPECT_EQ(second["groups"][0]["file"], "b.yml");
  EXPECT_FALSE(second.contains("groupNextToken"));
}

TEST_F(RuleHandlersTest, GroupsWithoutRulesTakeNoPlaceOnAPage) {
  const nlohmann::json page = Data("/api/v1/rules?group_limit=2&type=alert");
  EXPECT_EQ(page["groups"].size(), 2u);
  EXPECT_FALSE(page.contains("groupNextToken"));
}

TEST_F(RuleHandlersTest, RefusesPagesThatDoNotExist) {
  EXPECT_EQ(Error("group_limit=x"),
            "invalid parameter \"group_limit\": group_limit needs to be a valid number: "
            "strconv.ParseInt: parsing \"x\": invalid syntax");
  EXPECT_EQ(Error("group_limit=0"),
            "invalid parameter \"group_limit\": group_limit needs to be greater than 0");
  EXPECT_EQ(Error("group_next_token=abc"),
            "invalid parameter \"group_next_token\": group_limit needs to be present in order to "
            "paginate over the groups");
  EXPECT_EQ(Error("group_limit=1&group_next_token=abc"),
            "invalid parameter \"group_next_token\": invalid group_next_token 'abc'. were rule "
            "groups changed?");
}

}  // namespace
}  // namespace hearth
