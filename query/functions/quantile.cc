#include "query/functions/quantile.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "query/functions/value_order.h"

namespace hearth::promql {
namespace {

// Integers that sort as quantiles want it: NaN first, then by value.
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

// The values at two neighbouring ranks.
struct Neighbours {
  double low = 0, high = 0;
};

bool HasBothZeros(std::span<const double> values) {
  bool negative = false, positive = false;
  for (double v : values) {
    if (v == 0) (std::signbit(v) ? negative : positive) = true;
  }
  return negative && positive;
}

// Only two values of the sorted order are looked at: the one at `lower`, and then the least of what
// lies behind it.
Neighbours Select(std::span<const double> values, size_t lower, size_t upper) {
  int64_t* const keys = SortableKeys(values);
  int64_t* const end = keys + values.size();
  int64_t* const at = keys + lower;
  std::nth_element(keys, at, end);
  Neighbours found;
  found.low = ValueOfKey(*at);
  found.high = upper > lower ? ValueOfKey(*std::min_element(at + 1, end)) : found.low;
  return found;
}

// Among two kinds of zeros it is Prometheus' order that says which one has the rank.
Neighbours SelectZeros(std::span<const double> values, size_t lower, size_t upper) {
  static thread_local std::vector<double> sorted;
  sorted.assign(values.begin(), values.end());
  SortAsPrometheus(sorted);
  return {sorted[lower], sorted[upper]};
}

}  // namespace

double Quantile(double phi, std::span<const double> values) {
  if (values.empty() || std::isnan(phi)) return std::numeric_limits<double>::quiet_NaN();
  if (phi < 0) return -std::numeric_limits<double>::infinity();
  if (phi > 1) return std::numeric_limits<double>::infinity();
  const double n = static_cast<double>(values.size());
  const double rank = phi * (n - 1);
  const size_t lower = static_cast<size_t>(std::max(0.0, std::floor(rank)));
  const size_t upper = std::min(values.size() - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  Neighbours at = Select(values, lower, upper);
  if ((at.low == 0 || at.high == 0) && HasBothZeros(values)) {
    at = SelectZeros(values, lower, upper);
  }
  return at.low * (1 - weight) + at.high * weight;
}

}  // namespace hearth::promql
