// query/parse/token.h
//
// The words of PromQL, as the lexer hands them to the parser.
//
// Thread safety: values.
#ifndef HEARTH_QUERY_PARSE_TOKEN_H_
#define HEARTH_QUERY_PARSE_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "query/parse/ast.h"

namespace hearth::promql {

enum class TokenKind : uint8_t {
  kEof,
  kError,
  kIdentifier,
  kMetricIdentifier,  // An identifier with a colon in it.
  kNumber,
  kDuration,
  kString,  // With its quotes.
  kLeftParen,
  kRightParen,
  kLeftBrace,
  kRightBrace,
  kLeftBracket,
  kRightBracket,
  kComma,
  kColon,
  kEqual,       // `=`
  kEqualRegex,  // `=~`
  kNotRegex,    // `!~`
  kAt,
  kOperator,    // A binary operator; `op` says which. `!=` is one of them, inside braces too.
  kAggregator,  // The name of an aggregation: sum, topk, …
  kBool,
  kBy,
  kWithout,
  kOn,
  kIgnoring,
  kGroupLeft,
  kGroupRight,
  kOffset,
  kAnchored,
  kSmoothed,
  kFill,
  kFillLeft,
  kFillRight,
  kStart,
  kEnd,
  kStep,
  kRange,
  kMaxOf,
  kMinOf,
};

struct Token {
  TokenKind kind = TokenKind::kEof;
  BinaryOp op = BinaryOp::kAdd;  // For kOperator.
  int pos = 0;            // Byte offset in the query. For kError: where the error is reported.
  std::string_view text;  // As written; points into the query.
  std::string error;      // For kError: what is wrong.

  int end() const { return pos + static_cast<int>(text.size()); }
};

// `identifier "foo"`, `<by>`, `<op:+>`, `end of input`: what stands after "unexpected" in an error.
std::string DescribeToken(const Token& token);

// True for words that may stand as a metric name (`sum`, `offset`, `and` …), or as a label name in
// a grouping.
bool CanBeMetricName(const Token& token);
bool CanBeGroupingLabel(const Token& token);
bool CanBeginExpression(const Token& token);

// `'x'`: a character as Go quotes it. `c` is a code point; an invalid one prints as U+FFFD.
std::string QuoteCharacter(int32_t c);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_TOKEN_H_
