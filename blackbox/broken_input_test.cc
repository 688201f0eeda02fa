// Broken input from the network and from files: each a clear error, and the server goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <random>

#include "blackbox/http_fixture.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

using testing::HasSubstr;

class BrokenInputTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = StartHearth(directory_);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  void TearDown() override {
    EXPECT_EQ(server_->Get("/-/healthy").status, 200) << server_->process().Output();
  }
  // Writes `config`, reloads, and returns the answer's text.
  std::string ReloadWith(std::string_view config) {
    directory_.Write("prometheus.yml", config);
    const Answer answer = server_->Post("/-/reload");
    EXPECT_EQ(answer.status, 500) << answer.body;
    return answer.body;
  }
  TempDir directory_;
  std::unique_ptr<ServerProcess> server_;
};

TEST_F(BrokenInputTest, UnknownYamlKeyIsNamedWithItsLine) {
  const std::string error = ReloadWith("global:\n  scrape_intervall: 5s\n");
  EXPECT_THAT(error, testing::AllOf(HasSubstr("prometheus.yml"), HasSubstr("line 2"),
                                    HasSubstr("scrape_intervall")));
}

TEST_F(BrokenInputTest, DuplicateYamlKeyIsNamedWithItsLine) {
  const std::string error = ReloadWith("global:\n  scrape_interval: 5s\n  scrape_interval: 6s\n");
  EXPECT_THAT(error, testing::AllOf(HasSubstr("line 3"), HasSubstr("scrape_interval"),
                                    HasSubstr("already")));
}

TEST_F(BrokenInputTest, BadDurationIsQuoted) {
  EXPECT_THAT(ReloadWith("global:\n  scrape_interval: soon\n"),
              HasSubstr("not a valid duration string: \"soon\""));
}

TEST_F(BrokenInputTest, BadRegexIsExplained) {
  EXPECT_THAT(
      ReloadWith("scrape_configs:\n  - job_name: x\n    relabel_configs:\n      - action: keep\n"
                 "        source_labels: [a]\n        regex: 'a('\n"),
      HasSubstr("missing closing )"));
}

TEST_F(BrokenInputTest, TruncatedSnappyIs400) {
  const std::string body =
      SnappyCompress(EncodeWriteRequest(std::vector<TimeSeries>{{{{"__name__", "m"}}, {{1, 1}}}}));
  for (size_t n = 0; n < body.size(); ++n) {
    const Answer answer = SendRawBody(*server_, body.substr(0, n));
    EXPECT_EQ(answer.status, 400) << n << ": " << answer.body;
  }
}

TEST_F(BrokenInputTest, SnappyThatDeclaresFourGigabytesAllocatesNothing) {
  const int64_t before = server_->process().ResidentBytes();
  const Answer answer = SendRawBody(*server_, std::string("\xff\xff\xff\xff\x0f\x00", 6));
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("4294967295"));
  EXPECT_LT(server_->process().ResidentBytes() - before, 64 << 20);
}

TEST_F(BrokenInputTest, RandomBytesAre400) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    std::string bytes(random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    // As they are, and inside valid snappy so that the protobuf walk sees them. By chance an input
    // can be an empty request.
    const int raw = SendRawBody(*server_, bytes).status,
              wrapped = SendRemoteWrite(*server_, bytes).status;
    EXPECT_TRUE(raw == 400 || raw == 204) << raw;
    EXPECT_TRUE(wrapped == 400 || wrapped == 204) << wrapped;
  }
}

TEST_F(BrokenInputTest, BadExpositionLineFailsThatScrapeAndIsNamed) {
  HttpFixture target("good 1\nbad line here\ngood2 2\n", "text/plain; version=0.0.4");
  directory_.Write("prometheus.yml",
                   "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: bad\n"
                   "    static_configs:\n      - targets: ['127.0.0.1:" +
                       std::to_string(target.port()) + "']\n");
  ASSERT_EQ(server_->Post("/-/reload").status, 200);
  ASSERT_TRUE(WaitFor(seconds(20), [&] { return server_->Value("up{job=\"bad\"}") == 0.0; }));
  const std::string targets = server_->Get("/api/v1/targets").body;
  EXPECT_THAT(targets, HasSubstr("line 2"));
  EXPECT_FALSE(server_->Value("good").has_value());
}

TEST_F(BrokenInputTest, QueryErrorHasItsPosition) {
  const Answer answer = server_->Get("/api/v1/query?query=sum(");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Json().value("errorType", ""), "bad_data");
  EXPECT_THAT(answer.Json().value("error", ""), HasSubstr("1:5: parse error: "));
}

TEST_F(BrokenInputTest, TooManyPointsAre400) {
  const Answer good = server_->Get("/api/v1/query_range?query=up&start=0&end=11000&step=1");
  EXPECT_EQ(good.status, 200) << good.body;
  const Answer answer = server_->Get("/api/v1/query_range?query=up&start=0&end=11001&step=1");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body,
              HasSubstr("exceeded maximum resolution of 11,000 points per timeseries"));
}

TEST_F(BrokenInputTest, AFailedReloadKeepsTheOldConfiguration) {
  directory_.Write("prometheus.yml", "global:\n  scrape_interval: 7s\n");
  ASSERT_EQ(server_->Post("/-/reload").status, 200);
  ReloadWith("nonsense: 1\n");
  EXPECT_THAT(server_->Get("/api/v1/status/config").body, HasSubstr("scrape_interval: 7s"));
  EXPECT_EQ(server_->Get("/metrics").body.find("prometheus_config_last_reload_successful 1"),
            std::string::npos);
  directory_.Write("prometheus.yml", "global:\n  scrape_interval: 8s\n");
  server_->process().Signal(SIGHUP);
  EXPECT_TRUE(WaitFor(seconds(10), [&] {
    return server_->Get("/api/v1/status/config").body.find("scrape_interval: 8s") !=
           std::string::npos;
  }));
}

}  // namespace
}  // namespace hearth::blackbox
