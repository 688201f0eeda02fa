#include "query/parse/type_check.h"

#include <algorithm>
#include <string>
#include <utility>

#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/grammar.h"

namespace hearth::promql {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

bool IsScalarOrVector(ValueType type) {
  return type == ValueType::kScalar || type == ValueType::kInstantVector;
}

class TypeChecker {
 public:
  explicit TypeChecker(std::string_view query) : query_(query) {}

  absl::Status Check(Expr* expr) {
    switch (expr->kind) {
      case ExprKind::kAggregate:
        return CheckAggregate(&As<AggregateExpr>(*expr));
      case ExprKind::kBinary:
        return CheckBinary(&As<BinaryExpr>(*expr));
      case ExprKind::kCall:
        return CheckCall(&As<Call>(*expr));
      case ExprKind::kParen: {
        auto& paren = As<ParenExpr>(*expr);
        HEARTH_RETURN_IF_ERROR(Check(paren.expr.get()));
        paren.type = paren.expr->type;
        return absl::OkStatus();
      }
      case ExprKind::kUnary: {
        auto& unary = As<UnaryExpr>(*expr);
        HEARTH_RETURN_IF_ERROR(Check(unary.expr.get()));
        unary.type = unary.expr->type;
        if (IsScalarOrVector(unary.type)) return absl::OkStatus();
        return Error(*expr, StrCat("unary expression only allowed on expressions of type scalar or "
                                   "instant vector, got ",
                                   Quoted(ValueTypeText(unary.type))));
      }
      case ExprKind::kSubquery: {
        auto& subquery = As<SubqueryExpr>(*expr);
        HEARTH_RETURN_IF_ERROR(Check(subquery.expr.get()));
        if (subquery.expr->type == ValueType::kInstantVector) return absl::OkStatus();
        // This message alone calls a range vector a matrix.
        const ValueType type = subquery.expr->type;
        return Error(*expr, StrCat("subquery is only allowed on instant vector, got ",
                                   type == ValueType::kRangeVector ? "matrix" : ValueTypeText(type),
                                   " instead"));
      }
      case ExprKind::kMatrixSelector:
        return CheckSelector(*As<MatrixSelector>(*expr).selector);
      case ExprKind::kVectorSelector:
        return CheckSelector(As<VectorSelector>(*expr));
      case ExprKind::kNumber:
      case ExprKind::kString:
      case ExprKind::kDuration:
        return absl::OkStatus();
    }
    return absl::InternalError("unknown kind of expression");
  }

 private:
  absl::Status Error(const Expr& at, std::string_view message) const {
    return ParseErrorAt(query_, at.pos.start, message);
  }

  absl::Status ExpectType(Expr* expr, ValueType wanted, std::string_view where) {
    HEARTH_RETURN_IF_ERROR(Check(expr));
    if (expr->type == wanted) return absl::OkStatus();
    return Error(*expr, StrCat("expected type ", ValueTypeText(wanted), " in ", where, ", got ",
                               ValueTypeText(expr->type)));
  }

  absl::Status CheckAggregate(AggregateExpr* aggregate) {
    HEARTH_RETURN_IF_ERROR(
        ExpectType(aggregate->expr.get(), ValueType::kInstantVector, "aggregation expression"));
    if (aggregate->param == nullptr) return absl::OkStatus();
    return ExpectType(aggregate->param.get(), aggregate->aggregation->param,
                      "aggregation parameter");
  }

  absl::Status CheckArgumentCount(const Call& call) const {
    const FunctionSpec& spec = *call.function;
    const size_t given = call.args.size();
    const size_t declared = spec.args.size();
    const auto error = [&](std::string_view bound, size_t expected) {
      return Error(call, StrCat("expected ", bound, expected, " argument(s) in call to ",
                                Quoted(spec.name), ", got ", given));
    };
    if (spec.variadic == 0) return given == declared ? absl::OkStatus() : error("", declared);
    const size_t least =
        spec.variadic < 0 ? declared - 1 : declared - static_cast<size_t>(spec.variadic);
    if (given < least) return error("at least ", least);
    if (spec.variadic > 0 && given > declared) return error("at most ", declared);
    return absl::OkStatus();
  }

  absl::Status CheckCall(Call* call) {
    const FunctionSpec& spec = *call->function;
    call->type = spec.returns;
    HEARTH_RETURN_IF_ERROR(CheckArgumentCount(*call));
    const std::string where = StrCat("call to function ", Quoted(spec.name));
    for (size_t i = 0; i < call->args.size(); ++i) {
      Expr* const arg = call->args[i].get();
      const ValueType wanted = spec.args[std::min(i, spec.args.size() - 1)];
      const bool info_selector = static_cast<int>(i) == spec.info_selector;
      if (!info_selector || arg->kind != ExprKind::kVectorSelector) {
        HEARTH_RETURN_IF_ERROR(ExpectType(arg, wanted, where));
      }
      if (info_selector) HEARTH_RETURN_IF_ERROR(CheckLabelSelector(*arg));
    }
    return absl::OkStatus();
  }

  // Matchers without a name; they may all match the empty string.
  absl::Status CheckLabelSelector(const Expr& expr) const {
    if (expr.kind != ExprKind::kVectorSelector) return Error(expr, "expected label selectors only");
    return As<VectorSelector>(expr).name.empty()
               ? absl::OkStatus()
               : Error(expr, "expected label selectors only, got vector selector instead");
  }

  absl::Status CheckSelector(const VectorSelector& selector) const {
    if (!selector.name.empty()) {
      // The last matcher is the name's own.
      for (size_t i = 0; i + 1 < selector.matchers.size(); ++i) {
        if (selector.matchers[i].name() != kMetricNameLabel) continue;
        return Error(selector, StrCat("metric name must not be set twice: ", Quoted(selector.name),
                                      " or ", Quoted(selector.matchers[i].value())));
      }
      return absl::OkStatus();
    }
    const bool selective = std::any_of(selector.matchers.begin(), selector.matchers.end(),
                                       [](const Matcher& m) { return !m.MatchesEmpty(); });
    return selective
               ? absl::OkStatus()
               : Error(selector, "vector selector must contain at least one non-empty matcher");
  }

  // Where the operator stands: behind the left side and its white space.
  absl::Status OperatorError(const BinaryExpr& binary, std::string_view message) const {
    size_t pos = static_cast<size_t>(binary.lhs->pos.end);
    while (pos < query_.size() &&
           std::string_view(" \t\n\r").find(query_[pos]) != std::string_view::npos)
      ++pos;
    return ParseErrorAt(query_, static_cast<int>(pos), message);
  }

  absl::Status CheckBinary(BinaryExpr* binary) {
    HEARTH_RETURN_IF_ERROR(Check(binary->lhs.get()));
    HEARTH_RETURN_IF_ERROR(Check(binary->rhs.get()));
    const ValueType left = binary->lhs->type, right = binary->rhs->type;
    const BinaryOp op = binary->op;
    if (binary->return_bool && !IsComparison(op)) {
      return OperatorError(*binary, "bool modifier can only be used on comparison operators");
    }
    if (IsComparison(op) && !binary->return_bool && left == ValueType::kScalar &&
        right == ValueType::kScalar) {
      return OperatorError(*binary, "comparisons between scalars must use BOOL modifier");
    }
    VectorMatching& matching = *binary->matching;
    if (IsSetOperator(op) && matching.cardinality == MatchCardinality::kOneToOne) {
      matching.cardinality = MatchCardinality::kManyToMany;
    }
    for (const std::string& label : matching.labels) {
      if (matching.on && std::find(matching.include.begin(), matching.include.end(), label) !=
                             matching.include.end()) {
        return OperatorError(*binary, StrCat("label ", Quoted(label),
                                             " must not occur in ON and GROUP clause at once"));
      }
    }
    for (const Expr* side : {binary->lhs.get(), binary->rhs.get()}) {
      if (!IsScalarOrVector(side->type)) {
        return Error(*side, "binary expression must contain only scalar and instant vector types");
      }
    }
    const bool vectors = left == ValueType::kInstantVector && right == ValueType::kInstantVector;
    binary->type = left == ValueType::kScalar && right == ValueType::kScalar
                       ? ValueType::kScalar
                       : ValueType::kInstantVector;
    HEARTH_RETURN_IF_ERROR(CheckMatching(*binary, vectors));
    if (!vectors) binary->matching.reset();
    return absl::OkStatus();
  }

  absl::Status CheckMatching(const BinaryExpr& binary, bool vectors) const {
    const VectorMatching& matching = *binary.matching;
    const bool fills = matching.fill_left || matching.fill_right;
    if (!vectors) {
      if (!matching.labels.empty())
        return Error(binary, "vector matching only allowed between instant vectors");
      if (fills)
        return Error(binary, "filling in missing series only allowed between instant vectors");
      if (IsSetOperator(binary.op)) {
        return Error(binary, StrCat("set operator ", Quoted(BinaryOpText(binary.op)),
                                    " not allowed in binary scalar expression"));
      }
    } else if (IsSetOperator(binary.op)) {
      if (matching.cardinality != MatchCardinality::kManyToMany) {
        return Error(binary, StrCat("no grouping allowed for ", Quoted(BinaryOpText(binary.op)),
                                    " operation"));
      }
      if (fills) return Error(binary, "filling in missing series not allowed for set operators");
    }
    return absl::OkStatus();
  }

  const std::string_view query_;
};

}  // namespace

absl::Status CheckTypes(std::string_view query, Expr* expr) {
  return TypeChecker(query).Check(expr);
}

}  // namespace hearth::promql
