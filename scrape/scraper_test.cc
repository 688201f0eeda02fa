#include "scrape/scraper.h"

#include <gtest/gtest.h>

#include "scrape/scraper_fixture.h"

namespace hearth {
namespace {

using ScraperTest = ScraperFixture;

TEST_F(ScraperTest, ScrapesEveryTargetOncePerIntervalAtItsOffset) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  Run(30'000);
  for (const std::string& up : {kUpLocal, kUpB}) {
    const auto samples = Samples(up);
    ASSERT_EQ(samples.size(), 3u) << up;
    EXPECT_EQ(samples.rbegin()->first - samples.begin()->first, 20'000);
  }
  EXPECT_NE(Samples(kUpLocal).begin()->first % 10'000, Samples(kUpB).begin()->first % 10'000)
      << "spread";
  EXPECT_EQ(Samples(kUpLocal).begin()->second, 1);
  EXPECT_EQ(Samples(kUpB).begin()->second, 0);
}

TEST_F(ScraperTest, TargetsShowTheirState) {
  fetchers_->Answer("http://localhost:1/metrics", "# TYPE a gauge\na 1\n");
  ASSERT_TRUE(Apply(kNode).ok());
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUnknown);
  Run(10'000);
  const auto targets = scraper_->ActiveTargets();
  ASSERT_EQ(targets.size(), 2u);
  EXPECT_EQ(targets[0].labels.Get("instance"), "b:2");
  EXPECT_EQ(targets[0].health, TargetHealth::kDown);
  EXPECT_EQ(targets[0].last_error, "connection refused");
  EXPECT_EQ(targets[1].health, TargetHealth::kUp);
  EXPECT_EQ(targets[1].last_error, "");
  EXPECT_EQ(targets[1].scrape_url, "http://localhost:1/metrics");
  EXPECT_EQ(targets[1].global_url, "http://monitor.example:1/metrics");
  EXPECT_EQ(targets[1].scrape_interval_ms, 10'000);
  EXPECT_GE(targets[1].last_scrape_ms, kStart);
  EXPECT_EQ(scraper_->ScrapePools(), std::vector<std::string>{"node"});
  const auto metadata = scraper_->TargetsMetadata("a");
  ASSERT_EQ(metadata.size(), 1u);
  EXPECT_EQ(metadata[0].metadata.type, MetricType::kGauge);
  std::string text;
  registry_.Render(&text);
  for (const char* line : {"prometheus_target_scrape_pool_targets{scrape_job=\"node\"} 2",
                           "prometheus_sd_discovered_targets{name=\"scrape\",config=\"node\"} 2",
                           "prometheus_target_interval_length_seconds"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
  }
}

TEST_F(ScraperTest, TheRequestAsksForTheProtocolsAndSaysTheTimeout) {
  ASSERT_TRUE(Apply("- {job_name: x, scrape_timeout: 2500ms, body_size_limit: 1KB, static_configs: "
                    "[{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  const ScrapeRequest request = fetchers_->last_request();
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("Accept"),
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
            "application/openmetrics-text;version=0.0.1;q=0.5,"
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
            "*/*;q=0.2");
  EXPECT_EQ(headers.at("Accept-Encoding"), "gzip");
  EXPECT_EQ(headers.at("X-Prometheus-Scrape-Timeout-Seconds"), "2.5");
  EXPECT_EQ(request.timeout_ms, 2'500);
  EXPECT_EQ(request.body_bytes_max, 1024u);
}

TEST_F(ScraperTest, TheRequestIsAsCompressionAndRedirectsSay) {
  const auto asked = [&](const std::string& keys) {
    EXPECT_TRUE(Apply("- {job_name: x, " + keys + ", static_configs: [{targets: ['h:1']}]}").ok());
    Run(10'000);
    const ScrapeRequest request = fetchers_->last_request();
    const std::map<std::string, std::string> headers(request.headers.begin(),
                                                     request.headers.end());
    return std::pair(headers.at("Accept-Encoding"), request.follow_redirects);
  };
  EXPECT_EQ(asked("scrape_interval: 10s"), std::pair(std::string("gzip"), true));
  EXPECT_EQ(asked("scrape_interval: 10s, enable_compression: false, follow_redirects: false"),
            std::pair(std::string("identity"), false));
}

TEST_F(ScraperTest, UnusableAnswersSayWhy) {
  const std::tuple<const char*, const char*, int, const char*> cases[] = {
      {"a 1\n", "text/plain", 404, "server returned HTTP status 404 Not Found"},
      {"a 1\n", "text/html", 200,
       "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified "
       "for target"},
      {"a 1\n", "", 200,
       "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
       "specified for target"},
      {"a 1\n", "application/openmetrics-text; version=1.0.0", 200,
       "line 2, column 1: data does not end with # EOF"},
      {"a 1\n", "application/vnd.google.protobuf", 200, "message 1 at byte 0: length 97 exceeds"},
      {"a 1\nb\n", "text/plain", 200, "line 2, column 2: expected value after metric"},
  };
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  for (const auto& [body, type, status, error] : cases) {
    fetchers_->Answer("http://h:1/metrics", body, type, status);
    Run(10'000);
    EXPECT_NE(scraper_->ActiveTargets()[0].last_error.find(error), std::string::npos)
        << error << "\ngot: " << scraper_->ActiveTargets()[0].last_error;
  }
}

TEST_F(ScraperTest, TheFallbackProtocolReadsAnyType) {
  fetchers_->Answer("http://h:1/metrics", "a 1\n", "");
  ASSERT_TRUE(Apply("- {job_name: x, fallback_scrape_protocol: PrometheusText0.0.4, "
                    "static_configs: [{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  EXPECT_EQ(scraper_->ActiveTargets()[0].health, TargetHealth::kUp);
}

TEST_F(ScraperTest, TheJobsProtocolsAndEscapingMakeTheAcceptHeader) {
  ASSERT_TRUE(Apply("- {job_name: x, scrape_protocols: [PrometheusProto, PrometheusText1.0.0], "
                    "metric_name_escaping_scheme: dots, static_configs: [{targets: ['h:1']}]}")
                  .ok());
  Run(10'000);
  const ScrapeRequest request = fetchers_->last_request();
  const std::map<std::string, std::string> headers(request.headers.begin(), request.headers.end());
  EXPECT_EQ(headers.at("Accept"),
            "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
            "encoding=delimited;q=0.6,text/plain;version=1.0.0;escaping=dots;q=0.5,*/*;q=0.4");
}

TEST_F(ScraperTest, TheContentTypeChoosesTheFormat) {
  fetchers_->Answer("http://h:1/metrics",
                    "# TYPE a counter\n# HELP a \\\"A\\\"\na_total 1 1699999999.5\n# EOF\n",
                    "application/openmetrics-text; version=1.0.0; charset=utf-8");
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  EXPECT_EQ(scraper_->ActiveTargets()[0].last_error, "");
  EXPECT_EQ(Samples(R"(a_total{instance="h:1", job="x"})"),
            (std::map<TimeMs, double>{{1'699'999'999'500, 1}}));
  const auto metadata = scraper_->TargetsMetadata("a");
  ASSERT_EQ(metadata.size(), 1u);
  EXPECT_EQ(metadata[0].metadata, (Metadata{MetricType::kCounter, "\"A\"", ""}));
}

TEST_F(ScraperTest, TimestampsAreAlignedWithinTheTolerance) {
  EXPECT_EQ(AlignedScrapeTime(1000, 1000, 10'000), 1000);
  EXPECT_EQ(AlignedScrapeTime(1000, 1002, 10'000), 1000);
  EXPECT_EQ(AlignedScrapeTime(1000, 1003, 10'000), 1003);
  EXPECT_EQ(AlignedScrapeTime(1000, 1002, 100), 1002) << "1 % of the interval";
  EXPECT_EQ(AlignedScrapeTime(1000, 999, 10'000), 999);
}

TEST_F(ScraperTest, ASlowScrapeMissesItsNextTurn) {
  fetchers_->Hold();
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(30'000);
  EXPECT_EQ(fetchers_->fetches(), 1);
  fetchers_->Release("a 1\n");
  Run(10'000);
  EXPECT_EQ(fetchers_->fetches(), 2);
}

TEST_F(ScraperTest, TheTargetLimitFailsThePool) {
  fetchers_->Answer("http://localhost:1/metrics", "a 1\n");
  ASSERT_TRUE(Apply("- {job_name: node, target_limit: 1, static_configs: [{targets: "
                    "['localhost:1', 'b:2']}]}")
                  .ok());
  Run(10'000);
  EXPECT_EQ(fetchers_->fetches(), 0);
  EXPECT_EQ(scraper_->ActiveTargets()[0].last_error,
            "target_limit exceeded (number of targets: 2, limit: 1)");
  EXPECT_EQ(Samples(kUpLocal).begin()->second, 0);
}

TEST_F(ScraperTest, DroppedTargetsAreListedUpToTheLimit) {
  ASSERT_TRUE(
      Apply("- job_name: x\n  keep_dropped_targets: 1\n"
            "  static_configs: [{targets: ['a:1', 'b:1', 'c:1']}]\n"
            "  relabel_configs: [{source_labels: [__address__], regex: 'a:1', action: keep}]\n")
          .ok());
  EXPECT_EQ(scraper_->ActiveTargets().size(), 1u);
  EXPECT_EQ(scraper_->DroppedTargets().size(), 1u);
  EXPECT_EQ(scraper_->DroppedTargetCounts().at("x"), 2);
}

TEST_F(ScraperTest, IdenticalTargetsAreOne) {
  ASSERT_TRUE(
      Apply("- {job_name: x, static_configs: [{targets: ['a:1', 'a:1']}, {targets: ['a:1']}]}")
          .ok());
  EXPECT_EQ(scraper_->ActiveTargets().size(), 1u);
}

TEST_F(ScraperTest, AClockSetBackDoesNotStopScraping) {
  ASSERT_TRUE(Apply("- {job_name: x, static_configs: [{targets: ['h:1']}]}").ok());
  Run(10'000);
  clock_.Set(kStart - 3'600'000);
  Run(20'000);
  EXPECT_EQ(fetchers_->fetches(), 3);
}

}  // namespace
}  // namespace hearth
