// query/functions/kahan.h
//
// Neumaier's compensated addition, as Prometheus 3 adds: (sum, c) stands for sum + c.
#ifndef HEARTH_QUERY_FUNCTIONS_KAHAN_H_
#define HEARTH_QUERY_FUNCTIONS_KAHAN_H_

#include <cmath>

namespace hearth::promql {

// Adds `x`. An infinite sum drops the compensation, which would be NaN.
inline void KahanAdd(double x, double* sum, double* c) {
  const double t = *sum + x;
  if (std::isinf(t)) {
    *c = 0;
  } else if (std::fabs(*sum) >= std::fabs(x)) {
    *c += (*sum - t) + x;
  } else {
    *c += (x - t) + *sum;
  }
  *sum = t;
}

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_KAHAN_H_
