// Ten clients repeat the same request that creates many series, the process dies in the middle, and
// after the restart the data is right once. Again and again.
//
// HEARTH_SAME_REQUEST_ROUNDS=20 HEARTH_SAME_REQUEST_SERIES=10000 is the long form, of which
// docs/reliability.md reports.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "blackbox/load.h"
#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"

namespace hearth::blackbox {
namespace {

constexpr int kClients = 10;
constexpr TimeMs kStepMs = 15'000;

int FromEnvironment(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

TEST(SameRequestTest, TenClientsOneRequestAKillAndTheDataIsRightOnce) {
  const int rounds = FromEnvironment("HEARTH_SAME_REQUEST_ROUNDS", 3);
  const int series = FromEnvironment("HEARTH_SAME_REQUEST_SERIES", 10'000);
  const Load load(series);
  std::mt19937 random(1);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(round);
    const TempDir directory;
    std::unique_ptr<ServerProcess> server = StartHearth(directory);
    ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
    const TimeMs t = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count() /
                     kStepMs * kStepMs;
    const std::string body = load.Body(0, series, 1, t);
    std::atomic<int> acknowledged{0}, answered_otherwise{0};
    std::atomic<bool> stop{false};
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c) {
      clients.emplace_back([&] {
        while (!stop) {
          const int status = SendRemoteWrite(*server, body).status;
          if (status == 204) ++acknowledged;
          if (status != 204 && status != 0) ++answered_otherwise;
          if (status == 0) return;
        }
      });
    }
    // Dies somewhere between the first acknowledgement and the end of the others.
    EXPECT_TRUE(WaitFor(seconds(60), [&] { return acknowledged > 0; }));
    const int more = static_cast<int>(random() % 10);
    EXPECT_TRUE(WaitFor(seconds(60), [&] { return acknowledged > more; }));
    server->process().Kill();
    stop = true;
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(answered_otherwise, 0);

    server = StartHearth(directory);
    ASSERT_TRUE(server->WaitUntilOk("/-/ready")) << server->process().Output();
    const double at = static_cast<double>(t) / 1000;
    EXPECT_EQ(server->Value("count(load_metric)", at), static_cast<double>(series));
    EXPECT_EQ(server->Value("sum(count_over_time(load_metric[10m]))", at),
              static_cast<double>(series));
    double sum = 0;
    for (int i = 0; i < series; ++i) sum += Load::Value(i, 1);
    EXPECT_EQ(server->Value("sum(load_metric)", at), sum);
    // The clients try again and are told that all is well.
    EXPECT_EQ(SendRemoteWrite(*server, body).status, 204);
    EXPECT_EQ(server->Value("sum(count_over_time(load_metric[10m]))", at),
              static_cast<double>(series));
  }
}

}  // namespace
}  // namespace hearth::blackbox
