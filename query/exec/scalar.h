// query/exec/scalar.h
//
// Operators that give a scalar at each step.
#ifndef HEARTH_QUERY_EXEC_SCALAR_H_
#define HEARTH_QUERY_EXEC_SCALAR_H_

#include <vector>

#include "query/exec/operator.h"
#include "query/functions/spec.h"

namespace hearth::promql {

ScalarPtr NewConstant(const Grid& grid, double value);
// time(), pi() and their like.
ScalarPtr NewStepScalar(const Grid& grid, const FunctionSpec* function,
                        std::vector<ScalarPtr> args);
// scalar(v)
ScalarPtr NewScalarOfVector(VectorPtr child);
ScalarPtr NewScalarBinary(const Grid& grid, BinaryOp op, ScalarPtr lhs, ScalarPtr rhs);
ScalarPtr NewScalarNegation(const Grid& grid, ScalarPtr child);
// The value of a step-invariant scalar at every step of `grid`.
ScalarPtr NewScalarBroadcast(const Grid& grid, ScalarPtr child);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_SCALAR_H_
