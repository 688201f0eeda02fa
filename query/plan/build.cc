// Gives every node the grid of times at which it is evaluated.
#include <algorithm>
#include <utility>

#include "model/status.h"
#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

// The multiples of the subquery's step that some step of `parent` sees, in (first reference -
// range, last reference].
Grid SubqueryGrid(const SubqueryExpr& subquery, const Grid& parent, TimeMs default_step) {
  Grid grid;
  grid.step = subquery.step.ms > 0 ? subquery.step.ms : std::max<TimeMs>(default_step, 1);
  const TimeMs after = ReferenceTime(subquery.time, parent.at(0)) - subquery.range.ms;
  const TimeMs last = ReferenceTime(subquery.time, parent.last());
  TimeMs first = after / grid.step * grid.step;
  if (first <= after) first += grid.step;
  grid.start = first;
  grid.count = last < first ? 0 : static_cast<size_t>((last - first) / grid.step) + 1;
  return grid;
}

// `fixed`: an ancestor in the same evaluation is step invariant already, so the grid has been cut
// down there.
std::unique_ptr<PlanNode> Build(const Expr& written, Grid grid, bool fixed, bool in_subquery,
                                const QueryTimes& times) {
  const Expr& expr = WithoutParens(written);
  auto node = std::make_unique<PlanNode>();
  node->expr = &expr;
  node->in_subquery = in_subquery;
  if (!fixed && expr.type != ValueType::kString && IsStepInvariant(expr)) {
    node->invariant = true;
    fixed = true;
    grid.count = std::min<size_t>(grid.count, 1);
  }
  node->grid = grid;
  const auto add = [&](const Expr& child) {
    node->children.push_back(Build(child, grid, fixed, in_subquery, times));
  };
  switch (expr.kind) {
    case ExprKind::kCall:
      for (const ExprPtr& arg : As<Call>(expr).args) add(*arg);
      break;
    case ExprKind::kAggregate:
      if (As<AggregateExpr>(expr).param != nullptr) add(*As<AggregateExpr>(expr).param);
      add(*As<AggregateExpr>(expr).expr);
      break;
    case ExprKind::kBinary:
      add(*As<BinaryExpr>(expr).lhs);
      add(*As<BinaryExpr>(expr).rhs);
      break;
    case ExprKind::kUnary:
      add(*As<UnaryExpr>(expr).expr);
      break;
    case ExprKind::kSubquery: {
      const SubqueryExpr& subquery = As<SubqueryExpr>(expr);
      node->subquery_grid = SubqueryGrid(subquery, grid, times.default_subquery_step);
      node->children.push_back(Build(*subquery.expr, node->subquery_grid, /*fixed=*/false,
                                     /*in_subquery=*/true, times));
      break;
    }
    default:
      break;
  }
  return node;
}

// A subquery that nobody takes windows of is itself what is read.
void CountReadsOf(PlanNode* node) {
  node->in_subquery = false;
  if (node->expr->kind == ExprKind::kSubquery) return;
  for (const auto& child : node->children) CountReadsOf(child.get());
}

}  // namespace

absl::StatusOr<Plan> MakePlan(ExprPtr tree, const QueryTimes& times) {
  HEARTH_RETURN_IF_ERROR(ResolveTimes(times, tree.get()));
  CompleteInfoSelectors(tree.get());
  Plan plan;
  plan.tree = std::move(tree);
  plan.times = times;
  plan.grid.start = times.start;
  plan.grid.step = std::max<TimeMs>(times.step, 1);
  plan.grid.count =
      times.step == 0 ? 1 : static_cast<size_t>((times.end - times.start) / times.step) + 1;
  plan.root = Build(*plan.tree, plan.grid, /*fixed=*/false, /*in_subquery=*/false, times);
  if (plan.root->expr->kind == ExprKind::kSubquery) CountReadsOf(plan.root->children[0].get());
  CollectSelectors(&plan);
  return plan;
}

}  // namespace hearth::promql
