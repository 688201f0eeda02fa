// The admin API on the real binary: delete, write again, restart, flush, compact, and a snapshot
// that a second process opens.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr TimeMs kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr int64_t kSteps = 6 * 60;
constexpr double kCount = static_cast<double>(kSteps);

class AdminTest : public testing::Test {
 protected:
  void Start(const std::vector<std::string>& flags = {}) {
    server_ = StartHearth(directory_, "", flags);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  void Restart() {
    server_->process().Kill();
    Start();
  }
  // Six hours of `series`, one sample a minute, value = minute + offset.
  void Push(const std::string& series, double offset, int64_t from = 0, int64_t to = kSteps) {
    TimeSeries request{Labels{{"__name__", "m"}, {"series", series}}, {}};
    for (int64_t k = from; k < to; ++k) {
      request.samples.push_back({start_ + k * kMinute, static_cast<double>(k) + offset});
    }
    const Answer answer = SendRemoteWrite(*server_, std::vector<TimeSeries>{request});
    ASSERT_EQ(answer.status, 204) << answer.body;
  }
  Answer Admin(const std::string& call) { return server_->Post("/api/v1/admin/tsdb/" + call); }
  static double At(TimeMs t) { return static_cast<double>(t) / 1000; }
  // Samples of a series, or nothing.
  std::optional<double> Count(const ServerProcess& server, const std::string& series) const {
    return server.Value("count_over_time(m{series=\"" + series + "\"}[7h])",
                        At(start_ + kSteps * kMinute));
  }
  std::optional<double> Sum(const ServerProcess& server, const std::string& series) const {
    return server.Value("sum_over_time(m{series=\"" + series + "\"}[7h])",
                        At(start_ + kSteps * kMinute));
  }
  size_t SeriesListed() const {
    return server_->Get("/api/v1/series?match[]=m").Json()["data"].size();
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
  // The last of the six hours is the first of a day: what is compacted lies in two windows.
  const TimeMs start_ = (std::chrono::duration_cast<std::chrono::milliseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count() -
                         kHour) /
                            kDay * kDay -
                        5 * kHour;
  const double sum_ = static_cast<double>(kSteps * (kSteps - 1) / 2);
};

TEST_F(AdminTest, DeleteWriteAgainRestartCompactSnapshot) {
  Start();
  for (const char* series : {"kept", "gone", "again"}) Push(series, 0);
  ASSERT_EQ(SeriesListed(), 3u);
  ASSERT_EQ(Admin("delete_series?match[]=" + UrlEncode("m{series=~\"gone|again\"}")).status, 204);
  // The range is inclusive.
  const std::string range = "&start=" + std::to_string(start_ / 1000) +
                            "&end=" + std::to_string((start_ + 9 * kMinute) / 1000);
  ASSERT_EQ(Admin("delete_series?match[]=" + UrlEncode("m{series=\"kept\"}") + range).status, 204);
  Push("again", 1000);

  const auto expect = [&](const ServerProcess& server, const std::string& when) {
    EXPECT_EQ(Count(server, "kept"), kCount - 10) << when;
    EXPECT_EQ(Sum(server, "kept"), sum_ - 45) << when;
    EXPECT_FALSE(Count(server, "gone").has_value()) << when;
    EXPECT_EQ(Count(server, "again"), kCount) << when;
    EXPECT_EQ(Sum(server, "again"), sum_ + 1000 * kCount) << when;
  };
  expect(*server_, "at once");
  EXPECT_EQ(SeriesListed(), 2u);
  Restart();
  expect(*server_, "after a kill");
  EXPECT_EQ(SeriesListed(), 2u);

  ASSERT_EQ(Admin("compact").status, 204);
  expect(*server_, "compacted");
  EXPECT_NE(server_->Get("/metrics").body.find("\nhearth_tsdb_tombstones 0\n"), std::string::npos);
  Restart();
  expect(*server_, "compacted, after a kill");

  Push("late", 0);
  const Answer taken = Admin("snapshot");
  ASSERT_EQ(taken.status, 200) << taken.body;
  const std::string name = taken.Json()["data"]["name"];
  // What comes later is not in it.
  ASSERT_EQ(Admin("delete_series?match[]=m").status, 204);
  ASSERT_EQ(Admin("clean_tombstones").status, 204);
  EXPECT_FALSE(Count(*server_, "kept").has_value());
  const auto second = StartHearth(directory_, "", {}, "data/snapshots/" + name);
  ASSERT_TRUE(second->WaitUntilOk("/-/ready")) << second->process().Output();
  expect(*second, "the snapshot");
  EXPECT_EQ(Count(*second, "late"), kCount) << "what only the head had";
}

TEST_F(AdminTest, WhatIsWrongOrOffIsSaid) {
  Start();
  EXPECT_EQ(Admin("delete_series").status, 400);
  EXPECT_EQ(Admin("delete_series?match[]=m&start=yesterday").status, 400);
  EXPECT_EQ(Admin("snapshot?skip_head=perhaps").status, 400);
  EXPECT_EQ(server_->Get("/api/v1/admin/tsdb/compact").status, 405);
  EXPECT_EQ(Http("PUT", server_->Url("/api/v1/admin/tsdb/compact")).status, 204);
  ASSERT_EQ(server_->process().Terminate(), 0);
  Start({"--no-web.enable-admin-api"});
  for (const char* call : {"delete_series?match[]=m", "clean_tombstones", "snapshot", "compact"}) {
    const Answer answer = Admin(call);
    EXPECT_EQ(answer.status, 500) << call;
    EXPECT_EQ(answer.Json()["error"], "admin APIs disabled") << call;
  }
}

// A limit that was lowered takes effect within a minute, leaves the newest window, and does not
// drop what a snapshot shares.
TEST_F(AdminTest, SizeRetentionKeepsTheNewestWindowAndSnapshots) {
  Start();
  for (int i = 0; i < 20; ++i) Push("s" + std::to_string(i), i * 0.37);
  ASSERT_EQ(Admin("compact").status, 204);
  const std::string name = Admin("snapshot").Json()["data"]["name"];
  ASSERT_EQ(server_->process().Terminate(), 0);
  const std::string snapshot = directory_.Path("data/snapshots/" + name);
  ASSERT_GT(DiskBytes(snapshot), 0);
  Start({"--storage.tsdb.retention.size=1KB"});
  // The snapshot shares all windows: dropping one would free nothing. The figure appears with the
  // first look at the retention.
  ASSERT_TRUE(WaitFor(seconds(60), [&] {
    const std::string metrics = server_->Get("/metrics").body;
    return metrics.find("\nhearth_tsdb_owned_bytes ") != std::string::npos &&
           metrics.find("\nhearth_tsdb_owned_bytes 0\n") == std::string::npos;
  }));
  EXPECT_EQ(Count(*server_, "s1"), kCount);
  std::filesystem::remove_all(snapshot);
  ASSERT_TRUE(WaitFor(seconds(60), [&] { return Count(*server_, "s1").value_or(0) <= 60; }))
      << server_->process().Output();
  EXPECT_GT(Count(*server_, "s1").value_or(0), 0) << "the newest window stays";
}

}  // namespace
}  // namespace hearth::blackbox
