#include "query/parse/grammar.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "model/labels.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr int kUnaryOperand = 6;  // Binds like `*`: only `^` goes before the sign.

int Precedence(BinaryOp op) {
  switch (op) {
    case BinaryOp::kOr:
      return 1;
    case BinaryOp::kAnd:
    case BinaryOp::kUnless:
      return 2;
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
      return 4;
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kAtan2:
      return 5;
    case BinaryOp::kPow:
      return 6;
    default:
      return 3;  // Comparisons and trims.
  }
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

}  // namespace

absl::Status ParseErrorAt(std::string_view query, int pos, std::string_view message) {
  const std::string_view before = query.substr(0, static_cast<size_t>(pos));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0.
  return absl::InvalidArgumentError(
      StrCat(line, ":", before.size() - line_start + 1, ": parse error: ", message));
}

Grammar::Grammar(std::string_view query, const ParserOptions& options)
    : query_(query), options_(options), lexer_(query) {}

const Token& Grammar::Peek() {
  if (!next_) {
    next_ = lexer_.Next();
    if (next_->kind == TokenKind::kError) Fail(next_->pos, next_->error);
  }
  return *next_;
}

Token Grammar::Take() {
  Token token = Peek();
  switch (token.kind) {
    case TokenKind::kEof:
    case TokenKind::kError:
      return token;  // Stays.
    case TokenKind::kRightBrace:
    case TokenKind::kRightParen:
    case TokenKind::kRightBracket:
    case TokenKind::kDuration:
    case TokenKind::kNumber:
      last_closing_ = token.end();
      break;
    default:
      break;
  }
  next_.reset();
  return token;
}

bool Grammar::TakeIf(TokenKind kind) {
  if (!PeekIs(kind)) return false;
  Take();
  return true;
}

bool Grammar::ParenFollowsNext() {
  Peek();
  Lexer ahead = lexer_;
  return ahead.Next().kind == TokenKind::kLeftParen;
}

bool Grammar::Expect(TokenKind kind) { return TakeIf(kind) || Unexpected(); }

bool Grammar::Fail(int pos, std::string_view message) {
  if (!error_) error_ = ParseErrorAt(query_, pos, message);
  return false;
}

bool Grammar::Unexpected() {
  std::string message = StrCat("unexpected ", DescribeToken(Peek()));
  if (!where_.empty()) {
    StrAppend(&message, " in ", where_.back().where);
    if (*where_.back().expected != '\0') StrAppend(&message, ", expected ", where_.back().expected);
  }
  return Fail(Peek().pos, message);
}

bool Grammar::TooDeep() {
  return Fail(Peek().pos, StrCat("expression is nested deeper than ", kMaxNesting, " levels"));
}

bool Grammar::Level::ok() const { return grammar_->depth_ <= kMaxNesting || grammar_->TooDeep(); }

ExprPtr Grammar::WholeExpression() {
  if (PeekIs(TokenKind::kEof)) {
    Fail(0, "no expression found in input");
    return nullptr;
  }
  ExprPtr expr = Binary(0);
  if (expr != nullptr && !PeekIs(TokenKind::kEof)) Unexpected();
  return error_ ? nullptr : std::move(expr);
}

std::unique_ptr<VectorSelector> Grammar::WholeSelector() {
  if (!PeekIs(TokenKind::kLeftBrace) && !CanBeMetricName(Peek())) {
    Unexpected();
    return nullptr;
  }
  std::unique_ptr<VectorSelector> selector = Selector();
  if (selector != nullptr && !PeekIs(TokenKind::kEof)) Unexpected();
  return error_ ? nullptr : std::move(selector);
}

ExprPtr Grammar::Binary(int min_precedence) {
  const Level level(this);
  if (!level.ok()) return nullptr;
  ExprPtr expr = Unary();
  while (expr != nullptr && PeekIs(TokenKind::kOperator) &&
         Precedence(Peek().op) >= min_precedence) {
    expr = BinaryTail(std::move(expr), height_);
  }
  return expr;
}

// The operator, its modifiers and the right side.
ExprPtr Grammar::BinaryTail(ExprPtr lhs, int lhs_height) {
  auto binary = std::make_unique<BinaryExpr>();
  binary->op = Take().op;
  binary->lhs = std::move(lhs);
  if (!BinaryModifiers(binary.get())) return nullptr;
  const int precedence = Precedence(binary->op);
  binary->rhs = Binary(binary->op == BinaryOp::kPow ? precedence : precedence + 1);
  if (binary->rhs == nullptr) return nullptr;
  binary->pos = {binary->lhs->pos.start, binary->rhs->pos.end};
  height_ = std::max(lhs_height, height_) + 1;
  if (height_ > kMaxNesting) {
    TooDeep();
    return nullptr;
  }
  const VectorMatching& matching = *binary->matching;
  if (!options_.fill_modifiers && (matching.fill_left || matching.fill_right)) {
    Fail(binary->pos.start, "binop fill modifiers are experimental and not enabled");
    return nullptr;
  }
  return binary;
}

bool Grammar::BinaryModifiers(BinaryExpr* binary) {
  VectorMatching& matching = binary->matching.emplace();
  binary->return_bool = TakeIf(TokenKind::kBool);
  if (PeekIs(TokenKind::kOn) || PeekIs(TokenKind::kIgnoring)) {
    matching.on = Take().kind == TokenKind::kOn;
    if (!GroupingLabels(&matching.labels)) return false;
    if (PeekIs(TokenKind::kGroupLeft) || PeekIs(TokenKind::kGroupRight)) {
      matching.cardinality = Take().kind == TokenKind::kGroupLeft ? MatchCardinality::kManyToOne
                                                                  : MatchCardinality::kOneToMany;
      // Labels are expected where nothing follows that could be the right side.
      const bool labels = PeekIs(TokenKind::kLeftParen) || !CanBeginExpression(Peek());
      if (labels && !GroupingLabels(&matching.include)) return false;
    }
  }
  return FillModifiers(&matching);
}

// `fill(v)`, or fill_left(v) and fill_right(v) in any order. A metric may have such a name, so the
// parenthesis decides.
bool Grammar::FillModifiers(VectorMatching* matching) {
  double value;
  if (PeekIs(TokenKind::kFill) && ParenFollowsNext()) {
    if (!FillValue(&value)) return false;
    matching->fill_left = matching->fill_right = value;
    matching->fill_both = true;
    return true;
  }
  while ((PeekIs(TokenKind::kFillLeft) && !matching->fill_left && ParenFollowsNext()) ||
         (PeekIs(TokenKind::kFillRight) && !matching->fill_right && ParenFollowsNext())) {
    std::optional<double>& side =
        PeekIs(TokenKind::kFillLeft) ? matching->fill_left : matching->fill_right;
    if (!FillValue(&value)) return false;
    side = value;
  }
  return true;
}

bool Grammar::FillValue(double* value) {
  Take();  // The keyword.
  return Expect(TokenKind::kLeftParen) && SignedNumber(value) && Expect(TokenKind::kRightParen);
}

bool Grammar::SignedNumber(double* value) {
  bool negate = false;
  if (PeekIsOperator(BinaryOp::kAdd) || PeekIsOperator(BinaryOp::kSub))
    negate = Take().op == BinaryOp::kSub;
  if (!PeekIs(TokenKind::kNumber) && !PeekIs(TokenKind::kDuration)) return Unexpected();
  const ExprPtr number = Number();
  if (number == nullptr) return false;
  *value = As<NumberLiteral>(*number).value;
  if (negate) *value = -*value;
  return true;
}

bool Grammar::GroupingLabels(std::vector<std::string>* labels) {
  Inside inside(this, "grouping opts", "\"(\"");
  if (!Expect(TokenKind::kLeftParen)) return false;
  for (;;) {
    inside.Expect("grouping opts", "label");
    if (TakeIf(TokenKind::kRightParen)) return true;
    if (PeekIs(TokenKind::kString)) {
      const Token token = Take();
      labels->push_back(Unquote(token.text));
      if (labels->back().empty() || !IsValidUtf8(labels->back())) {
        return Fail(token.pos, StrCat("invalid label name for grouping: ", Quoted(labels->back())));
      }
    } else if (CanBeGroupingLabel(Peek())) {
      labels->emplace_back(Take().text);
    } else {
      return Unexpected();
    }
    inside.Expect("grouping opts", "\",\" or \")\"");
    if (TakeIf(TokenKind::kComma)) continue;
    return Expect(TokenKind::kRightParen);
  }
}

ExprPtr Grammar::Unary() {
  if (!PeekIsOperator(BinaryOp::kAdd) && !PeekIsOperator(BinaryOp::kSub)) {
    ExprPtr expr = Primary();
    return expr == nullptr ? nullptr : WithSuffixes(std::move(expr));
  }
  const Token sign = Take();
  const bool negate = sign.op == BinaryOp::kSub;
  ExprPtr operand = Binary(kUnaryOperand);
  if (operand == nullptr) return nullptr;
  if (operand->kind == ExprKind::kNumber) {
    auto& number = As<NumberLiteral>(*operand);
    if (negate) number.value = -number.value;
    number.pos.start = sign.pos;
    return operand;
  }
  ++height_;
  auto unary = std::make_unique<UnaryExpr>();
  unary->negate = negate;
  unary->pos = {sign.pos, operand->pos.end};
  unary->expr = std::move(operand);
  return unary;
}

ExprPtr Grammar::WithSuffixes(ExprPtr expr) {
  while (expr != nullptr && !error_) {
    switch (Peek().kind) {
      case TokenKind::kLeftBracket:
        expr = RangeOrSubquery(std::move(expr));
        if (++height_ > kMaxNesting) TooDeep();
        break;
      case TokenKind::kOffset:
        if (!Offset(expr.get())) return nullptr;
        break;
      case TokenKind::kAt:
        if (!At(expr.get())) return nullptr;
        break;
      case TokenKind::kAnchored:
      case TokenKind::kSmoothed:
        if (!Mode(expr.get())) return nullptr;
        break;
      default:
        return expr;
    }
  }
  return nullptr;
}

ExprPtr Grammar::Primary() {
  height_ = 1;
  switch (Peek().kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      return Number();
    case TokenKind::kString: {
      const Token token = Take();
      auto string = std::make_unique<StringLiteral>();
      string->value = Unquote(token.text);
      string->pos = {token.pos, token.end()};
      return string;
    }
    case TokenKind::kLeftParen:
      return Parenthesised();
    case TokenKind::kLeftBrace:
      return Selector();
    case TokenKind::kIdentifier:
    case TokenKind::kStart:
    case TokenKind::kEnd:
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMaxOf:
    case TokenKind::kMinOf:
      return ParenFollowsNext() ? FunctionCall(Take()) : Selector();
    case TokenKind::kAggregator: {
      Lexer ahead = lexer_;
      const TokenKind after = ahead.Next().kind;
      const bool aggregate = after == TokenKind::kLeftParen || after == TokenKind::kBy ||
                             after == TokenKind::kWithout || after == TokenKind::kError;
      return aggregate ? Aggregate(Take()) : Selector();
    }
    default:
      if (CanBeMetricName(Peek())) return Selector();
      Unexpected();
      return nullptr;
  }
}

ExprPtr Grammar::Number() {
  const Token token = Take();
  auto number = std::make_unique<NumberLiteral>();
  number->pos = {token.pos, token.end()};
  number->is_duration = token.kind == TokenKind::kDuration;
  absl::Status status;
  if (number->is_duration) {
    const absl::StatusOr<TimeMs> ms = ParseDurationMs(token.text);
    status = ms.status();
    if (ms.ok()) number->value = static_cast<double>(*ms) / 1000.0;
  } else {
    const absl::StatusOr<double> value = ParseNumber(token.text);
    status = value.status();
    if (value.ok()) number->value = *value;
  }
  if (!status.ok()) {
    Fail(token.pos, FromAbsl(status.message()));
    return nullptr;
  }
  return number;
}

ExprPtr Grammar::Parenthesised() {
  const Token open = Take();
  auto paren = std::make_unique<ParenExpr>();
  paren->expr = Binary(0);
  if (paren->expr == nullptr || !Expect(TokenKind::kRightParen)) return nullptr;
  paren->pos = {open.pos, last_closing_};
  ++height_;
  return paren;
}

ExprPtr Grammar::FunctionCall(const Token& name) {
  auto call = std::make_unique<Call>();
  if (!CallArguments(&call->args)) return nullptr;
  // The keywords among the names are not case sensitive.
  const std::string text = name.kind == TokenKind::kIdentifier
                               ? std::string(name.text)
                               : absl::AsciiStrToLower(ToAbsl(name.text));
  call->function = FindFunction(text);
  if (call->function == nullptr) {
    Fail(name.pos, StrCat("unknown function with name ", Quoted(name.text)));
    return nullptr;
  }
  const bool enabled = (!call->function->experimental || options_.experimental_functions) &&
                       (!call->function->needs_start_timestamps || options_.start_timestamps);
  if (!enabled) {
    Fail(name.pos, StrCat("function ", Quoted(name.text), " is not enabled"));
    return nullptr;
  }
  call->pos = {name.pos, last_closing_};
  return call;
}

bool Grammar::CallArguments(std::vector<ExprPtr>* args) {
  if (!Expect(TokenKind::kLeftParen)) return false;
  if (TakeIf(TokenKind::kRightParen)) return true;
  int height = 0;
  for (;;) {
    args->push_back(Binary(0));
    if (args->back() == nullptr) return false;
    height = std::max(height, height_);
    if (!PeekIs(TokenKind::kComma)) break;
    const int comma = Take().pos;
    // An error of the lexer comes first.
    if (!PeekIs(TokenKind::kError) && !CanBeginExpression(Peek()))
      return Fail(comma, "trailing commas not allowed in function call args");
  }
  height_ = height + 1;
  return Expect(TokenKind::kRightParen);
}

bool Grammar::AggregateModifier(AggregateExpr* aggregate) {
  aggregate->without = Take().kind == TokenKind::kWithout;
  return GroupingLabels(&aggregate->grouping);
}

ExprPtr Grammar::Aggregate(const Token& name) {
  auto aggregate = std::make_unique<AggregateExpr>();
  aggregate->aggregation = FindAggregation(name.text);
  std::vector<ExprPtr> args;
  {
    const Inside inside(this, "aggregation", "");
    const bool modifier_first = PeekIs(TokenKind::kBy) || PeekIs(TokenKind::kWithout);
    if (modifier_first && !AggregateModifier(aggregate.get())) return nullptr;
    if (!CallArguments(&args)) return nullptr;
    if (!modifier_first && (PeekIs(TokenKind::kBy) || PeekIs(TokenKind::kWithout)) &&
        !AggregateModifier(aggregate.get())) {
      return nullptr;
    }
  }
  aggregate->pos = {name.pos, last_closing_};
  const AggregationSpec& spec = *aggregate->aggregation;
  const size_t wanted = spec.param == ValueType::kNone ? 1 : 2;
  std::string problem;
  if (args.empty()) {
    problem = "no arguments for aggregate expression provided";
  } else if (spec.experimental && !options_.experimental_functions) {
    problem = StrCat(spec.name,
                     "() is experimental and must be enabled with "
                     "--enable-feature=promql-experimental-functions");
  } else if (args.size() != wanted) {
    problem = StrCat("wrong number of arguments for aggregate expression provided, expected ",
                     wanted, ", got ", args.size());
  }
  if (!problem.empty()) {
    Fail(name.pos, problem);
    return nullptr;
  }
  aggregate->expr = std::move(args.back());
  if (wanted == 2) aggregate->param = std::move(args.front());
  return aggregate;
}

}  // namespace hearth::promql
