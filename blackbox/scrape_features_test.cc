// What feature flags and settings make of scrapes, seen from outside: start timestamps as zeros,
// the log of failed scrapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

#include "blackbox/http_fixture.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

std::string ConfigFor(uint16_t port, const std::string& more = "") {
  return "global: {scrape_interval: 1s" + more +
         "}\nscrape_configs: [{job_name: j, static_configs: [{targets: ['127.0.0.1:" +
         std::to_string(port) + "']}]}]\n";
}

TEST(ScrapeFeaturesTest, CreatedTimestampsAreZerosBehindTheirFeature) {
  const int64_t began = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count() -
                        60;
  const HttpFixture target(
      "# TYPE a counter\na_total 5\na_created " + std::to_string(began) + "\n# EOF\n",
      "application/openmetrics-text; version=1.0.0");
  for (const bool on : {false, true}) {
    TempDir directory;
    const auto server =
        StartHearth(directory, ConfigFor(target.port()),
                    {std::string("--enable-feature=") +
                     (on ? "created-timestamp-zero-ingestion" : "exemplar-storage")});
    ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
    ASSERT_TRUE(
        WaitFor(seconds(20), [&] { return server->Value("count_over_time(up[5m])") >= 2; }));
    const nlohmann::json samples = server->Query("a_total[5m]")["result"][0]["values"];
    ASSERT_GE(samples.size(), 2u);
    if (on) {
      EXPECT_EQ(samples[0], nlohmann::json::array({began, "0"}));
      EXPECT_EQ(samples[1][1], "5");
      EXPECT_EQ(samples[2][1], "5");
    } else {
      EXPECT_EQ(samples[0][1], "5");
    }
    EXPECT_EQ(server->Value("a_created").has_value(), !on);
    const std::string config = server->Get("/api/v1/status/config").Json()["data"]["yaml"];
    EXPECT_EQ(config.find("PrometheusProto") != std::string::npos, on);
  }
}

TEST(ScrapeFeaturesTest, FailedScrapesAreLinesOfJson) {
  HttpFixture target("a 1\n", "text/plain; version=0.0.4");
  target.Set("", "503 Service Unavailable");
  TempDir directory;
  const auto server =
      StartHearth(directory, ConfigFor(target.port(), ", scrape_failure_log_file: failures.log"));
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  nlohmann::json line;
  ASSERT_TRUE(WaitFor(seconds(20), [&] {
    std::ifstream in(directory.Path("failures.log"));
    std::string text;
    if (!std::getline(in, text) || in.eof()) return false;
    line = nlohmann::json::parse(text, nullptr, false);
    return true;
  }));
  EXPECT_EQ(line.value("level", ""), "ERROR");
  EXPECT_EQ(line.value("job_name", ""), "j");
  EXPECT_EQ(line.value("target", ""),
            "http://127.0.0.1:" + std::to_string(target.port()) + "/metrics");
  EXPECT_EQ(line.value("msg", ""), "server returned HTTP status 503 Service Unavailable");
  EXPECT_THAT(line.value("time", ""),
              testing::MatchesRegex("2[0-9]*-[0-9]*-[0-9]*T[0-9:]*\\.[0-9]*Z"));

  directory.Write("prometheus.yml",
                  ConfigFor(target.port(), ", scrape_failure_log_file: missing/failures.log"));
  const Answer refused = server->Post("/-/reload");
  EXPECT_EQ(refused.status, 500);
  EXPECT_NE(refused.body.find("missing/failures.log"), std::string::npos) << refused.body;
}

}  // namespace
}  // namespace hearth::blackbox
