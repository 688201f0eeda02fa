#include "tools/bench/series.h"

#include <cmath>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hearth::bench {
namespace {

// (labels, value) of every series at `step`.
std::vector<std::pair<std::string, double>> At(const SeriesModel& model, int64_t from, int64_t to,
                                               int step) {
  SeriesSlice slice(&model, from, to);
  for (int i = 0; i < step; ++i) slice.Advance();
  std::vector<std::pair<std::string, double>> result;
  for (size_t i = 0; i < slice.size(); ++i) {
    result.emplace_back(slice.labels(i).ToString(), slice.value(i));
  }
  return result;
}

TEST(SeriesTest, FollowsFromTheSeed) {
  const SeriesModel a({.series = 500, .seed = 7, .churn = 0.1});
  const SeriesModel b({.series = 500, .seed = 7, .churn = 0.1});
  const SeriesModel other({.series = 500, .seed = 8, .churn = 0.1});
  EXPECT_EQ(At(a, 0, 500, 25), At(b, 0, 500, 25));
  EXPECT_NE(At(a, 0, 500, 25), At(other, 0, 500, 25));
}

TEST(SeriesTest, SlicesTogetherAreTheWhole) {
  const SeriesModel model({.series = 301, .churn = 0.05});
  auto parts = At(model, 0, 100, 13);
  for (auto [from, to] : {std::pair{100, 300}, std::pair{300, 301}}) {
    const auto part = At(model, from, to, 13);
    parts.insert(parts.end(), part.begin(), part.end());
  }
  EXPECT_EQ(parts, At(model, 0, 301, 13));
}

TEST(SeriesTest, MixHoldsItsShares) {
  const SeriesModel model({.series = 16'000});
  std::map<SeriesKind, int> count;
  for (int64_t id = 0; id < 16'000; ++id) ++count[model.kind(id)];
  EXPECT_EQ(count[SeriesKind::kIdle], 8000);
  EXPECT_EQ(count[SeriesKind::kCounterInt], 3200);
  EXPECT_EQ(count[SeriesKind::kGaugeInt], 1600);
  EXPECT_EQ(count[SeriesKind::kDecimal], 1600);
  EXPECT_EQ(count[SeriesKind::kMemory], 800);
  EXPECT_EQ(count[SeriesKind::kGaugeFloat], 800);
}

TEST(SeriesTest, FamiliesHoldAThousandAtMost) {
  for (const int64_t series : {1, 150, 10'000, 20'000, 20'001, 100'000}) {
    const SeriesModel model({.series = series});
    std::map<std::string, int> count;
    for (int64_t id = 0; id < series; ++id) ++count[model.metric_name(id)];
    for (const auto& [name, n] : count) EXPECT_LE(n, 1000 + SeriesModel::kModes) << name;
    if (series == 10'000) {
      EXPECT_NEAR(count["bench_counter_int_0"], 500, 8);
      EXPECT_EQ(count.size(), 20u);
    }
  }
}

TEST(SeriesTest, ProfilesChooseTheFamilies) {
  std::set<std::string> ints, floats, read;
  const SeriesModel ints_model({.series = 2000, .profile = Profile::kInts});
  const SeriesModel floats_model({.series = 2000, .profile = Profile::kFloats});
  const SeriesModel queries_model({.series = 3000, .profile = Profile::kQueries});
  for (int64_t id = 0; id < 2000; ++id) {
    ints.insert(ints_model.metric_name(id));
    floats.insert(floats_model.metric_name(id));
  }
  for (int64_t id = 0; id < 3000; ++id) read.insert(queries_model.metric_name(id));
  EXPECT_THAT(ints, testing::ElementsAre("bench_counter_int_0", "bench_gauge_int_0"));
  EXPECT_THAT(floats, testing::ElementsAre("bench_gauge_float_0", "bench_gauge_float_1"));
  EXPECT_THAT(read, testing::ElementsAre("bench_counter_int_0", "bench_gauge_float_0",
                                         "bench_gauge_int_0"));
  EXPECT_EQ(ParseProfile("ints"), Profile::kInts);
  EXPECT_EQ(ParseProfile("queries"), Profile::kQueries);
  EXPECT_EQ(ParseProfile("doubles"), std::nullopt);
}

TEST(SeriesTest, LabelSetsAreUniqueAndOfRealSize) {
  const SeriesModel model({.series = 20'000});
  const SeriesSlice slice(&model, 0, 20'000);
  std::set<std::string_view> seen;
  size_t bytes = 0;
  for (size_t i = 0; i < slice.size(); ++i) {
    const LabelsView labels = slice.labels(i);
    ASSERT_TRUE(IsCanonical(labels.bytes()));
    EXPECT_TRUE(seen.insert(labels.bytes()).second) << labels.ToString();
    EXPECT_GE(labels.size(), 8u);
    EXPECT_LE(labels.size(), 12u);
    for (const Label& label : labels) bytes += label.name.size() + label.value.size();
  }
  EXPECT_NEAR(static_cast<double>(bytes) / 20'000, 174, 4);
}

TEST(SeriesTest, ValuesMoveAsTheirKindSays) {
  const SeriesModel model({.series = 3200});
  SeriesSlice slice(&model, 0, 3200);
  std::vector<double> before(slice.size());
  int moved = 0;
  for (int step = 0; step < 50; ++step) {
    for (size_t i = 0; i < slice.size(); ++i) before[i] = slice.value(i);
    slice.Advance();
    for (size_t i = 0; i < slice.size(); ++i) {
      const double v = slice.value(i);
      if (v != before[i]) ++moved;
      switch (model.kind(static_cast<int64_t>(i))) {
        case SeriesKind::kIdle:
          ASSERT_EQ(v, before[i]);
          break;
        case SeriesKind::kCounterInt:
          ASSERT_EQ(v, std::floor(v));
          ASSERT_GE(v, before[i]);
          break;
        case SeriesKind::kMemory:
          ASSERT_EQ(std::fmod(v, 4096), 0);
          break;
        case SeriesKind::kGaugeInt:
          ASSERT_EQ(v, std::floor(v));
          ASSERT_LE(std::abs(v - before[i]), 2);
          break;
        case SeriesKind::kDecimal:
          ASSERT_EQ(v, std::round(v * 100) / 100);
          ASSERT_GE(v, before[i]);
          break;
        case SeriesKind::kGaugeFloat:
          ASSERT_NE(v, before[i]);
          break;
      }
    }
  }
  EXPECT_GT(moved, 50 * 3200 / 4);
  EXPECT_LT(moved, 50 * 3200 / 2);
}

TEST(SeriesTest, ChurnReplacesItsShareEachStep) {
  const SeriesModel model({.series = 1000, .churn = 0.02});
  SeriesSlice slice(&model, 0, 1000);
  std::set<std::string> seen;
  for (size_t i = 0; i < slice.size(); ++i) seen.emplace(slice.labels(i).bytes());
  for (int step = 1; step <= 120; ++step) {
    slice.Advance();
    size_t fresh = 0;
    for (size_t i = 0; i < slice.size(); ++i) {
      ASSERT_TRUE(IsCanonical(slice.labels(i).bytes()));
      fresh += seen.emplace(slice.labels(i).bytes()).second;
    }
    EXPECT_EQ(fresh, 20u) << step;
  }
}

TEST(SeriesTest, AddsExtraLabels) {
  const SeriesModel model({.series = 10, .extra_labels = {{"run", "7"}, {"job", "other"}}});
  const Labels labels = model.MakeLabels(3, 0);
  EXPECT_EQ(labels.Get("run"), "7");
  EXPECT_EQ(labels.Get("job"), "other");
}

}  // namespace
}  // namespace hearth::bench
