#include "server/memory_guard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace hearth {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

class MemoryGuardTest : public testing::Test {
 protected:
  void Start() {
    guard_.Start({.interval = std::chrono::milliseconds(1),
                  .resident_bytes = [this] { return resident_.load(); },
                  .flush_bytes = [] { return int64_t{0}; },
                  .relieve = [this](MemoryPressure pressure) { relieved_ = pressure; }});
  }
  // Until the guard has seen what is resident now.
  bool Reaches(MemoryPressure level) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (guard_.budget().pressure() != level || relieved_.load() != level) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::atomic<int64_t> resident_{10 * kMiB};
  std::atomic<MemoryPressure> relieved_{MemoryPressure::kNone};
  MemoryGuard guard_{100 * kMiB};
};

TEST_F(MemoryGuardTest, FollowsWhatIsResident) {
  Start();
  resident_ = 80 * kMiB;
  EXPECT_TRUE(Reaches(MemoryPressure::kShrink));
  EXPECT_TRUE(guard_.budget_or_null()->TakeForSeries(1000).ok());
  resident_ = 95 * kMiB;
  EXPECT_TRUE(Reaches(MemoryPressure::kRefuse));
  EXPECT_FALSE(guard_.budget_or_null()->TakeForSeries(1000).ok());
  resident_ = 99 * kMiB;
  EXPECT_TRUE(Reaches(MemoryPressure::kFull));
  EXPECT_FALSE(guard_.budget_or_null()->AllowWrite().ok());
  resident_ = 10 * kMiB;
  EXPECT_TRUE(Reaches(MemoryPressure::kNone)) << "relief is told when the pressure has gone";
  EXPECT_TRUE(guard_.budget_or_null()->AllowWrite().ok());
}

TEST_F(MemoryGuardTest, WorkIsBoundedByWhatIsLeft) {
  Start();
  resident_ = 80 * kMiB;
  ASSERT_TRUE(Reaches(MemoryPressure::kShrink));
  const absl::Status refused = guard_.work()->Charge(50 * kMiB);
  EXPECT_EQ(refused.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(guard_.work()->Charge(10 * kMiB).ok());
  guard_.work()->Release(10 * kMiB);
}

TEST_F(MemoryGuardTest, ManyMayAskWhileItLooks) {
  Start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        guard_.budget_or_null()->TakeForSeries(100).IgnoreError();
        guard_.budget_or_null()->AllowWrite().IgnoreError();
        ByteCharge charge(guard_.work());
        charge.Add(10'000).IgnoreError();
      }
    });
  }
  for (const int64_t percent : {80, 91, 99, 50, 92}) resident_ = percent * kMiB;
  EXPECT_TRUE(Reaches(MemoryPressure::kRefuse));
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(guard_.work()->held(), 0);
}

TEST(MemoryGuardWithoutLimitTest, NothingIsBounded) {
  MemoryGuard guard(0);
  guard.Start({});
  EXPECT_EQ(guard.budget_or_null(), nullptr);
  EXPECT_TRUE(guard.work()->Charge(int64_t{1} << 50).ok());
  guard.work()->Release(int64_t{1} << 50);
}

}  // namespace
}  // namespace hearth
