// Finds the parts of a query whose value is the same at every step: what hangs on @ alone.
#include <algorithm>

#include "query/functions/spec.h"
#include "query/plan/plan.h"

namespace hearth::promql {

const Expr& WithoutParens(const Expr& expr) {
  const Expr* inner = &expr;
  while (inner->kind == ExprKind::kParen) inner = As<ParenExpr>(*inner).expr.get();
  return *inner;
}

bool IsStepInvariant(const Expr& expr) {
  const auto fixed = [](const TimeModifier& time) { return time.at != AtKind::kNone; };
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration:
      return true;
    case ExprKind::kVectorSelector:
      return fixed(As<VectorSelector>(expr).time);
    case ExprKind::kMatrixSelector:
      return fixed(As<MatrixSelector>(expr).selector->time);
    case ExprKind::kSubquery:
      return fixed(As<SubqueryExpr>(expr).time);
    case ExprKind::kCall: {
      const Call& call = As<Call>(expr);
      return call.function->step_invariant &&
             std::all_of(call.args.begin(), call.args.end(),
                         [](const ExprPtr& arg) { return IsStepInvariant(*arg); });
    }
    case ExprKind::kAggregate:
      // As in Prometheus the parameter is not asked: one that changes counts as of the first step.
      return IsStepInvariant(*As<AggregateExpr>(expr).expr);
    case ExprKind::kBinary:
      return IsStepInvariant(*As<BinaryExpr>(expr).lhs) &&
             IsStepInvariant(*As<BinaryExpr>(expr).rhs);
    case ExprKind::kUnary:
      return IsStepInvariant(*As<UnaryExpr>(expr).expr);
    case ExprKind::kParen:
      return IsStepInvariant(*As<ParenExpr>(expr).expr);
  }
  return false;
}

}  // namespace hearth::promql
