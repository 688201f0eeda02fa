// Duration expressions, @ start() and @ end() become numbers.
#include <algorithm>
#include <cmath>

#include "model/status.h"
#include "model/text.h"
#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kFarAway = TimeMs{1} << 60;

absl::Status At(PositionRange pos, std::string_view what) {
  return absl::InvalidArgumentError(StrCat("1:", pos.start + 1, ": parse error: ", what));
}

// In seconds.
absl::StatusOr<double> Evaluate(const DurationExpr& expr, const QueryTimes& times) {
  double lhs = 0, rhs = 0;
  if (expr.lhs != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(lhs, Evaluate(*expr.lhs, times));
  }
  if (expr.rhs != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(rhs, Evaluate(*expr.rhs, times));
  }
  switch (expr.op) {
    case DurationOp::kLiteral:
      return expr.literal_s;
    case DurationOp::kAdd:
      return lhs + rhs;
    case DurationOp::kSub:
      return lhs - rhs;
    case DurationOp::kMul:
      return lhs * rhs;
    case DurationOp::kDiv:
      if (rhs == 0) return At(expr.pos, "division by zero");
      return lhs / rhs;
    case DurationOp::kMod:
      if (rhs == 0) return At(expr.pos, "modulo by zero");
      return std::fmod(lhs, rhs);
    case DurationOp::kPow:
      return std::pow(lhs, rhs);
    case DurationOp::kNegate:
      return -rhs;
    case DurationOp::kStep:
      return static_cast<double>(times.step) / 1000;
    case DurationOp::kRange:
      return static_cast<double>(times.end - times.start) / 1000;
    case DurationOp::kMinOf:
      return std::fmin(lhs, rhs);
    case DurationOp::kMaxOf:
      return std::fmax(lhs, rhs);
  }
  return absl::InternalError("unknown duration operator");
}

enum class Sign { kPositive, kAny };

absl::Status Resolve(const QueryTimes& times, Sign sign, DurationValue* value) {
  if (value->expr == nullptr) return absl::OkStatus();
  const PositionRange pos = value->expr->pos;
  HEARTH_ASSIGN_OR_RETURN(const double seconds, Evaluate(*value->expr, times));
  // 2^63 ns is what Prometheus' durations hold.
  if (!(std::fabs(seconds) < 9.2e9)) return At(pos, "duration out of range");
  if (sign == Sign::kPositive && seconds <= 0) {
    return At(pos, "duration must be greater than 0");
  }
  value->ms = static_cast<TimeMs>(std::round(seconds * 1000));
  value->expr.reset();
  return absl::OkStatus();
}

absl::Status ResolveModifier(const QueryTimes& times, TimeModifier* modifier) {
  if (modifier->at == AtKind::kStart || modifier->at == AtKind::kEnd) {
    modifier->at_ms = modifier->at == AtKind::kStart ? times.start : times.end;
    modifier->at = AtKind::kTimestamp;
  }
  // Far beyond any sample, and far from where arithmetic on times would overflow.
  modifier->at_ms = std::clamp(modifier->at_ms, -kFarAway, kFarAway);
  return Resolve(times, Sign::kAny, &modifier->offset);
}

absl::Status ResolveSubquery(const QueryTimes& times, SubqueryExpr* subquery) {
  HEARTH_RETURN_IF_ERROR(Resolve(times, Sign::kPositive, &subquery->range));
  HEARTH_RETURN_IF_ERROR(Resolve(times, Sign::kPositive, &subquery->step));
  HEARTH_RETURN_IF_ERROR(ResolveModifier(times, &subquery->time));
  return ResolveTimes(times, subquery->expr.get());
}

}  // namespace

absl::Status ResolveTimes(const QueryTimes& times, Expr* expr) {
  switch (expr->kind) {
    case ExprKind::kVectorSelector:
      return ResolveModifier(times, &As<VectorSelector>(*expr).time);
    case ExprKind::kMatrixSelector: {
      MatrixSelector& matrix = As<MatrixSelector>(*expr);
      HEARTH_RETURN_IF_ERROR(Resolve(times, Sign::kPositive, &matrix.range));
      return ResolveModifier(times, &matrix.selector->time);
    }
    case ExprKind::kSubquery:
      return ResolveSubquery(times, &As<SubqueryExpr>(*expr));
    case ExprKind::kCall:
      for (const ExprPtr& arg : As<Call>(*expr).args) {
        HEARTH_RETURN_IF_ERROR(ResolveTimes(times, arg.get()));
      }
      return absl::OkStatus();
    case ExprKind::kAggregate: {
      AggregateExpr& aggregate = As<AggregateExpr>(*expr);
      if (aggregate.param != nullptr) {
        HEARTH_RETURN_IF_ERROR(ResolveTimes(times, aggregate.param.get()));
      }
      return ResolveTimes(times, aggregate.expr.get());
    }
    case ExprKind::kBinary:
      HEARTH_RETURN_IF_ERROR(ResolveTimes(times, As<BinaryExpr>(*expr).lhs.get()));
      return ResolveTimes(times, As<BinaryExpr>(*expr).rhs.get());
    case ExprKind::kUnary:
      return ResolveTimes(times, As<UnaryExpr>(*expr).expr.get());
    case ExprKind::kParen:
      return ResolveTimes(times, As<ParenExpr>(*expr).expr.get());
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration:
      return absl::OkStatus();
  }
  return absl::InternalError("unknown kind of expression");
}

const TimeModifier& TimeModifierOf(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kSubquery:
      return As<SubqueryExpr>(expr).time;
    case ExprKind::kMatrixSelector:
      return As<MatrixSelector>(expr).selector->time;
    default:
      return As<VectorSelector>(expr).time;
  }
}

TimeMs PlanNode::ReferenceTime(TimeMs t) const {
  const TimeModifier& modifier = TimeModifierOf(*expr);
  return (modifier.at == AtKind::kNone ? t : modifier.at_ms + at_shift) - modifier.offset.ms;
}

}  // namespace hearth::promql
