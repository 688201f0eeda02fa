// The argument of info() becomes the selector of the info series themselves.
#include <algorithm>
#include <memory>

#include "query/functions/spec.h"
#include "query/parse/children.h"
#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

// The modifiers of the first selector in `expr`: info series are looked at when it is.
const TimeModifier* FirstModifier(const Expr& expr) {
  if (expr.kind == ExprKind::kVectorSelector) return &As<VectorSelector>(expr).time;
  if (expr.kind == ExprKind::kMatrixSelector) return &As<MatrixSelector>(expr).selector->time;
  const TimeModifier* found = nullptr;
  ForEachChild(expr, [&found](const Expr& child) {
    if (found == nullptr) found = FirstModifier(child);
  });
  return found;
}

// Without a word on the name, target_info is meant; when names are only excluded, all that end in
// _info are.
void CompleteName(VectorSelector* selector) {
  bool named = false, chosen = false;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name() != kMetricNameLabel) continue;
    named = true;
    chosen = chosen || !matcher.negative();
  }
  if (!named) {
    selector->matchers.push_back(Matcher::Equal(kMetricNameLabel, "target_info"));
  } else if (!chosen) {
    selector->matchers.push_back(*Matcher::Create(MatchOp::kRegex, kMetricNameLabel, ".+_info"));
  }
}

}  // namespace

void CompleteInfoSelectors(Expr* expr) {
  ForEachChild(*expr, [](Expr& child) { CompleteInfoSelectors(&child); });
  if (expr->kind != ExprKind::kCall) return;
  Call& call = As<Call>(*expr);
  if (call.function->info_selector < 0) return;
  const auto index = static_cast<size_t>(call.function->info_selector);
  if (call.args.size() == index) {
    call.args.push_back(std::make_unique<VectorSelector>());
    call.args.back()->pos = call.pos;
  }
  VectorSelector& selector = As<VectorSelector>(*call.args[index]);
  CompleteName(&selector);
  if (const TimeModifier* time = FirstModifier(*call.args[0])) selector.time = *time;
}

}  // namespace hearth::promql
