// A file system of 48 MB that writes fill and somebody frees: queries are answered all the while,
// writes resume by themselves, and nothing acknowledged is lost over restarts while full and after.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "blackbox/load.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr int kSeries = 2'000;
constexpr TimeMs kStepMs = 1'000;
constexpr int64_t kBallastBytes = int64_t{24} << 20;

class FullDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(data_);
    mounted_ = mount("tmpfs", data_.c_str(), "tmpfs", 0, "size=48m") == 0;
    if (!mounted_) GTEST_SKIP() << "mounting a tmpfs needs root";
    start_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                 std::chrono::system_clock::now().time_since_epoch())
                     .count() /
                 kStepMs * kStepMs -
             3'600'000;
  }
  void TearDown() override {
    server_.reset();
    if (mounted_) umount(data_.c_str());
  }

  void Start() {
    server_ = StartHearth(directory_);
    ASSERT_TRUE(server_->WaitUntilOk("/-/ready")) << server_->process().Output();
  }
  // Sends step `n` of all series; notes it when it was acknowledged.
  int Write(int64_t n) {
    // Of values that no codec makes small.
    std::string body;
    for (int i = 0; i < kSeries; ++i) {
      AppendTimeSeries(load_.labels(i).bytes(), {start_ + n * kStepMs, Value(i, n)}, &body);
    }
    const Answer answer = SendRemoteWrite(*server_, body);
    if (answer.status == 204) acknowledged_.insert(n);
    if (answer.status != 204) last_refusal_ = answer;
    return answer.status;
  }
  static double Value(int i, int64_t n) {
    return std::sin(static_cast<double>(i) + 0.1 * static_cast<double>(n));
  }
  double At(int64_t n) const { return static_cast<double>(start_ + n * kStepMs) / 1000; }

  // Every acknowledged step of some series is there with its value, and nothing that was not sent.
  void ExpectEverything(int64_t steps) {
    for (int i = 0; i < kSeries; i += 499) {
      const nlohmann::json data =
          server_->Query("load_metric{series=\"" + std::to_string(i) + "\"}[2h]", At(steps) + 1);
      ASSERT_TRUE(data.is_object()) << server_->process().Output();
      std::set<int64_t> found;
      for (const nlohmann::json& series : data["result"]) {
        for (const nlohmann::json& point : series["values"]) {
          const int64_t n = (std::llround(point[0].get<double>() * 1000) - start_) / kStepMs;
          found.insert(n);
          EXPECT_EQ(std::strtod(point[1].get<std::string>().c_str(), nullptr), Value(i, n));
        }
      }
      for (const int64_t n : acknowledged_) EXPECT_TRUE(found.contains(n)) << i << " step " << n;
    }
  }

  TempDir directory_;
  const std::string data_ = directory_.Path("data");
  bool mounted_ = false;
  const Load load_{kSeries};
  TimeMs start_ = 0;
  std::unique_ptr<ServerProcess> server_;
  std::set<int64_t> acknowledged_;
  Answer last_refusal_;
};

TEST_F(FullDiskTest, QueriesGoOnWritesResumeAndNothingIsLost) {
  Start();
  int64_t n = 0;
  ASSERT_EQ(Write(n++), 204);
  // Somebody else takes half of the disk; our own writes take the rest.
  const std::string ballast = data_ + "/ballast";
  std::ofstream(ballast) << std::string(kBallastBytes, 'x');
  int refused = 0;
  while (refused < 20 && n < 3'000) refused += Write(n++) != 204;
  ASSERT_EQ(refused, 20) << "the disk never filled up";
  EXPECT_EQ(last_refusal_.status, 503);
  EXPECT_NE(last_refusal_.body.find("space"), std::string::npos) << last_refusal_.body;
  ExpectEverything(n);

  for (const bool killed : {true, false}) {
    SCOPED_TRACE(killed ? "killed while full" : "terminated while full");
    if (killed) {
      server_->process().Kill();
    } else {
      EXPECT_EQ(server_->process().Terminate(), 0);
    }
    Start();
    ExpectEverything(n);
    // Full again, perhaps after what a restart left free.
    ASSERT_TRUE(WaitFor(seconds(60), [&] { return Write(n++) == 503; })) << last_refusal_.body;
    ExpectEverything(n);
  }

  std::filesystem::remove(ballast);
  ASSERT_TRUE(WaitFor(seconds(30), [&] { return Write(n++) == 204; })) << last_refusal_.body;
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Write(n++), 204) << last_refusal_.body;
  ExpectEverything(n);
  server_->process().Kill();
  Start();
  ExpectEverything(n);
}

}  // namespace
}  // namespace hearth::blackbox
