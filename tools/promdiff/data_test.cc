#include "tools/promdiff/data.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace hearth::promdiff {
namespace {

std::map<std::string, std::map<TimeMs, uint64_t>> Bits(const std::vector<DataSeries>& all) {
  std::map<std::string, std::map<TimeMs, uint64_t>> bits;
  for (const DataSeries& series : all) {
    for (const Sample& sample : series.samples) {
      const bool is_new =
          bits[series.labels.bytes()].emplace(sample.t, std::bit_cast<uint64_t>(sample.v)).second;
      EXPECT_TRUE(is_new) << series.labels.ToString() << " twice at " << sample.t;
    }
  }
  return bits;
}

TEST(DataTest, BatchesHoldEverySampleOnce) {
  for (const bool late : {false, true}) {
    const Data data = MakeData({.seed = 5, .on_boundary = false, .late_samples = late});
    std::vector<DataSeries> sent;
    for (const auto& batch : data.batches) sent.insert(sent.end(), batch.begin(), batch.end());
    EXPECT_EQ(Bits(sent), Bits(data.series));
  }
}

TEST(DataTest, SamplesKeepOffTheQuarterSecondsUnlessAskedOtherwise) {
  for (const DataSeries& series : MakeData({.seed = 2}).series) {
    for (const Sample& sample : series.samples) EXPECT_NE(sample.t % 250, 0);
  }
  for (const DataSeries& series : MakeData({.seed = 2, .on_boundary = true}).series) {
    for (const Sample& sample : series.samples) EXPECT_EQ(sample.t % 5000, 0);
  }
}

TEST(DataTest, AscendingWithMarkersResetsGapsAndEdges) {
  const Data data = MakeData({.seed = 1});
  bool stale = false, nan = false, infinite = false, reset = false, gap = false;
  for (const DataSeries& series : data.series) {
    for (size_t i = 0; i < series.samples.size(); ++i) {
      const Sample& sample = series.samples[i];
      EXPECT_TRUE(data.start_ms <= sample.t && sample.t <= data.end_ms);
      stale = stale || IsStaleNaN(sample.v);
      nan = nan || (std::isnan(sample.v) && !IsStaleNaN(sample.v));
      infinite = infinite || std::isinf(sample.v);
      if (i == 0) continue;
      EXPECT_LT(series.samples[i - 1].t, sample.t);
      gap = gap || sample.t - series.samples[i - 1].t > 300'000;
      reset = reset || (series.labels.MetricName() == "c" && sample.v < series.samples[i - 1].v);
    }
  }
  EXPECT_TRUE(stale && nan && infinite && reset && gap);
}

}  // namespace
}  // namespace hearth::promdiff
