// query/exec/binary.h
//
// Binary operators between two instant vectors: matching by labels, one-to-one, many-to-one and the
// set operators.
#ifndef HEARTH_QUERY_EXEC_BINARY_H_
#define HEARTH_QUERY_EXEC_BINARY_H_

#include "query/exec/operator.h"

namespace hearth::promql {

// Arithmetic and comparison.
VectorPtr NewVectorBinary(const BinaryExpr& expr, VectorPtr lhs, VectorPtr rhs);
// and, or, unless.
VectorPtr NewSetOperator(const BinaryExpr& expr, VectorPtr lhs, VectorPtr rhs);

// The fingerprint of the labels that matching looks at. on(…): those named; ignoring(…): all but
// those and the metric name.
hearth::Fingerprint MatchSignature(LabelsView labels, const VectorMatching& matching);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_BINARY_H_
