// query/parse/ast.h
//
// The tree of a PromQL expression, as the parser builds it, the printer writes it and the planner reads it. Nodes are plain data;
// each is owned by its parent. Types have been checked by the parser: an executor may rely on them.
//
// Thread safety: immutable after parsing (plan/ works on its own copy, see Clone).
#ifndef HEARTH_QUERY_PARSE_AST_H_
#define HEARTH_QUERY_PARSE_AST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/clock.h"
#include "model/matcher.h"

namespace hearth::promql {

struct FunctionSpec;     // query/functions/spec.h
struct AggregationSpec;  // query/functions/spec.h

enum class ValueType : uint8_t { kNone, kScalar, kInstantVector, kRangeVector, kString };
// "none", "scalar", "instant vector", "range vector", "string": as error messages say it.
const char* ValueTypeText(ValueType type);

// Byte offsets [start, end) in the query text.
struct PositionRange {
  int start = 0;
  int end = 0;
};

enum class ExprKind : uint8_t {
  kNumber, kString, kVectorSelector, kMatrixSelector, kSubquery, kCall, kAggregate, kBinary, kUnary, kParen, kDuration,
};

struct Expr {
  virtual ~Expr() = default;
  virtual std::unique_ptr<Expr> Clone() const = 0;
  ExprKind kind;
  ValueType type = ValueType::kNone;
  PositionRange pos;

 protected:
  Expr(ExprKind k, ValueType t) : kind(k), type(t) {}
  Expr(const Expr&) = default;
};
using ExprPtr = std::unique_ptr<Expr>;

struct NumberLiteral final : Expr {
  NumberLiteral() : Expr(ExprKind::kNumber, ValueType::kScalar) {}
  ExprPtr Clone() const override { return ExprPtr(new NumberLiteral(*this)); }
  double value = 0;
  bool is_duration = false;  // Written as `5m`; prints as one.
};

struct StringLiteral final : Expr {
  StringLiteral() : Expr(ExprKind::kString, ValueType::kString) {}
  ExprPtr Clone() const override { return ExprPtr(new StringLiteral(*this)); }
  std::string value;
};

enum class DurationOp : uint8_t { kLiteral, kAdd, kSub, kMul, kDiv, kMod, kPow, kNegate, kStep, kRange, kMinOf, kMaxOf };

// An arithmetic expression over durations, in seconds: `5m`, `step() * 2`, `max_of(1m, range() / 10)`.
struct DurationExpr final : Expr {
  DurationExpr() : Expr(ExprKind::kDuration, ValueType::kScalar) {}
  DurationExpr(const DurationExpr& o)
      : Expr(o), op(o.op), literal_s(o.literal_s), is_number(o.is_number), wrapped(o.wrapped), plus(o.plus),
        lhs(o.lhs ? std::make_unique<DurationExpr>(*o.lhs) : nullptr),
        rhs(o.rhs ? std::make_unique<DurationExpr>(*o.rhs) : nullptr) {}
  ExprPtr Clone() const override { return std::make_unique<DurationExpr>(*this); }
  DurationOp op = DurationOp::kLiteral;
  double literal_s = 0;    // For kLiteral.
  bool is_number = false;  // The literal was a bare number.
  bool wrapped = false;    // Stood in parentheses.
  bool plus = false;       // Of an offset: `+(1m + 30s)` ends where its parenthesis does, unlike `(1m + 30s)`.
  std::unique_ptr<DurationExpr> lhs, rhs;  // rhs also holds the operand of kNegate.
};

// A duration that is known (`ms`), or that needs the query's start, end and step first (`expr`). plan/ resolves the second kind.
struct DurationValue {
  TimeMs ms = 0;
  std::unique_ptr<DurationExpr> expr;
  DurationValue() = default;
  DurationValue(const DurationValue& o)
      : ms(o.ms), expr(o.expr ? std::make_unique<DurationExpr>(*o.expr) : nullptr) {}
  DurationValue& operator=(const DurationValue& o) {
    ms = o.ms;
    expr = o.expr ? std::make_unique<DurationExpr>(*o.expr) : nullptr;
    return *this;
  }
  DurationValue(DurationValue&&) = default;
  DurationValue& operator=(DurationValue&&) = default;
};

enum class AtKind : uint8_t { kNone, kTimestamp, kStart, kEnd };

// `offset` and `@` of a selector or subquery. The time looked at is (the @ time, else the step's time) - offset.
struct TimeModifier {
  DurationValue offset;          // May be negative.
  AtKind at = AtKind::kNone;
  TimeMs at_ms = 0;              // For kTimestamp.
};

enum class SelectorMode : uint8_t { kPlain, kAnchored, kSmoothed };

struct VectorSelector final : Expr {
  VectorSelector() : Expr(ExprKind::kVectorSelector, ValueType::kInstantVector) {}
  ExprPtr Clone() const override { return ExprPtr(new VectorSelector(*this)); }
  std::string name;               // As written before the braces, "" when only a matcher gave it.
  std::vector<Matcher> matchers;  // The name's matcher included.
  TimeModifier time;
  SelectorMode mode = SelectorMode::kPlain;
};

struct MatrixSelector final : Expr {
  MatrixSelector() : Expr(ExprKind::kMatrixSelector, ValueType::kRangeVector) {}
  MatrixSelector(const MatrixSelector& o)
      : Expr(o), selector(std::make_unique<VectorSelector>(*o.selector)), range(o.range) {}
  ExprPtr Clone() const override { return std::make_unique<MatrixSelector>(*this); }
  std::unique_ptr<VectorSelector> selector;  // Carries the time modifier and the mode.
  DurationValue range;
};

struct SubqueryExpr final : Expr {
  SubqueryExpr() : Expr(ExprKind::kSubquery, ValueType::kRangeVector) {}
  SubqueryExpr(const SubqueryExpr& o)
      : Expr(o), expr(o.expr->Clone()), range(o.range), step(o.step), time(o.time) {}
  ExprPtr Clone() const override { return std::make_unique<SubqueryExpr>(*this); }
  ExprPtr expr;
  DurationValue range;
  DurationValue step;  // 0 = the default step (global evaluation_interval).
  TimeModifier time;
};

struct Call final : Expr {
  Call() : Expr(ExprKind::kCall, ValueType::kNone) {}
  Call(const Call& o) : Expr(o), function(o.function) {
    for (const ExprPtr& arg : o.args) args.push_back(arg->Clone());
  }
  ExprPtr Clone() const override { return std::make_unique<Call>(*this); }
  const FunctionSpec* function = nullptr;  // Static storage.
  std::vector<ExprPtr> args;               // Optional arguments that were not written are absent.
};

struct AggregateExpr final : Expr {
  AggregateExpr() : Expr(ExprKind::kAggregate, ValueType::kInstantVector) {}
  AggregateExpr(const AggregateExpr& o)
      : Expr(o), aggregation(o.aggregation), expr(o.expr->Clone()), param(o.param ? o.param->Clone() : nullptr),
        grouping(o.grouping), without(o.without) {}
  ExprPtr Clone() const override { return std::make_unique<AggregateExpr>(*this); }
  const AggregationSpec* aggregation = nullptr;  // Static storage.
  ExprPtr expr;
  ExprPtr param;  // topk's k, quantile's φ, count_values' label; null for the others.
  std::vector<std::string> grouping;  // As written.
  bool without = false;
};

enum class BinaryOp : uint8_t {
  kAdd, kSub, kMul, kDiv, kMod, kPow, kAtan2, kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual,
  kAnd, kOr, kUnless, kTrimUpper, kTrimLower,  // `</` keeps what is below, `>/` what is above.
};
const char* BinaryOpText(BinaryOp op);
inline bool IsComparison(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kGreaterEqual; }
inline bool IsSetOperator(BinaryOp op) { return op >= BinaryOp::kAnd && op <= BinaryOp::kUnless; }

enum class MatchCardinality : uint8_t { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

struct VectorMatching {
  MatchCardinality cardinality = MatchCardinality::kOneToOne;
  std::vector<std::string> labels;   // Of on(…) or ignoring(…).
  bool on = false;                   // on(…) was written (possibly empty); else ignoring.
  std::vector<std::string> include;  // Of group_left(…) or group_right(…).
  std::optional<double> fill_left, fill_right;
  bool fill_both = false;  // Both came from one fill(…); prints as that.
};

struct BinaryExpr final : Expr {
  BinaryExpr() : Expr(ExprKind::kBinary, ValueType::kNone) {}
  BinaryExpr(const BinaryExpr& o)
      : Expr(o), op(o.op), lhs(o.lhs->Clone()), rhs(o.rhs->Clone()), matching(o.matching), return_bool(o.return_bool) {}
  ExprPtr Clone() const override { return std::make_unique<BinaryExpr>(*this); }
  BinaryOp op = BinaryOp::kAdd;
  ExprPtr lhs, rhs;
  std::optional<VectorMatching> matching;  // Set exactly when both sides are instant vectors.
  bool return_bool = false;
};

struct UnaryExpr final : Expr {
  UnaryExpr() : Expr(ExprKind::kUnary, ValueType::kNone) {}
  UnaryExpr(const UnaryExpr& o) : Expr(o), negate(o.negate), expr(o.expr->Clone()) {}
  ExprPtr Clone() const override { return std::make_unique<UnaryExpr>(*this); }
  bool negate = false;  // Else a plus sign.
  ExprPtr expr;
};

struct ParenExpr final : Expr {
  ParenExpr() : Expr(ExprKind::kParen, ValueType::kNone) {}
  ParenExpr(const ParenExpr& o) : Expr(o), expr(o.expr->Clone()) {}
  ExprPtr Clone() const override { return std::make_unique<ParenExpr>(*this); }
  ExprPtr expr;
};

// The node as its own type. The caller has looked at `kind`.
template <typename T>
const T& As(const Expr& expr) {
  return static_cast<const T&>(expr);
}
template <typename T>
T& As(Expr& expr) {
  return static_cast<T&>(expr);
}

// The canonical text of an expression on one line, as Prometheus' String() writes it. Parsing it gives the same tree.
std::string ToString(const Expr& expr);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_AST_H_
