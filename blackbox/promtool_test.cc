// Debian's promtool as a client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;

class PromtoolTest : public testing::Test {
 protected:
  void SetUp() override {
    if (FindProgram("promtool").empty())
      GTEST_SKIP() << "promtool (package prometheus) is not installed";
    server_ = StartHearth(directory_);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
    now_ = std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
               .count();
    const std::vector<TimeSeries> series = {
        {{{"__name__", "requests_total"}, {"job", "api"}},
         {{now_ - 60'000, 10}, {now_ - 30'000, 20}, {now_, 35}}}};
    ASSERT_EQ(SendRemoteWrite(*server_, series).status, 204);
  }
  std::string Promtool(std::vector<std::string> args) {
    args.insert(args.begin(), "promtool");
    Process process(args, directory_.Path("promtool" + std::to_string(++runs_) + ".out"));
    EXPECT_EQ(process.Wait(seconds(20)), 0) << process.Output();
    return process.Output();
  }
  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
  TimeMs now_ = 0;
  int runs_ = 0;
};

TEST_F(PromtoolTest, QueriesAnInstant) {
  EXPECT_THAT(Promtool({"query", "instant", server_->Url(""), "requests_total"}),
              HasSubstr("requests_total{job=\"api\"} => 35"));
}

TEST_F(PromtoolTest, QueriesARange) {
  EXPECT_THAT(Promtool({"query", "range", "--start=" + std::to_string(now_ / 1000 - 60),
                        "--end=" + std::to_string(now_ / 1000 + 1), "--step=30s", server_->Url(""),
                        "requests_total"}),
              HasSubstr("requests_total{job=\"api\"} =>"));
}

TEST_F(PromtoolTest, ListsSeries) {
  EXPECT_THAT(Promtool({"query", "series", "--match=requests_total", server_->Url("")}),
              HasSubstr("{__name__=\"requests_total\", job=\"api\"}"));
}

TEST_F(PromtoolTest, ListsLabelValues) {
  EXPECT_THAT(Promtool({"query", "labels", server_->Url(""), "job"}), HasSubstr("api"));
}

}  // namespace
}  // namespace hearth::blackbox
