#include "query/functions/quantile.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace hearth::promql {
namespace {

// Integers that sort as quantiles want it: NaN first, then by value, -0 before 0.
int64_t KeyOf(double v) {
  if (std::isnan(v)) return std::numeric_limits<int64_t>::min();
  const auto bits = std::bit_cast<int64_t>(v);
  return bits ^ (bits >> 63 & std::numeric_limits<int64_t>::max());
}
double ValueOfKey(int64_t key) {
  if (key == std::numeric_limits<int64_t>::min()) return std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<double>(key ^ (key >> 63 & std::numeric_limits<int64_t>::max()));
}

// The keys of the values; valid until the thread's next call.
int64_t* SortableKeys(std::span<const double> values) {
  static thread_local std::vector<int64_t> keys;
  keys.resize(values.size());
  std::transform(values.begin(), values.end(), keys.begin(), &KeyOf);
  return keys.data();
}

}  // namespace

double Quantile(double phi, std::span<const double> values) {
  if (values.empty() || std::isnan(phi)) return std::numeric_limits<double>::quiet_NaN();
  if (phi < 0) return -std::numeric_limits<double>::infinity();
  if (phi > 1) return std::numeric_limits<double>::infinity();
  const double n = static_cast<double>(values.size());
  const double rank = phi * (n - 1);
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(n - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  // Only two values of the sorted order are looked at: the one at `lower`, and then the least of
  // what lies behind it.
  int64_t* const keys = SortableKeys(values);
  int64_t* const end = keys + values.size();
  int64_t* const at = keys + static_cast<size_t>(lower);
  std::nth_element(keys, at, end);
  const double low = ValueOfKey(*at);
  const double high = upper > lower ? ValueOfKey(*std::min_element(at + 1, end)) : low;
  return low * (1 - weight) + high * weight;
}

}  // namespace hearth::promql
