// query/exec/aggregate.h
//
// Aggregations. sum, avg and their like fold each column into its group's state as it comes, so
// memory is groups × steps; topk, quantile and count_values look at all values of a step at once
// and hold their input.
#ifndef HEARTH_QUERY_EXEC_AGGREGATE_H_
#define HEARTH_QUERY_EXEC_AGGREGATE_H_

#include "query/exec/operator.h"
#include "query/functions/spec.h"

namespace hearth::promql {

// sum, avg, min, max, count, group, stddev, stdvar.
VectorPtr NewFold(const AggregateExpr& aggregate, VectorPtr child);
// topk, bottomk, limitk, limit_ratio, quantile; `param` is the scalar parameter.
VectorPtr NewRanked(const AggregateExpr& aggregate, VectorPtr child, ScalarPtr param);
VectorPtr NewCountValues(const AggregateExpr& aggregate, VectorPtr child);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_AGGREGATE_H_
