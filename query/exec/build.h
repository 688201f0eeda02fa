// query/exec/build.h
//
// From a plan to its tree of operators.
#ifndef HEARTH_QUERY_EXEC_BUILD_H_
#define HEARTH_QUERY_EXEC_BUILD_H_

#include "absl/status/statusor.h"
#include "query/exec/operator.h"
#include "query/plan/plan.h"

namespace hearth::promql {

// The operators refer to the plan, which must outlive them. kFailedPrecondition for an
// anchored or smoothed range in a function that takes none, kResourceExhausted for a
// subquery of more steps than any limit on samples allows. `grid` is the caller's: a node that is
// evaluated once gives its value at all of its steps.
absl::StatusOr<VectorPtr> BuildVector(const PlanNode& node, const Grid& grid,
                                      const QueryContext& ctx);
absl::StatusOr<ScalarPtr> BuildScalar(const PlanNode& node, const Grid& grid,
                                      const QueryContext& ctx);
absl::StatusOr<RangePtr> BuildRange(const PlanNode& node, const QueryContext& ctx);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_BUILD_H_
