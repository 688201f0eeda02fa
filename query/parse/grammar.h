// query/parse/grammar.h
//
// The recursive descent behind parser.h: one method a rule of the grammar. The first error is kept
// and ends the parse, since only the first is shown. Tokens are read as late as possible, so that
// an error in a word comes after an error in what stands before it.
//
// Which words follow "unexpected …" depends on the innermost construct that is open; `where_` is
// the stack of these.
//
// Thread safety: none; one object parses one query.
#ifndef HEARTH_QUERY_PARSE_GRAMMAR_H_
#define HEARTH_QUERY_PARSE_GRAMMAR_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "query/parse/ast.h"
#include "query/parse/lexer.h"
#include "query/parse/parser.h"
#include "query/parse/token.h"

namespace hearth::promql {

inline constexpr size_t kMaxQueryBytes = size_t{1} << 20;
inline constexpr int kMaxNesting = 500;

// `1:7: parse error: …`
absl::Status ParseErrorAt(std::string_view query, int pos, std::string_view message);

class Grammar {
 public:
  // `query` must outlive the object.
  Grammar(std::string_view query, const ParserOptions& options);

  // A whole expression, types not yet checked. Null on error.
  ExprPtr WholeExpression();
  // A selector without modifiers, and nothing behind it. Null on error.
  std::unique_ptr<VectorSelector> WholeSelector();
  // The first error. Call only after a null result.
  absl::Status error() const { return *error_; }

 private:
  struct Place {
    const char* where;
    const char* expected;
  };
  // Says what is being read, for the time of a scope.
  class Inside {
   public:
    Inside(Grammar* grammar, const char* where, const char* expected) : grammar_(grammar) {
      grammar_->where_.push_back({where, expected});
    }
    ~Inside() { grammar_->where_.pop_back(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    void Expect(const char* where, const char* expected) {
      grammar_->where_.back() = {where, expected};
    }

   private:
    Grammar* const grammar_;
  };
  // Counts the nesting; the recursion must not go on when !ok().
  class Level {
   public:
    explicit Level(Grammar* grammar) : grammar_(grammar) { ++grammar_->depth_; }
    ~Level() { --grammar_->depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    bool ok() const;

   private:
    Grammar* const grammar_;
  };

  // grammar.cc: expressions.
  ExprPtr Binary(int min_precedence);
  ExprPtr BinaryTail(ExprPtr lhs, int lhs_height);
  ExprPtr Unary();
  ExprPtr WithSuffixes(ExprPtr expr);
  ExprPtr Primary();
  ExprPtr Number();
  ExprPtr Parenthesised();
  ExprPtr FunctionCall(const Token& name);
  ExprPtr Aggregate(const Token& name);
  bool CallArguments(std::vector<ExprPtr>* args);
  bool AggregateModifier(AggregateExpr* aggregate);
  bool BinaryModifiers(BinaryExpr* binary);
  bool FillModifiers(VectorMatching* matching);
  bool FillValue(double* value);
  bool GroupingLabels(std::vector<std::string>* labels);
  bool SignedNumber(double* value);

  // grammar_selector.cc: selectors and what may follow them.
  std::unique_ptr<VectorSelector> Selector();
  bool LabelMatchers(std::vector<Matcher>* matchers);
  bool LabelMatcher(std::vector<Matcher>* matchers);
  ExprPtr RangeOrSubquery(ExprPtr expr);
  ExprPtr MakeMatrixSelector(ExprPtr expr, DurationValue range, PositionRange brackets);
  bool Offset(Expr* expr);
  bool At(Expr* expr);
  bool Mode(Expr* expr);
  // Where the modifiers of `expr` live, or null (with an error) when it takes none.
  TimeModifier* ModifiersOf(Expr* expr, const char* modifier);

  // grammar_duration.cc
  std::unique_ptr<DurationExpr> Duration(int min_precedence);
  std::unique_ptr<DurationExpr> DurationUnary();
  std::unique_ptr<DurationExpr> DurationPrimary();
  std::unique_ptr<DurationExpr> OffsetDuration();
  std::unique_ptr<DurationExpr> DurationNumber();
  // The duration of a range or a step.
  bool PositiveDuration(DurationValue* value);
  bool InRange(const DurationExpr& literal, int pos);
  static DurationValue ValueOf(std::unique_ptr<DurationExpr> expr);

  const Token& Peek();
  Token Take();
  bool PeekIs(TokenKind kind) { return Peek().kind == kind; }
  bool PeekIsOperator(BinaryOp op) { return PeekIs(TokenKind::kOperator) && Peek().op == op; }
  bool TakeIf(TokenKind kind);
  // True when the token after the next one opens a parenthesis.
  bool ParenFollowsNext();
  // Takes a token of this kind or reports it as unexpected.
  bool Expect(TokenKind kind);

  // All return false (or null) for `return Fail(…)`.
  bool Fail(int pos, std::string_view message);
  bool Unexpected();
  bool TooDeep();

  const std::string_view query_;
  const ParserOptions options_;
  Lexer lexer_;
  std::optional<Token> next_;
  int last_closing_ = 0;  // End of the last closing bracket, number or duration that was taken.
  int depth_ = 0;
  int height_ = 0;  // Of the tree that was returned last.
  std::vector<Place> where_;
  std::optional<absl::Status> error_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_GRAMMAR_H_
