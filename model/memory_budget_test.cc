#include "model/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

namespace hearth {
namespace {

TEST(MemoryBudgetTest, WithoutALimitThereIsRoomForAll) {
  MemoryBudget budget;
  EXPECT_TRUE(budget.TakeForSeries(std::numeric_limits<int64_t>::max()).ok());
  EXPECT_TRUE(budget.AllowWrite().ok());
  EXPECT_EQ(budget.pressure(), MemoryPressure::kNone);
}

TEST(MemoryBudgetTest, ABurstEndsWhereTheRoomDoes) {
  MemoryBudget budget(1000);
  budget.Set(MemoryPressure::kNone, 100);
  EXPECT_TRUE(budget.TakeForSeries(60).ok());
  const absl::Status refused = budget.TakeForSeries(60);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(refused.message(), "no memory for new series below --memory-limit=1000 bytes");
  EXPECT_EQ(budget.refused_series(), 1u);
  EXPECT_TRUE(budget.AllowWrite().ok());
  budget.Set(MemoryPressure::kNone, 100);
  EXPECT_TRUE(budget.TakeForSeries(60).ok());
}

TEST(MemoryBudgetTest, TheLevelsRefuseNewSeriesFirstAndWritesLast) {
  MemoryBudget budget(1000);
  budget.Set(MemoryPressure::kFlush, 100);
  EXPECT_TRUE(budget.TakeForSeries(1).ok());
  budget.Set(MemoryPressure::kRefuse, 100);
  EXPECT_FALSE(budget.TakeForSeries(1).ok());
  EXPECT_TRUE(budget.AllowWrite().ok());
  budget.Set(MemoryPressure::kFull, 100);
  EXPECT_EQ(budget.AllowWrite().message(), "no memory for samples below --memory-limit=1000 bytes");
  EXPECT_EQ(budget.refused_writes(), 1u);
}

TEST(MemoryBudgetTest, ManyThreadsTakeNoMoreThanTheRoom) {
  MemoryBudget budget(1 << 20);
  budget.Set(MemoryPressure::kNone, 10'000);
  std::atomic<int64_t> taken{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5000; ++n) {
        if (budget.TakeForSeries(3).ok()) taken += 3;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 9'999);
}

}  // namespace
}  // namespace hearth
