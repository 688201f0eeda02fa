// sum_over_time and avg_over_time: compensated sums of windows.
//
// A column of whole numbers whose magnitudes add up to less than 2^53 is summed by prefix sums:
// every partial sum is exact then, so the result is the compensated sum's, bit for bit. Other
// columns are summed window by window, four windows side by side so that the four chains of
// dependent additions overlap; each window keeps its own order of additions.
#include "query/functions/sums.h"

#include <cmath>

#include "query/functions/kahan.h"

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

// Two lanes of doubles.
using Pair = double __attribute__((vector_size(16)));

// KahanAdd for finite sums, without branches: the rounding error of an addition by Knuth's method
// is the same number.
template <typename T>
inline void AddFinite(T x, T* sum, T* c) {
  const T t = *sum + x;
  const T x_part = t - *sum;
  *c += (*sum - (t - x_part)) + (x - x_part);
  *sum = t;
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
  sums_.assign(steps, Compensated{});
  finite_ = true;
  if (ExactPrefixSums(in.v, &prefix_)) {
    for (size_t i = 0; i < steps; ++i) sums_[i].sum = prefix_[in.end[i]] - prefix_[in.begin[i]];
    return;
  }
  for (size_t i = 0; i < steps; i += kLanes) SumLanes(in, i, std::min(kLanes, steps - i));
  for (const Compensated& s : sums_) finite_ = finite_ && std::isfinite(s.sum);
}

void WindowSums::SumLanes(const WindowInput& in, size_t first, size_t lanes) {
  const double* p[kLanes];
  size_t length[kLanes];
  size_t common = in.v.size();
  for (size_t k = 0; k < kLanes; ++k) {
    const size_t step = first + (k < lanes ? k : 0);
    p[k] = in.v.data() + in.begin[step];
    length[k] = in.end[step] - in.begin[step];
    common = std::min(common, length[k]);
  }
  Pair s0{}, s1{}, s2{}, s3{}, c0{}, c1{}, c2{}, c3{};
  for (size_t j = 0; j < common; ++j) {
    AddFinite(Pair{p[0][j], p[1][j]}, &s0, &c0);
    AddFinite(Pair{p[2][j], p[3][j]}, &s1, &c1);
    AddFinite(Pair{p[4][j], p[5][j]}, &s2, &c2);
    AddFinite(Pair{p[6][j], p[7][j]}, &s3, &c3);
  }
  const double s[kLanes] = {s0[0], s0[1], s1[0], s1[1], s2[0], s2[1], s3[0], s3[1]};
  const double c[kLanes] = {c0[0], c0[1], c1[0], c1[1], c2[0], c2[1], c3[0], c3[1]};
  for (size_t k = 0; k < lanes; ++k) {
    Compensated sum{s[k], c[k]};
    for (size_t j = common; j < length[k]; ++j) AddFinite(p[k][j], &sum.sum, &sum.c);
    sums_[first + k] = sum;
  }
}

}  // namespace hearth::promql
