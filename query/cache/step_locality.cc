#include "query/cache/step_locality.h"

#include <algorithm>
#include <memory>

#include "query/functions/spec.h"
#include "query/parse/children.h"

namespace hearth::promql {
namespace {

bool LooksAtRange(const DurationExpr* expr) {
  return expr != nullptr && (expr->op == DurationOp::kRange || LooksAtRange(expr->lhs.get()) ||
                             LooksAtRange(expr->rhs.get()));
}

bool IsLocal(const DurationValue& duration) { return !LooksAtRange(duration.expr.get()); }

bool IsLocal(const TimeModifier& time) { return time.at == AtKind::kNone && IsLocal(time.offset); }

bool ChildrenAreLocal(const Expr& expr) {
  bool local = true;
  ForEachChild(expr, [&local](const Expr& child) { local = local && IsStepLocal(child); });
  return local;
}

// The largest of the tree; `ahead` is what has been found so far.
TimeMs LooksAhead(const PlanNode& node, TimeMs lookback, TimeMs ahead) {
  if (node.selector >= 0) {
    const bool windows = node.expr->kind == ExprKind::kMatrixSelector;
    const Reach reach = windows ? ReachOf(As<MatrixSelector>(*node.expr), lookback)
                                : ReachOf(As<VectorSelector>(*node.expr), lookback);
    ahead = std::max(ahead, reach.after - TimeModifierOf(*node.expr).offset.ms);
  }
  for (const std::unique_ptr<PlanNode>& child : node.children) {
    ahead = LooksAhead(*child, lookback, ahead);
  }
  return ahead;
}

}  // namespace

bool IsStepLocal(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
    case ExprKind::kString:
      return true;
    case ExprKind::kVectorSelector:
      return IsLocal(As<VectorSelector>(expr).time);
    case ExprKind::kMatrixSelector:
      return IsLocal(As<MatrixSelector>(expr).range) &&
             IsLocal(As<MatrixSelector>(expr).selector->time);
    case ExprKind::kDuration:
      return !LooksAtRange(&As<DurationExpr>(expr));
    case ExprKind::kSubquery:
      return false;
    case ExprKind::kCall:
      return As<Call>(expr).function->step_local && ChildrenAreLocal(expr);
    case ExprKind::kAggregate:
      // One that is evaluated once takes its parameter from the first step.
      return !IsStepInvariant(*As<AggregateExpr>(expr).expr) && ChildrenAreLocal(expr);
    case ExprKind::kBinary:
    case ExprKind::kUnary:
    case ExprKind::kParen:
      return ChildrenAreLocal(expr);
  }
  return false;
}

TimeMs LooksAhead(const Plan& plan) {
  constexpr TimeMs kNowhere = -(TimeMs{1} << 60);
  return LooksAhead(*plan.root, plan.times.lookback_delta, kNowhere);
}

}  // namespace hearth::promql
