// query/functions/quantile.h
//
// The φ-quantile of a set of values by linear interpolation between ranks; NaN counts as the
// smallest value.
#ifndef HEARTH_QUERY_FUNCTIONS_QUANTILE_H_
#define HEARTH_QUERY_FUNCTIONS_QUANTILE_H_

#include <span>

namespace hearth::promql {

// φ < 0 gives -Inf, φ > 1 +Inf, NaN or no values NaN.
double Quantile(double phi, std::span<const double> values);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_QUANTILE_H_
