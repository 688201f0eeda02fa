// Arithmetic on durations, inside brackets and behind `offset`.
#include <algorithm>
#include <cmath>
#include <utility>

#include "model/text.h"
#include "query/parse/grammar.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr int kUnaryOperand = 3;

// 0 for what is no operator on durations.
int Precedence(const Token& token) {
  if (token.kind != TokenKind::kOperator) return 0;
  switch (token.op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return 1;
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
      return 2;
    case BinaryOp::kPow:
      return 3;
    default:
      return 0;
  }
}

DurationOp DurationOpOf(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return DurationOp::kAdd;
    case BinaryOp::kSub:
      return DurationOp::kSub;
    case BinaryOp::kMul:
      return DurationOp::kMul;
    case BinaryOp::kDiv:
      return DurationOp::kDiv;
    case BinaryOp::kMod:
      return DurationOp::kMod;
    default:
      return DurationOp::kPow;
  }
}

// One in parentheses is an expression: it prints with them, and is judged when it is resolved.
bool IsLiteral(const DurationExpr& expr) {
  return expr.op == DurationOp::kLiteral && !expr.wrapped;
}

}  // namespace

DurationValue Grammar::ValueOf(std::unique_ptr<DurationExpr> expr) {
  DurationValue value;
  if (IsLiteral(*expr)) {
    // Prometheus counts nanoseconds here and milliseconds later.
    value.ms = std::llround(expr->literal_s * 1e9) / 1'000'000;
  } else {
    value.expr = std::move(expr);
  }
  return value;
}

bool Grammar::PositiveDuration(DurationValue* value) {
  std::unique_ptr<DurationExpr> expr = Duration(0);
  if (expr == nullptr) return false;
  if (IsLiteral(*expr) && !(expr->literal_s > 0)) {
    return Fail(expr->pos.start, "duration must be greater than 0");
  }
  *value = ValueOf(std::move(expr));
  return true;
}

bool Grammar::InRange(const DurationExpr& literal, int pos) {
  constexpr double kLimit = 9223372036.854775807;  // 2^63 nanoseconds.
  return std::abs(literal.literal_s) < kLimit || Fail(pos, "duration out of range");
}

std::unique_ptr<DurationExpr> Grammar::Duration(int min_precedence) {
  const Level level(this);
  if (!level.ok()) return nullptr;
  height_ = 1;
  std::unique_ptr<DurationExpr> lhs = DurationUnary();
  while (lhs != nullptr && Precedence(Peek()) > 0 && Precedence(Peek()) >= min_precedence) {
    const int lhs_height = height_;
    const int precedence = Precedence(Peek());
    const Token op = Take();
    auto expr = std::make_unique<DurationExpr>();
    expr->op = DurationOpOf(op.op);
    expr->lhs = std::move(lhs);
    expr->rhs = Duration(op.op == BinaryOp::kPow ? precedence : precedence + 1);
    if (expr->rhs == nullptr) return nullptr;
    const bool by_zero = IsLiteral(*expr->rhs) && expr->rhs->literal_s == 0;
    if (by_zero && (op.op == BinaryOp::kDiv || op.op == BinaryOp::kMod)) {
      Fail(op.pos, op.op == BinaryOp::kDiv ? "division by zero" : "modulo by zero");
      return nullptr;
    }
    expr->pos = {expr->lhs->pos.start, expr->rhs->pos.end};
    height_ = std::max(lhs_height, height_) + 1;
    if (height_ > kMaxNesting) {
      TooDeep();
      return nullptr;
    }
    lhs = std::move(expr);
  }
  return lhs;
}

std::unique_ptr<DurationExpr> Grammar::DurationUnary() {
  if (!PeekIsOperator(BinaryOp::kAdd) && !PeekIsOperator(BinaryOp::kSub)) return DurationPrimary();
  const Token sign = Take();
  std::unique_ptr<DurationExpr> operand = Duration(kUnaryOperand);
  if (operand == nullptr) return nullptr;
  const bool negate = sign.op == BinaryOp::kSub;
  if (IsLiteral(*operand)) {
    if (negate) operand->literal_s = -operand->literal_s;
    operand->pos.start = sign.pos;
    return operand;
  }
  if (!negate) return operand;
  auto expr = std::make_unique<DurationExpr>();
  expr->op = DurationOp::kNegate;
  expr->pos = {sign.pos, operand->pos.end};
  expr->rhs = std::move(operand);
  ++height_;
  return expr;
}

std::unique_ptr<DurationExpr> Grammar::DurationNumber() {
  const ExprPtr number = Number();
  if (number == nullptr) return nullptr;
  auto literal = std::make_unique<DurationExpr>();
  literal->literal_s = As<NumberLiteral>(*number).value;
  literal->is_number = !As<NumberLiteral>(*number).is_duration;
  literal->pos = number->pos;
  return InRange(*literal, literal->pos.start) ? std::move(literal) : nullptr;
}

std::unique_ptr<DurationExpr> Grammar::DurationPrimary() {
  const Token first = Peek();
  auto expr = std::make_unique<DurationExpr>();
  switch (first.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return DurationNumber();
    case TokenKind::kLeftParen:
      Take();
      expr = Duration(0);
      if (expr == nullptr || !Expect(TokenKind::kRightParen)) return nullptr;
      expr->wrapped = true;
      return expr;
    case TokenKind::kStep:
    case TokenKind::kRange:
      Take();
      expr->op = first.kind == TokenKind::kStep ? DurationOp::kStep : DurationOp::kRange;
      if (!Expect(TokenKind::kLeftParen) || !Expect(TokenKind::kRightParen)) return nullptr;
      break;
    case TokenKind::kMinOf:
    case TokenKind::kMaxOf: {
      Take();
      expr->op = first.kind == TokenKind::kMinOf ? DurationOp::kMinOf : DurationOp::kMaxOf;
      if (!Expect(TokenKind::kLeftParen)) return nullptr;
      expr->lhs = Duration(0);
      const int height = height_;
      if (expr->lhs == nullptr || !Expect(TokenKind::kComma)) return nullptr;
      expr->rhs = Duration(0);
      if (expr->rhs == nullptr || !Expect(TokenKind::kRightParen)) return nullptr;
      height_ = std::max(height, height_) + 1;
      break;
    }
    default:
      Unexpected();
      return nullptr;
  }
  expr->pos = {first.pos, last_closing_};
  return expr;
}

// Behind `offset` a sign, a number or a call ends the duration, so that `x offset 5m + y` adds y to
// x. An opening parenthesis starts arithmetic that goes on behind the closing one.
std::unique_ptr<DurationExpr> Grammar::OffsetDuration() {
  height_ = 1;
  if (PeekIs(TokenKind::kLeftParen)) return Duration(0);
  if (PeekIsOperator(BinaryOp::kAdd) || PeekIsOperator(BinaryOp::kSub)) {
    Lexer ahead = lexer_;
    const TokenKind after = ahead.Next().kind;
    if (after == TokenKind::kLeftParen) {
      const bool plus = PeekIsOperator(BinaryOp::kAdd);
      std::unique_ptr<DurationExpr> expr = DurationUnary();
      if (expr != nullptr) expr->plus = plus;
      return expr;
    }
    const Token sign = Take();
    std::unique_ptr<DurationExpr> operand = DurationPrimary();
    if (operand == nullptr || sign.op == BinaryOp::kAdd) return operand;
    if (IsLiteral(*operand)) {
      operand->literal_s = -operand->literal_s;
      return operand;
    }
    auto expr = std::make_unique<DurationExpr>();
    expr->op = DurationOp::kNegate;
    expr->pos = {sign.pos, operand->pos.end};
    expr->rhs = std::move(operand);
    return expr;
  }
  return DurationPrimary();
}

}  // namespace hearth::promql
