// query/parse/children.h
//
// A walk over the tree of a query.
//
// Thread safety: pure function.
#ifndef HEARTH_QUERY_PARSE_CHILDREN_H_
#define HEARTH_QUERY_PARSE_CHILDREN_H_

#include "query/parse/ast.h"

namespace hearth::promql {

// Calls fn on each direct child that is an expression of its own; the selector of a range is not.
template <typename Node, typename Fn>
void ForEachChild(Node& expr, Fn fn) {
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

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_CHILDREN_H_
