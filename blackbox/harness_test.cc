// The harness itself: if this fails, look here before looking at Hearth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "blackbox/exporters.h"
#include "blackbox/http_fixture.h"
#include "blackbox/process.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

TEST(HarnessTest, ProcessReportsExitCodesAndSignals) {
  const TempDir directory;
  Process seven({"sh", "-c", "echo said; exit 7"}, directory.Path("out"));
  EXPECT_EQ(seven.Wait(seconds(10)), 7);
  EXPECT_EQ(seven.Output(), "said\n");
  Process sleeper({"sleep", "60"}, directory.Path("sleep"));
  EXPECT_TRUE(sleeper.Running());
  sleeper.Signal(SIGKILL);
  EXPECT_EQ(sleeper.Wait(seconds(10)), 128 + SIGKILL);
  Process missing({"/nonexistent/program"}, directory.Path("missing"));
  EXPECT_EQ(missing.Wait(seconds(10)), 127);
}

TEST(HarnessTest, FixtureAnswersWhatWasSet) {
  HttpFixture fixture("one", "text/plain");
  const std::string url = "http://127.0.0.1:" + std::to_string(fixture.port()) + "/";
  EXPECT_EQ(Http("GET", url).body, "one");
  fixture.Set("two", "503 Service Unavailable");
  const Answer answer = Http("GET", url);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.body, "two");
  EXPECT_EQ(fixture.requests(), 2);
}

TEST(HarnessTest, ExportersServeTheirMetrics) {
  const std::string missing = Exporters::Missing();
  if (!missing.empty()) GTEST_SKIP() << "not installed: " << missing;
  const TempDir directory;
  Exporters exporters;
  ASSERT_TRUE(exporters.Start(directory)) << exporters.error();
  EXPECT_EQ(exporters.targets().size(), 4u);
  std::unique_ptr<ServerProcess> prometheus =
      StartPrometheus(directory, "prometheus", exporters.ScrapeConfigs());
  ASSERT_TRUE(prometheus->WaitUntilOk("/-/ready")) << prometheus->process().Output();
  EXPECT_THAT(prometheus->Query("1 + 1").dump(), testing::HasSubstr("\"2\""));
}

}  // namespace
}  // namespace hearth::blackbox
