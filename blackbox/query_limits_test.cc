// What surrounds a query: statistics as Prometheus counts them (compared with one, where it is
// installed), the query log, and the list of queries that a crash has interrupted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "blackbox/exporters.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TimeMs NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class QueryLimitsTest : public testing::Test {
 protected:
  void Start(const std::string& config, const std::vector<std::string>& flags = {}) {
    server_ = StartHearth(directory_, config, flags);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  json LogLine(const std::string& path, const std::string& query) const {
    std::istringstream lines(Contents(path));
    for (std::string line; std::getline(lines, line);) {
      const json entry = json::parse(line, nullptr, false);
      if (entry.is_object() && entry["params"]["query"] == query) return entry;
    }
    return {};
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
};

// 6 series of a counter and 6 of a gauge, a sample every 15 s for twenty minutes; two gauges have
// gaps. (Where windows differ from series to series, the peak depends on the series' order.)
std::vector<TimeSeries> SameData(TimeMs base) {
  std::vector<TimeSeries> all;
  for (int i = 0; i < 12; ++i) {
    TimeSeries series{Labels{{"__name__", i % 2 == 0 ? "x_total" : "y"},
                             {"i", std::to_string(i / 2)},
                             {"job", i < 6 ? "a" : "b"}},
                      {}};
    for (int k = 0; k < 80; ++k) {
      if (i % 6 == 1 && k % 9 == 4) continue;
      series.samples.push_back({base + k * 15'000, 1.0 * k * i + (k % 7)});
    }
    all.push_back(std::move(series));
  }
  return all;
}

struct Counted {
  const char* query;
  bool same_peak;  // Prometheus 2.42 counts a peak as Prometheus 3 does.
};

// Aggregations, label_replace and count_values hold less in Prometheus 3.
constexpr Counted kCounted[] = {
    {"x_total", true},
    {"-x_total", true},
    {"x_total > 100", true},
    {"x_total * 2 + 1", true},
    {"abs(x_total)", true},
    {"clamp(x_total, 1, 100)", true},
    {"timestamp(x_total)", true},
    {"rate(x_total[5m])", true},
    {"rate(x_total[5m] offset 1m)", true},
    {"quantile_over_time(0.5, x_total[5m])", true},
    {"last_over_time(y[3m])", true},
    {"x_total / on (i) group_left y", true},
    {"x_total and on (i) y > 10", true},
    {"x_total or y", true},
    {"rate(x_total[5m]) * 2", true},
    {"max_over_time(y[5m:1m])", true},
    {"max_over_time(rate(x_total[2m])[5m:1m])", true},
    {"x_total @ end()", true},
    {"x_total - x_total @ end()", true},
    {"absent(nothing)", true},
    {"absent_over_time(nothing[5m])", true},
    {"vector(time())", true},
    {"scalar(x_total{i=\"0\"}) + time()", true},
    {"1 + 2", true},
    {"hour()", true},
    {"histogram_quantile(0.9, x_total)", true},
    {"sum(x_total)", false},
    {"sum by (job) (rate(x_total[5m]))", false},
    {"topk(2, x_total)", false},
    {"count_values(\"v\", x_total)", true},
    {"avg(x_total) / sum(y)", false},
    {"label_replace(x_total, \"a\", \"$1\", \"i\", \"(.*)\")", false},
};

TEST_F(QueryLimitsTest, StatisticsAreThoseOfAPrometheus) {
  const std::string program = FindProgram("prometheus");
  if (program.empty()) GTEST_SKIP() << "prometheus is not installed";
  Start("", {"--enable-feature=promql-per-step-stats"});
  const uint16_t port = FreePort();
  ServerProcess peer({program, "--config.file=" + directory_.Write("peer.yml", ""),
                      "--storage.tsdb.path=" + directory_.Path("peer"),
                      "--web.listen-address=127.0.0.1:" + std::to_string(port),
                      "--web.enable-remote-write-receiver",
                      "--enable-feature=promql-per-step-stats,promql-at-modifier"},
                     port, directory_.Path("peer.log"));
  ASSERT_TRUE(peer.WaitUntilOk("/-/ready")) << peer.process().Output();
  const TimeMs base = NowMs() / 60'000 * 60'000 - 1'800'000;
  for (const ServerProcess* server : {server_.get(), &peer}) {
    ASSERT_EQ(SendRemoteWrite(*server, SameData(base)).status, 204);
  }
  // No step lies on a sample: 2.42 takes the sample at the left edge of a window, 3 does not.
  const double start = static_cast<double>(base) / 1000 + 301.5;
  const auto stats = [&](const ServerProcess& server, const std::string& query, bool range) {
    const std::string times = range ? "_range?start=" + std::to_string(start) +
                                          "&end=" + std::to_string(start + 600) + "&step=40"
                                    : "?time=" + std::to_string(start + 600);
    const Answer answer =
        server.Get("/api/v1/query" + times + "&stats=all&query=" + UrlEncode(query));
    EXPECT_EQ(answer.status, 200) << query << ": " << answer.body;
    return answer.Json()["data"]["stats"]["samples"];
  };
  for (const Counted& row : kCounted) {
    for (const bool range : {false, true}) {
      SCOPED_TRACE(std::string(row.query) + (range ? " (range)" : " (instant)"));
      const json ours = stats(*server_, row.query, range), theirs = stats(peer, row.query, range);
      EXPECT_EQ(ours["totalQueryableSamples"], theirs["totalQueryableSamples"]);
      EXPECT_EQ(ours["totalQueryableSamplesPerStep"], theirs["totalQueryableSamplesPerStep"]);
      if (row.same_peak) {
        EXPECT_EQ(ours["peakSamples"], theirs["peakSamples"]);
      } else {
        EXPECT_LE(ours["peakSamples"].get<int64_t>(), theirs["peakSamples"].get<int64_t>());
      }
    }
  }
}

TEST_F(QueryLimitsTest, TheVerdictIsThatOfThePeak) {
  Start("", {"--query.max-samples=1000"});
  const TimeMs base = NowMs() / 60'000 * 60'000 - 1'800'000;
  ASSERT_EQ(SendRemoteWrite(*server_, SameData(base)).status, 204);
  const auto range = [&](const std::string& query, int steps) {
    const double start = static_cast<double>(base) / 1000 + 301.5;
    return server_->Get("/api/v1/query_range?stats=true&query=" + UrlEncode(query) +
                        "&start=" + std::to_string(start) +
                        "&end=" + std::to_string(start + steps - 1) + "&step=1");
  };
  const Answer most = range("x_total", 166);  // 6 × 166 = 996
  ASSERT_EQ(most.status, 200);
  EXPECT_EQ(most.Json()["data"]["stats"]["samples"]["peakSamples"], 996);
  EXPECT_FALSE(most.Json()["data"]["stats"]["samples"].contains("totalQueryableSamplesPerStep"));
  const Answer more = range("x_total", 167);
  EXPECT_EQ(more.status, 422);
  EXPECT_EQ(more.Json()["error"],
            "query processing would load too many samples into memory in query execution");
  EXPECT_EQ(range("sum(x_total)", 166).status, 200);
  EXPECT_EQ(range("x_total * 2", 100).status, 422);
}

TEST_F(QueryLimitsTest, TheQueryLogFollowsTheConfiguration) {
  const std::string first = directory_.Path("first.log"), second = directory_.Path("second.log");
  const auto configure = [&](const std::string& path) {
    directory_.Write("prometheus.yml",
                     path.empty() ? "" : "global:\n  query_log_file: " + path + "\n");
    return server_->Post("/-/reload").status;
  };
  Start("global:\n  query_log_file: " + first + "\n");
  ASSERT_EQ(server_->Get("/api/v1/query?query=1%2B1").status, 200);
  const json entry = LogLine(first, "1+1");
  ASSERT_FALSE(entry.is_null()) << Contents(first);
  EXPECT_EQ(entry["httpRequest"]["clientIP"], "127.0.0.1");
  EXPECT_EQ(entry["httpRequest"]["method"], "GET");
  EXPECT_EQ(entry["httpRequest"]["path"], "/api/v1/query");
  EXPECT_EQ(entry["params"]["step"], 0);
  EXPECT_TRUE(entry["stats"]["timings"].contains("execTotalTime"));
  EXPECT_TRUE(entry["stats"]["samples"].contains("peakSamples"));

  ASSERT_EQ(configure(second), 200);
  server_->Get("/api/v1/query?query=2%2B2");
  EXPECT_FALSE(LogLine(second, "2+2").is_null());
  EXPECT_TRUE(LogLine(first, "2+2").is_null());

  // A log that was moved away is begun anew at a reload; here by a signal.
  std::filesystem::rename(second, second + ".1");
  server_->process().Signal(SIGHUP);
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return std::filesystem::exists(second); }));

  EXPECT_EQ(configure(directory_.Path("missing/query.log")), 500);
  server_->Get("/api/v1/query?query=3%2B3");
  EXPECT_FALSE(LogLine(second, "3+3").is_null()) << "a reload that fails changes nothing";
  EXPECT_THAT(server_->Get("/metrics").body, HasSubstr("prometheus_engine_query_log_enabled 1"));

  ASSERT_EQ(configure(""), 200);
  server_->Get("/api/v1/query?query=4%2B4");
  EXPECT_TRUE(LogLine(second, "4+4").is_null());
  EXPECT_THAT(server_->Get("/metrics").body, HasSubstr("prometheus_engine_query_log_enabled 0"));
}

TEST_F(QueryLimitsTest, AfterACrashTheLogNamesTheQueriesThatRan) {
  Start("");
  std::vector<TimeSeries> series;
  const TimeMs now = NowMs();
  for (int i = 0; i < 500; ++i) {
    TimeSeries one{Labels{{"__name__", "x"}, {"i", std::to_string(i)}}, {}};
    for (int k = 0; k < 100; ++k) one.samples.push_back({now - 600'000 + k * 5000, 1.0 * k});
    series.push_back(std::move(one));
  }
  ASSERT_EQ(SendRemoteWrite(*server_, series).status, 204);
  const std::string active = directory_.Path("data/queries.active");
  const double end = static_cast<double>(now) / 1000;
  std::thread client([&] {
    server_->Get("/api/v1/query_range?query=" + UrlEncode("sum(quantile_over_time(0.9, x[9m]))") +
                 "&start=" + std::to_string(end - 600) + "&end=" + std::to_string(end) +
                 "&step=0.06");
  });
  const bool listed = WaitFor(seconds(30), [&] {
    return Contents(active).find("quantile_over_time") != std::string::npos;
  });
  server_->process().Kill();
  client.join();
  ASSERT_TRUE(listed);
  server_ = StartHearth(directory_);
  ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  const std::string output = server_->process().Output();
  EXPECT_THAT(output, HasSubstr("These queries didn't finish in prometheus' last run:"));
  EXPECT_THAT(output, HasSubstr("quantile_over_time(0.9, x[9m])"));
  EXPECT_EQ(Contents(active).find("quantile_over_time"), std::string::npos);
}

}  // namespace
}  // namespace hearth::blackbox
