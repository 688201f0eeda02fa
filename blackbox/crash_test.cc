// kill -9 in the middle of ingestion: every acknowledged sample is there, and readiness means it is
// answered.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "blackbox/load.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

// HEARTH_CRASH_SERIES=100000 is the size that docs/performance.md reports; the ordinary run is
// smaller.
int SeriesCount() {
  const char* text = std::getenv("HEARTH_CRASH_SERIES");
  return text == nullptr ? 20'000 : std::atoi(text);
}

constexpr int kSteps = 120;
constexpr TimeMs kStepMs = 15'000;
constexpr int kBatch = 2'000;

TimeMs Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Counts points of the load whose value is not what was sent, and returns all points seen by series
// and step.
struct Checked {
  int64_t points = 0;
  int64_t wrong = 0;
};

Checked CheckGroup(const ServerProcess& server, int group, TimeMs start, int64_t steps) {
  Checked checked;
  const nlohmann::json data =
      server.Query("load_metric{group=\"" + std::to_string(group) + "\"}[2h]",
                   static_cast<double>(start + (steps - 1) * kStepMs) / 1000.0 + 0.5);
  if (!data.is_object()) return checked;
  for (const nlohmann::json& series : data["result"]) {
    const int i = std::atoi(series["metric"]["series"].get<std::string>().c_str());
    for (const nlohmann::json& point : series["values"]) {
      const auto t = static_cast<TimeMs>(std::llround(point[0].get<double>() * 1000));
      const double v = std::strtod(point[1].get<std::string>().c_str(), nullptr);
      ++checked.points;
      if (v != Load::Value(i, (t - start) / kStepMs)) ++checked.wrong;
    }
  }
  return checked;
}

TEST(CrashTest, EveryAcknowledgedSampleSurvivesKillMinusNine) {
  const TempDir directory;
  const Load load(SeriesCount());
  std::unique_ptr<ServerProcess> server = StartHearth(directory);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();

  const TimeMs start = (Now() - kSteps * kStepMs) / kStepMs * kStepMs;
  // acknowledged[batch] = steps of that batch of series that were answered with 204.
  const int batches = (load.series() + kBatch - 1) / kBatch;
  std::vector<int64_t> acknowledged(static_cast<size_t>(batches), 0);
  const int kill_at = kSteps * 3 / 4;
  for (int64_t n = 0; n < kSteps; ++n) {
    for (int b = 0; b < batches; ++b) {
      if (n == kill_at && b == batches / 2) {
        // A request is in flight while the process dies: it may be kept or lost, but nothing before
        // it may be.
        std::thread killer([&] { server->process().Signal(SIGKILL); });
        const int to = std::min((b + 1) * kBatch, load.series());
        if (SendRemoteWrite(*server, load.Body(b * kBatch, to, n, start + n * kStepMs)).status ==
            204) {
          acknowledged[static_cast<size_t>(b)] = n + 1;
        }
        killer.join();
        server->process().Kill();
        n = kSteps;
        break;
      }
      const int to = std::min((b + 1) * kBatch, load.series());
      const Answer answer =
          SendRemoteWrite(*server, load.Body(b * kBatch, to, n, start + n * kStepMs));
      ASSERT_EQ(answer.status, 204) << answer.body;
      acknowledged[static_cast<size_t>(b)] = n + 1;
    }
  }

  const auto restarted = std::chrono::steady_clock::now();
  server = StartHearth(directory);
  ASSERT_TRUE(server->WaitUntilOk("/-/ready", seconds(60))) << server->process().Output();
  const std::chrono::duration<double> ready = std::chrono::steady_clock::now() - restarted;
  RecordProperty("seconds_to_ready", std::to_string(ready.count()));
  std::cerr << "ready after " << ready.count() << " s with " << load.series() << " series\n";

  // The newest acknowledged sample is answered at once.
  const int64_t newest = acknowledged[0];
  const double newest_s = static_cast<double>(start + (newest - 1) * kStepMs) / 1000.0;
  EXPECT_EQ(server->Value("load_metric{series=\"0\"}", newest_s), Load::Value(0, newest - 1));

  for (int b = 0; b < batches; ++b) {
    for (int group = b * kBatch / 100; group < std::min((b + 1) * kBatch, load.series()) / 100;
         ++group) {
      const Checked checked = CheckGroup(*server, group, start, kSteps);
      const int64_t expected = acknowledged[static_cast<size_t>(b)] * 100;
      EXPECT_EQ(checked.wrong, 0) << "group " << group;
      EXPECT_GE(checked.points, expected) << "group " << group;
      EXPECT_LE(checked.points, expected + 100) << "group " << group;
    }
  }
}

TEST(CrashTest, WritesGoOnAfterTheRestart) {
  const TempDir directory;
  const Load load(100);
  const TimeMs start = Now() - 60'000;
  for (int64_t n = 0; n < 3; ++n) {
    std::unique_ptr<ServerProcess> server = StartHearth(directory);
    ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
    ASSERT_EQ(SendRemoteWrite(*server, load.Body(0, 100, n, start + n * 1000)).status, 204);
    EXPECT_EQ(server->Value("count(load_metric)"), 100.0);
    EXPECT_EQ(server->Value("sum(count_over_time(load_metric[10m]))"),
              100.0 * static_cast<double>(n + 1));
    server->process().Kill();
  }
}

}  // namespace
}  // namespace hearth::blackbox
