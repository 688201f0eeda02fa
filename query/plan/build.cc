// Gives every node the grid of times at which it is evaluated.
#include <algorithm>
#include <utility>

#include "model/status.h"
#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

// Where a node stands.
struct Place {
  Grid grid;
  bool fixed = false;  // An ancestor in the same evaluation is step invariant already, so the grid
                       // has been cut down there.
  bool in_subquery = false;
  TimeMs at_shift = 0;   // Of an `@` here; see Inside.
  bool shifted = false;  // The grid, or an `@` here, is where a shift has put it.
  TimeRange written;     // The times of evaluation that the text alone gives.
};

// The multiples of the subquery's step that some step of `parent` sees, in (first reference -
// range, last reference].
Grid SubqueryGrid(const PlanNode& node, const Grid& parent, TimeMs default_step) {
  const SubqueryExpr& subquery = As<SubqueryExpr>(*node.expr);
  Grid grid;
  grid.step = subquery.step.ms > 0 ? subquery.step.ms : std::max<TimeMs>(default_step, 1);
  const TimeMs after = node.ReferenceTime(parent.at(0)) - subquery.range.ms;
  const TimeMs last = node.ReferenceTime(parent.last());
  TimeMs first = after / grid.step * grid.step;
  if (first <= after) first += grid.step;
  grid.start = first;
  grid.count = last < first ? 0 : static_cast<size_t>((last - first) / grid.step) + 1;
  return grid;
}

// The place of a subquery's expression. Prometheus keeps `@` as an offset from the first time of
// evaluation and works it out anew inside a subquery, unless the subquery's first step is that very
// time (engine.go, the case of SubqueryExpr). Then what it had at first stays, in which the
// subquery's own offset counts: every `@` inside is off by as much. What has been read for it is
// what the text says, so samples beside that are not seen. Results are to be equal, so this is
// done here as well.
Place Inside(const PlanNode& node, const Place& place) {
  const SubqueryExpr& subquery = As<SubqueryExpr>(*node.expr);
  const TimeModifier& time = subquery.time;
  const bool is_fixed = time.at != AtKind::kNone;
  Place inside;
  inside.grid = node.subquery_grid;
  inside.in_subquery = true;
  if (inside.grid.start == place.grid.start) {
    inside.at_shift = (is_fixed ? place.grid.start - time.at_ms : place.at_shift) + time.offset.ms;
  }
  inside.shifted = place.shifted || inside.at_shift != 0;
  inside.written = is_fixed ? TimeRange{time.at_ms, time.at_ms} : place.written;
  inside.written.mint -= time.offset.ms + subquery.range.ms;
  inside.written.maxt -= time.offset.ms;
  return inside;
}

std::unique_ptr<PlanNode> Build(const Expr& written, Place place, const QueryTimes& times) {
  const Expr& expr = WithoutParens(written);
  auto node = std::make_unique<PlanNode>();
  node->expr = &expr;
  node->in_subquery = place.in_subquery;
  node->at_shift = place.at_shift;
  if (place.shifted) node->written = place.written;
  if (!place.fixed && expr.type != ValueType::kString && IsStepInvariant(expr)) {
    node->invariant = true;
    place.fixed = true;
    place.grid.count = std::min<size_t>(place.grid.count, 1);
  }
  node->grid = place.grid;
  const auto add = [&](const Expr& child) { node->children.push_back(Build(child, place, times)); };
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
    case ExprKind::kSubquery:
      node->subquery_grid = SubqueryGrid(*node, place.grid, times.default_subquery_step);
      node->children.push_back(Build(*As<SubqueryExpr>(expr).expr, Inside(*node, place), times));
      break;
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
  Place top;
  top.grid = plan.grid;
  top.written = {times.start, times.end};
  plan.root = Build(*plan.tree, top, times);
  if (plan.root->expr->kind == ExprKind::kSubquery) CountReadsOf(plan.root->children[0].get());
  CollectSelectors(&plan);
  return plan;
}

}  // namespace hearth::promql
