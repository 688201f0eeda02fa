// Targets that mean harm, scraped beside a good one: each is down with the reason in lastError, the
// good one is scraped on schedule, and memory stays bounded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

#include "blackbox/hostile_target.h"
#include "blackbox/http_fixture.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class HostileTargetsTest : public testing::Test {
 protected:
  static std::string JobOf(const HostileTarget::Misdeed& misdeed) {
    return std::string(misdeed.path.substr(1));
  }

  std::string Config() const {
    std::string config =
        "global: {scrape_interval: 1s, body_size_limit: 16MB}\nscrape_configs:\n"
        "  - {job_name: good, static_configs: [{targets: ['127.0.0.1:" +
        std::to_string(good_.port()) + "']}]}\n";
    for (const HostileTarget::Misdeed& misdeed : HostileTarget::Misdeeds()) {
      config +=
          "  - {job_name: " + JobOf(misdeed) + ", metrics_path: " + std::string(misdeed.path) +
          ", static_configs: [{targets: ['127.0.0.1:" + std::to_string(hostile_.port()) + "']}]}\n";
    }
    return config;
  }

  // lastError by job.
  std::map<std::string, std::string> Errors() const {
    std::map<std::string, std::string> errors;
    const nlohmann::json answer = server_->Get("/api/v1/targets").Json();
    for (const nlohmann::json& target : answer["data"]["activeTargets"]) {
      errors[target["labels"]["job"].get<std::string>()] = target["lastError"].get<std::string>();
    }
    return errors;
  }

  HttpFixture good_{"good 1\n", "text/plain; version=0.0.4"};
  HostileTarget hostile_;
  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(HostileTargetsTest, AreDownWithAReasonAndHarmNobody) {
  server_ = StartHearth(directory_, Config());
  ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  const int64_t before = server_->process().ResidentBytes();
  const auto jobs = static_cast<double>(HostileTarget::Misdeeds().size());
  int64_t most = 0;
  ASSERT_TRUE(WaitFor(seconds(60), [&] {
    most = std::max(most, server_->process().ResidentBytes());
    return server_->Value("count(count_over_time(up[5m]) >= 10)") == jobs + 1;
  })) << server_->Get("/api/v1/targets").body;

  EXPECT_EQ(server_->Value("sum(sum_over_time(up{job!=\"good\"}[5m]))"), 0.0);
  EXPECT_EQ(server_->Value("min_over_time(up{job=\"good\"}[5m])"), 1.0);
  const std::map<std::string, std::string> errors = Errors();
  for (const HostileTarget::Misdeed& misdeed : HostileTarget::Misdeeds()) {
    EXPECT_THAT(errors.at(JobOf(misdeed)), testing::HasSubstr(std::string(misdeed.error)))
        << misdeed.path;
  }
  EXPECT_EQ(errors.at("good"), "");
  // On schedule: not one was left out, with some room for a busy machine.
  const nlohmann::json samples = server_->Query("up{job=\"good\"}[5m]")["result"][0]["values"];
  for (size_t i = 1; i < samples.size(); ++i) {
    EXPECT_LT(samples[i][0].get<double>() - samples[i - 1][0].get<double>(), 3.0);
  }
  // A body at its limit for each, compressed and plain.
  EXPECT_LT(most - before, 16 * kMiB * static_cast<int64_t>(jobs) * 2);
  // Nothing of theirs was kept.
  EXPECT_EQ(server_->Value("count({__name__!~\"up|scrape_.+|good\"})"), std::nullopt);
  // Their errors do not grow with what they send.
  for (const auto& [job, error] : errors) EXPECT_LT(error.size(), 2000u) << job;
  EXPECT_EQ(server_->process().Terminate(), 0);
}

}  // namespace
}  // namespace hearth::blackbox
