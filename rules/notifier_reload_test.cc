// What the notifier makes of discovery and of reloads.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "rules/notifier.h"
#include "rules/notifier_fixture.h"

namespace hearth {
namespace {

using testing::TempDir;
using Urls = std::vector<std::string>;

TEST_F(NotifierTest, AnAlertmanagerThatStaysKeepsItsQueue) {
  FakeAlertmanager changed(0, 503), same(0, 503);
  options_.sender.retry_min_ms = options_.sender.retry_max_ms = 3'600'000;
  const auto entries = [&](std::string_view more) {
    return StrCat("alertmanagers: [{static_configs: [{targets: ['", changed.HostPort(), "']}]",
                  more, "}, {static_configs: [{targets: ['", same.HostPort(), "']}]}]");
  };
  Start(entries(""));
  Send({"a"});
  ASSERT_TRUE(Eventually([&] { return Metric("errors_total", same.Url()) == "1"; }));
  ASSERT_TRUE(changed.WaitForRequests(1));
  changed.Answer(200);
  same.Answer(200);
  ASSERT_TRUE(Apply(entries(", authorization: {credentials: new}")).ok());
  // The changed one is tried at once with what is new; the other goes on waiting.
  ASSERT_TRUE(changed.WaitForRequests(2));
  EXPECT_EQ(changed.Requests()[1].headers.Get("Authorization"), "Bearer new");
  EXPECT_EQ(changed.Requests()[1].body, changed.Requests()[0].body);
  EXPECT_TRUE(Eventually([&] { return Metric("sent_total", changed.Url()) == "1"; }));
  EXPECT_EQ(Metric("queue_length", same.Url()), "1");
  EXPECT_EQ(Metric("errors_total", same.Url()), "1");
  EXPECT_EQ(same.Requests().size(), 1u);
}

TEST_F(NotifierTest, AReloadThatFailsChangesNothing) {
  FakeAlertmanager am;
  Start(Static({am.HostPort()}));
  const absl::Status status =
      Apply(Static({"other:9093"}, ", tls_config: {ca_file: /does/not/exist.pem}"));
  EXPECT_NE(status.message().find("/does/not/exist.pem"), std::string::npos) << status;
  EXPECT_EQ(notifier_->ActiveAlertmanagers(), Urls{am.Url()});
  Send({"a"});
  EXPECT_TRUE(am.WaitForRequests(1));
}

TEST_F(NotifierTest, AnAlertmanagerThatGoesIsSentWhatWaited) {
  FakeAlertmanager gone(0, 503), stays;
  options_.sender.retry_min_ms = options_.sender.retry_max_ms = 3'600'000;
  Start(Static({gone.HostPort(), stays.HostPort()}));
  Send({"a"});
  ASSERT_TRUE(Eventually([&] { return Metric("errors_total", gone.Url()) == "1"; }));
  gone.Answer(200);
  ASSERT_TRUE(Apply(Static({stays.HostPort()})).ok());
  EXPECT_EQ(notifier_->ActiveAlertmanagers(), Urls{stays.Url()});
  ASSERT_TRUE(gone.WaitForRequests(2));
  EXPECT_TRUE(Eventually([&] { return Metric("sent_total", gone.Url()).empty(); }));
  Send({"b"});
  ASSERT_TRUE(stays.WaitForRequests(2));
  EXPECT_EQ(gone.Requests().size(), 2u);
}

TEST_F(NotifierTest, MetricsOfOneThatIsGoneAreForgotten) {
  FakeAlertmanager first, second;
  Start(Static({first.HostPort()}));
  EXPECT_EQ(Metric("sent_total", first.Url()), "0");
  ASSERT_TRUE(Apply(Static({second.HostPort()})).ok());
  EXPECT_TRUE(Eventually([&] { return Metric("sent_total", first.Url()).empty(); })) << Metrics();
  EXPECT_EQ(Metric("sent_total", second.Url()), "0");
  ASSERT_TRUE(Apply("").ok());
  EXPECT_TRUE(Eventually([&] { return Metric("sent_total", second.Url()).empty(); }));
  EXPECT_EQ(Metrics().find("config-0"), std::string::npos) << Metrics();
  EXPECT_TRUE(notifier_->ActiveAlertmanagers().empty());
  Send({"nobody takes it"});
}

TEST_F(NotifierTest, TargetsAreRelabelledAndTakenOnce) {
  Start(StrCat(
      "alertmanagers: [{scheme: https, path_prefix: am, static_configs: [{targets: ['a:1', 'b:1', "
      "'c:1', 'a:1', 'd:1/x']}], relabel_configs: [{action: drop, source_labels: [__address__], "
      "regex: 'b:.*'}, {source_labels: [__address__], regex: 'c:.*', target_label: __address__, "
      "replacement: 'a:1'}]}, {static_configs: [{targets: ['a:2']}]}]"));
  EXPECT_EQ(notifier_->ActiveAlertmanagers(),
            (Urls{"https://a:1/am/api/v2/alerts", "http://a:2/api/v2/alerts"}));
  EXPECT_EQ(notifier_->DroppedAlertmanagers(), Urls{"https://b:1/am/api/v2/alerts"});
  EXPECT_NE(Log().find("\"d:1/x\" is not a valid hostname"), std::string::npos) << Log();
  for (const char* line :
       {"\nprometheus_notifications_alertmanagers_discovered 2\n",
        "\nprometheus_sd_discovered_targets{name=\"notify\",config=\"config-0\"} 5\n",
        "\nprometheus_sd_discovered_targets{name=\"notify\",config=\"config-1\"} 1\n",
        "\nprometheus_sd_failed_configs{name=\"notify\"} 0\n"}) {
    EXPECT_NE(Metrics().find(line), std::string::npos) << line << Metrics();
  }
}

TEST_F(NotifierTest, TargetFilesAreFollowed) {
  FakeAlertmanager first, second;
  const std::string path = TempDir() + "/am_targets.json";
  const auto write = [&](const std::string& host_port) {
    const std::string next = path + ".new";
    std::ofstream(next) << "[{\"targets\": [\"" << host_port << "\"]}]";
    std::filesystem::rename(next, path);
  };
  write(first.HostPort());
  Start(StrCat("alertmanagers: [{file_sd_configs: [{files: ['", path, "']}]}]"));
  Send({"a"});
  ASSERT_TRUE(first.WaitForRequests(1));
  write(second.HostPort());
  ASSERT_TRUE(Eventually([&] { return notifier_->ActiveAlertmanagers() == Urls{second.Url()}; }));
  Send({"b"});
  ASSERT_TRUE(second.WaitForRequests(1));
  EXPECT_EQ(first.Requests().size(), 1u);
}

// Answers when it is told to.
class LateProviders : public DiscoveryFactory {
 public:
  Made Create(const DiscoveryConfigs& configs) override {
    Made made;
    if (!configs.dns_sd_configs.empty()) made.running.push_back(std::make_unique<Late>(this));
    return made;
  }
  std::atomic<bool> answers = false;
  std::string address;  // Constant once `answers` is true.

 private:
  class Late : public Discovery {
   public:
    explicit Late(LateProviders* owner) : owner_(owner) {}
    std::string_view mechanism() const override { return "dns"; }
    TimeMs interval_ms() const override { return 3'600'000; }
    absl::StatusOr<std::vector<Labels>> Refresh() override {
      Eventually([&] { return owner_->answers || cancelled_; });
      if (cancelled_) return absl::CancelledError();
      return std::vector<Labels>{Labels{{"__address__", owner_->address}}};
    }
    void Cancel() override { cancelled_ = true; }

   private:
    LateProviders* const owner_;
    std::atomic<bool> cancelled_ = false;
  };
};

TEST_F(NotifierTest, UntilNewDiscoveryAnswersTheAlertmanagersOfBeforeAreSentTo) {
  FakeAlertmanager before, after;
  LateProviders providers;
  providers.address = after.HostPort();
  options_.providers = &providers;
  options_.discovery_poll_ms = 3'600'000;  // First answers are not waited for that long.
  Start(Static({before.HostPort()}));
  ASSERT_TRUE(Apply("alertmanagers: [{dns_sd_configs: [{names: [am]}]}]").ok());
  Send({"a"});
  ASSERT_TRUE(before.WaitForRequests(1));
  EXPECT_EQ(notifier_->ActiveAlertmanagers(), Urls{before.Url()});
  providers.answers = true;
  ASSERT_TRUE(Eventually([&] { return notifier_->ActiveAlertmanagers() == Urls{after.Url()}; }));
  Send({"b"});
  ASSERT_TRUE(after.WaitForRequests(1));
  EXPECT_EQ(before.Requests().size(), 1u);
  notifier_.reset();
}

TEST_F(NotifierTest, AlertsBeforeTheStartWait) {
  FakeAlertmanager am;
  notifier_ = std::make_unique<Notifier>(options_);
  ASSERT_TRUE(Apply(Static({am.HostPort()})).ok());
  Send({"a"});
  EXPECT_EQ(Metric("queue_length", am.Url()), "1");
  notifier_->Start();
  EXPECT_TRUE(am.WaitForRequests(1));
}

TEST_F(NotifierTest, EntriesThatChangePlacesStayThemselves) {
  FakeAlertmanager first(0, 503), second(0, 503);
  options_.sender.retry_min_ms = options_.sender.retry_max_ms = 3'600'000;
  const auto entry = [](const FakeAlertmanager& am) {
    return StrCat("{static_configs: [{targets: ['", am.HostPort(), "']}]}");
  };
  Start(StrCat("alertmanagers: [", entry(first), ", ", entry(second), "]"));
  Send({"a"});
  for (const FakeAlertmanager* am : {&first, &second})
    ASSERT_TRUE(Eventually([&] { return Metric("errors_total", am->Url()) == "1"; }));
  ASSERT_TRUE(Apply(StrCat("alertmanagers: [", entry(second), ", ", entry(first), "]")).ok());
  EXPECT_EQ(notifier_->ActiveAlertmanagers(), (Urls{second.Url(), first.Url()}));
  for (const FakeAlertmanager* am : {&first, &second}) {
    EXPECT_EQ(Metric("queue_length", am->Url()), "1");
    EXPECT_EQ(am->Requests().size(), 1u) << "its pause goes on";
  }
  ASSERT_TRUE(Apply(StrCat("alertmanagers: [", entry(first), "]")).ok());
  EXPECT_EQ(notifier_->ActiveAlertmanagers(), Urls{first.Url()});
  EXPECT_EQ(Metric("queue_length", first.Url()), "1");
}

}  // namespace
}  // namespace hearth
