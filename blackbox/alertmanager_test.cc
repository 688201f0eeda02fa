// Alerts from a scraped value to a webhook, through Debian's Alertmanager: all states, a restart of
// Hearth in the middle of `for`, and outages of Alertmanager.
#include "blackbox/alertmanager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>

#include "blackbox/http_fixture.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

// HEARTH_OUTAGE_SECONDS=60 makes the outages as long as the ones that are promised to lose nothing.
seconds Outage() {
  const char* const text = std::getenv("HEARTH_OUTAGE_SECONDS");
  return seconds(text == nullptr ? 6 : std::atoi(text));
}

class AlertmanagerTest : public testing::Test {
 protected:
  AlertmanagerTest() : target_("first 1\nsecond 1\n", "text/plain; version=0.0.4") {}

  void SetUp() override {
    if (!HaveAlertmanager()) GTEST_SKIP() << "prometheus-alertmanager is not installed";
    ASSERT_NO_FATAL_FAILURE(StartPeer());
  }

  void StartPeer() {
    alertmanager_ = StartAlertmanager(directory_, peer_port_, webhook_);
    ASSERT_TRUE(alertmanager_->WaitUntilOk("/-/ready")) << alertmanager_->process().Output();
  }

  // `flags` after one that keeps the rules from sending again what was sent: what arrives after an
  // outage has been kept.
  void Start(const std::string& rules, std::vector<std::string> flags = {}) {
    directory_.Write("rules.yml", rules);
    const std::string peer = "127.0.0.1:" + std::to_string(peer_port_);
    flags.insert(flags.begin(), "--rules.alert.resend-delay=1h");
    hearth_ = StartHearth(
        directory_,
        "global: {scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms, "
        "external_labels: {region: eu}}\n"
        "rule_files: [rules.yml]\n"
        "alerting: {alertmanagers: [{timeout: 1s, static_configs: [{targets: ['" +
            peer +
            "']}]}]}\n"
            "scrape_configs: [{job_name: j, static_configs: [{targets: ['127.0.0.1:" +
            std::to_string(target_.port()) + "'], labels: {instance: i}}]}]\n",
        flags);
    ASSERT_TRUE(hearth_->WaitUntilOk("/-/ready")) << hearth_->process().Output();
  }

  std::string State(const std::string& alert) const {
    const json groups = hearth_->Get("/api/v1/rules").Json()["data"]["groups"];
    for (const json& group : groups) {
      for (const json& rule : group["rules"]) {
        if (rule["name"] == alert) return rule.value("state", "");
      }
    }
    return "";
  }
  bool AwaitState(const std::string& alert, const std::string& state) const {
    return WaitFor(seconds(60), [&] { return State(alert) == state; });
  }
  // Of prometheus_notifications_<name>{alertmanager=…}; there is one.
  double Notifications(const std::string& name) const {
    const std::string text = hearth_->Get("/metrics").body;
    const std::string line = "\nprometheus_notifications_" + name + "{alertmanager=\"http://";
    const size_t at = text.find(line);
    if (at == std::string::npos) return -1;
    return std::strtod(text.c_str() + text.find("} ", at) + 2, nullptr);
  }
  // Waits until the alert has arrived and the Alertmanager knows that: one that is stopped before
  // would not tell, later, that what it told about has been resolved.
  bool AwaitNotified(const std::string& alert) {
    const std::string none =
        "alertmanager_notification_latency_seconds_count{integration=\"webhook\"} 0\n";
    return !webhook_.WaitFor(alert, "firing").is_null() && WaitFor(seconds(10), [&] {
      const auto metrics = alertmanager_->Get("/metrics");
      return metrics.status == 200 && metrics.body.find(none) == std::string::npos;
    });
  }
  std::string Logs() const {
    return hearth_->process().Output() + alertmanager_->process().Output();
  }

  TempDir directory_;
  HttpFixture target_;
  Webhook webhook_;
  const uint16_t peer_port_ = FreePort();
  std::unique_ptr<ServerProcess> alertmanager_, hearth_;
};

constexpr char kTwoAlerts[] = R"(
groups:
- name: g
  rules:
  - {alert: First, expr: first > 10}
  - {alert: Second, expr: second > 10}
)";

TEST_F(AlertmanagerTest, AnAlertIsInactivePendingFiringAndResolved) {
  Start(R"(
groups:
- name: g
  rules:
  - alert: High
    expr: first > 10
    for: 2s
    labels: {severity: '{{ if gt $value 20.0 }}page{{ else }}ticket{{ end }}'}
    annotations: {summary: '{{ $labels.instance }} of {{ $externalLabels.region }} is at {{ $value | humanize }}'}
)",
        {"--web.external-url=http://hearth.test:9090/h", "--web.route-prefix=/"});
  ASSERT_TRUE(AwaitState("High", "inactive"));
  target_.Set("first 12345\n");
  ASSERT_TRUE(AwaitState("High", "pending"));
  EXPECT_TRUE(webhook_.Alerts().empty()) << "nothing is told of what is pending";
  const json firing = webhook_.WaitFor("High", "firing");
  ASSERT_FALSE(firing.is_null()) << Logs();
  EXPECT_EQ(firing["labels"],
            json::parse(R"({"alertname": "High", "instance": "i", "job": "j", "region": "eu",
                            "severity": "page"})"));
  EXPECT_EQ(firing["annotations"]["summary"], "i of eu is at 12.35k");
  EXPECT_THAT(firing["generatorURL"].get<std::string>(),
              StartsWith("http://hearth.test:9090/h/graph?g0.expr=first+%3E+10"));
  EXPECT_EQ(State("High"), "firing");
  const json listed = hearth_->Get("/api/v1/alertmanagers").Json()["data"]["activeAlertmanagers"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["url"], alertmanager_->Url("/api/v2/alerts"));
  target_.Set("first 1\n");
  const json resolved = webhook_.WaitFor("High", "resolved");
  ASSERT_FALSE(resolved.is_null()) << Logs();
  EXPECT_EQ(resolved["startsAt"], firing["startsAt"]);
  ASSERT_TRUE(AwaitState("High", "inactive"));
}

TEST_F(AlertmanagerTest, ARestartInTheMiddleOfForDoesNotBeginAnew) {
  const std::string rules =
      "groups: [{name: g, rules: [{alert: Slow, expr: first > 10, for: 20s}]}]";
  const std::vector<std::string> flags = {"--rules.alert.for-grace-period=1s"};
  target_.Set("first 11\n");
  Start(rules, flags);
  ASSERT_TRUE(AwaitState("Slow", "pending"));
  ASSERT_TRUE(WaitFor(
      seconds(60), [&] { return hearth_->Value("time() - ALERTS_FOR_STATE").value_or(0) > 12; }));
  ASSERT_EQ(State("Slow"), "pending");
  ASSERT_EQ(hearth_->process().Terminate(), 0);
  const auto start = std::chrono::steady_clock::now();
  Start(rules, flags);
  ASSERT_FALSE(webhook_.WaitFor("Slow", "firing").is_null()) << Logs();
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(16)) << "eight and a few";
}

TEST_F(AlertmanagerTest, AnOutageLosesNothing) {
  Start(kTwoAlerts);
  target_.Set("first 11\nsecond 1\n");
  ASSERT_TRUE(AwaitNotified("First")) << Logs();

  ASSERT_EQ(alertmanager_->process().Terminate(), 0);
  const auto back_at = std::chrono::steady_clock::now() + Outage();
  target_.Set("first 1\nsecond 11\n");
  ASSERT_TRUE(AwaitState("First", "inactive"));
  ASSERT_TRUE(AwaitState("Second", "firing"));
  ASSERT_TRUE(WaitFor(seconds(60), [&] { return Notifications("errors_total") > 0; })) << Logs();
  ASSERT_TRUE(WaitFor(2 * Outage(), [&] { return std::chrono::steady_clock::now() >= back_at; }));
  EXPECT_EQ(Notifications("queue_length"), 2);
  ASSERT_NO_FATAL_FAILURE(StartPeer());

  EXPECT_FALSE(webhook_.WaitFor("First", "resolved").is_null()) << Logs();
  EXPECT_FALSE(webhook_.WaitFor("Second", "firing").is_null()) << Logs();
  EXPECT_TRUE(WaitFor(seconds(10), [&] { return Notifications("queue_length") == 0; }));
  EXPECT_EQ(Notifications("dropped_total"), 0);
  EXPECT_THAT(hearth_->process().Output(), HasSubstr("takes alerts again"));
}

TEST_F(AlertmanagerTest, OneThatHangsLosesNothing) {
  Start(kTwoAlerts);
  target_.Set("first 11\nsecond 1\n");
  ASSERT_FALSE(webhook_.WaitFor("First", "firing").is_null()) << Logs();
  alertmanager_->process().Signal(SIGSTOP);
  const auto back_at = std::chrono::steady_clock::now() + Outage();
  target_.Set("first 1\nsecond 11\n");
  ASSERT_TRUE(AwaitState("Second", "firing"));
  ASSERT_TRUE(WaitFor(seconds(60), [&] { return Notifications("errors_total") > 0; })) << Logs();
  EXPECT_THAT(hearth_->process().Output(), HasSubstr("context deadline exceeded"));
  ASSERT_TRUE(WaitFor(2 * Outage(), [&] { return std::chrono::steady_clock::now() >= back_at; }));
  alertmanager_->process().Signal(SIGCONT);
  EXPECT_FALSE(webhook_.WaitFor("First", "resolved").is_null()) << Logs();
  EXPECT_FALSE(webhook_.WaitFor("Second", "firing").is_null()) << Logs();
  EXPECT_EQ(Notifications("dropped_total"), 0);
}

TEST_F(AlertmanagerTest, TheLastAlertsAreSentBeforeTheEnd) {
  Start(kTwoAlerts);
  target_.Set("first 11\nsecond 1\n");
  ASSERT_TRUE(AwaitNotified("First")) << Logs();
  ASSERT_EQ(alertmanager_->process().Terminate(), 0);
  target_.Set("first 1\nsecond 1\n");
  // After three failures the next attempt is seconds away.
  ASSERT_TRUE(WaitFor(seconds(60), [&] { return Notifications("errors_total") >= 3; })) << Logs();
  ASSERT_NO_FATAL_FAILURE(StartPeer());
  ASSERT_EQ(hearth_->process().Terminate(), 0);
  EXPECT_FALSE(webhook_.WaitFor("First", "resolved").is_null()) << Logs();
}

}  // namespace
}  // namespace hearth::blackbox
