#include "query/parse/pretty.h"

#include <utility>

#include "absl/status/status.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/printer.h"

namespace hearth::promql {
namespace {

constexpr size_t kLineBytes = 100;

class PrettyPrinter {
 public:
  absl::StatusOr<std::string> Run(const Expr& expr) {
    std::string line;
    Print(expr, &line, &lengths_);
    Write(expr, 0, /*indented=*/true);
    if (out_.size() <= kPrettyBytesMax) return std::move(out_);
    return absl::ResourceExhaustedError(StrCat("formatting a query of ", line.size(),
                                               " bytes: the result is longer than ",
                                               kPrettyBytesMax, " bytes"));
  }

 private:
  void Indent(size_t level) { out_.append(2 * level, ' '); }

  // `indented`: the node stands at the beginning of its line.
  void Write(const Expr& expr, size_t level, bool indented) {
    if (out_.size() > kPrettyBytesMax) return;  // Run refuses it.
    const bool split = lengths_.find(&expr)->second > kLineBytes;
    if (expr.kind == ExprKind::kUnary) return WriteUnary(As<UnaryExpr>(expr), level, indented);
    if (expr.kind == ExprKind::kSubquery) {
      return WriteSubquery(As<SubqueryExpr>(expr), level, split, indented);
    }
    if (split && expr.kind == ExprKind::kBinary) {
      return WriteBinary(As<BinaryExpr>(expr), level, indented);
    }
    if (indented) Indent(level);
    if (!split) return Print(expr, &out_);
    switch (expr.kind) {
      case ExprKind::kAggregate:
        return WriteAggregate(As<AggregateExpr>(expr), level);
      case ExprKind::kCall:
        return WriteCall(As<Call>(expr), level);
      case ExprKind::kParen:
        out_.append("(\n");
        Write(*As<ParenExpr>(expr).expr, level + 1, true);
        return Close(level);
      default:
        return Print(expr, &out_);
    }
  }

  void Close(size_t level) {
    out_.push_back('\n');
    Indent(level);
    out_.push_back(')');
  }

  // The sign goes before the operand's first line, wherever that begins.
  void WriteUnary(const UnaryExpr& unary, size_t level, bool indented) {
    if (indented) Indent(level);
    out_.push_back(unary.negate ? '-' : '+');
    Write(*unary.expr, level, false);
  }

  // Prometheus does not indent a subquery that fits a line.
  void WriteSubquery(const SubqueryExpr& subquery, size_t level, bool split, bool indented) {
    if (!split) return Print(subquery, &out_);
    Write(*subquery.expr, level, indented);
    PrintSubqueryTimes(subquery, &out_);
  }

  void WriteBinary(const BinaryExpr& binary, size_t level, bool indented) {
    if (HasBareInfinity(binary)) {
      if (indented) Indent(level + 1);
      out_.append(kBareInfinity);
    } else {
      Write(*binary.lhs, level + 1, indented);
    }
    out_.push_back('\n');
    Indent(level);
    PrintOperator(binary, &out_);
    out_.push_back('\n');
    Write(*binary.rhs, level + 1, true);
  }

  void WriteAggregate(const AggregateExpr& aggregate, size_t level) {
    PrintAggregateHead(aggregate, &out_);
    out_.append("(\n");
    if (aggregate.param) {
      Write(*aggregate.param, level + 1, true);
      out_.append(",\n");
    }
    Write(*aggregate.expr, level + 1, true);
    Close(level);
  }

  void WriteCall(const Call& call, size_t level) {
    StrAppend(&out_, call.function->name, "(\n");
    for (size_t i = 0; i < call.args.size(); ++i) {
      if (i > 0) out_.append(",\n");
      Write(*call.args[i], level + 1, true);
    }
    Close(level);
  }

  TextLengths lengths_;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> Pretty(const Expr& expr) { return PrettyPrinter().Run(expr); }

}  // namespace hearth::promql
