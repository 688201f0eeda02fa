#include <algorithm>
#include <array>

#include "query/functions/spec.h"
#include "query/parse/children.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

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
      ForEachChild(*expr, [at_ms](Expr& child) { PinTime(at_ms, &child); });
  }
}

}  // namespace hearth::promql
