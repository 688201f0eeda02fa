#include "tsdb/compact/tier_policy.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace hearth {
namespace {

std::vector<GenerationInfo> Of(const std::vector<uint64_t>& series) {
  std::vector<GenerationInfo> infos;
  for (const uint64_t n : series) {
    const auto number = static_cast<uint32_t>(infos.size() + 1);
    infos.push_back({.id = {{0, 1000}, number}, .series = n, .samples = 8 * n});
  }
  return infos;
}

TEST(ChooseTier, SeveralOfASizeBecomeOne) {
  EXPECT_EQ(ChooseTier(Of({})), 0u);
  EXPECT_EQ(ChooseTier(Of({2000, 2000, 2000})), 0u);
  EXPECT_EQ(ChooseTier(Of({2000, 2000, 2000, 2000})), 1u);
  EXPECT_EQ(ChooseTier(Of({100'000, 2000, 2000, 2000, 2000})), 2u) << "the large one stays";
  EXPECT_EQ(ChooseTier(Of({100'000, 2000, 2000, 2000})), 0u);
}

TEST(ChooseTier, SmallerOnesGoAlong) {
  EXPECT_EQ(ChooseTier(Of({100'000, 8000, 8000, 8000, 2000, 2000, 8000})), 2u);
  EXPECT_EQ(ChooseTier(Of({1, 8000, 1, 5, 3, 1})), 3u) << "but not what lies before a larger one";
}

// What a window goes through in two hours of churn: few generations, and few rewrites.
TEST(ChooseTier, KeepsBothGenerationsAndRewritesFew) {
  constexpr uint64_t kFlush = 2500;
  constexpr int kFlushes = 480;
  std::vector<uint64_t> series;
  uint64_t written = 0;
  size_t most = 0;
  for (int i = 0; i < kFlushes; ++i) {
    series.push_back(kFlush);
    while (const uint32_t from = ChooseTier(Of(series))) {
      const uint64_t merged =
          std::accumulate(series.begin() + (from - 1), series.end(), uint64_t{0});
      series.resize(from - 1);
      series.push_back(merged);
      written += merged;
    }
    most = std::max(most, series.size());
  }
  EXPECT_LE(most, 16u);
  EXPECT_LE(written, 5 * kFlushes * kFlush);
}

TEST(ChooseTier, ThereIsALimitWhateverTheSizes) {
  // Each smaller than the one before it, so no four of a size.
  std::vector<uint64_t> series;
  uint64_t n = uint64_t{1} << 50;
  for (size_t i = 0; i < kTierGenerationsMax; ++i, n /= 4) series.push_back(n);
  EXPECT_EQ(ChooseTier(Of(series)), 0u);
  series.push_back(n);
  EXPECT_EQ(ChooseTier(Of(series)), kTierGenerationsMax / 2 + 2);
}

}  // namespace
}  // namespace hearth
