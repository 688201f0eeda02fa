#include "query/notation/histogram_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>

#include "query/notation/series_line.h"

namespace hearth::promql {
namespace {

// What a literal becomes when it is read and written.
std::string Again(std::string_view literal) {
  const auto value = ParseHistogramLiteral(literal.substr(2, literal.size() - 4));
  return value.ok() ? HistogramLiteralText(*value->histogram) : std::string("not read");
}

TEST(HistogramTextTest, LiteralsHaveOneOrderAndNoDefaults) {
  EXPECT_EQ(Again("{{}}"), "{{}}");
  EXPECT_EQ(Again("{{schema:0 sum:0 count:0 z_bucket:0 z_bucket_w:0 buckets:[0 0] offset:3}}"),
            "{{}}");
  EXPECT_EQ(Again("{{n_offset:-5 n_buckets:[4.1 5] offset:-3 buckets:[5.1 10 7] z_bucket_w:0.05 "
                  "z_bucket:7.1 count:32.1 sum:-0.3 schema:1 counter_reset_hint:gauge}}"),
            "{{schema:1 count:32.1 sum:-0.3 z_bucket:7.1 z_bucket_w:0.05 counter_reset_hint:gauge "
            "offset:-3 buckets:[5.1 10 7] n_offset:-5 n_buckets:[4.1 5]}}");
  EXPECT_EQ(Again("{{counter_reset_hint:unknown}}"), "{{}}");
  EXPECT_EQ(Again("{{counter_reset_hint:reset}}"), "{{counter_reset_hint:reset}}");
  EXPECT_EQ(Again("{{counter_reset_hint:not_reset}}"), "{{counter_reset_hint:not_reset}}");
}

TEST(HistogramTextTest, EmptyBucketsAreWrittenBetweenOthersOnly) {
  EXPECT_EQ(Again("{{buckets:[0 0 1 0 2 0] offset:-2}}"), "{{buckets:[1 0 2]}}");
  Histogram histogram;
  histogram.positive_spans = {{-1, 2}, {3, 0}, {1, 2}};
  histogram.positive_buckets = {1, 0, 0, 5};
  EXPECT_EQ(HistogramLiteralText(histogram), "{{offset:-1 buckets:[1 0 0 0 0 0 0 5]}}");
  histogram.positive_spans = {{-2'000'000'000, 1}, {2'000'000'000, 1}};
  histogram.positive_buckets = {1, 2};
  EXPECT_EQ(HistogramLiteralText(histogram), "{{offset:-2000000000 buckets:[1 0x2000000000 2]}}");
}

TEST(HistogramTextTest, CustomBucketsHaveBoundsAndOneSide) {
  EXPECT_EQ(Again("{{schema:-53 custom_values:[0.5 1e6] buckets:[1 2 3] z_bucket:4}}"),
            "{{schema:-53 custom_values:[0.5 1e+06] buckets:[1 2 3]}}");
  EXPECT_EQ(Again("{{schema:-53}}"), "{{schema:-53 custom_values:[]}}");
}

TEST(HistogramTextTest, NumbersAreWrittenAsGoDoes) {
  EXPECT_EQ(Again("{{count:1000000 sum:NaN buckets:[Inf -Inf 1e-7 100000 -0.5]}}"),
            "{{count:1e+06 sum:NaN buckets:[+Inf -Inf 1e-07 100000 -0.5]}}");
}

TEST(HistogramTextTest, RandomHistogramsReadBack) {
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937_64 random(seed);
    const auto number = [&]() -> double {
      switch (random() % 5) {
        case 0:
          return 0;
        case 1:
          return static_cast<double>(random() % 100);
        case 2:
          return std::numeric_limits<double>::infinity();
        default:
          return std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 1000) - 600);
      }
    };
    const auto side = [&](std::vector<HistogramSpan>* spans, std::vector<double>* counts) {
      for (size_t n = random() % 4; n > 0; --n) {
        spans->push_back({static_cast<int32_t>(random() % 60) - 20 * spans->empty(),
                          static_cast<uint32_t>(random() % 4)});
        for (uint32_t i = spans->back().length; i > 0; --i) counts->push_back(number());
      }
    };
    Histogram histogram;
    histogram.schema = static_cast<int32_t>(random() % 13) - 4;
    histogram.counter_reset_hint = static_cast<CounterResetHint>(random() % 4);
    histogram.count = number();
    histogram.sum = 0 - number();
    histogram.zero_count = number();
    histogram.zero_threshold = number();
    side(&histogram.positive_spans, &histogram.positive_buckets);
    side(&histogram.negative_spans, &histogram.negative_buckets);
    const std::string text = HistogramLiteralText(histogram);
    ASSERT_EQ(Again(text), text) << "seed " << seed;
    const auto read = ParseHistogramLiteral(std::string_view(text).substr(2, text.size() - 4));
    ASSERT_TRUE(read.ok()) << "seed " << seed;
    EXPECT_EQ(HistogramText(*read->histogram), HistogramText(histogram)) << "seed " << seed;
  }
}

TEST(HistogramTextTest, ShownWithTheBoundsOfItsBuckets) {
  const auto value = ParseHistogramLiteral(
      "count:3 sum:4.5 z_bucket:1 z_bucket_w:0.1 buckets:[1 0 2] n_buckets:[4]");
  EXPECT_EQ(HistogramText(*value->histogram),
            "{count:3, sum:4.5, [-1,-0.5):4, [-0.1,0.1]:1, (0.5,1]:1, (2,4]:2}");
  EXPECT_EQ(HistogramText(Histogram()), "{count:0, sum:0}");
}

}  // namespace
}  // namespace hearth::promql
