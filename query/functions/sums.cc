// sum_over_time and avg_over_time: compensated sums of windows.
//
// A column of whole numbers whose magnitudes add up to less than 2^53 is summed by prefix sums:
// every partial sum is exact then, so the result is the compensated sum's, bit for bit. Other
// columns are summed window by window, several windows side by side (lanes.h).
#include "query/functions/sums.h"

#include <cmath>

#include "query/functions/kahan.h"
#include "query/functions/lanes.h"

namespace hearth::promql {
namespace {

constexpr double kExactLimit = 9007199254740992.0;  // 2^53

// Fills prefix[i] = v[0] + … + v[i-1]; false when that would not be exact.
bool ExactPrefixSums(std::span<const double> v, std::vector<double>* prefix) {
  prefix->resize(v.size() + 1);
  double sum = 0, magnitude = 0;
  (*prefix)[0] = 0;
  for (size_t i = 0; i < v.size(); ++i) {
    // The comparison is false for NaN and infinities.
    if (!(std::fabs(v[i]) < kExactLimit) ||
        static_cast<double>(static_cast<int64_t>(v[i])) != v[i]) {
      return false;
    }
    sum += v[i];
    magnitude += std::fabs(v[i]);
    (*prefix)[i + 1] = sum;
  }
  return magnitude < kExactLimit;
}

}  // namespace

Compensated KahanSum(std::span<const double> v) {
  Compensated s;
  for (double x : v) KahanAdd(x, &s.sum, &s.c);
  return s;
}

double KahanMean(std::span<const double> v) {
  double sum = v[0], c = 0, mean = 0;
  bool incremental = false;
  for (size_t i = 1; i < v.size(); ++i) {
    const double count = static_cast<double>(i + 1);
    if (!incremental) {
      double next_sum = sum, next_c = c;
      KahanAdd(v[i], &next_sum, &next_c);
      if (!std::isinf(next_sum)) {
        sum = next_sum;
        c = next_c;
        continue;
      }
      // The sum has left the range of a double: go on with a running mean.
      incremental = true;
      mean = sum / (count - 1);
      c /= count - 1;
    }
    const double q = (count - 1) / count;
    mean *= q;
    c *= q;
    KahanAdd(v[i] / count, &mean, &c);
  }
  const double n = static_cast<double>(v.size());
  return incremental ? mean + c : sum / n + c / n;
}

void WindowSums::Compute(const WindowInput& in) {
  const size_t steps = in.steps();
  sum_.resize(steps);
  c_.assign(steps, 0);
  finite_ = true;
  if (in.v.empty()) return;
  if (ExactPrefixSums(in.v, &prefix_)) {
    for (size_t i = 0; i < steps; ++i) sum_[i] = prefix_[in.end[i]] - prefix_[in.begin[i]];
    return;
  }
  buffer_.resize(LaneBufferSize(in.v.size()));
  Lanes().sums({in.v.data(), in.v.size(), in.begin.data(), in.end.data(), steps}, buffer_.data(),
               sum_.data(), c_.data());
  for (const double sum : sum_) finite_ &= std::isfinite(sum);
}

}  // namespace hearth::promql
