#include "query/parse/lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "model/labels.h"
#include "model/text.h"
#include "query/functions/spec.h"

namespace hearth::promql {
namespace {

constexpr std::string_view kDigits = "0123456789";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsAlphaNumeric(char c) { return IsAlpha(c) || IsDigit(c); }

struct Keyword {
  std::string_view text;
  TokenKind kind;
  BinaryOp op = BinaryOp::kAdd;
};

constexpr Keyword kKeywords[] = {
    {"and", TokenKind::kOperator, BinaryOp::kAnd},
    {"or", TokenKind::kOperator, BinaryOp::kOr},
    {"unless", TokenKind::kOperator, BinaryOp::kUnless},
    {"atan2", TokenKind::kOperator, BinaryOp::kAtan2},
    {"bool", TokenKind::kBool},
    {"by", TokenKind::kBy},
    {"without", TokenKind::kWithout},
    {"on", TokenKind::kOn},
    {"ignoring", TokenKind::kIgnoring},
    {"group_left", TokenKind::kGroupLeft},
    {"group_right", TokenKind::kGroupRight},
    {"offset", TokenKind::kOffset},
    {"anchored", TokenKind::kAnchored},
    {"smoothed", TokenKind::kSmoothed},
    {"fill", TokenKind::kFill},
    {"fill_left", TokenKind::kFillLeft},
    {"fill_right", TokenKind::kFillRight},
    {"start", TokenKind::kStart},
    {"end", TokenKind::kEnd},
    {"step", TokenKind::kStep},
    {"range", TokenKind::kRange},
    {"max_of", TokenKind::kMaxOf},
    {"min_of", TokenKind::kMinOf},
    {"inf", TokenKind::kNumber},
    {"nan", TokenKind::kNumber},
};

const Keyword* FindKeyword(std::string_view word) {
  if (word.size() > 16) return nullptr;
  const std::string lower = absl::AsciiStrToLower(ToAbsl(word));
  const auto* it = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                [&lower](const Keyword& keyword) { return keyword.text == lower; });
  return it == std::end(kKeywords) ? nullptr : it;
}

// Go's %#U: `U+0071 'q'`.
std::string CodePointText(int32_t c) {
  if (c < 0) c = 0xfffd;
  std::string out = absl::StrFormat("U+%04X", c);
  const std::string quoted = QuoteCharacter(c);
  if (quoted[1] != '\\' || c == '\'' || c == '\\') {
    out += c == '\'' ? " '''" : c == '\\' ? " '\\'" : " " + quoted;
  }
  return out;
}

int DigitValue(int32_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

}  // namespace

Token Lexer::Next() {
  if (done_) return last_;
  Token token = Lex();
  if (token.kind == TokenKind::kEof || token.kind == TokenKind::kError) {
    done_ = true;
    last_ = token;
  }
  return token;
}

Token Lexer::Lex() {
  SkipSpaceAndComments();
  start_ = pos_;
  return brace_open_ ? LexInsideBraces() : LexOutsideBraces();
}

void Lexer::SkipSpaceAndComments() {
  for (;;) {
    while (!AtEnd() && IsSpace(Peek())) ++pos_;
    if (Peek() != '#') return;
    while (!AtEnd() && Peek() != '\n' && Peek() != '\r') ++pos_;
  }
}

int32_t Lexer::NextCharacter(bool* invalid) {
  if (invalid != nullptr) *invalid = false;
  if (AtEnd()) return -1;
  const unsigned char first = static_cast<unsigned char>(query_[pos_]);
  const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length == 1) {
    ++pos_;
    return first;
  }
  if (pos_ + length > query_.size() || !IsValidUtf8(query_.substr(pos_, length))) {
    ++pos_;
    if (invalid != nullptr) *invalid = true;
    return 0xfffd;
  }
  int32_t c = first & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    c = (c << 6) | (static_cast<unsigned char>(query_[pos_ + i]) & 0x3f);
  }
  pos_ += length;
  return c;
}

bool Lexer::Accept(std::string_view set) {
  if (AtEnd() || set.find(Peek()) == std::string_view::npos) return false;
  ++pos_;
  return true;
}

Token Lexer::Emit(TokenKind kind) {
  Token token;
  token.kind = kind;
  token.pos = static_cast<int>(start_);
  token.text = query_.substr(start_, pos_ - start_);
  return token;
}

Token Lexer::EmitOperator(BinaryOp op) {
  Token token = Emit(TokenKind::kOperator);
  token.op = op;
  return token;
}

Token Lexer::Error(std::string message) {
  Token token;
  token.kind = TokenKind::kError;
  token.pos = static_cast<int>(start_);
  token.error = std::move(message);
  return token;
}

Token Lexer::LexEnd() {
  if (brace_open_) return Error("unexpected end of input inside braces");
  if (bracket_open_ && !got_duration_)
    return Error("unexpected end of input in duration expression");
  if (paren_depth_ != 0) return Error("unclosed left parenthesis");
  if (bracket_open_) return Error("unclosed left bracket");
  return Emit(TokenKind::kEof);
}

Token Lexer::LexOutsideBraces() {
  if (AtEnd()) return LexEnd();
  const char c = Peek();
  if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return LexNumberOrDuration();
  if (bracket_open_ && (IsAlpha(c) || c == ':')) return LexBracketWord();
  if (bracket_open_ && !got_duration_ &&
      std::string_view("])(+-*/%^,").find(c) == std::string_view::npos) {
    return Error(
        StrCat("unexpected character in duration expression: ", QuoteCharacter(NextCharacter())));
  }
  if (IsAlpha(c) || c == ':') return LexWord();
  if (c == '"' || c == '\'') return LexQuoted();
  if (c == '`') return LexRawQuoted();
  return LexOperatorOrPunctuation(c);
}

Token Lexer::LexOperatorOrPunctuation(char c) {
  ++pos_;
  switch (c) {
    case ',':
      return Emit(TokenKind::kComma);
    case '*':
      return EmitOperator(BinaryOp::kMul);
    case '/':
      return EmitOperator(BinaryOp::kDiv);
    case '%':
      return EmitOperator(BinaryOp::kMod);
    case '+':
      return EmitOperator(BinaryOp::kAdd);
    case '-':
      return EmitOperator(BinaryOp::kSub);
    case '^':
      return EmitOperator(BinaryOp::kPow);
    case '@':
      return Emit(TokenKind::kAt);
    case '=':
      if (Accept("=")) return EmitOperator(BinaryOp::kEqual);
      if (Peek() == '~') return Error("unexpected character after '=': '~'");
      return Emit(TokenKind::kEqual);
    case '!':
      if (Accept("=")) return EmitOperator(BinaryOp::kNotEqual);
      return Error(StrCat("unexpected character after '!': ", QuoteCharacter(NextCharacter())));
    case '<':
      if (Accept("=")) return EmitOperator(BinaryOp::kLessEqual);
      return EmitOperator(Accept("/") ? BinaryOp::kTrimUpper : BinaryOp::kLess);
    case '>':
      if (Accept("=")) return EmitOperator(BinaryOp::kGreaterEqual);
      return EmitOperator(Accept("/") ? BinaryOp::kTrimLower : BinaryOp::kGreater);
    case '(':
      ++paren_depth_;
      return Emit(TokenKind::kLeftParen);
    case ')':
      if (--paren_depth_ < 0) {
        start_ = pos_;
        return Error("unexpected right parenthesis ')'");
      }
      return Emit(TokenKind::kRightParen);
    case '{':
      brace_open_ = true;
      return Emit(TokenKind::kLeftBrace);
    case '[':
      if (bracket_open_) return Error("unexpected left bracket '['");
      bracket_open_ = true;
      got_duration_ = got_colon_ = false;
      return Emit(TokenKind::kLeftBracket);
    case ']':
      if (!bracket_open_) return Error("unexpected right bracket ']'");
      bracket_open_ = false;
      return Emit(TokenKind::kRightBracket);
    default:
      --pos_;
      return Error(StrCat("unexpected character: ", QuoteCharacter(NextCharacter())));
  }
}

// Inside brackets only a colon and the words of duration expressions may stand.
Token Lexer::LexBracketWord() {
  if (Peek() == ':') {
    if (got_duration_ && got_colon_) return Error("unexpected colon ':'");
    ++pos_;
    if (!got_duration_) {
      start_ = pos_;
      return Error("unexpected colon before duration in duration expression");
    }
    got_colon_ = true;
    return Emit(TokenKind::kColon);
  }
  while (!AtEnd() && IsAlpha(Peek())) ++pos_;
  const Keyword* keyword = FindKeyword(query_.substr(start_, pos_ - start_));
  if (keyword != nullptr && keyword->kind >= TokenKind::kStep) {
    got_duration_ = true;
    return Emit(keyword->kind);
  }
  const std::string quoted = QuoteCharacter(static_cast<unsigned char>(query_[start_]));
  return Error(got_duration_ ? StrCat("unexpected character: ", quoted, ", expected ':'")
                             : StrCat("unexpected character in duration expression: ", quoted));
}

Token Lexer::LexInsideBraces() {
  if (AtEnd()) return LexEnd();
  const char c = Peek();
  if (IsAlpha(c)) {
    while (!AtEnd() && IsAlphaNumeric(Peek())) ++pos_;
    return Emit(TokenKind::kIdentifier);
  }
  if (c == '"' || c == '\'') return LexQuoted();
  if (c == '`') return LexRawQuoted();
  switch (c) {
    case ',':
      ++pos_;
      return Emit(TokenKind::kComma);
    case '=':
      ++pos_;
      return Emit(Accept("~") ? TokenKind::kEqualRegex : TokenKind::kEqual);
    case '!':
      ++pos_;
      if (Accept("~")) return Emit(TokenKind::kNotRegex);
      if (Accept("=")) return EmitOperator(BinaryOp::kNotEqual);
      return Error(StrCat("unexpected character after '!' inside braces: ",
                          QuoteCharacter(NextCharacter())));
    case '{':
      return Error("unexpected left brace '{'");
    case '}':
      ++pos_;
      brace_open_ = false;
      return Emit(TokenKind::kRightBrace);
    default:
      return Error(StrCat("unexpected character inside braces: ", QuoteCharacter(NextCharacter())));
  }
}

Token Lexer::LexWord() {
  while (!AtEnd() && (IsAlphaNumeric(Peek()) || Peek() == ':')) ++pos_;
  const std::string_view word = query_.substr(start_, pos_ - start_);
  if (const Keyword* keyword = FindKeyword(word)) {
    return keyword->kind == TokenKind::kOperator ? EmitOperator(keyword->op) : Emit(keyword->kind);
  }
  if (FindAggregation(word) != nullptr) return Emit(TokenKind::kAggregator);
  return Emit(word.find(':') == std::string_view::npos ? TokenKind::kIdentifier
                                                       : TokenKind::kMetricIdentifier);
}

Token Lexer::LexNumberOrDuration() {
  got_duration_ = true;
  if (ScanNumber()) return Emit(TokenKind::kNumber);
  if (ScanRestOfDuration()) return Emit(TokenKind::kDuration);
  std::string quoted;
  AppendQuoted(query_.substr(start_, pos_ - start_), &quoted);
  return Error(StrCat("bad number or duration syntax: ", quoted));
}

// Decimal, hexadecimal, octal or float, with underscores between digits. What is scanned need not
// be valid: the parser's conversion has the last word. On false, what has been consumed may be the
// beginning of a duration.
bool Lexer::ScanNumber() {
  std::string_view digits = kDigits;
  if (Peek() == '0' && (Peek(1) == 'x' || Peek(1) == 'X')) {
    pos_ += 2;
    digits = "0123456789abcdefABCDEF";
  }
  const bool hex = digits.size() > 10;
  bool dot = false, exponent = false;
  while (!AtEnd()) {
    if (Accept(digits)) continue;
    if (Peek() == '_') {
      ++pos_;
      if (Accept("._") || (!hex && Accept("eE")) || AtEnd()) return false;
    } else if (Peek() == '.') {
      ++pos_;
      if (std::exchange(dot, true) || Accept("_.") || hex) return false;
    } else if (!hex && (Peek() == 'e' || Peek() == 'E')) {
      ++pos_;
      if (std::exchange(exponent, true)) return false;
      Accept("+-");
      if (Accept("._eE") || AtEnd()) return false;
    } else {
      break;
    }
  }
  return AtEnd() || !IsAlphaNumeric(Peek());
}

// `m`, `ms`, `h30m` after the first digits. Wrong units such as `hs` are found when the duration is
// converted.
bool Lexer::ScanRestOfDuration() {
  if (!Accept("smhdwy")) return false;
  Accept("s");
  while (Accept(kDigits)) {
    while (Accept(kDigits)) {
    }
    if (!Accept("smhdw")) return false;
    Accept("s");
  }
  if (AtEnd() || !IsAlphaNumeric(Peek())) return true;
  ++pos_;  // For the error's text.
  return false;
}

Token Lexer::LexQuoted() {
  const char quote = Peek();
  ++pos_;
  for (;;) {
    bool invalid;
    const int32_t c = NextCharacter(&invalid);
    if (invalid) return Error("invalid UTF-8 rune");
    if (c < 0 || c == '\n') return Error("unterminated quoted string");
    if (c == quote) return Emit(TokenKind::kString);
    std::string error;
    if (c == '\\' && !LexEscape(quote, &error)) return Error(std::move(error));
  }
}

bool Lexer::LexEscape(char quote, std::string* error) {
  int32_t c = NextCharacter();
  if (c >= 0 && c < 0x80 &&
      (c == quote ||
       std::string_view("abfnrtv\\").find(static_cast<char>(c)) != std::string_view::npos)) {
    return true;
  }
  int digits, base;
  int64_t max = 0x10ffff;
  if (c >= '0' && c <= '7') {
    digits = 3, base = 8, max = 255;
  } else if (c == 'x' || c == 'u' || c == 'U') {
    digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
    base = 16;
    if (c == 'x') max = 255;
    c = NextCharacter();
  } else {
    *error = c < 0 ? "escape sequence not terminated"
                   : StrCat("unknown escape sequence ", CodePointText(c));
    return false;
  }
  int64_t value = 0;
  for (; digits > 0; --digits) {
    if (DigitValue(c) >= base) {
      *error = c < 0 ? "escape sequence not terminated"
                     : StrCat("illegal character ", CodePointText(c), " in escape sequence");
      return false;
    }
    value = value * base + DigitValue(c);
    if (digits > 1) c = NextCharacter();
  }
  if (value > max || (max > 255 && value >= 0xd800 && value < 0xe000)) {
    *error = "escape sequence is an invalid Unicode code point";
    return false;
  }
  return true;
}

Token Lexer::LexRawQuoted() {
  ++pos_;
  for (;;) {
    bool invalid;
    const int32_t c = NextCharacter(&invalid);
    if (invalid) return Error("invalid UTF-8 rune");
    if (c < 0) return Error("unterminated raw string");
    if (c == '`') return Emit(TokenKind::kString);
  }
}

}  // namespace hearth::promql
