// query/functions/sums.h
//
// Compensated sums and means, of one window and of all windows of a series.
//
// Thread safety: WindowSums has one user at a time.
#ifndef HEARTH_QUERY_FUNCTIONS_SUMS_H_
#define HEARTH_QUERY_FUNCTIONS_SUMS_H_

#include <span>
#include <vector>

#include "query/functions/kernel.h"

namespace hearth::promql {

struct Compensated {
  double sum = 0;
  double c = 0;
};

// As Prometheus' sum_over_time adds, from zero.
Compensated KahanSum(std::span<const double> v);
// As Prometheus' avg_over_time: a running mean once the sum would overflow. `v` is not empty.
double KahanMean(std::span<const double> v);

// The sums of all windows of a series.
class WindowSums {
 public:
  // Afterwards (sum(i), c(i)) is KahanSum of window i, provided that finite().
  void Compute(const WindowInput& in);
  // False when some sum is infinite or NaN: infinities need KahanSum's care.
  bool finite() const { return finite_; }
  std::span<const double> sum() const { return sum_; }
  std::span<const double> c() const { return c_; }

 private:
  std::vector<double> sum_, c_, prefix_, buffer_;
  bool finite_ = true;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_SUMS_H_
