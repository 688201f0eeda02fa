#include "query/parse/token.h"

#include "absl/strings/str_format.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth::promql {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

// A long literal is cut after ten characters.
std::string QuotedShort(std::string_view text) {
  size_t bytes = 0;
  for (int characters = 0; bytes < text.size(); ++bytes) {
    const bool starts_character = (static_cast<unsigned char>(text[bytes]) & 0xc0) != 0x80;
    if (starts_character && ++characters > 10) break;
  }
  if (text.size() <= 10) return Quoted(text);
  return StrCat(Quoted(text.substr(0, bytes)), "...");
}

}  // namespace

std::string DescribeToken(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEof:
      return "end of input";
    case TokenKind::kError:
      return token.error;
    case TokenKind::kIdentifier:
      return StrCat("identifier ", Quoted(token.text));
    case TokenKind::kMetricIdentifier:
      return StrCat("metric identifier ", Quoted(token.text));
    case TokenKind::kNumber:
      return StrCat("number ", QuotedShort(token.text));
    case TokenKind::kDuration:
      return StrCat("duration ", QuotedShort(token.text));
    case TokenKind::kString:
      return StrCat("string ", QuotedShort(token.text));
    case TokenKind::kOperator:
    case TokenKind::kEqualRegex:
    case TokenKind::kNotRegex:
    case TokenKind::kAt:
      return StrCat("<op:", token.text, ">");
    case TokenKind::kAggregator:
      return StrCat("<aggr:", token.text, ">");
    case TokenKind::kBool:
    case TokenKind::kBy:
    case TokenKind::kWithout:
    case TokenKind::kOn:
    case TokenKind::kIgnoring:
    case TokenKind::kGroupLeft:
    case TokenKind::kGroupRight:
    case TokenKind::kOffset:
    case TokenKind::kAnchored:
    case TokenKind::kSmoothed:
    case TokenKind::kFill:
    case TokenKind::kFillLeft:
    case TokenKind::kFillRight:
      return StrCat("<", token.text, ">");
    default:
      return Quoted(token.text);
  }
}

bool CanBeMetricName(const Token& token) {
  switch (token.kind) {
    case TokenKind::kIdentifier:
    case TokenKind::kMetricIdentifier:
    case TokenKind::kAggregator:
    case TokenKind::kBy:
    case TokenKind::kWithout:
    case TokenKind::kOffset:
    case TokenKind::kAnchored:
    case TokenKind::kSmoothed:
    case TokenKind::kFill:
    case TokenKind::kFillLeft:
    case TokenKind::kFillRight:
    case TokenKind::kStart:
    case TokenKind::kEnd:
    case TokenKind::kStep:
    case TokenKind::kRange:
    case TokenKind::kMaxOf:
    case TokenKind::kMinOf:
      return true;
    case TokenKind::kOperator:
      return IsSetOperator(token.op);
    default:
      return false;
  }
}

bool CanBeGroupingLabel(const Token& token) {
  switch (token.kind) {
    case TokenKind::kWithout:
      return false;
    case TokenKind::kBool:
    case TokenKind::kOn:
    case TokenKind::kIgnoring:
    case TokenKind::kGroupLeft:
    case TokenKind::kGroupRight:
      return true;
    case TokenKind::kOperator:
      return IsSetOperator(token.op) || token.op == BinaryOp::kAtan2;
    default:
      return CanBeMetricName(token);
  }
}

bool CanBeginExpression(const Token& token) {
  switch (token.kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
    case TokenKind::kString:
    case TokenKind::kLeftParen:
    case TokenKind::kLeftBrace:
      return true;
    case TokenKind::kOperator:
      return token.op == BinaryOp::kAdd || token.op == BinaryOp::kSub || CanBeMetricName(token);
    default:
      return CanBeMetricName(token);
  }
}

std::string QuoteCharacter(int32_t c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  if (c < 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) c = 0xfffd;
  std::string utf8;
  if (c < 0x80) {
    utf8 = static_cast<char>(c);
  } else if (c < 0x800) {
    utf8 = {static_cast<char>(0xc0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3f))};
  } else if (c < 0x10000) {
    utf8 = {static_cast<char>(0xe0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3f)),
            static_cast<char>(0x80 | (c & 0x3f))};
  } else {
    utf8 = {static_cast<char>(0xf0 | (c >> 18)), static_cast<char>(0x80 | ((c >> 12) & 0x3f)),
            static_cast<char>(0x80 | ((c >> 6) & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
  }
  std::string quoted = Quoted(utf8);
  quoted.front() = quoted.back() = '\'';
  return quoted;
}

}  // namespace hearth::promql
