// The three ways to a new configuration, and that a bad one changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReloadTest : public testing::Test {
 protected:
  void Start(const std::vector<std::string>& flags = {}) {
    server_ = StartHearth(directory_, Config("a"), flags);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
    ASSERT_THAT(InForce(), HasSubstr("job_name: a"));
  }
  static std::string Config(const std::string& job) {
    return "scrape_config_files: [jobs.yml]\nscrape_configs:\n  - job_name: " + job + "\n";
  }
  void Write(const std::string& text) { directory_.Write("prometheus.yml", text); }
  std::string InForce() const { return server_->Get("/api/v1/status/config").body; }
  bool Logged(const std::string& text) {
    return WaitFor(seconds(20),
                   [&] { return server_->process().Output().find(text) != std::string::npos; });
  }
  bool WaitForJob(const std::string& job) {
    return WaitFor(seconds(20),
                   [&] { return InForce().find("job_name: " + job) != std::string::npos; });
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(ReloadTest, ASignalAndARequestReload) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write(Config("b"));
  server_->process().Signal(SIGHUP);
  EXPECT_TRUE(WaitForJob("b"));
  Write(Config("c"));
  EXPECT_EQ(server_->Post("/-/reload").status, 200);
  EXPECT_THAT(InForce(), HasSubstr("job_name: c"));
}

// The first job is fine; the second cannot be made, which only its certificate shows.
TEST_F(ReloadTest, ABadConfigurationChangesNothing) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write(
      "global: {scrape_interval: 7s}\nscrape_configs:\n  - job_name: b\n  - job_name: c\n    "
      "tls_config: {ca_file: gone.pem}\n");
  const Answer answer = server_->Post("/-/reload");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, HasSubstr("gone.pem"));
  EXPECT_THAT(InForce(), HasSubstr("job_name: a"));
  EXPECT_THAT(InForce(), Not(HasSubstr("scrape_interval: 7s")));
  EXPECT_THAT(server_->Get("/api/v1/scrape_pools").body, HasSubstr("[\"a\"]"));
  EXPECT_THAT(server_->Get("/metrics").body,
              HasSubstr("prometheus_config_last_reload_successful 0"));
}

TEST_F(ReloadTest, AutoReloadSeesTheFileAndThoseThatItNames) {
  ASSERT_NO_FATAL_FAILURE(Start({"--config.auto-reload", "--config.auto-reload-interval=1s"}));
  Write(Config("b"));
  EXPECT_TRUE(WaitForJob("b"));
  directory_.Write("jobs.yml", "scrape_configs: [{job_name: included}]");
  EXPECT_TRUE(WaitFor(seconds(20), [&] {
    return server_->Get("/api/v1/scrape_pools").body.find("included") != std::string::npos;
  }));
  Write("scrape_configs: {");
  EXPECT_TRUE(Logged("Error reloading config"));
  EXPECT_THAT(InForce(), HasSubstr("job_name: b"));
}

TEST_F(ReloadTest, TheEvaluationIntervalIsTheStepOfSubqueries) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string query = "count_over_time(vector(1)[1m:])";
  EXPECT_EQ(server_->Value(query, 1'700'000'000), 1);
  Write("global: {evaluation_interval: 15s}\n" + Config("a"));
  ASSERT_EQ(server_->Post("/-/reload").status, 200);
  EXPECT_EQ(server_->Value(query, 1'700'000'000), 4);
}

TEST_F(ReloadTest, RetentionIsTakenAtTheStart) {
  server_ = StartHearth(directory_, "storage: {tsdb: {retention: {time: 3d, size: 2GB}}}\n");
  ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  EXPECT_THAT(server_->Get("/api/v1/status/runtimeinfo").body,
              HasSubstr("\"storageRetention\":\"3d or 2GiB\""));
}

TEST_F(ReloadTest, AlertmanagersAreShownWithTheirPaths) {
  ASSERT_NO_FATAL_FAILURE(Start());
  Write(
      "alerting:\n  alertmanagers:\n    - {scheme: https, path_prefix: /am/, static_configs: "
      "[{targets: ['h:9093']}]}\n");
  ASSERT_EQ(server_->Post("/-/reload").status, 200);
  EXPECT_THAT(server_->Get("/api/v1/alertmanagers").body,
              HasSubstr("https://h:9093/am/api/v2/alerts"));
}

}  // namespace
}  // namespace hearth::blackbox
