// query/plan/plan.h
//
// From a parsed query and its times to what exec/ evaluates. One rewrite a file:
//
//   resolve_times.cc    duration expressions, @ start() and @ end() become numbers
//   info_selector.cc    the argument of info() becomes the selector of the info series
//   step_invariant.cc   finds the parts whose value is the same at every step, evaluated once
//   build.cc            gives every node the grid of times at which it is evaluated
//   selectors.cc        collects all selectors, so that one Select reads them all
//
// A Plan owns its copy of the tree. Thread safety: immutable once built.
#ifndef HEARTH_QUERY_PLAN_PLAN_H_
#define HEARTH_QUERY_PLAN_PLAN_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/sample.h"
#include "query/parse/ast.h"
#include "tsdb/storage.h"

namespace hearth::promql {

// Evaluation times start, start + step, …, `count` of them; count >= 1 but for a subquery whose
// window holds no multiple of its step.
struct Grid {
  TimeMs start = 0;
  TimeMs step = 1;  // > 0
  size_t count = 1;

  TimeMs at(size_t i) const { return start + static_cast<TimeMs>(i) * step; }
  TimeMs last() const { return at(count == 0 ? 0 : count - 1); }
  friend bool operator==(const Grid&, const Grid&) = default;
};

// What the query as a whole is asked for.
struct QueryTimes {
  TimeMs start = 0, end = 0;
  TimeMs step = 0;  // 0 for an instant query.
  TimeMs lookback_delta = 0;
  TimeMs default_subquery_step = 0;
};

// A node mirrors an expression; children are in the order lhs, rhs / args / param, expr / the
// selector of a range. Parentheses have no node of their own.
struct PlanNode {
  const Expr* expr = nullptr;  // Owned by the Plan's tree. Never a ParenExpr.
  Grid grid;                   // Times at which this node is evaluated.
  bool invariant = false;      // Evaluated on a grid of one; the parent's steps all get that value.
  Grid subquery_grid;          // Of a subquery: the times at which its expression is evaluated.
  bool in_subquery = false;    // Below a subquery, whose window counts the samples read.
  // How far beside its `@` a selector or subquery looks; 0 but for what build.cc tells.
  TimeMs at_shift = 0;
  std::optional<TimeRange> written;  // Of a selector that such a shift concerns: the times that the
                                     // text alone gives, before its own modifiers.
  int selector = -1;                 // For selectors: index into Plan::requests.
  TimeRange read;                    // For selectors: the samples that evaluation may see.
  std::vector<std::unique_ptr<PlanNode>> children;

  // The time that a selector or subquery looks at when evaluated at `t`. After ResolveTimes.
  TimeMs ReferenceTime(TimeMs t) const;
};

struct Plan {
  ExprPtr tree;
  std::unique_ptr<PlanNode> root;
  Grid grid;  // Of the result.
  QueryTimes times;
  std::vector<SelectRequest> requests;
  TimeRange range;  // Covers all requests.
};

// Takes the tree. kInvalidArgument: a duration expression that has no value or is not positive
// where it must be.
absl::StatusOr<Plan> MakePlan(ExprPtr tree, const QueryTimes& times);

// The rewrites.
absl::Status ResolveTimes(const QueryTimes& times, Expr* expr);
// After ResolveTimes.
void CompleteInfoSelectors(Expr* expr);
// True when `expr` has the same value at every step. Parentheses are looked through.
bool IsStepInvariant(const Expr& expr);
void CollectSelectors(Plan* plan);

// How far beyond its window (or its lookback) a selector looks, in milliseconds: anchored and
// smoothed ones see the samples around it.
struct Reach {
  TimeMs before = 0, after = 0;
};
Reach ReachOf(const VectorSelector& instant, TimeMs lookback_delta);
Reach ReachOf(const MatrixSelector& matrix, TimeMs lookback_delta);

// The `@` and `offset` of a selector or subquery.
const TimeModifier& TimeModifierOf(const Expr& expr);
// The expression inside any parentheses.
const Expr& WithoutParens(const Expr& expr);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PLAN_PLAN_H_
