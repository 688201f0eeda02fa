#include "query/exec/operator_trace.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "query/functions/spec.h"

namespace hearth::promql {
namespace {

// What one would call the operator of an expression.
std::string_view NameOf(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return "number";
    case ExprKind::kString:
      return "string";
    case ExprKind::kVectorSelector:
      return "selector";
    case ExprKind::kMatrixSelector:
      return "range selector";
    case ExprKind::kSubquery:
      return "subquery";
    case ExprKind::kCall:
      return As<Call>(expr).function->name;
    case ExprKind::kAggregate:
      return As<AggregateExpr>(expr).aggregation->name;
    case ExprKind::kBinary:
      return BinaryOpText(As<BinaryExpr>(expr).op);
    case ExprKind::kUnary:
      return "-";
    case ExprKind::kParen:
    case ExprKind::kDuration:
      break;
  }
  return "expression";
}

// Long queries nest: the texts of all their operators together would be quadratic.
constexpr size_t kExpressionMax = 200;

std::string Shortened(std::string_view expression) {
  if (expression.size() <= kExpressionMax) return std::string(expression);
  size_t end = kExpressionMax;
  // Not inside a character of UTF-8.
  while (end > 0 && (static_cast<unsigned char>(expression[end]) & 0xC0) == 0x80) --end;
  return std::string(expression.substr(0, end)) + "…";
}

}  // namespace

TraceId OperatorTrace::Begin(std::string_view name, std::string_view expression) {
  const auto id = static_cast<TraceId>(operators_.size());
  if (!open_.empty()) operators_[open_.back().id].inputs.push_back(id);
  operators_.push_back({.name = name, .expression = expression});
  open_.push_back({.id = id, .began = Clock::now()});
  return id;
}

TraceId OperatorTrace::Begin(const Expr& expr) {
  const size_t start = std::min(static_cast<size_t>(std::max(expr.pos.start, 0)), query_.size());
  const size_t end = std::max(static_cast<size_t>(std::max(expr.pos.end, 0)), start);
  return Begin(NameOf(expr), query_.substr(start, end - start));
}

void OperatorTrace::End(int64_t series, int64_t steps) {
  const Open ended = open_.back();
  open_.pop_back();
  const Clock::duration took = Clock::now() - ended.began;
  Operator& op = operators_[ended.id];
  op.series = series;
  op.steps = steps;
  op.cost.self += took - ended.inner;
  if (!open_.empty()) open_.back().inner += took;
}

void OperatorTrace::Absorb(WorkerTrace* worker) {
  for (size_t id = 0; id < worker->costs_.size(); ++id) {
    WorkerTrace::Cost& cost = operators_[id].cost;
    cost.self += worker->costs_[id].self;
    cost.columns += worker->costs_[id].columns;
    cost.rows += worker->costs_[id].rows;
  }
  worker->costs_.clear();
}

OperatorExplanation OperatorTrace::Explain(TraceId id) const {
  const Operator& op = operators_[id];
  OperatorExplanation explained{
      .name = std::string(op.name),
      .expression = Shortened(op.expression),
      .steps = op.steps,
      .series = op.series,
      .columns = op.cost.columns,
      .rows = op.cost.rows,
      .self_s = std::chrono::duration<double>(op.cost.self).count(),
  };
  if (op.set != nullptr) explained.reads = op.set->reads();
  explained.total_s = explained.self_s;
  for (const TraceId input : op.inputs) {
    explained.children.push_back(Explain(input));
    explained.total_s += explained.children.back().total_s;
  }
  return explained;
}

}  // namespace hearth::promql
