// query/exec/histogram_buckets.h
//
// histogram_quantile, histogram_quantiles and histogram_fraction over classic histograms: series
// that differ in le alone are the buckets of one.
#ifndef HEARTH_QUERY_EXEC_HISTOGRAM_BUCKETS_H_
#define HEARTH_QUERY_EXEC_HISTOGRAM_BUCKETS_H_

#include <string>
#include <vector>

#include "query/exec/operator.h"
#include "query/functions/spec.h"

namespace hearth::promql {

// `arg_pos`: positions of all arguments as written; the vector is the last one.
VectorPtr NewHistogramBuckets(VectorPtr child, const FunctionSpec* function,
                              std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos);
// histogram_quantiles: one series for each histogram and parameter, which `label` names. `arg_pos`:
// the vector, the label, the parameters.
VectorPtr NewHistogramQuantiles(VectorPtr child, const FunctionSpec* function,
                                std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos,
                                std::string label);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_HISTOGRAM_BUCKETS_H_
