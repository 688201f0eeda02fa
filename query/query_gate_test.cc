#include "query/query_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "model/fake_clock.h"

namespace hearth::promql {
namespace {

class QueryGateTest : public testing::Test {
 protected:
  QueryLimits Limits() {
    return {.max_samples = 1, .deadline = 1000, .clock = &clock_, .cancelled = {}};
  }
  void WaitForWaiting(const QueryGate& gate, int n) {
    while (gate.waiting() != n) std::this_thread::yield();
  }

  FakeClock clock_{0};
};

TEST_F(QueryGateTest, ClientsTakeTurnsHoweverManyQueriesOneHas) {
  QueryGate gate(1);
  ASSERT_TRUE(gate.Enter(Limits(), "greedy").ok());
  Mutex mu;
  std::string order;
  std::vector<std::thread> threads;
  const auto wait = [&](const char* client) {
    const int before = gate.waiting();
    threads.emplace_back([&, client] {
      EXPECT_TRUE(gate.Enter(Limits(), client).ok());
      {
        MutexLock lock(&mu);
        order += client[0];
      }
      gate.Leave();
    });
    WaitForWaiting(gate, before + 1);
  };
  for (int i = 0; i < 4; ++i) wait("greedy");
  wait("modest");
  gate.Leave();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, "gmggg");
  EXPECT_EQ(gate.running(), 0);
}

TEST_F(QueryGateTest, WhoGivesUpLeavesTheQueue) {
  QueryGate gate(1);
  ASSERT_TRUE(gate.Enter(Limits(), "a").ok());
  std::atomic<bool> gone{false};
  QueryLimits limits = Limits();
  limits.cancelled = [&gone] { return gone.load(); };
  std::thread cancelled(
      [&] { EXPECT_EQ(gate.Enter(limits, "b").code(), absl::StatusCode::kCancelled); });
  WaitForWaiting(gate, 1);
  gone = true;
  cancelled.join();
  std::thread late(
      [&] { EXPECT_EQ(gate.Enter(Limits(), "c").code(), absl::StatusCode::kDeadlineExceeded); });
  WaitForWaiting(gate, 1);
  clock_.Set(1000);
  late.join();
  EXPECT_EQ(gate.waiting(), 0);
  gate.Leave();
  EXPECT_EQ(gate.running(), 0);
}

}  // namespace
}  // namespace hearth::promql
