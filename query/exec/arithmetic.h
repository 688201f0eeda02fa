// query/exec/arithmetic.h
//
// What a binary operator makes of two floats.
#ifndef HEARTH_QUERY_EXEC_ARITHMETIC_H_
#define HEARTH_QUERY_EXEC_ARITHMETIC_H_

#include <cmath>
#include <numbers>

#include "query/parse/ast.h"

namespace hearth::promql {

struct BinaryValue {
  double value = 0;  // Of a comparison: the left operand.
  bool keep =
      true;  // Of a comparison: whether it holds. False for operators that floats do not have.
};

// As Go's math.Atan2, which takes the sign of y from y / x: where both are negative and the
// quotient is too small for a number, the angle is pi and not -pi.
inline double QuadrantAngle(double y, double x) {
  const bool vanishes = y < 0 && x < 0 && std::isfinite(x) && y / x == 0;
  return vanishes ? std::numbers::pi : std::atan2(y, x);
}

inline BinaryValue Apply(BinaryOp op, double l, double r) {
  switch (op) {
    case BinaryOp::kAdd:
      return {l + r};
    case BinaryOp::kSub:
      return {l - r};
    case BinaryOp::kMul:
      return {l * r};
    case BinaryOp::kDiv:
      return {l / r};
    case BinaryOp::kMod:
      return {std::fmod(l, r)};
    case BinaryOp::kPow:
      return {std::pow(l, r)};
    case BinaryOp::kAtan2:
      return {QuadrantAngle(l, r)};
    case BinaryOp::kEqual:
      return {l, l == r};
    case BinaryOp::kNotEqual:
      return {l, l != r};
    case BinaryOp::kLess:
      return {l, l < r};
    case BinaryOp::kLessEqual:
      return {l, l <= r};
    case BinaryOp::kGreater:
      return {l, l > r};
    case BinaryOp::kGreaterEqual:
      return {l, l >= r};
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kUnless:
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
      break;
  }
  return {0, false};
}

// Arithmetic makes a new quantity, so the metric's name no longer fits; a filter does not.
inline bool IsArithmetic(BinaryOp op) { return op <= BinaryOp::kAtan2; }
inline bool IsTrim(BinaryOp op) { return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower; }

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_ARITHMETIC_H_
