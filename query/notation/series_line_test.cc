#include "query/notation/series_line.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/sample.h"

namespace hearth::promql {
namespace {

std::vector<double> ValuesOf(std::string_view line) {
  std::vector<double> values;
  const absl::StatusOr<SeriesLine> series = ParseSeriesLine(line);
  EXPECT_TRUE(series.ok()) << series.status();
  if (!series.ok()) return values;
  for (const SequenceValue& value : series->values)
    values.push_back(value.omitted ? -999 : value.value);
  return values;
}

TEST(SeriesLineTest, ExpandsSequences) {
  EXPECT_EQ(ValuesOf("m 1 2x2 _ _x2 -3-1x1"),
            (std::vector<double>{1, 2, 2, 2, -999, -999, -999, -3, -4}));
  EXPECT_EQ(ValuesOf("m 0+1e1x2 1_000 .5"), (std::vector<double>{0, 10, 20, 1000, 0.5}));
  const auto special = ParseSeriesLine("m stale NaN -Inf").value();
  EXPECT_TRUE(IsStaleNaN(special.values[0].value));
  EXPECT_TRUE(std::isnan(special.values[1].value));
  EXPECT_EQ(special.values[2].value, -INFINITY);
}

TEST(SeriesLineTest, ReadsMetrics) {
  EXPECT_EQ(ParseSeriesLine("sum{a='1', b=\"2\",} 1")->labels,
            (Labels{{"__name__", "sum"}, {"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(ParseSeriesLine("{\"a.b\", \"l.x\"=`v`} 1")->labels,
            (Labels{{"__name__", "a.b"}, {"l.x", "v"}}));
  EXPECT_EQ(ParseSeriesLine("{} 1")->labels, Labels());
  for (const char* bad :
       {"", "1 2", "m{a=1} 2", "m{a} 2", "m 1x", "m 1x2x3", "m x", "m{a='1'}2", "m 1x99999999"}) {
    EXPECT_FALSE(ParseSeriesLine(bad).ok()) << bad;
  }
}

TEST(SeriesLineTest, ReadsHistograms) {
  const auto series = ParseSeriesLine(
      "h {{schema:1 count:3 sum:4.5 buckets:[1 2] offset:-1}}+{{schema:1 count:1 buckets:[1]}}x2");
  ASSERT_TRUE(series.ok()) << series.status();
  ASSERT_EQ(series->values.size(), 3u);
  EXPECT_EQ(series->values[2].histogram->count, 5);
  EXPECT_EQ(series->values[2].histogram->positive_buckets, (std::vector<double>{1, 4}));
  for (const char* bad : {"h {{nonsense:1}}", "h {{sum:1 sum:1}}", "h {{schema:1e10}}",
                          "h {{counter_reset_hint:perhaps}}", "h {{buckets:[1}}", "h {{sum}}"}) {
    EXPECT_FALSE(ParseSeriesLine(bad).ok()) << bad;
  }
  EXPECT_FALSE(ParseSeriesLine("h {{sum:1 sum:2}}").ok());
  EXPECT_FALSE(
      ParseSeriesLine("h {{buckets:[1] offset:-2000000000}}+{{buckets:[1] offset:2000000000}}x1")
          .ok());
}

}  // namespace
}  // namespace hearth::promql
