// A server that is asked for more memory than --memory-limit allows: it stays near the limit,
// refuses what is new as documented, goes on with what it knows, and recovers when the load has
// gone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "blackbox/http_fixture.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kLimit = 128 * kMiB;
// What may come between two looks.
constexpr int64_t kMargin = kLimit / 6;
constexpr int kKnown = 500;
constexpr int kSeriesABody = 2000;
constexpr int kBodiesMax = 1000;
// How much faster the server's clock runs: series are forgotten after five minutes.
constexpr int64_t kSpeed = 60;

TimeMs RealMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Labels KnownLabels(int i) { return Labels{{"__name__", "known"}, {"i", std::to_string(i)}}; }

class MemoryLimitTest : public testing::Test {
 protected:
  void Start() {
    target_.Set("known_line 1\n");
    const std::string config = directory_.Write(
        "prometheus.yml",
        "scrape_configs:\n- job_name: t\n  scrape_interval: 1m\n  static_configs:\n"
        "  - targets: ['127.0.0.1:" +
            std::to_string(target_.port()) + "']\n");
    const uint16_t port = FreePort();
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{"/usr/bin/env", "HEARTH_CLOCK_BASE=" + std::to_string(base_),
                                 "HEARTH_CLOCK_SPEED=" + std::to_string(kSpeed),
                                 HearthBinary() + "_faulty", "--config.file=" + config,
                                 "--storage.tsdb.path=" + directory_.Path("data"),
                                 "--web.listen-address=127.0.0.1:" + std::to_string(port),
                                 "--web.enable-remote-write-receiver", "--memory-limit=128MB"},
        port, directory_.Path("hearth.log"));
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  // What the server's clock says.
  TimeMs NowMs() const { return base_ + (RealMs() - base_) * kSpeed; }

  Answer WriteKnown() {
    std::string body;
    for (int i = 0; i < kKnown; ++i) {
      AppendTimeSeries(KnownLabels(i).bytes(), {NowMs(), 1.0 * i}, &body);
    }
    return SendRemoteWrite(*server_, body);
  }
  // New series, and the known ones.
  Answer WriteBoth(int number) {
    std::string body;
    const TimeMs now = NowMs();
    for (int i = 0; i < kSeriesABody; ++i) {
      const Labels labels{{"__name__", "burst"},
                          {"id", std::to_string(number) + "-" + std::to_string(i)},
                          {"instance", "host-" + std::to_string(i % 20)}};
      AppendTimeSeries(labels.bytes(), {now, 1.0}, &body);
    }
    for (int i = 0; i < kKnown; ++i) AppendTimeSeries(KnownLabels(i).bytes(), {now, 2.0}, &body);
    Answer answer = SendRemoteWrite(*server_, body);
    peak_ = std::max(peak_, server_->process().ResidentBytes());
    return answer;
  }
  // Until the server refuses new series; its answer.
  Answer WriteUntilRefused() {
    for (; bodies_ < kBodiesMax;) {
      Answer answer = WriteBoth(bodies_++);
      if (answer.status != 204) return answer;
    }
    return {};
  }
  double Metric(const std::string& line) const {
    const std::string text = server_->Get("/metrics").body;
    const size_t at = text.find("\n" + line + " ");
    return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + line.size() + 2, nullptr);
  }
  json Target() const { return server_->Get("/api/v1/targets").Json()["data"]["activeTargets"][0]; }
  json Status() const { return server_->Get("/api/v1/status/tsdb?limit=5").Json()["data"]; }

  const TimeMs base_ = RealMs();
  TempDir directory_;
  HttpFixture target_{"", "text/plain; version=0.0.4"};
  std::unique_ptr<ServerProcess> server_;
  int bodies_ = 0;
  int64_t peak_ = 0;
};

TEST_F(MemoryLimitTest, NewSeriesAreRefusedKnownOnesGoOnAndPressureGoes) {
  Start();
  ASSERT_EQ(WriteKnown().status, 204);
  ASSERT_TRUE(WaitFor(seconds(30), [&] { return server_->Value("known_line").has_value(); }));

  const Answer refused = WriteUntilRefused();
  ASSERT_EQ(refused.status, 503) << bodies_ << " bodies: " << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("no memory for new series below --memory-limit=134217728 "
                                      "bytes"));
  EXPECT_THAT(refused.body, HasSubstr("series left out, the others are written; try again"));
  EXPECT_EQ(refused.headers.at("retry-after"), "5");

  // Under pressure: what is known goes on, in bodies with and without new series.
  for (int round = 0; round < 30; ++round) WriteBoth(bodies_++);
  EXPECT_EQ(WriteKnown().status, 204);
  EXPECT_EQ(server_->Value("count(known)"), kKnown);
  EXPECT_EQ(server_->Get("/-/healthy").status, 200);
  EXPECT_GT(Metric("hearth_memory_refusals_total{reason=\"series\"}"), 0);
  EXPECT_GT(Metric("hearth_remote_write_refused_series_total"), 0);
  EXPECT_EQ(Metric("hearth_memory_limit_bytes"), 1.0 * kLimit);

  // A target that grows keeps what it had, and says what is missing.
  std::string page = "known_line 2\n";
  for (int i = 0; i < 100'000; ++i) page += "grown{i=\"" + std::to_string(i) + "\"} 1\n";
  target_.Set(page);
  ASSERT_TRUE(WaitFor(seconds(60), [&] {
    WriteBoth(bodies_++);
    return Target()["lastError"].get<std::string>().find("--memory-limit") != std::string::npos;
  })) << Target().dump();
  EXPECT_EQ(Target()["health"], "up");
  EXPECT_EQ(server_->Value("known_line"), 2);
  EXPECT_EQ(server_->Value("up"), 1);
  EXPECT_GT(Metric("hearth_target_scrapes_refused_series_total"), 0);

  // A query that needs more than is left; a small one goes through.
  const Answer query = server_->Get("/api/v1/query?query=" + UrlEncode("burst + on (id) burst"));
  EXPECT_EQ(query.status, 503) << query.body.substr(0, 500);
  EXPECT_EQ(query.Json()["errorType"], "unavailable");
  EXPECT_THAT(query.Json()["error"].get<std::string>(), HasSubstr("that --memory-limit leaves"));
  EXPECT_EQ(server_->Value("sum(known) > bool 0"), 1);

  // Where the bytes are.
  const json status = Status();
  EXPECT_EQ(status["memory"]["limitBytes"], kLimit);
  EXPECT_EQ(status["memoryInBytesByMetricName"][0]["name"], "burst");
  int64_t sum = 0;
  for (const json& part : status["memory"]["bytesByPart"]) sum += part["value"].get<int64_t>();
  EXPECT_NEAR(1.0 * sum, status["memory"]["residentBytes"].get<double>(), 0.15 * kLimit);

  peak_ = std::max(peak_, server_->process().ResidentBytes());
  EXPECT_LT(peak_, kLimit + kMargin);

  // The load has gone; the windows are flushed early, the series are forgotten.
  target_.Set("known_line 3\n");
  EXPECT_TRUE(WaitFor(seconds(120), [&] {
    EXPECT_EQ(WriteKnown().status, 204);
    return Metric("hearth_memory_pressure") < 3;
  })) << Status().dump(1);
  EXPECT_GT(Metric("hearth_tsdb_early_flushes_total"), 0);
  EXPECT_EQ(WriteBoth(kBodiesMax).status, 204);
  EXPECT_EQ(Status()["diskInBytesByMetricName"][0]["name"], "burst");
  EXPECT_EQ(server_->process().Terminate(), 0);
}

TEST_F(MemoryLimitTest, ALimitThatIsNoneOrTooSmallIsTold) {
  const std::string config = directory_.Write("prometheus.yml", "");
  Process refused({HearthBinary(), "--config.file=" + config, "--memory-limit=1MB"},
                  directory_.Path("refused.log"));
  EXPECT_EQ(refused.Wait(seconds(30)), 1);
  EXPECT_THAT(refused.Output(), HasSubstr("--memory-limit must be 0B or at least 48MB"));
  server_ = StartHearth(directory_, "", {"--memory-limit=0B"});
  ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  EXPECT_EQ(Metric("hearth_memory_limit_bytes"), 0);
  EXPECT_EQ(Status()["memory"]["pressure"], "none");
}

}  // namespace
}  // namespace hearth::blackbox
