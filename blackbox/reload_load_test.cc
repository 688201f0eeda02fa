// Reloads under load: targets, pools, providers and limits come and go with each of them, while
// requests and scrapes go on. The series of targets that stay have no gap, and nothing is left
// behind: memory, descriptors, threads, metrics.
//
// HEARTH_RELOADS=100 is the long form.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "blackbox/server_process.h"
#include "http/server.h"

namespace hearth::blackbox {
namespace {

constexpr int kStaying = 40;  // Targets of each of the two jobs that stay.
constexpr int kLines = 200;
constexpr int64_t kMiB = int64_t{1} << 20;

int Reloads() {
  const char* const text = std::getenv("HEARTH_RELOADS");
  return text == nullptr ? 20 : std::atoi(text);
}

// What a reload must not make more of.
struct Held {
  int64_t resident_bytes = 0;
  int descriptors = 0, threads = 0, metrics = 0;
};

std::ostream& operator<<(std::ostream& out, const Held& held) {
  return out << held.resident_bytes / 1024 << " KiB resident, " << held.descriptors
             << " descriptors, " << held.threads << " threads, " << held.metrics << " metrics";
}

class ReloadLoadTest : public testing::Test {
 protected:
  // Serves expositions and, below /sd/, lists of targets; connections are kept.
  static std::unique_ptr<http::Server> ServeTargets() {
    std::string body;
    for (int i = 0; i < kLines; ++i) {
      body += "m{line=\"" + std::to_string(i) + "\"} " + std::to_string(i) + "\n";
    }
    return *http::Server::Start(
        {.listen_addresses = {"127.0.0.1:0"}}, [body](const http::Request& head) {
          const bool discovery = head.path.rfind("/sd/", 0) == 0;
          const std::string list = R"([{"targets":["127.0.0.1:1","127.0.0.1:2"]}])";
          return http::Dispatch{.handle = [discovery, list, body](const http::Request&) {
            http::Response response;
            response.headers.Set("Content-Type",
                                 discovery ? "application/json" : "text/plain; version=0.0.4");
            response.body = discovery ? list : body;
            return response;
          }};
        });
  }

  // Targets [from, to) of a job, all at one address and told apart by path and instance.
  std::string Group(int from, int to) const {
    std::string groups;
    for (int i = from; i < to; ++i) {
      const std::string n = std::to_string(i);
      groups += "    - {targets: ['127.0.0.1:" + std::to_string(targets_->port()) +
                "'], labels: {instance: t" + n + ", __metrics_path__: /" + n + "}}\n";
    }
    return groups;
  }

  // `steady` never changes. `mixed` changes with each reload: a limit, so that its settings are
  // new, a few targets besides those that stay, and where it discovers more. A third job has
  // another name each time.
  std::string Config(int n) const {
    const std::string phase = std::to_string(n % 3);
    const std::string sd = "http://127.0.0.1:" + std::to_string(targets_->port()) + "/sd/" + phase;
    return "global: {scrape_interval: 1s}\nscrape_configs:\n"
           "- job_name: steady\n  static_configs:\n" +
           Group(0, kStaying) + "- job_name: mixed\n  sample_limit: " + std::to_string(1000 + n) +
           "\n  http_sd_configs: [{url: '" + sd + "', refresh_interval: 1s}]\n" +
           "  file_sd_configs: [{files: ['" + directory_.path() + "/" + phase + "*.json']}]\n" +
           "  static_configs:\n" + Group(0, kStaying) +
           Group(100 * (n % 3 + 1), 100 * (n % 3 + 1) + 5) + "- job_name: passing" + phase +
           "\n  static_configs:\n" + Group(0, 5);
  }

  void Reload(int n) {
    directory_.Write("prometheus.yml", Config(n));
    const Answer answer = server_->Post("/-/reload");
    ASSERT_EQ(answer.status, 200) << answer.body;
    if (n % 4 == 3) return;  // Some follow at once.
    const std::string passing = "count(up{job=\"passing" + std::to_string(n % 3) + "\"} == 1)";
    ASSERT_TRUE(WaitFor(seconds(20), [&] { return server_->Value(passing) == 5.0; })) << n;
  }

  Held Look() const {
    Held held;
    held.resident_bytes = server_->process().ResidentBytes();
    const std::string proc = "/proc/" + std::to_string(server_->process().pid());
    const auto entries = [](const std::string& folder) {
      return static_cast<int>(std::distance(std::filesystem::directory_iterator(folder), {}));
    };
    held.descriptors = entries(proc + "/fd");
    held.threads = entries(proc + "/task");
    const std::string metrics = server_->Get("/metrics").body;
    held.metrics = static_cast<int>(std::count(metrics.begin(), metrics.end(), '\n'));
    return held;
  }

  // The times of a job's samples of `up` by instance, in seconds.
  std::vector<std::vector<double>> Times(const std::string& job) const {
    std::vector<std::vector<double>> all;
    const std::string query = "up{job=\"" + job + "\",instance=~\"t..?\"}[1h]";
    const nlohmann::json data = server_->Query(query);
    for (const nlohmann::json& series : data["result"]) {
      all.emplace_back();
      for (const nlohmann::json& sample : series["values"]) {
        all.back().push_back(sample[0].get<double>());
      }
    }
    return all;
  }

  // How far apart a job's samples are, at most; none is there twice.
  double LongestGap(const std::string& job, double from_s) const {
    const std::vector<std::vector<double>> all = Times(job);
    EXPECT_EQ(all.size(), static_cast<size_t>(kStaying)) << job;
    double shortest = 1e9, longest = 0;
    size_t samples = 0;
    for (const std::vector<double>& times : all) {
      samples += times.size();
      for (size_t i = 1; i < times.size(); ++i) {
        if (times[i - 1] < from_s) continue;
        shortest = std::min(shortest, times[i] - times[i - 1]);
        longest = std::max(longest, times[i] - times[i - 1]);
      }
    }
    std::cout << job << ": " << samples << " samples, " << shortest << " to " << longest
              << " s apart\n";
    EXPECT_GT(shortest, 0.4) << job;
    return longest;
  }

  // That a query by job has one value for the two that stay, all the time.
  void ExpectAlways(const std::string& query, int value, double from_s, double to_s) const {
    const nlohmann::json data = server_->QueryRange(query, from_s, to_s, 0.2);
    int jobs = 0;
    for (const nlohmann::json& series : data["result"]) {
      if (series["metric"]["job"].get<std::string>().rfind("passing", 0) == 0) continue;
      ++jobs;
      const nlohmann::json& values = series["values"];
      EXPECT_NEAR(static_cast<double>(values.size()), (to_s - from_s) / 0.2 + 1, 1.5) << query;
      for (const nlohmann::json& point : values) {
        ASSERT_EQ(point[1], std::to_string(value)) << query << series["metric"] << point;
      }
    }
    EXPECT_EQ(jobs, 2);
  }

  double Now() const { return server_->Value("time()").value_or(0); }

  TempDir directory_;
  std::unique_ptr<http::Server> targets_ = ServeTargets();
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(ReloadLoadTest, WhatStaysHasNoGapAndNothingIsLeftBehind) {
  for (int phase = 0; phase < 3; ++phase) {
    directory_.Write(std::to_string(phase) + "x.json", R"([{"targets": ["127.0.0.1:3"]}])");
  }
  server_ = StartHearth(directory_, Config(0));
  ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  ASSERT_TRUE(
      WaitFor(seconds(30), [&] { return server_->Value("sum(up)") == 2.0 * kStaying + 10; }));
  for (int n = 1; n <= 6; ++n) ASSERT_NO_FATAL_FAILURE(Reload(n));  // Each phase was there.
  const double from = Now();
  const Held before = Look();

  const int reloads = Reloads() / 3 * 3;  // So that the last configuration is like the first.
  for (int n = 7; n <= 6 + reloads; ++n) {
    ASSERT_NO_FATAL_FAILURE(Reload(n));
    ASSERT_EQ(server_->Get("/api/v1/targets").status, 200);
    ASSERT_TRUE(server_->Value("sum(rate(m[10s]))").has_value());
  }
  const double to = Now();
  Held after;
  const auto as_before = [&] {
    after = Look();
    // Workers of the server's own are made when they are needed; a reload would leave one each
    // time.
    return after.descriptors <= before.descriptors + 4 && after.threads <= before.threads + 6 &&
           after.metrics <= before.metrics;
  };
  EXPECT_TRUE(WaitFor(seconds(60), as_before));
  std::cout << reloads << " reloads in " << to - from << " s\nbefore: " << before
            << "\nafter:  " << after << "\n";
  // The samples of the time take their part.
  EXPECT_LT(after.resident_bytes - before.resident_bytes, 24 * kMiB);
  // A second, and with what a busy machine adds: which the job has too that no reload touches.
  const double steady = LongestGap("steady", from), mixed = LongestGap("mixed", from);
  EXPECT_LT(mixed, std::max(1.9, steady + 1));
  // Nor is there a stale marker, which a range vector does not show; but for scrapes that failed.
  const std::string up = "up{instance=~\"t..?\"}";
  ExpectAlways("count by (job) (" + up + ")", kStaying, from, to);
  ExpectAlways("count by (job) (m{instance=~\"t..?\"}) / count by (job) (" + up + " == 1)", kLines,
               from, to);
}

}  // namespace
}  // namespace hearth::blackbox
