// query/exec/streaming.h
//
// Operators that hold nothing: each output column is made from its input columns when it is asked
// for.
#ifndef HEARTH_QUERY_EXEC_STREAMING_H_
#define HEARTH_QUERY_EXEC_STREAMING_H_

#include <string>
#include <vector>

#include "query/exec/operator.h"
#include "query/functions/spec.h"

namespace hearth::promql {

// abs(v), clamp(v, a, b): an elementwise kernel.
VectorPtr NewElementwise(VectorPtr child, const FunctionSpec* function,
                         std::vector<ScalarPtr> params);
VectorPtr NewNegation(VectorPtr child);
// A vector and a scalar; `scalar_left` says on which side the scalar stands. `pos` is the operator
// expression's.
VectorPtr NewVectorScalarBinary(VectorPtr vector, ScalarPtr scalar, bool scalar_left, BinaryOp op,
                                bool return_bool, PositionRange pos);
// timestamp(v) where v is computed: the time of evaluation.
VectorPtr NewEvaluationTime(VectorPtr child);
// Functions of native histograms, given floats: nothing.
VectorPtr NewNoFloats(VectorPtr child);
// label_replace, label_join. `args` are the string arguments.
VectorPtr NewRelabel(VectorPtr child, const FunctionSpec* function, std::vector<std::string> args);
// vector(s)
VectorPtr NewVectorOfScalar(const Grid& grid, ScalarPtr child);
// vector(time()), the argument that date functions take when none is written.
VectorPtr NewVectorOfTime(const Grid& grid);
// The value of a step-invariant vector at every step of `grid`.
VectorPtr NewBroadcast(const Grid& grid, VectorPtr child);
// The end of a query with delayed name removal: marked names go now.
VectorPtr NewNameRemoval(VectorPtr child);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_STREAMING_H_
