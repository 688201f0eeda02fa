// Which evals of a script are about native histograms.
#include <algorithm>

#include "query/functions/spec.h"
#include "query/parse/children.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

bool SelectsOneOf(const VectorSelector& selector, std::span<const Labels> series) {
  return std::any_of(series.begin(), series.end(), [&selector](const Labels& labels) {
    return MatchesAll(selector.matchers, labels);
  });
}

bool TouchesHistograms(const Expr& expr, std::span<const Labels> series) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector:
      return SelectsOneOf(As<VectorSelector>(expr), series);
    case ExprKind::kMatrixSelector:
      return SelectsOneOf(*As<MatrixSelector>(expr).selector, series);
    case ExprKind::kCall:
      if (As<Call>(expr).function->kernel.shape == Shape::kNoFloats) return true;
      break;
    case ExprKind::kBinary: {
      const BinaryOp op = As<BinaryExpr>(expr).op;
      if (op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower) return true;
      break;
    }
    default:
      break;
  }
  bool found = false;
  ForEachChild(expr, [&](const Expr& child) { found = found || TouchesHistograms(child, series); });
  return found;
}

}  // namespace

bool InvolvesHistograms(const EvalCommand& eval, const Expr& expr,
                        std::span<const Labels> histogram_series) {
  for (const SeriesLine& line : eval.series) {
    for (const SequenceValue& value : line.values) {
      if (value.histogram) return true;
    }
  }
  return TouchesHistograms(expr, histogram_series);
}

}  // namespace hearth::promql
