#include "model/histogram.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "model/counter_reset.h"
#include "model/histogram_buckets.h"

namespace hearth {
namespace {

Histogram Counted(std::vector<HistogramSpan> spans, std::vector<double> buckets) {
  Histogram histogram;
  histogram.positive_spans = std::move(spans);
  histogram.positive_buckets = std::move(buckets);
  for (const double count : histogram.positive_buckets) histogram.count += count;
  return histogram;
}

using Bounds = std::tuple<double, double, double, bool, bool>;

std::vector<Bounds> BoundsOf(const Histogram& histogram) {
  std::vector<Bounds> bounds;
  for (const HistogramBucket& b : PopulatedBuckets(histogram))
    bounds.emplace_back(b.lower, b.upper, b.count, b.lower_inclusive, b.upper_inclusive);
  return bounds;
}

TEST(HistogramTest, BucketsAscendWithTheirBounds) {
  Histogram histogram = Counted({{-1, 2}, {1, 1}}, {1, 0, 3});
  histogram.negative_spans = {{1, 2}};
  histogram.negative_buckets = {4, 5};
  histogram.zero_threshold = 0.25;
  histogram.zero_count = 2;
  EXPECT_EQ(BoundsOf(histogram), (std::vector<Bounds>{{-4, -2, 5, true, false},
                                                      {-2, -1, 4, true, false},
                                                      {-0.25, 0.25, 2, true, true},
                                                      {0.25, 0.5, 1, false, true},
                                                      {2, 4, 3, false, true}}));
}

TEST(HistogramTest, BoundsOfFineCoarseAndLargestBuckets) {
  Histogram histogram = Counted({{1, 1}, {6, 1}}, {1, 1});
  histogram.schema = 2;
  const std::vector<Bounds> fine = BoundsOf(histogram);
  EXPECT_EQ(fine[0], Bounds(1, std::pow(2, 0.25), 1, false, true));
  EXPECT_EQ(fine[1], Bounds(std::pow(2, 1.75), 4, 1, false, true));
  histogram = Counted({{0, 1}, {63, 2}}, {1, 1, 1});
  histogram.schema = -4;
  constexpr double kMax = std::numeric_limits<double>::max();
  EXPECT_EQ(BoundsOf(histogram), (std::vector<Bounds>{{std::ldexp(1, -16), 1, 1, false, true},
                                                      {std::ldexp(1, 1008), kMax, 1, false, true},
                                                      {kMax, INFINITY, 1, false, true}}));
}

TEST(HistogramTest, CustomBucketsBeginAndEndAtInfinity) {
  Histogram histogram = Counted({{0, 3}}, {1, 2, 3});
  histogram.schema = kCustomBucketsSchema;
  histogram.custom_values = {5, 10};
  EXPECT_EQ(BoundsOf(histogram), (std::vector<Bounds>{{-INFINITY, 5, 1, true, true},
                                                      {5, 10, 2, false, true},
                                                      {10, INFINITY, 3, false, true}}));
}

TEST(HistogramTest, SchemasOutsideTheFormatHaveSomeBounds) {
  for (const int32_t schema : {-2'000'000'000, -54, 9, 2'000'000'000}) {
    Histogram histogram = Counted({{-2'000'000'000, 1}, {2'000'000'000, 2}}, {1, 1, 1});
    histogram.schema = schema;
    for (const HistogramBucket& bucket : PopulatedBuckets(histogram))
      EXPECT_LE(bucket.lower, bucket.upper) << schema;
  }
}

TEST(HistogramTest, SpansAndBucketsOfDifferentLengthsEndTogether) {
  EXPECT_EQ(PopulatedBuckets(Counted({{0, 4'000'000'000}}, {1, 2})).size(), 2u);
  EXPECT_EQ(PopulatedBuckets(Counted({{0, 1}}, {1, 2})).size(), 1u);
}

TEST(HistogramTest, SameDataIsToldByBits) {
  const Histogram one = Counted({{0, 2}}, {1, 2});
  Histogram other = one;
  other.counter_reset_hint = CounterResetHint::kReset;
  EXPECT_TRUE(SameData(one, other));
  other.sum = -0.0;
  EXPECT_FALSE(SameData(one, other));
  other = one;
  other.positive_buckets[1] = std::nextafter(2, 3);
  EXPECT_FALSE(SameData(one, other));
  other = one;
  other.positive_spans[0].offset = 1;
  EXPECT_FALSE(SameData(one, other));
}

TEST(CounterResetTest, ACounterThatGrowsDoesNotReset) {
  const Histogram before = Counted({{0, 2}}, {1, 0});
  EXPECT_EQ(HintBehind(nullptr, before), CounterResetHint::kUnknown);
  EXPECT_EQ(HintBehind(&before, before), CounterResetHint::kNotReset);
  EXPECT_EQ(HintBehind(&before, Counted({{-3, 1}, {2, 1}}, {7, 1})), CounterResetHint::kNotReset);
}

TEST(CounterResetTest, AnyCountThatFallsIsAReset) {
  const Histogram before = Counted({{0, 2}}, {1, 2});
  EXPECT_EQ(HintBehind(&before, Counted({{0, 2}}, {1, 1})), CounterResetHint::kReset);
  EXPECT_EQ(HintBehind(&before, Counted({{0, 2}}, {0, 9})), CounterResetHint::kReset);
  EXPECT_EQ(HintBehind(&before, Counted({{1, 1}}, {9})), CounterResetHint::kReset);
  Histogram zero = before;
  zero.zero_count = 1;
  EXPECT_EQ(HintBehind(&zero, Counted({{0, 2}}, {2, 2})), CounterResetHint::kReset);
  Histogram negative;
  negative.negative_spans = {{0, 1}};
  negative.negative_buckets = {1};
  EXPECT_EQ(HintBehind(&negative, Histogram()), CounterResetHint::kReset);
  Histogram custom = before, bounds = before;
  custom.schema = bounds.schema = kCustomBucketsSchema;
  custom.custom_values = {1};
  bounds.custom_values = {2};
  EXPECT_EQ(HintBehind(&custom, bounds), CounterResetHint::kReset);
}

TEST(CounterResetTest, NothingIsKnownBehindAnotherKind) {
  const Histogram before = Counted({{0, 2}}, {1, 2});
  Histogram next = before;
  next.schema = 1;
  EXPECT_EQ(HintBehind(&before, next), CounterResetHint::kUnknown);
  next = before;
  next.zero_threshold = 1;
  EXPECT_EQ(HintBehind(&before, next), CounterResetHint::kUnknown);
  Histogram stale = before;
  stale.sum = StaleNaN();
  EXPECT_EQ(HintBehind(&stale, before), CounterResetHint::kUnknown);
  Histogram gauge = before;
  gauge.counter_reset_hint = CounterResetHint::kGauge;
  EXPECT_EQ(HintBehind(&before, gauge), CounterResetHint::kGauge);
  EXPECT_EQ(HintBehind(&gauge, before), CounterResetHint::kUnknown);
}

TEST(CounterResetTest, WhatTheSampleSaysCountsButForNotReset) {
  Histogram next = Counted({{0, 2}}, {1, 2});
  const Histogram before = next;
  next.counter_reset_hint = CounterResetHint::kReset;
  EXPECT_EQ(HintBehind(&before, next), CounterResetHint::kReset);
  EXPECT_EQ(HintBehind(nullptr, next), CounterResetHint::kReset);
  next.counter_reset_hint = CounterResetHint::kNotReset;
  EXPECT_EQ(HintBehind(nullptr, next), CounterResetHint::kUnknown);
}

}  // namespace
}  // namespace hearth
