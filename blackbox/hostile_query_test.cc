// Queries that mean harm, or are a slip, while data keeps coming in: each gets an answer or a clear
// error, no write fails, memory stays bounded, and what runs for a client that has gone ends.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "blackbox/load.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr int kSeries = 1000;
constexpr int kSamples = 120;
constexpr TimeMs kStepMs = 5'000;
constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kTotalBytes = 400 * kMiB;

std::string Repeat(std::string_view text, size_t n) {
  std::string all;
  all.reserve(text.size() * n);
  for (size_t i = 0; i < n; ++i) all.append(text);
  return all;
}

class HostileQueryTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = StartHearth(
        directory_, "",
        {"--query.max-bytes=200MB", "--query.max-total-bytes=400MB", "--query.timeout=2m"});
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
    now_ = std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count() /
           kStepMs * kStepMs;
    for (int n = 0; n < kSamples; ++n) {
      const TimeMs t = now_ - (kSamples - n) * kStepMs;
      ASSERT_EQ(SendRemoteWrite(*server_, load_.Body(0, kSeries, n, t)).status, 204);
    }
    writer_ = std::thread([this] { Write(); });
  }
  void TearDown() override {
    stop_ = true;
    if (writer_.joinable()) writer_.join();
    EXPECT_EQ(failed_writes_, 0) << "writes must not notice";
    EXPECT_GT(writes_, 0);
    EXPECT_TRUE(server_->process().Running());
    EXPECT_LT(peak_resident_, kTotalBytes + 400 * kMiB);
  }

  // Data of another metric keeps coming in.
  void Write() {
    for (int64_t n = 0; !stop_; ++n) {
      std::vector<TimeSeries> series;
      for (int i = 0; i < 100; ++i) {
        series.push_back({Labels{{"__name__", "ingested"}, {"i", std::to_string(i)}},
                          {{now_ - 600'000 + n, static_cast<double>(n)}}});
      }
      if (SendRemoteWrite(*server_, series).status != 204) ++failed_writes_;
      ++writes_;
      peak_resident_ = std::max<int64_t>(peak_resident_, server_->process().ResidentBytes());
    }
  }

  static std::string Form(std::string_view query) { return "query=" + UrlEncode(query); }
  std::string RangeForm(std::string_view query, int steps) const {
    const double end = static_cast<double>(now_) / 1000;
    const int step_ms = (600'000 + steps - 1) / steps;
    return Form(query) + "&start=" + std::to_string(end - 600) + "&end=" + std::to_string(end) +
           "&step=" + std::to_string(step_ms / 1000.0);
  }
  Answer Post(const std::string& path, const std::string& form) const {
    return Http("POST", server_->Url(path), form,
                {"Content-Type: application/x-www-form-urlencoded"}, seconds(150));
  }
  Answer Instant(std::string_view query) const { return Post("/api/v1/query", Form(query)); }

  // The running and the waiting ones.
  double Queries() const {
    const std::string metrics = server_->Get("/metrics").body;
    const std::string name = "\nprometheus_engine_queries ";
    const size_t at = metrics.find(name);
    return at == std::string::npos ? -1 : std::atof(metrics.c_str() + at + name.size());
  }

  TempDir directory_;
  const Load load_{kSeries};
  std::unique_ptr<ServerProcess> server_;
  TimeMs now_ = 0;
  std::thread writer_;
  std::atomic<bool> stop_{false};
  std::atomic<int> writes_{0}, failed_writes_{0};
  std::atomic<int64_t> peak_resident_{0};
};

TEST_F(HostileQueryTest, TextThatIsTooMuchIsRefusedWithItsReason) {
  const auto refused = [&](const std::string& query, std::string_view why) {
    const Answer answer = Instant(query);
    EXPECT_EQ(answer.status, 400) << query.substr(0, 50);
    EXPECT_THAT(answer.body.substr(0, 500), HasSubstr(std::string(why)));
    EXPECT_EQ(answer.Json()["errorType"], "bad_data");
  };
  refused(Repeat("(", 10'000) + "1" + Repeat(")", 10'000), "nested deeper than 500 levels");
  refused(Repeat("-", 10'000) + "1", "nested deeper than 500 levels");
  refused(Repeat("sum(", 10'000) + "up" + Repeat(")", 10'000), "nested deeper than 500 levels");
  refused("1" + Repeat("+1", 10'000), "nested deeper than 500 levels");
  refused("load_metric" + Repeat(" or load_metric", 10'000), "nested deeper than 500 levels");
  refused(Repeat(" ", (1 << 20) + 1), "the limit is 1048576");
  refused("load_metric{a=\"" + Repeat("x", 1 << 20) + "\"}", "the limit is 1048576");
}

TEST_F(HostileQueryTest, AMegabyteThatParsesIsAnswered) {
  const std::string label(1'000'000, 'x');
  EXPECT_EQ(Instant("load_metric{a=\"" + label + "\"}").status, 200);
  // A balanced tree of 2^16 terms is not deep.
  std::string tree = "time()";
  for (int level = 0; level < 16; ++level) tree = "(" + tree + "+" + tree + ")";
  ASSERT_LT(tree.size(), size_t{1} << 20);
  const Answer answer = Instant(tree);
  EXPECT_THAT(answer.status, AnyOf(200, 422)) << answer.body.substr(0, 300);
  const Answer range = Post("/api/v1/query_range", RangeForm(tree, 10'000));
  EXPECT_EQ(range.status, 422);
  EXPECT_THAT(range.body.substr(0, 300), HasSubstr("--query.max-bytes"));
}

TEST_F(HostileQueryTest, ALongRegularExpressionIsAnsweredOrRefused) {
  std::string alternatives = "0", classes, wildcards = "h";
  while (alternatives.size() < 100'000) {
    alternatives += "|" + std::to_string(alternatives.size());
    wildcards += "|host." + std::to_string(wildcards.size());
  }
  const Answer answer = Instant("count(load_metric{series=~\"" + alternatives + "\"})");
  ASSERT_EQ(answer.status, 200) << answer.body.substr(0, 300);
  EXPECT_EQ(answer.Json()["data"]["resultType"], "vector");
  const Answer many = Instant("count(load_metric{instance=~\"" + wildcards + "\"})");
  EXPECT_THAT(many.status, AnyOf(200, 400)) << many.body.substr(0, 300);
  while (classes.size() < 100'000) classes += "[a-z0-9]*(x|[^y]+)";
  const Answer hard = Instant("count(load_metric{instance=~\"" + classes + "\"})");
  EXPECT_THAT(hard.status, AnyOf(200, 400)) << hard.body.substr(0, 300);
  const Answer repeated = Instant("load_metric{instance=~\"((a{1000}){1000}){1000}\"}");
  EXPECT_EQ(repeated.status, 400) << repeated.body.substr(0, 300);
}

TEST_F(HostileQueryTest, WhatWouldNotFitIsRefusedByNameOfItsLimit) {
  const auto fails = [&](const Answer& answer, std::string_view why) {
    EXPECT_EQ(answer.status, 422) << answer.body.substr(0, 300);
    EXPECT_EQ(answer.Json()["errorType"], "execution");
    EXPECT_THAT(answer.body.substr(0, 1000), HasSubstr(std::string(why)));
  };
  fails(Instant("max_over_time(load_metric[30d:1ms])"), "too many samples");
  fails(Instant("max_over_time(vector(1)[49999s:1ms])"), "--query.max-bytes");
  fails(Instant("load_metric * on (job) load_metric"), "many-to-many matching not allowed");
  // Twice the series: sent while it is written, an answer takes 16 bytes a point.
  const std::string twice = "load_metric or label_replace(load_metric, \"x\", \"1\", \"\", \"\")";
  fails(Post("/api/v1/query_range", RangeForm(twice, 10'900)), "--query.max-bytes");
  fails(Post("/api/v1/query_range", RangeForm("count_values(\"v\", load_metric * time())", 2'000)),
        "--query.max-bytes");
  fails(Post("/api/v1/query_range",
             RangeForm("load_metric * on (series) group_left (mode) load_metric", 10'900)),
        "--query.max-bytes");
  const Answer all = Instant("count_values(\"v\", {__name__=~\".+\"})");
  EXPECT_EQ(all.status, 200) << all.body.substr(0, 300);
  EXPECT_EQ(Post("/api/v1/query_range", RangeForm("sum(load_metric)", 10'900)).status, 200)
      << "an aggregation of as many samples needs no such memory";
}

TEST_F(HostileQueryTest, FiftyHeavyQueriesAtOnceAreEachAnsweredOrRefused) {
  const std::vector<std::string> queries = {
      RangeForm("sum by (mode) (rate(load_metric[5m]))", 1000),
      RangeForm("load_metric", 2500),
      RangeForm("topk(5, load_metric)", 2000),
      RangeForm("load_metric * on (series) load_metric", 1500),
      RangeForm("quantile by (group) (0.9, load_metric)", 2000),
  };
  std::vector<std::thread> clients;
  std::atomic<int> answered{0}, refused{0};
  for (size_t i = 0; i < 50; ++i) {
    clients.emplace_back([&, i] {
      const Answer answer = Post("/api/v1/query_range", queries[i % queries.size()]);
      if (answer.status == 200) {
        ++answered;
      } else if (answer.status == 422 && answer.body.find("--query.max-") != std::string::npos) {
        ++refused;
      } else {
        ADD_FAILURE() << answer.status << " " << answer.body.substr(0, 300);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered + refused, 50);
  EXPECT_GT(answered, 0) << "how many fit at once depends on how fast they come and go";
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return Queries() == 0; }));
  // Nothing is left of their memory.
  EXPECT_EQ(Post("/api/v1/query_range", RangeForm("load_metric", 2000)).status, 200);
}

// A connection that sends a request and goes.
class Caller {
 public:
  Caller(uint16_t port, const std::string& path, const std::string& form) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return;
    const std::string request = "POST " + path +
                                " HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                "application/x-www-form-urlencoded\r\nContent-Length: " +
                                std::to_string(form.size()) + "\r\n\r\n" + form;
    sent_ = send(fd_, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size());
  }
  ~Caller() { HangUp(); }
  bool sent() const { return sent_; }
  // There is something to read: the answer, or the end.
  bool Answered() const {
    pollfd connection{fd_, POLLIN, 0};
    return poll(&connection, 1, 0) > 0;
  }
  void HangUp() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_ = -1;
  bool sent_ = false;
};

TEST_F(HostileQueryTest, AQueryWhoseClientHasGoneFreesItsProcessor) {
  // Each takes many seconds when it is let.
  const std::pair<const char*, int> queries[] = {
      {"sum(quantile_over_time(0.9, load_metric[10m]))", 10'900},
      {"max(predict_linear(load_metric[10m], 60))", 10'900},
      {"sum(mad_over_time(load_metric[10m]))", 10'900},
      {"sum(max_over_time(deriv(load_metric[10m])[10m:1s]))", 1000},
      {"count_values(\"v\", round(load_metric * 0))", 10'000},
      {"sum(stddev_over_time((load_metric + 1)[10m:100ms]))", 200},
  };
  int stopped = 0;
  for (const auto& [query, steps] : queries) {
    SCOPED_TRACE(query);
    const double before = server_->process().CpuSeconds();
    Caller caller(server_->port(), "/api/v1/query_range", RangeForm(query, steps));
    ASSERT_TRUE(caller.sent());
    // It runs, and has used more than it takes to begin.
    WaitFor(seconds(30),
            [&] { return caller.Answered() || server_->process().CpuSeconds() > before + 0.5; });
    const bool runs = !caller.Answered();
    caller.HangUp();
    const double at_hang_up = server_->process().CpuSeconds();
    ASSERT_TRUE(WaitFor(seconds(30), [&] { return Queries() == 0; }));
    if (!runs) continue;  // Faster than thought on this machine.
    ++stopped;
    // Both processors for half a second, and what the writer costs meanwhile.
    EXPECT_LT(server_->process().CpuSeconds() - at_hang_up, 1.5);
  }
  EXPECT_GE(stopped, 4) << "queries that are slow enough to be stopped";
}

TEST_F(HostileQueryTest, QueriesThatWaitForTheirTurnGoWithTheirClients) {
  std::vector<std::unique_ptr<Caller>> callers;
  for (int i = 0; i < 40; ++i) {
    callers.push_back(std::make_unique<Caller>(
        server_->port(), "/api/v1/query_range",
        RangeForm("sum(quantile_over_time(0.9, load_metric[10m]))", 10'900)));
  }
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return Queries() == 40; })) << Queries();
  callers.clear();
  EXPECT_TRUE(WaitFor(seconds(30), [&] { return Queries() == 0; })) << Queries();
}

}  // namespace
}  // namespace hearth::blackbox
