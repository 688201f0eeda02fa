// query/functions/value_order.h
//
// Sorts values into the very order in which Prometheus has them when it takes a quantile. Its order
// is that of Go's sort.Sort, an unstable one: which of two zeros comes first depends on the steps
// of that algorithm, and a quantile shows the sign. So these are its steps: pattern-defeating
// quicksort (Orson Peters, 2021, arXiv:2106.05123) with Go's pivots, thresholds and random numbers.
// Slower than any other sort of numbers: for values among which both zeros are.
//
// Thread safety: pure function.
#ifndef HEARTH_QUERY_FUNCTIONS_VALUE_ORDER_H_
#define HEARTH_QUERY_FUNCTIONS_VALUE_ORDER_H_

#include <span>

namespace hearth::promql {

// NaN first, then ascending. -0 and 0 are equal.
void SortAsPrometheus(std::span<double> values);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_VALUE_ORDER_H_
