#include "model/histogram_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace hearth {
namespace {

constexpr int kDoubleBits = 1024;  // The first power of two that is no double.
// Wider than the format's -4 to 8: shifts stay defined whatever a text says.
constexpr int32_t kSchemaMin = -10, kSchemaMax = 30;

// The upper bound of bucket `index`: 2^(index * 2^-schema), exact where it is a power of two. A
// long double rounds the others to the nearest double.
double ExponentialBound(int32_t schema, int64_t index) {
  schema = std::clamp(schema, kSchemaMin, kSchemaMax);
  const int64_t whole = schema <= 0 ? index * (int64_t{1} << -schema) : index >> schema;
  const int64_t part = schema <= 0 ? 0 : index - whole * (int64_t{1} << schema);
  if (whole == kDoubleBits && part == 0) return std::numeric_limits<double>::max();
  const long double fraction = std::exp2(std::ldexp(static_cast<long double>(part), -schema));
  return std::ldexp(static_cast<double>(fraction),
                    static_cast<int>(std::clamp<int64_t>(whole, -2000, 2000)));
}

double CustomBound(const Histogram& histogram, int64_t index) {
  if (index < 0) return -HUGE_VAL;
  const auto i = static_cast<size_t>(index);
  return i < histogram.custom_values.size() ? histogram.custom_values[i] : HUGE_VAL;
}

}  // namespace

std::vector<HistogramBucket> PopulatedBuckets(const Histogram& histogram) {
  std::vector<HistogramBucket> buckets;
  const int32_t schema = histogram.schema;
  ForEachBucket(histogram.negative_spans, histogram.negative_buckets, [&](int64_t i, double count) {
    if (count == 0) return;
    buckets.push_back({-ExponentialBound(schema, i), -ExponentialBound(schema, i - 1), count,
                       /*lower_inclusive=*/true, /*upper_inclusive=*/false});
  });
  std::reverse(buckets.begin(), buckets.end());
  if (histogram.zero_count != 0) {
    buckets.push_back(
        {-histogram.zero_threshold, histogram.zero_threshold, histogram.zero_count, true, true});
  }
  const bool custom = schema == kCustomBucketsSchema;
  ForEachBucket(histogram.positive_spans, histogram.positive_buckets, [&](int64_t i, double count) {
    if (count == 0) return;
    const double lower = custom ? CustomBound(histogram, i - 1) : ExponentialBound(schema, i - 1);
    const double upper = custom ? CustomBound(histogram, i) : ExponentialBound(schema, i);
    buckets.push_back({lower, upper, count, /*lower_inclusive=*/custom && i == 0,
                       /*upper_inclusive=*/true});
  });
  return buckets;
}

}  // namespace hearth
