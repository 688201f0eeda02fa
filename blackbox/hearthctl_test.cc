// hearthctl: tsdb on the data directory of a server that has stopped, checks beside promtool.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "blackbox/load.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;

constexpr int kSeries = 20;

class HearthctlTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = StartHearth(directory_);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
    t_ = std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
             .count() -
         1000;
    ASSERT_EQ(SendRemoteWrite(*server_, load_.Body(0, kSeries, 7, t_)).status, 204);
  }
  // The exit code; what was printed is in output_.
  int Run(std::vector<std::string> args, bool with_stderr = true) {
    const std::string hearth = HearthBinary();
    args.insert(args.begin(), hearth.substr(0, hearth.rfind("server/")) + "tools/hearthctl");
    if (!with_stderr) args.insert(args.begin(), {"/bin/sh", "-c", "exec \"$@\" 2>/dev/null", "sh"});
    const std::string path = directory_.Path("output-" + std::to_string(++runs_));
    Process process(args, path);
    const int code = process.Wait(seconds(60)).value_or(-1);
    output_ = process.Output();
    return code;
  }
  std::string Data() const { return directory_.Path("data"); }

  TempDir directory_;
  const Load load_{kSeries};
  std::unique_ptr<ServerProcess> server_;
  TimeMs t_ = 0;
  int runs_ = 0;
  std::string output_;
};

TEST_F(HearthctlTest, TsdbCommandsShowWhatAStoppedServerLeft) {
  EXPECT_EQ(Run({"tsdb", "stats", Data()}), 1);
  EXPECT_THAT(output_, HasSubstr("locked by another process"));
  ASSERT_EQ(server_->process().Terminate(), 0);

  EXPECT_EQ(Run({"tsdb", "stats", Data()}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("Head series              20"));
  EXPECT_EQ(Run({"tsdb", "list", Data()}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("NUM SAMPLES"));
  EXPECT_EQ(Run({"tsdb", "verify", Data()}), 0) << output_;
  EXPECT_THAT(output_, HasSubstr(" 0 damaged"));
  EXPECT_EQ(Run({"tsdb", "dump", "--match", "load_metric{series=\"3\"}", Data()}), 0) << output_;
  EXPECT_THAT(output_,
              HasSubstr("series=\"3\"} " + std::to_string(static_cast<int>(Load::Value(3, 7))) +
                        " " + std::to_string(t_) + "\n"));
  EXPECT_EQ(Run({"tsdb", "list", directory_.Path("nowhere")}), 1);
  EXPECT_THAT(output_, HasSubstr("is not a data directory"));
}

TEST_F(HearthctlTest, GivesARecordingRuleAPast) {
  const std::string rules = directory_.Path("rules.yml");
  std::ofstream(rules) << "groups: [{name: g, interval: 1s, rules: [{record: load:count, expr: "
                          "count(load_metric), labels: {by: backfill}}]}]";
  const auto backfill = [&](const std::string& data) {
    return Run({"tsdb", "create-blocks-from", "rules", "--url", server_->Url(""), "--start",
                std::to_string(t_ / 1000 - 5), "--end", std::to_string(t_ / 1000 + 2),
                "--output-dir", data, rules});
  };
  EXPECT_EQ(backfill(Data()), 1);
  EXPECT_THAT(output_, HasSubstr("locked by another process"));
  const std::string past = directory_.Path("past");
  EXPECT_EQ(backfill(past), 0) << output_;
  EXPECT_THAT(output_, HasSubstr(" samples of 1 series"));
  EXPECT_EQ(Run({"tsdb", "verify", past}), 0) << output_;
  EXPECT_EQ(Run({"tsdb", "dump", past}, /*with_stderr=*/false), 0) << output_;
  EXPECT_THAT(output_, HasSubstr("load:count{by=\"backfill\"} 20 "));

  ASSERT_EQ(server_->process().Terminate(), 0);
  EXPECT_EQ(backfill(past), 1);
  EXPECT_THAT(output_, HasSubstr("connection refused"));
  server_ = StartHearth(directory_, "", {}, "past");
  ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  EXPECT_EQ(server_->Value("load:count", static_cast<double>(t_) / 1000 + 2), 20);
}

TEST_F(HearthctlTest, FindsTheTargetsThatPromtoolFinds) {
  if (FindProgram("promtool").empty())
    GTEST_SKIP() << "promtool (package prometheus) is not installed";
  std::ofstream(directory_.Path("targets.json"))
      << R"([{"targets": ["f:1", "drop:1", "not/a/host", "f:1"], "labels": {"__meta_x": "<y>"}}])";
  const std::string config = directory_.Path("sd.yml");
  std::ofstream(config) << R"(
scrape_configs:
- job_name: files
  params: {module: [a]}
  file_sd_configs: [{files: [targets.json]}]
  relabel_configs:
  - {source_labels: [__address__], regex: "drop.*", action: drop}
  - {source_labels: [__meta_x], target_label: x}
- job_name: fixed
  static_configs: [{targets: ["a:1", "b:1", "a:1"], labels: {env: e}}]
)";
  for (const std::string job : {"files", "fixed", "nowhere"}) {
    const std::vector<std::string> args = {"check", "service-discovery", "--timeout=1s", config,
                                           job};
    std::vector<std::string> promtool = {"/bin/sh", "-c", "exec promtool \"$@\" 2>/dev/null", "sh"};
    promtool.insert(promtool.end(), args.begin(), args.end());
    Process reference(promtool, directory_.Path("promtool-" + job));
    const int code = reference.Wait(seconds(60)).value_or(-1);
    EXPECT_EQ(Run(args, /*with_stderr=*/false), code) << job;
    EXPECT_EQ(output_, reference.Output()) << job;
  }
}

TEST_F(HearthctlTest, FormatsQueriesAsPromtoolDoes) {
  EXPECT_EQ(Run({"promql", "format", "sum(rate(x[300]))by(job) # comment"}), 0) << output_;
  EXPECT_EQ(output_, "sum by (job) (rate(x[5m]))\n");
  EXPECT_EQ(Run({"--experimental", "promql", "format", "info(x)"}), 0) << output_;
  EXPECT_EQ(output_, "info(x)\n");
  EXPECT_EQ(Run({"promql", "format", "--experimental", "1 +"}), 1);
  EXPECT_EQ(output_, "1:4: parse error: unexpected end of input\n");
}

}  // namespace
}  // namespace hearth::blackbox
