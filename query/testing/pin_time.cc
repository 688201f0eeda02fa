#include <algorithm>
#include <array>

#include "query/functions/spec.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

// Calls fn on each direct child.
template <typename Fn>
void ForEachChild(const Expr& expr, Fn fn) {
  switch (expr.kind) {
    case ExprKind::kSubquery:
      return fn(*As<SubqueryExpr>(expr).expr);
    case ExprKind::kCall:
      for (const ExprPtr& arg : As<Call>(expr).args) fn(*arg);
      return;
    case ExprKind::kAggregate:
      if (As<AggregateExpr>(expr).param) fn(*As<AggregateExpr>(expr).param);
      return fn(*As<AggregateExpr>(expr).expr);
    case ExprKind::kBinary:
      fn(*As<BinaryExpr>(expr).lhs);
      return fn(*As<BinaryExpr>(expr).rhs);
    case ExprKind::kUnary:
      return fn(*As<UnaryExpr>(expr).expr);
    case ExprKind::kParen:
      return fn(*As<ParenExpr>(expr).expr);
    default:
      return;
  }
}

void Pin(TimeMs at_ms, TimeModifier* time) {
  if (time->at == AtKind::kTimestamp) return;
  time->at = AtKind::kTimestamp;
  time->at_ms = at_ms;
}

}  // namespace

bool DependsOnTime(const Expr& expr) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "day_of_month", "day_of_week",    "day_of_year", "days_in_month",  "hour",  "minute",
      "month",        "year",           "end",         "start",          "range", "step",
      "timestamp",    "predict_linear", "time",        "start_timestamp"};
  if (expr.kind == ExprKind::kCall &&
      std::find(kNames.begin(), kNames.end(), As<Call>(expr).function->name) != kNames.end()) {
    return true;
  }
  bool found = false;
  ForEachChild(expr, [&found](const Expr& child) { found = found || DependsOnTime(child); });
  return found;
}

void PinTime(TimeMs at_ms, Expr* expr) {
  switch (expr->kind) {
    case ExprKind::kVectorSelector:
      return Pin(at_ms, &As<VectorSelector>(*expr).time);
    case ExprKind::kMatrixSelector:
      return Pin(at_ms, &As<MatrixSelector>(*expr).selector->time);
    case ExprKind::kSubquery:
      return Pin(at_ms, &As<SubqueryExpr>(*expr).time);  // What is inside now sees fixed times.
    default:
      // The tree is ours; only the walk is written for const trees.
      ForEachChild(*expr,
                   [at_ms](const Expr& child) { PinTime(at_ms, const_cast<Expr*>(&child)); });
  }
}

}  // namespace hearth::promql
