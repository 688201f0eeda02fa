// query/exec/range_function.h
//
// Runs a windowed kernel over the samples of each series of a range vector: rate(x[5m]) and its
// like.
#ifndef HEARTH_QUERY_EXEC_RANGE_FUNCTION_H_
#define HEARTH_QUERY_EXEC_RANGE_FUNCTION_H_

#include <vector>

#include "query/exec/operator.h"
#include "query/exec/shared_columns.h"
#include "query/functions/spec.h"

namespace hearth::promql {

// `params` are the scalar arguments in order; arg_pos the positions of all arguments. `grid` is the
// call's.
VectorPtr NewRangeFunction(const Grid& grid, const FunctionSpec* function, RangePtr source,
                           std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos,
                           std::shared_ptr<SharedColumns> shared = nullptr);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_RANGE_FUNCTION_H_
