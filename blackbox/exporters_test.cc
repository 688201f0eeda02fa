// Hearth beside a real Prometheus on real exporters: the same bytes give the same answers, and
// scraping side by side agrees. HEARTH_SOAK_SECONDS sets how long they run (300 for the figure in
// the note).
#include "blackbox/exporters.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <thread>

#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

double NowSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double SoakSeconds() {
  const char* text = std::getenv("HEARTH_SOAK_SECONDS");
  return text == nullptr ? 75 : std::atof(text);
}

constexpr const char* kQueries[] = {
    "sum by (mode)(rate(node_cpu_seconds_total[1m]))",
    "histogram_quantile(0.95, sum by "
    "(le)(rate(prometheus_http_request_duration_seconds_bucket[5m])))",
    "topk(5, {__name__=~\"node_.*\"})",
    "100 * sum(rate(prometheus_http_requests_total{code=~\"5..\"}[5m])) / "
    "sum(rate(prometheus_http_requests_total[5m]))",
};

// Label set (as sorted JSON text) to value.
std::map<std::string, double> ByLabels(const nlohmann::json& data) {
  std::map<std::string, double> values;
  if (!data.is_object()) return values;
  for (const nlohmann::json& series : data["result"]) {
    values[series["metric"].dump()] =
        std::strtod(series["value"][1].get<std::string>().c_str(), nullptr);
  }
  return values;
}

// `slack`: by label set, what scrapes that are not simultaneous may add to the difference.
void ExpectEqual(const std::map<std::string, double>& expected,
                 const std::map<std::string, double>& actual, double tolerance,
                 const std::string& query, const std::map<std::string, double>& slack = {}) {
  SCOPED_TRACE(query);
  ASSERT_FALSE(expected.empty());
  ASSERT_EQ(expected.size(), actual.size());
  for (const auto& [labels, value] : expected) {
    ASSERT_TRUE(actual.contains(labels)) << labels;
    const double other = actual.at(labels);
    if (std::isnan(value) && std::isnan(other)) continue;
    const double allowed = slack.contains(labels) ? slack.at(labels) : 0;
    EXPECT_LE(std::abs(value - other),
              tolerance * std::max(std::abs(value), std::abs(other)) + allowed + 1e-12)
        << labels << ": " << value << " and " << other << ", slack " << allowed;
  }
}

// How far apart kQueries[0] may be for two servers that scrape each second but not at the same
// moment. Their windows are less than a second apart, so one misses at most a second at the rate of
// one end and has a second more at that of the other. And the kernel counts in ticks of 10 ms: at
// either end each CPU may be a tick further.
std::map<std::string, double> CpuSlack(const ServerProcess& server, double t) {
  constexpr double kWindowSeconds = 59;
  const std::string rates = "(sum by (mode)(irate(node_cpu_seconds_total[3s]))[1m:500ms])";
  std::map<std::string, double> slack =
      ByLabels(server.Query("max_over_time" + rates + " - min_over_time" + rates, t));
  const double ticks = 2 * 0.01 * static_cast<double>(std::thread::hardware_concurrency());
  for (auto& [labels, spread] : slack) spread = (spread + ticks) / kWindowSeconds;
  return slack;
}

class ExportersTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string missing = Exporters::Missing();
    if (!missing.empty()) GTEST_SKIP() << "not installed: " << missing;
    ASSERT_TRUE(exporters_.Start(directory_)) << exporters_.error();
  }
  // Requests that a Prometheus answers with 200 and, nearly always, with 503. That there were some
  // shows in the error rate, which must not be empty.
  static void MakeTraffic(const ServerProcess& prometheus) {
    prometheus.Get("/api/v1/query?query=up");
    prometheus.Get("/api/v1/query?query=up&timeout=1e-9");
  }
  // Starts the Prometheus that is a target, with counters that are far from zero: 2.42 extrapolates
  // a counter that starts near zero in another way than 3.x, and Hearth follows 3.x.
  std::unique_ptr<ServerProcess> StartTarget() {
    std::unique_ptr<ServerProcess> target = StartPrometheus(directory_, "target", "");
    EXPECT_TRUE(target->WaitUntilOk("/-/ready")) << target->process().Output();
    for (int i = 0; i < 200; ++i) {
      MakeTraffic(*target);
      target->Get("/metrics");
    }
    return target;
  }
  TempDir directory_;
  Exporters exporters_;
};

TEST_F(ExportersTest, TheSameBytesGiveTheSameAnswers) {
  const std::string global = "global:\n  scrape_interval: 1s\n  external_labels: {}\n";
  std::unique_ptr<ServerProcess> target = StartTarget();
  std::unique_ptr<ServerProcess> receiver = StartPrometheus(directory_, "receiver", global);
  std::unique_ptr<ServerProcess> hearth = StartHearth(directory_);
  ASSERT_TRUE(receiver->WaitUntilOk("/-/ready")) << receiver->process().Output();
  ASSERT_TRUE(hearth->WaitUntilOk("/-/ready")) << hearth->process().Output();
  const std::string writes =
      "remote_write:\n  - url: " + receiver->Url("/api/v1/write") +
      "\n    queue_config: {batch_send_deadline: 1s}\n  - url: " + hearth->Url("/api/v1/write") +
      "\n    queue_config: {batch_send_deadline: 1s}\n";
  std::unique_ptr<ServerProcess> scraper =
      StartPrometheus(directory_, "scraper",
                      global + writes + exporters_.ScrapeConfigs({{"prometheus", target->port()}}));
  ASSERT_TRUE(scraper->WaitUntilOk("/-/ready")) << scraper->process().Output();

  const double end_of_soak = NowSeconds() + SoakSeconds();
  WaitFor(milliseconds(static_cast<int64_t>(SoakSeconds() * 1000) + 60'000), [&] {
    MakeTraffic(*target);
    return NowSeconds() >= end_of_soak;
  });
  // A moment that both have in full. Off the sample's times, since 2.42 closes windows on the left.
  double t = std::floor(NowSeconds()) - 5;
  for (int k = 0; k < 20; ++k) {
    bool clear = true;
    for (const auto& [labels, phase] : ByLabels(receiver->Query("timestamp(up) % 1", t))) {
      const double distance = std::abs(phase - std::fmod(t, 1));
      clear = clear && distance > 0.01 && distance < 0.99;
    }
    if (clear) break;
    t += 0.05;
  }
  ASSERT_TRUE(WaitFor(seconds(30), [&] {
    return hearth->Value("timestamp(up{job=\"node\"})") > t + 1 &&
           receiver->Value("timestamp(up{job=\"node\"})") > t + 1;
  }));

  for (const auto& [labels, up] : ByLabels(hearth->Query("up", t))) EXPECT_EQ(up, 1) << labels;
  for (const char* query : kQueries) {
    ExpectEqual(ByLabels(receiver->Query(query, t)), ByLabels(hearth->Query(query, t)), 1e-12,
                query);
  }
}

TEST_F(ExportersTest, ScrapingSideBySideAgrees) {
  const std::string global = "global:\n  scrape_interval: 1s\n";
  std::unique_ptr<ServerProcess> target = StartTarget();
  const std::string config = global + exporters_.ScrapeConfigs({{"prometheus", target->port()}});
  std::unique_ptr<ServerProcess> prometheus = StartPrometheus(directory_, "prometheus", config);
  std::unique_ptr<ServerProcess> hearth = StartHearth(directory_, config);
  ASSERT_TRUE(prometheus->WaitUntilOk("/-/ready")) << prometheus->process().Output();
  ASSERT_TRUE(hearth->WaitUntilOk("/-/ready")) << hearth->process().Output();

  const double end_of_soak = NowSeconds() + SoakSeconds();
  double lowest_up = 1;
  WaitFor(milliseconds(static_cast<int64_t>(SoakSeconds() * 1000) + 60'000), [&] {
    MakeTraffic(*target);
    lowest_up = std::min(lowest_up, hearth->Value("min(up)").value_or(1));
    return NowSeconds() >= end_of_soak;
  });
  EXPECT_EQ(lowest_up, 1) << hearth->Get("/api/v1/targets").body;
  EXPECT_EQ(hearth->Value("count(up)"), 5.0);
  const double t = std::floor(NowSeconds()) - 3 + 0.5;
  ExpectEqual(ByLabels(prometheus->Query(kQueries[0], t)), ByLabels(hearth->Query(kQueries[0], t)),
              0.02, kQueries[0], CpuSlack(*hearth, t));
  for (const char* query : {kQueries[1], kQueries[3]}) {
    ExpectEqual(ByLabels(prometheus->Query(query, t)), ByLabels(hearth->Query(query, t)), 0.02,
                query);
  }
}

}  // namespace
}  // namespace hearth::blackbox
