// Head and store together against a plain map, and against themselves while everything moves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

using DbPropertyTest = DbTest;

// Random pushes (in order per series, anywhere in six hours across series), flushes, rounds,
// restarts and clock moves.
TEST_F(DbPropertyTest, AgreesWithAMapWhateverHappensInBetween) {
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    db_.reset();
    options_.path = folder_.path() + StrCat("/seed", seed);
    clock_.Set(kNow);
    expected_.clear();
    Reopen();
    std::vector<TimeMs> last(12, kNow - 6 * kHour);
    for (int step = 0; step < 120; ++step) {
      switch (random() % 12) {
        case 0:
          ASSERT_TRUE(db_->Flush().ok());
          break;
        case 1:
          ASSERT_TRUE(db_->Compact().ok());
          break;
        case 2:
          clock_.Advance(5 * kMinute);
          break;
        case 3:
          if (random() % 3 == 0) Reopen();
          break;
        default: {
          std::vector<std::pair<Labels, Sample>> samples;
          const size_t series = random() % last.size();
          const bool late = random() % 3 == 0;
          for (uint32_t n = random() % 60 + 1; n > 0; --n) {
            if (late) {
              const TimeMs t = last[series] - static_cast<TimeMs>(random() % kHour);
              if (expected_[Series(static_cast<int>(series))].contains(t)) continue;
              samples.push_back({Series(static_cast<int>(series)), {t, t / 3.0}});
              continue;
            }
            last[series] += random() % 60'000 + 1;
            if (last[series] > clock_.NowMs()) break;
            const double value = random() % 5 == 0 ? StaleNaN() : random() / 7.0;
            samples.push_back({Series(static_cast<int>(series)), {last[series], value}});
          }
          if (!samples.empty()) Push(samples);
        }
      }
      if (step % 10 != 0) continue;
      const TimeMs from = kNow - 7 * kHour + static_cast<TimeMs>(random() % (8 * kHour));
      const TimeRange range{from, from + static_cast<TimeMs>(random() % (4 * kHour))};
      const StoreContents expected = Expected(range), read = Read(range);
      ASSERT_EQ(read.size(), expected.size());
      for (const auto& [labels, samples] : expected) {
        const auto it = read.find(labels);
        ASSERT_TRUE(it != read.end()) << labels.ToString();
        ASSERT_EQ(it->second.size(), samples.size()) << labels.ToString();
        for (const auto& [t, v] : samples) {
          ASSERT_TRUE(it->second.contains(t)) << t;
          ASSERT_TRUE(SameBits(it->second.at(t), v)) << t;
        }
      }
    }
  }
}

// One thread appends, one flushes, one queries: whoever reads sees every sample that was
// acknowledged before, once, and whole commits.
TEST_F(DbPropertyTest, NothingIsMissedWhileItMovesFromHeadToStore) {
  constexpr int kSeries = 8;
  constexpr int kSteps = 400;
  const TimeMs begin = kNow - 10 * kHour;
  std::atomic<int> acknowledged{0};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int step = 0; step < kSteps; ++step) {
      PushAll(kSeries, begin + step * kMinute);
      acknowledged.store(step + 1);
    }
    done.store(true);
  });
  std::thread flusher([&] {
    while (!done.load()) {
      EXPECT_TRUE(db_->Flush().ok());
      EXPECT_TRUE(db_->Compact().ok());
    }
  });
  int queries = 0;
  while (!done.load() || queries < 3) {
    const int before = acknowledged.load();
    const StoreContents contents = Read({begin, kNow});
    size_t longest = 0;
    for (const auto& [labels, samples] : contents) longest = std::max(longest, samples.size());
    EXPECT_GE(longest, static_cast<size_t>(before));
    EXPECT_EQ(contents.size(), longest > 0 ? static_cast<size_t>(kSeries) : 0u);
    for (const auto& [labels, samples] : contents) {
      ASSERT_EQ(samples.size(), longest) << "half a commit of " << labels.ToString();
      ASSERT_EQ(samples.rbegin()->first, begin + static_cast<TimeMs>(longest - 1) * kMinute);
    }
    ++queries;
  }
  writer.join();
  flusher.join();
  EXPECT_EQ(Read(), expected_);
}

}  // namespace
}  // namespace hearth
