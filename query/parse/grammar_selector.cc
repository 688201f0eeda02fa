// Selectors and the suffixes that may follow them: [range], [range:step], offset, @, anchored,
// smoothed.
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "model/text.h"
#include "query/parse/grammar.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr char kDurationWords[] = "number, duration, step(), or range()";

bool IsMatchOperator(const Token& token) {
  return token.kind == TokenKind::kEqual || token.kind == TokenKind::kEqualRegex ||
         token.kind == TokenKind::kNotRegex ||
         (token.kind == TokenKind::kOperator && token.op == BinaryOp::kNotEqual);
}

MatchOp MatchOpOf(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEqual:
      return MatchOp::kEqual;
    case TokenKind::kEqualRegex:
      return MatchOp::kRegex;
    case TokenKind::kNotRegex:
      return MatchOp::kNotRegex;
    default:
      return MatchOp::kNotEqual;
  }
}

}  // namespace

std::unique_ptr<VectorSelector> Grammar::Selector() {
  auto selector = std::make_unique<VectorSelector>();
  selector->pos.start = Peek().pos;
  if (!PeekIs(TokenKind::kLeftBrace)) {
    const Token name = Take();
    selector->name = name.text;
    selector->pos.end = name.end();
  }
  if (PeekIs(TokenKind::kLeftBrace)) {
    if (!LabelMatchers(&selector->matchers)) return nullptr;
    selector->pos.end = last_closing_;
  }
  if (!selector->name.empty())
    selector->matchers.push_back(Matcher::Equal(kMetricNameLabel, selector->name));
  return selector;
}

bool Grammar::LabelMatchers(std::vector<Matcher>* matchers) {
  Take();  // The brace.
  Inside inside(this, "label matching", "");
  for (;;) {
    inside.Expect("label matching", "identifier or \"}\"");
    if (TakeIf(TokenKind::kRightBrace)) return true;
    if (!LabelMatcher(matchers)) return false;
    inside.Expect("label matching", "\",\" or \"}\"");
    if (TakeIf(TokenKind::kComma)) continue;
    return Expect(TokenKind::kRightBrace);
  }
}

bool Grammar::LabelMatcher(std::vector<Matcher>* matchers) {
  if (!PeekIs(TokenKind::kIdentifier) && !PeekIs(TokenKind::kString)) return Unexpected();
  const Token label = Take();
  const bool quoted = label.kind == TokenKind::kString;
  const std::string name = quoted ? Unquote(label.text) : std::string(label.text);
  if (!IsMatchOperator(Peek())) {
    if (quoted) {  // A quoted metric name.
      matchers->push_back(Matcher::Equal(kMetricNameLabel, name));
      return true;
    }
    const Inside inside(this, "label matching", "label matching operator");
    return Unexpected();
  }
  const MatchOp op = MatchOpOf(Take());
  const Inside inside(this, "label matching", "string");
  if (!PeekIs(TokenKind::kString)) return Unexpected();
  absl::StatusOr<Matcher> matcher = Matcher::Create(op, name, Unquote(Take().text));
  if (!matcher.ok()) return Fail(label.pos, FromAbsl(matcher.status().message()));
  matchers->push_back(*std::move(matcher));
  return true;
}

ExprPtr Grammar::RangeOrSubquery(ExprPtr expr) {
  const int open = Take().pos;
  const int height = height_;
  Inside inside(this, "subquery or range selector", kDurationWords);
  DurationValue range;
  if (!PositiveDuration(&range)) return nullptr;
  inside.Expect("subquery or range", "\":\" or \"]\"");
  if (TakeIf(TokenKind::kRightBracket)) {
    height_ = height;
    return MakeMatrixSelector(std::move(expr), std::move(range), {open, last_closing_});
  }
  if (!Expect(TokenKind::kColon)) return nullptr;
  inside.Expect("subquery selector", "number, duration, step(), range(), or \"]\"");
  auto subquery = std::make_unique<SubqueryExpr>();
  subquery->range = std::move(range);
  if (!PeekIs(TokenKind::kRightBracket) && !PositiveDuration(&subquery->step)) return nullptr;
  inside.Expect("subquery selector", "\"]\"");
  if (!Expect(TokenKind::kRightBracket)) return nullptr;
  subquery->pos = {expr->pos.start, last_closing_};
  subquery->expr = std::move(expr);
  height_ = height;
  return subquery;
}

ExprPtr Grammar::MakeMatrixSelector(ExprPtr expr, DurationValue range, PositionRange brackets) {
  if (expr->kind != ExprKind::kVectorSelector) {
    Fail(brackets.start, "ranges only allowed for vector selectors");
    return nullptr;
  }
  std::unique_ptr<VectorSelector> selector(&As<VectorSelector>(*expr.release()));
  if (selector->time.offset.ms != 0 || selector->time.offset.expr) {
    Fail(brackets.start, "no offset modifiers allowed before range");
    return nullptr;
  }
  if (selector->time.at != AtKind::kNone) {
    Fail(brackets.start, "no @ modifiers allowed before range");
    return nullptr;
  }
  auto matrix = std::make_unique<MatrixSelector>();
  matrix->pos = {selector->pos.start, brackets.end};
  matrix->selector = std::move(selector);
  matrix->range = std::move(range);
  return matrix;
}

TimeModifier* Grammar::ModifiersOf(Expr* expr, const char* modifier) {
  switch (expr->kind) {
    case ExprKind::kVectorSelector:
      return &As<VectorSelector>(*expr).time;
    case ExprKind::kMatrixSelector:
      return &As<MatrixSelector>(*expr).selector->time;
    case ExprKind::kSubquery:
      return &As<SubqueryExpr>(*expr).time;
    default:
      Fail(expr->pos.start,
           StrCat(modifier,
                  " modifier must be preceded by an instant vector selector or range "
                  "vector selector or a subquery"));
      return nullptr;
  }
}

bool Grammar::Offset(Expr* expr) {
  Take();  // The keyword.
  const int height = height_;
  const Inside inside(this, "offset", kDurationWords);
  std::unique_ptr<DurationExpr> duration = OffsetDuration();
  if (duration == nullptr) return false;
  TimeModifier* time = ModifiersOf(expr, "offset");
  if (time == nullptr) return false;
  if (time->offset.ms != 0 || time->offset.expr) {
    return Fail(expr->pos.start, "offset may not be set multiple times");
  }
  time->offset = ValueOf(std::move(duration));
  expr->pos.end = last_closing_;
  height_ = height;
  return true;
}

bool Grammar::At(Expr* expr) {
  Take();  // The sign.
  const Inside inside(this, "@", "timestamp");
  AtKind kind = AtKind::kTimestamp;
  double seconds = 0;
  if (PeekIs(TokenKind::kStart) || PeekIs(TokenKind::kEnd)) {
    kind = Take().kind == TokenKind::kStart ? AtKind::kStart : AtKind::kEnd;
    if (!Expect(TokenKind::kLeftParen) || !Expect(TokenKind::kRightParen)) return false;
  } else if (!SignedNumber(&seconds)) {
    return false;
  }
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  if (!(std::abs(seconds) < kLimit)) {
    const std::string text = std::isnan(seconds)   ? "NaN"
                             : std::isinf(seconds) ? (seconds > 0 ? "+Inf" : "-Inf")
                                                   : absl::StrFormat("%f", seconds);
    return Fail(expr->pos.start, StrCat("timestamp out of bounds for @ modifier: ", text));
  }
  TimeModifier* time = ModifiersOf(expr, "@");
  if (time == nullptr) return false;
  if (time->at != AtKind::kNone)
    return Fail(expr->pos.start, "@ <timestamp> may not be set multiple times");
  time->at = kind;
  // Seconds beyond what milliseconds can hold are cut there; nothing is stored that far away.
  const double ms = std::round(seconds * 1000);
  time->at_ms = std::abs(ms) < kLimit ? static_cast<TimeMs>(ms)
                : ms < 0              ? std::numeric_limits<TimeMs>::min()
                                      : std::numeric_limits<TimeMs>::max();
  expr->pos.end = last_closing_;
  return true;
}

bool Grammar::Mode(Expr* expr) {
  const Token word = Take();
  const bool anchored = word.kind == TokenKind::kAnchored;
  const char* name = anchored ? "anchored" : "smoothed";
  if (!options_.extended_range_selectors) {
    return Fail(expr->pos.start, StrCat(name, " modifier is experimental and not enabled"));
  }
  SelectorMode* mode;
  switch (expr->kind) {
    case ExprKind::kVectorSelector:
      mode = &As<VectorSelector>(*expr).mode;
      break;
    case ExprKind::kMatrixSelector:
      mode = &As<MatrixSelector>(*expr).selector->mode;
      break;
    case ExprKind::kSubquery:
      return Fail(expr->pos.start, StrCat(name, " modifier is not supported for subqueries"));
    default:
      return Fail(expr->pos.start, StrCat(name, " modifier not implemented"));
  }
  const SelectorMode wanted = anchored ? SelectorMode::kAnchored : SelectorMode::kSmoothed;
  if (*mode != SelectorMode::kPlain && *mode != wanted) {
    return Fail(expr->pos.start, "anchored and smoothed modifiers cannot be used together");
  }
  *mode = wanted;
  return true;
}

}  // namespace hearth::promql
