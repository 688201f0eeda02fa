// Collects all selectors with the time ranges that evaluation will look at, so that one Select
// reads them all and they see the same commits. Equal selectors share one request.
#include <algorithm>

#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

// Windows and lookback are open on the left: the oldest sample of interest is one millisecond
// inside.
TimeRange RangeOf(const PlanNode& node, TimeMs length, Reach reach) {
  if (node.grid.count == 0) return {0, -1};
  TimeRange looked_at = {node.ReferenceTime(node.grid.at(0)), node.ReferenceTime(node.grid.last())};
  if (node.written) {
    const TimeModifier& time = TimeModifierOf(*node.expr);
    looked_at = time.at == AtKind::kNone ? *node.written : TimeRange{time.at_ms, time.at_ms};
    looked_at.mint -= time.offset.ms;
    looked_at.maxt -= time.offset.ms;
  }
  return {looked_at.mint - length - reach.before + 1, looked_at.maxt + reach.after};
}

int AddRequest(Plan* plan, const VectorSelector& selector, TimeRange range) {
  for (size_t i = 0; i < plan->requests.size(); ++i) {
    const SelectRequest& known = plan->requests[i];
    if (known.range == range && known.matchers == selector.matchers) return static_cast<int>(i);
  }
  plan->requests.push_back({selector.matchers, range});
  return static_cast<int>(plan->requests.size()) - 1;
}

void Collect(Plan* plan, PlanNode* node) {
  const TimeMs lookback = plan->times.lookback_delta;
  if (node->expr->kind == ExprKind::kVectorSelector) {
    const VectorSelector& selector = As<VectorSelector>(*node->expr);
    node->read = RangeOf(*node, lookback, ReachOf(selector, lookback));
    node->selector = AddRequest(plan, selector, node->read);
  } else if (node->expr->kind == ExprKind::kMatrixSelector) {
    const MatrixSelector& matrix = As<MatrixSelector>(*node->expr);
    node->read = RangeOf(*node, matrix.range.ms, ReachOf(matrix, lookback));
    node->selector = AddRequest(plan, *matrix.selector, node->read);
  }
  for (const auto& child : node->children) Collect(plan, child.get());
}

}  // namespace

Reach ReachOf(const VectorSelector& instant, TimeMs lookback_delta) {
  return {.before = 0, .after = instant.mode == SelectorMode::kSmoothed ? lookback_delta : 0};
}

Reach ReachOf(const MatrixSelector& matrix, TimeMs lookback_delta) {
  const SelectorMode mode = matrix.selector->mode;
  return {.before = mode == SelectorMode::kPlain ? 0 : lookback_delta,
          .after = mode == SelectorMode::kSmoothed ? lookback_delta : 0};
}

void CollectSelectors(Plan* plan) {
  Collect(plan, plan->root.get());
  plan->range = {0, -1};
  for (const SelectRequest& request : plan->requests) {
    if (request.range.empty()) continue;
    if (plan->range.empty()) plan->range = request.range;
    plan->range.mint = std::min(plan->range.mint, request.range.mint);
    plan->range.maxt = std::max(plan->range.maxt, request.range.maxt);
  }
}

}  // namespace hearth::promql
