// Samples older than their series' last one: taken by default, refused when the configuration says
// so, from the next reload on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>

#include "blackbox/http_fixture.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;

constexpr TimeMs kMinute = 60'000;

TimeMs Now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class LateSamplesTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = StartHearth(directory_);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  Answer Send(TimeMs t, double v) {
    return SendRemoteWrite(*server_, std::vector<TimeSeries>{{{{"__name__", "late"}}, {{t, v}}}});
  }
  // Reloads by SIGHUP and waits until the text is in force.
  void ReloadWith(const std::string& window) {
    directory_.Write("prometheus.yml",
                     "storage:\n  tsdb:\n    out_of_order_time_window: " + window + "\n");
    server_->process().Signal(SIGHUP);
    ASSERT_TRUE(WaitFor(seconds(10), [&] {
      return server_->Get("/api/v1/status/config")
                 .body.find("out_of_order_time_window: " + window) != std::string::npos;
    }));
  }

  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(LateSamplesTest, TheWindowIsAnHourUnlessItIsConfigured) {
  const TimeMs now = Now();
  ASSERT_EQ(Send(now, 1).status, 204);
  EXPECT_EQ(Send(now - 59 * kMinute, 2).status, 204);
  EXPECT_EQ(Send(now - 59 * kMinute, 2).status, 204) << "a repetition is success";
  const Answer other_value = Send(now - 59 * kMinute, 3);
  EXPECT_EQ(other_value.status, 400);
  EXPECT_THAT(other_value.body, HasSubstr("duplicate sample for timestamp"));
  const Answer too_old = Send(now - 61 * kMinute, 2);
  EXPECT_EQ(too_old.status, 400);
  EXPECT_THAT(too_old.body, HasSubstr("too old sample"));
  const std::string metrics = server_->Get("/metrics").body;
  EXPECT_THAT(
      metrics,
      HasSubstr("prometheus_tsdb_head_out_of_order_samples_appended_total{type=\"float\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("prometheus_tsdb_too_old_samples_total 1"));
}

TEST_F(LateSamplesTest, AReloadChangesTheWindow) {
  const TimeMs now = Now();
  ASSERT_EQ(Send(now, 1).status, 204);
  ReloadWith("0s");
  const Answer refused = Send(now - 1000, 2);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("out of order sample"));
  EXPECT_THAT(server_->Get("/metrics").body,
              HasSubstr("prometheus_tsdb_out_of_order_samples_total 1"));
  ReloadWith("2h");
  EXPECT_EQ(Send(now - 119 * kMinute, 2).status, 204);
}

}  // namespace
}  // namespace hearth::blackbox
