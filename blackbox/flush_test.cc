// Data of three days, pushed in time order into a Hearth that scrapes nothing, reaches RocksDB,
// outlives a restart, and leaves by retention.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "blackbox/load.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr TimeMs kStepMs = 60'000;
constexpr int64_t kSteps = 3 * 24 * 60;
constexpr int kSeries = 100;

TimeMs Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class FlushTest : public testing::Test {
 protected:
  void Push(const ServerProcess& server) {
    start_ = (Now() - kSteps * kStepMs) / kStepMs * kStepMs;
    // An hour a request, each series' samples in time order.
    for (int64_t n = 0; n < kSteps; n += 60) {
      std::vector<TimeSeries> request;
      for (int i = 0; i < kSeries; ++i) {
        TimeSeries series{load_.labels(i), {}};
        for (int64_t k = n; k < n + 60; ++k)
          series.samples.push_back({start_ + k * kStepMs, Load::Value(i, k)});
        request.push_back(std::move(series));
      }
      const Answer answer = SendRemoteWrite(server, request);
      ASSERT_EQ(answer.status, 204) << answer.body;
    }
  }
  // What holds samples; beside it lies the reserve of 1 MiB, which is as large as the samples here.
  int64_t SampleBytes() const {
    int64_t bytes = 0;
    for (const char* const part : {"store", "wal", "chunks"}) {
      bytes += DiskBytes(directory_.Path(std::string("data/hearth/") + part));
    }
    return bytes;
  }
  double At(int64_t n) const { return static_cast<double>(start_ + n * kStepMs) / 1000.0; }

  // The range of every tenth series over the three days equals what was sent.
  void ExpectEverything(const ServerProcess& server) {
    const nlohmann::json data =
        server.QueryRange("load_metric{series=~\".*0\"}", At(0), At(kSteps - 1), 3600);
    ASSERT_TRUE(data.is_object());
    ASSERT_EQ(data["result"].size(), 10u);
    for (const nlohmann::json& series : data["result"]) {
      const int i = std::atoi(series["metric"]["series"].get<std::string>().c_str());
      ASSERT_EQ(series["values"].size(), 72u);
      for (size_t k = 0; k < 72; ++k) {
        EXPECT_EQ(
            series["values"][k][1].get<std::string>(),
            std::to_string(static_cast<int64_t>(Load::Value(i, static_cast<int64_t>(k) * 60))));
      }
    }
    EXPECT_EQ(server.Value("sum(count_over_time(load_metric[4d]))", At(kSteps)),
              static_cast<double>(kSeries * kSteps));
  }

  TempDir directory_;
  const Load load_{kSeries};
  TimeMs start_ = 0;
};

TEST_F(FlushTest, ThreeDaysAreFlushedAndAnsweredAfterARestart) {
  std::unique_ptr<ServerProcess> server = StartHearth(directory_);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  Push(*server);
  ExpectEverything(*server);
  // All but the last windows leave the head for sorted files.
  ASSERT_TRUE(WaitFor(seconds(60), [&] {
    int files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(directory_.Path("data/hearth/store"))) {
      files += entry.path().extension() == ".sst";
    }
    return files > 60;
  })) << server->process().Output();
  ExpectEverything(*server);
  EXPECT_EQ(server->process().Terminate(), 0);

  server = StartHearth(directory_);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  ExpectEverything(*server);
  EXPECT_EQ(server->process().Terminate(), 0);
  const int64_t three_days = SampleBytes();

  // A day's retention: the older days are gone from the disk within a minute.
  server = StartHearth(directory_, "", {"--storage.tsdb.retention.time=1d"});
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
  ASSERT_TRUE(WaitFor(seconds(60), [&] { return SampleBytes() < three_days / 2; }))
      << SampleBytes() << " of " << three_days << " bytes left\n"
      << server->process().Output();
  EXPECT_FALSE(server->Value("load_metric{series=\"0\"}", At(60)).has_value());
  EXPECT_EQ(server->Value("load_metric{series=\"0\"}", At(kSteps - 1)), Load::Value(0, kSteps - 1));
}

}  // namespace
}  // namespace hearth::blackbox
