// Functions of classic histograms, whose buckets are series that differ in le, and of native ones.
#include <algorithm>
#include <cmath>
#include <limits>

#include "query/functions/families.h"

namespace hearth::promql {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();
// Counts that differ by less than this share are taken for equal: sums of rates are not exact.
constexpr double kSmallDelta = 1e-12;

bool AlmostEqual(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  const double diff = std::fabs(a - b), sum = std::fabs(a) + std::fabs(b);
  if (a == 0 || b == 0 || sum < std::numeric_limits<double>::min()) {
    return diff < kSmallDelta * std::numeric_limits<double>::min();
  }
  return diff / std::min(sum, std::numeric_limits<double>::max()) < kSmallDelta;
}

// Buckets with the same bound become one.
void Coalesce(std::vector<Bucket>* buckets) {
  size_t last = 0;
  for (size_t i = 1; i < buckets->size(); ++i) {
    if ((*buckets)[i].upper == (*buckets)[last].upper) {
      (*buckets)[last].count += (*buckets)[i].count;
    } else {
      (*buckets)[++last] = (*buckets)[i];
    }
  }
  buckets->resize(last + 1);
}

// Cumulative counts that fall (scrapes and rules see buckets at different times) are lifted to the
// largest before them.
void ForceMonotonic(std::vector<Bucket>* buckets, ForcedMonotonicity* forced) {
  double previous = (*buckets)[0].count;
  for (size_t i = 1; i < buckets->size(); ++i) {
    Bucket& bucket = (*buckets)[i];
    if (bucket.count == previous) continue;
    if (AlmostEqual(previous, bucket.count)) {
      bucket.count = previous;
    } else if (bucket.count < previous) {
      forced->count = 1;
      forced->min_bucket = std::min(forced->min_bucket, bucket.upper);
      forced->max_bucket = std::max(forced->max_bucket, bucket.upper);
      forced->max_diff = std::max(forced->max_diff, previous - bucket.count);
      bucket.count = previous;
    } else {
      previous = bucket.count;
    }
  }
}

double HistogramQuantile(std::vector<Bucket>* buckets, std::span<const double> args,
                         ForcedMonotonicity* forced) {
  const double phi = args[0];
  if (buckets->empty() || std::isnan(phi)) return kNaN;
  if (phi < 0) return -kInf;
  if (phi > 1) return kInf;
  if (buckets->back().upper != kInf) return kNaN;
  Coalesce(buckets);
  ForceMonotonic(buckets, forced);
  if (buckets->size() < 2) return kNaN;
  const double observations = buckets->back().count;
  if (observations == 0 || std::isnan(observations)) return kNaN;
  double rank = phi * observations;
  const size_t last = buckets->size() - 1;
  size_t b = 0;
  while (b < last && (*buckets)[b].count < rank) ++b;
  if (b == last) return (*buckets)[last - 1].upper;
  if (b == 0 && (*buckets)[0].upper <= 0) return (*buckets)[0].upper;
  double start = 0, count = (*buckets)[b].count;
  if (b > 0) {
    start = (*buckets)[b - 1].upper;
    count -= (*buckets)[b - 1].count;
    rank -= (*buckets)[b - 1].count;
  }
  return start + ((*buckets)[b].upper - start) * (rank / count);
}

// How many observations are at most `bound`, by linear interpolation inside its bucket.
double RankOf(double bound, const std::vector<Bucket>& buckets) {
  double rank = 0;
  for (size_t i = 0; i < buckets.size(); ++i) {
    const double upper = buckets[i].upper;
    const double lower = i > 0 ? buckets[i - 1].upper : upper > 0 ? 0 : -kInf;
    if (lower >= bound) return rank;
    if (upper > bound) {
      // A first bucket below zero has no lower end: its observations sit at its upper one.
      if (std::isinf(lower)) return rank;
      return rank + (buckets[i].count - rank) * (bound - lower) / (upper - lower);
    }
    rank = buckets[i].count;
  }
  return buckets.back().count;
}

double HistogramFraction(std::vector<Bucket>* buckets, std::span<const double> args,
                         ForcedMonotonicity*) {
  const double lower = args[0], upper = args[1];
  if (buckets->empty() || buckets->back().upper != kInf) return kNaN;
  Coalesce(buckets);
  const double count = buckets->back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNaN;
  if (lower >= upper) return 0;
  const double lower_rank = std::min(RankOf(lower, *buckets), count);
  const double upper_rank = std::min(RankOf(upper, *buckets), count);
  return (upper_rank - lower_rank) / count;
}

constexpr ValueType kQuantilesArgs[] = {
    ValueType::kInstantVector, ValueType::kString, ValueType::kScalar, ValueType::kScalar,
    ValueType::kScalar,        ValueType::kScalar, ValueType::kScalar, ValueType::kScalar,
    ValueType::kScalar,        ValueType::kScalar, ValueType::kScalar, ValueType::kScalar};

constexpr Kernel Native() { return {.shape = Shape::kNoFloats}; }

constexpr FunctionSpec kFunctions[] = {
    {.name = "histogram_avg",
     .args = kVectorArg,
     .kernel = Native(),
     .summary = "Mean of the observations of a native histogram. Floats are ignored.",
     .example = "histogram_avg(rate(http_request_duration_seconds[5m]))"},
    {.name = "histogram_count",
     .args = kVectorArg,
     .kernel = Native(),
     .summary = "Number of observations of a native histogram. Floats are ignored.",
     .example = "histogram_count(rate(http_request_duration_seconds[5m]))"},
    {.name = "histogram_fraction",
     .args = kScalarScalarVectorArgs,
     .kernel = {.shape = Shape::kBuckets, .buckets = &HistogramFraction},
     .summary = "Estimated share of the observations between two bounds.",
     .example = "histogram_fraction(0, 0.2, rate(http_request_duration_seconds_bucket[5m]))"},
    {.name = "histogram_quantile",
     .args = kScalarVectorArgs,
     .quantile_param = true,
     .kernel = {.shape = Shape::kBuckets, .buckets = &HistogramQuantile},
     .summary = "Estimated φ-quantile of the observations of a histogram.",
     .example =
         "histogram_quantile(0.9, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))"},
    {.name = "histogram_quantiles",
     .args = kQuantilesArgs,
     .variadic = 9,
     .experimental = true,
     .quantile_param = true,
     .kernel = {.shape = Shape::kBuckets, .buckets = &HistogramQuantile},
     .summary = "Estimated quantiles of a histogram, up to ten, told apart by a label.",
     .example = "histogram_quantiles(rate(http_request_duration_seconds_bucket[5m]), \"quantile\", "
                "0.5, 0.99)"},
    {.name = "histogram_stddev",
     .args = kVectorArg,
     .kernel = Native(),
     .summary = "Estimated standard deviation in a native histogram. Floats are ignored.",
     .example = "histogram_stddev(rate(http_request_duration_seconds[5m]))"},
    {.name = "histogram_stdvar",
     .args = kVectorArg,
     .kernel = Native(),
     .summary = "Estimated variance in a native histogram. Floats are ignored.",
     .example = "histogram_stdvar(rate(http_request_duration_seconds[5m]))"},
    {.name = "histogram_sum",
     .args = kVectorArg,
     .kernel = Native(),
     .summary = "Sum of the observations of a native histogram. Floats are ignored.",
     .example = "histogram_sum(rate(http_request_duration_seconds[5m]))"},
};

}  // namespace

std::span<const FunctionSpec> HistogramFunctions() { return kFunctions; }

}  // namespace hearth::promql
