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
  // Afterwards sum(i) is KahanSum of window i, provided that finite().
  void Compute(const WindowInput& in);
  // False when some sum is infinite or NaN: infinities need KahanSum's care.
  bool finite() const { return finite_; }
  const Compensated& sum(size_t step) const { return sums_[step]; }

 private:
  static constexpr size_t kLanes = 8;
  void SumLanes(const WindowInput& in, size_t first, size_t lanes);

  std::vector<Compensated> sums_;
  std::vector<double> prefix_;
  bool finite_ = true;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_SUMS_H_
