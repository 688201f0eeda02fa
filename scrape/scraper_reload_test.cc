// What stays and what goes when the configuration or what discovery finds changes.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "scrape/scraper.h"
#include "scrape/scraper_fixture.h"

namespace hearth {
namespace {

using ScraperReloadTest = ScraperFixture;

TEST_F(ScraperReloadTest, AReloadKeepsTheTargetsThatStayAndEndsTheOthers) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  fetchers_->Answer("http://b:2/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  Run(20'000);
  ASSERT_TRUE(
      Apply("- {job_name: node, sample_limit: 5, static_configs: [{targets: ['localhost:1']}]}")
          .ok());
  EXPECT_TRUE(IsStaleNaN(Samples(R"(a{instance="b:2", job="node"})").rbegin()->second));
  EXPECT_TRUE(IsStaleNaN(Samples(kUpB).rbegin()->second));
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUp) << "state is kept";
  Run(10'000);
  for (const auto& [t, v] : Samples(R"(a{instance="localhost:1", job="node"})"))
    EXPECT_EQ(v, 1) << t;
  EXPECT_EQ(Samples(kUpLocal).size(), 3u);
}

TEST_F(ScraperReloadTest, AChangedIntervalKeepsTheSeries) {
  fetchers_->Answer("http://h:1/metrics", "a 1\n");
  ASSERT_TRUE(
      Apply("- {job_name: x, scrape_interval: 10s, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: x, scrape_interval: 1s, scrape_timeout: 1s, static_configs: "
                    "[{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  const auto samples = Samples(R"(a{instance="h:1", job="x"})");
  EXPECT_EQ(samples.size(), 11u);
  for (const auto& [t, v] : samples) EXPECT_EQ(v, 1) << t;
  EXPECT_EQ(scraper_->ActiveTargets()[0].scrape_interval_ms, 1'000);
}

TEST_F(ScraperReloadTest, AReloadThatFailsChangesNothing) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  const absl::Status status = Apply(
      "- {job_name: fresh, static_configs: [{targets: ['h:1']}]}\n"
      "- {job_name: bad, tls_config: {ca_file: nowhere.pem}, static_configs: [{targets: "
      "['h:1']}]}\n");
  EXPECT_NE(std::string(status.message()).find("scrape pool bad: ca_file nowhere.pem"),
            std::string::npos)
      << status;
  EXPECT_EQ(scraper_->ScrapePools(), std::vector<std::string>{"node"});
  Run(10'000);
  EXPECT_EQ(Samples(kUpLocal).size(), 1u);
}

TEST_F(ScraperReloadTest, APoolThatGoesEndsItsSeriesAndItsMetrics) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: other}\n").ok());
  EXPECT_TRUE(IsStaleNaN(Samples(kUpLocal).rbegin()->second));
  std::string text;
  registry_.Render(&text);
  EXPECT_EQ(text.find("scrape_job=\"node\""), std::string::npos) << text;
}

TEST_F(ScraperReloadTest, ATargetThatGoesDuringItsScrapeEndsAfterIt) {
  fetchers_->Hold();
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: y}").ok());
  fetchers_->Release("a 1\n");
  const auto samples = Samples(R"(a{instance="h:1", job="x"})");
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples.begin()->second, 1);
  EXPECT_TRUE(IsStaleNaN(samples.rbegin()->second));
}

TEST_F(ScraperReloadTest, AReplacedFetcherLivesUntilItsLastAnswer) {
  fetchers_->Hold();
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  ASSERT_TRUE(Apply("- {job_name: x, sample_limit: 5, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  EXPECT_EQ(fetchers_->live(), 2) << "a reload does not break the scrape under way";
  fetchers_->Release("a 1\n");
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUp);
  Run(10'000);
  EXPECT_EQ(fetchers_->live(), 1);
}

TEST_F(ScraperReloadTest, TargetFilesAreFollowed) {
  files_["/t.json"] = R"([{"targets": ["a:1"], "labels": {"dc": "eu"}}])";
  fetchers_->Answer("http://a:1/metrics", "m 1\n");
  ASSERT_TRUE(Apply("- {job_name: x, file_sd_configs: [{files: ['/t.json']}]}").ok());
  Run(10'000);
  EXPECT_EQ(scraper_->ActiveTargets()[0].labels.ToString(),
            R"({dc="eu", instance="a:1", job="x"})");
  EXPECT_EQ(scraper_->ActiveTargets()[0].discovered_labels.Get("__meta_filepath"), "/t.json");
  files_["/t.json"] = R"([{"targets": ["b:1"]}])";
  Run(10'000);
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].labels.Get("instance"), "b:1");
  EXPECT_TRUE(IsStaleNaN(Samples(R"(m{dc="eu", instance="a:1", job="x"})").rbegin()->second));
}

TEST_F(ScraperReloadTest, ProvidersAreFollowedAndOutliveAReloadOfTheRest) {
  providers_.Answer("http://sd/", "a:1");
  ASSERT_TRUE(Apply("- {job_name: x, http_sd_configs: [{url: 'http://sd/'}]}").ok());
  ASSERT_TRUE(WaitForInstance("a:1"));
  providers_.Answer("http://sd/", "b:1");
  ASSERT_TRUE(WaitForInstance("b:1"));
  ASSERT_TRUE(
      Apply("- {job_name: x, metrics_path: /m, http_sd_configs: [{url: 'http://sd/'}]}").ok());
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].scrape_url, "http://b:1/m") << "at once";
  EXPECT_EQ(providers_.made(), 1);
}

TEST_F(ScraperReloadTest, TargetsStayUntilAChangedProviderHasAnswered) {
  providers_.Answer("http://sd/", "a:1");
  ASSERT_TRUE(Apply("- {job_name: x, http_sd_configs: [{url: 'http://sd/'}]}").ok());
  ASSERT_TRUE(WaitForInstance("a:1"));
  ASSERT_TRUE(Apply("- {job_name: x, http_sd_configs: [{url: 'http://other/'}]}").ok());
  Run(20'000);
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->ActiveTargets()[0].labels.Get("instance"), "a:1");
  providers_.Answer("http://other/", "b:1");
  EXPECT_TRUE(WaitForInstance("b:1"));
  EXPECT_GE(Metric("prometheus_sd_updates_total{name=\"scrape\"} "), 3);
  EXPECT_GT(Metric("prometheus_sd_last_update_timestamp_seconds{name=\"scrape\"} "), kStart / 1000);
  EXPECT_EQ(Metric("prometheus_sd_discovered_targets{name=\"scrape\",config=\"x\"} "), 1);
}

TEST_F(ScraperReloadTest, AProviderThatCannotBeMadeIsAWarningUntilItCan) {
  constexpr std::string_view kFailed = "prometheus_sd_failed_configs{name=\"scrape\"} ";
  constexpr std::string_view kConfig =
      "- {job_name: x, http_sd_configs: [{url: 'http://sd/', tls_config: {ca: x}}], "
      "static_configs: [{targets: ['h:1']}]}";
  providers_.Answer("http://sd/", "h:1");
  ASSERT_TRUE(Apply(kConfig).ok());
  ASSERT_EQ(scraper_->ActiveTargets().size(), 1u) << "the rest goes on";
  ASSERT_EQ(warnings_.size(), 1u);
  EXPECT_EQ(warnings_[0], "scrape pool x: cannot create service discovery: no such CA");
  EXPECT_EQ(Metric(kFailed), 1);
  providers_.AddCa();
  ASSERT_TRUE(Apply(kConfig).ok());
  EXPECT_EQ(Metric(kFailed), 0);
  EXPECT_EQ(providers_.made(), 1);
  EXPECT_TRUE(WaitForInstance("h:1"));
}

TEST_F(ScraperReloadTest, WorksWithThreadsWhileItIsReloadedAndRead) {
  ScraperOptions options = Options();
  options.clock = &SystemClock::Get();
  options.workers = 2;
  scraper_ = std::make_unique<Scraper>(options);
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  constexpr std::string_view kFast =
      "- {job_name: node, scrape_interval: 20ms, scrape_timeout: 20ms, static_configs: [{targets: "
      "['localhost:1', 'b:2']}]}\n";
  ASSERT_TRUE(Apply(kFast).ok());
  scraper_->Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int reloads = 0;
  while (Samples(kUpLocal).size() < 20 && std::chrono::steady_clock::now() < deadline) {
    ASSERT_TRUE(Apply(++reloads % 2 == 0
                          ? kFast
                          : "- {job_name: node, scrape_interval: 20ms, scrape_timeout: 10ms, "
                            "static_configs: [{targets: ['localhost:1', 'c:3']}]}\n")
                    .ok());
    scraper_->ActiveTargets();
    scraper_->TargetsMetadata("");
    std::this_thread::yield();
  }
  EXPECT_GE(Samples(kUpLocal).size(), 20u);
  scraper_->Stop();
  for (const auto& [t, v] : Samples(R"(a{instance="localhost:1", job="node"})"))
    EXPECT_EQ(v, 1) << t;
}

TEST_F(ScraperReloadTest, FailedFetchesGoToTheFailureLog) {
  const std::string jobs =
      "- {job_name: x, scrape_failure_log_file: /x.log, static_configs: [{targets: ['h:1']}]}\n"
      "- {job_name: y, scrape_failure_log_file: /x.log, static_configs: [{targets: ['h:2']}]}\n"
      "- {job_name: z, static_configs: [{targets: ['h:3']}]}\n";
  fetchers_->Answer("http://h:2/metrics", "what is this\n");  // Read, and then not understood.
  ASSERT_TRUE(Apply(jobs).ok());
  EXPECT_EQ(failure_logs_opened_, 1);
  Run(10'000);
  EXPECT_EQ(failures_,
            std::vector<std::string>{"/x.log: x http://h:1/metrics: connection refused"});
  ASSERT_TRUE(Apply(jobs).ok());
  EXPECT_EQ(failure_logs_opened_, 2) << "a reload begins the file anew";
  fetchers_->Answer("http://h:2/metrics", "a 1\n", "text/plain", 404);
  Run(10'000);
  ASSERT_EQ(failures_.size(), 3u);
  EXPECT_EQ(std::count(failures_.begin(), failures_.end(),
                       "/x.log: y http://h:2/metrics: server returned HTTP status 404 Not Found"),
            1);
}

TEST_F(ScraperReloadTest, AFailureLogThatCannotBeOpenedFailsTheReload) {
  ASSERT_TRUE(Apply(kNode).ok());
  EXPECT_FALSE(Apply("- {job_name: x, scrape_failure_log_file: /missing/f.log}").ok());
  EXPECT_EQ(scraper_->ScrapePools(), std::vector<std::string>{"node"});
}

}  // namespace
}  // namespace hearth
