#include "rules/template/lexer.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "model/labels.h"
#include "model/text.h"
#include "rules/template/utf8.h"

namespace hearth::gotemplate {
namespace {

constexpr std::string_view kLeft = "{{";
constexpr std::string_view kRight = "}}";
constexpr std::string_view kSpaces = " \t\r\n";

struct Keyword {
  std::string_view text;
  TokenKind kind;
};

constexpr Keyword kKeywords[] = {
    {"block", TokenKind::kBlock},       {"break", TokenKind::kBreak},
    {"continue", TokenKind::kContinue}, {"define", TokenKind::kDefine},
    {"else", TokenKind::kElse},         {"end", TokenKind::kEnd},
    {"false", TokenKind::kBool},        {"if", TokenKind::kIf},
    {"nil", TokenKind::kNil},           {"range", TokenKind::kRange},
    {"template", TokenKind::kTemplate}, {"true", TokenKind::kBool},
    {"with", TokenKind::kWith},
};

bool IsSpace(char c) { return kSpaces.find(c) != std::string_view::npos; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWordRune(char32_t code) { return code == '_' || IsLetterOrDigit(code); }

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

// Go's %#U.
std::string CodePoint(char32_t code) {
  char hex[16];
  std::snprintf(hex, sizeof(hex), "U+%04X", static_cast<unsigned>(code));
  std::string out = hex;
  if (IsPrintable(code)) {
    out += " '";
    AppendRune(code, &out);
    out += "'";
  }
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view input) : input_(input) {}

  std::vector<Token> Run() {
    while (!done_) {
      if (inside_action_) {
        LexInsideAction();
      } else {
        LexText();
      }
    }
    return std::move(tokens_);
  }

 private:
  std::string_view Rest() const { return input_.substr(pos_); }
  bool AtEnd() const { return pos_ >= input_.size(); }
  bool Accept(std::string_view set) {
    if (AtEnd() || set.find(input_[pos_]) == std::string_view::npos) return false;
    ++pos_;
    return true;
  }
  void AcceptRun(std::string_view set) {
    while (Accept(set)) {
    }
  }

  void Emit(TokenKind kind) {
    const std::string_view text = input_.substr(start_, pos_ - start_);
    tokens_.push_back({kind, start_, line_, text, ""});
    Ignore();
    done_ = kind == TokenKind::kEof;
  }
  // Forgets what was scanned.
  void Ignore() {
    line_ += static_cast<int>(std::count(input_.begin() + static_cast<long>(start_),
                                         input_.begin() + static_cast<long>(pos_), '\n'));
    start_ = pos_;
  }
  void Error(std::string message) {
    tokens_.push_back({TokenKind::kError, start_, line_, "", std::move(message)});
    done_ = true;
  }

  bool AtTrimmedRightDelim() const {
    const std::string_view rest = Rest();
    return rest.size() >= 2 && IsSpace(rest[0]) && rest[1] == '-' &&
           rest.substr(2).starts_with(kRight);
  }
  bool AtRightDelim() const { return AtTrimmedRightDelim() || Rest().starts_with(kRight); }

  void LexText();
  void LexComment();
  void LexRightDelim();
  void LexInsideAction();
  void LexSpace();
  void LexWord();
  void LexFieldOrVariable(TokenKind kind);
  void LexNumber();
  bool ScanNumber();
  void LexQuote(char quote, TokenKind kind, std::string_view what);
  void LexRawQuote();
  void LexPunctuation(char c);
  void SkipWordRunes();
  bool AtTerminator() const;

  const std::string_view input_;
  std::vector<Token> tokens_;
  size_t pos_ = 0;
  size_t start_ = 0;  // Of the current token.
  int line_ = 1;      // Of start_.
  int paren_depth_ = 0;
  bool inside_action_ = false;
  bool done_ = false;
};

void Lexer::LexText() {
  const size_t open = input_.find(kLeft, pos_);
  if (open == std::string_view::npos) {
    pos_ = input_.size();
    if (pos_ > start_) Emit(TokenKind::kText);
    Emit(TokenKind::kEof);
    return;
  }
  const std::string_view after = input_.substr(open + kLeft.size());
  const bool trim = after.size() >= 2 && after[0] == '-' && IsSpace(after[1]);
  pos_ = open;
  while (trim && pos_ > start_ && IsSpace(input_[pos_ - 1])) --pos_;
  if (pos_ > start_) Emit(TokenKind::kText);
  pos_ = open;
  Ignore();
  const size_t marker = trim ? 2 : 0;
  pos_ = open + kLeft.size();
  if (after.substr(marker).starts_with("/*")) {
    pos_ += marker;
    Ignore();
    return LexComment();
  }
  Emit(TokenKind::kLeftDelim);
  pos_ += marker;
  Ignore();
  inside_action_ = true;
  paren_depth_ = 0;
}

void Lexer::LexComment() {
  const size_t close = input_.find("*/", pos_ + 2);
  if (close == std::string_view::npos) return Error("unclosed comment");
  pos_ = close + 2;
  if (!AtRightDelim()) return Error("comment ends before closing delimiter");
  const bool trim = AtTrimmedRightDelim();
  pos_ += (trim ? 2 : 0) + kRight.size();
  if (trim) AcceptRun(kSpaces);
  Ignore();
}

void Lexer::LexRightDelim() {
  const bool trim = AtTrimmedRightDelim();
  if (trim) {
    pos_ += 2;
    Ignore();
  }
  pos_ += kRight.size();
  Emit(TokenKind::kRightDelim);
  if (trim) AcceptRun(kSpaces);
  Ignore();
  inside_action_ = false;
}

void Lexer::LexInsideAction() {
  if (AtRightDelim()) {
    return paren_depth_ == 0 ? LexRightDelim() : Error("unclosed left paren");
  }
  if (AtEnd()) return Error("unclosed action");
  const char c = input_[pos_];
  if (IsSpace(c)) return LexSpace();
  if (c == '"') return LexQuote(c, TokenKind::kQuotedString, "quoted string");
  if (c == '\'') return LexQuote(c, TokenKind::kCharConstant, "character constant");
  if (c == '`') return LexRawQuote();
  const bool digit_follows = pos_ + 1 < input_.size() && IsDigit(input_[pos_ + 1]);
  if (c == '+' || c == '-' || IsDigit(c) || (c == '.' && digit_follows)) return LexNumber();
  if (c == '.' || c == '$') {
    return LexFieldOrVariable(c == '.' ? TokenKind::kField : TokenKind::kVariable);
  }
  const Rune rune = DecodeRune(input_, pos_);
  if (IsWordRune(rune.code)) return LexWord();
  if (rune.code < 0x80 && IsPrintable(rune.code)) return LexPunctuation(c);
  Error(StrCat("unrecognized character in action: ", CodePoint(rune.code)));
}

void Lexer::LexPunctuation(char c) {
  ++pos_;
  switch (c) {
    case '=':
      return Emit(TokenKind::kAssign);
    case ':':
      return Accept("=") ? Emit(TokenKind::kDeclare) : Error("expected :=");
    case '|':
      return Emit(TokenKind::kPipe);
    case '(':
      ++paren_depth_;
      return Emit(TokenKind::kLeftParen);
    case ')':
      if (--paren_depth_ < 0) return Error("unexpected right paren");
      return Emit(TokenKind::kRightParen);
    default:
      return Emit(TokenKind::kChar);
  }
}

void Lexer::LexSpace() {
  while (!AtEnd() && IsSpace(input_[pos_])) ++pos_;
  // The last space may belong to a trimming delimiter.
  --pos_;
  const bool delim = AtTrimmedRightDelim();
  if (!delim) ++pos_;
  if (pos_ > start_) Emit(TokenKind::kSpace);
  if (delim) LexInsideAction();
}

void Lexer::SkipWordRunes() {
  while (!AtEnd()) {
    const Rune rune = DecodeRune(input_, pos_);
    if (!IsWordRune(rune.code)) return;
    pos_ += rune.width;
  }
}

bool Lexer::AtTerminator() const {
  if (AtEnd() || IsSpace(input_[pos_])) return true;
  return std::string_view(".,|:()").find(input_[pos_]) != std::string_view::npos ||
         Rest().starts_with(kRight);
}

void Lexer::LexWord() {
  SkipWordRunes();
  if (!AtTerminator()) {
    return Error(StrCat("bad character ", CodePoint(DecodeRune(input_, pos_).code)));
  }
  const std::string_view word = input_.substr(start_, pos_ - start_);
  const auto* keyword = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                     [&](const Keyword& k) { return k.text == word; });
  Emit(keyword == std::end(kKeywords) ? TokenKind::kIdentifier : keyword->kind);
}

void Lexer::LexFieldOrVariable(TokenKind kind) {
  ++pos_;
  if (AtTerminator()) return Emit(kind == TokenKind::kField ? TokenKind::kDot : kind);
  SkipWordRunes();
  if (!AtTerminator()) {
    return Error(StrCat("bad character ", CodePoint(DecodeRune(input_, pos_).code)));
  }
  Emit(kind);
}

void Lexer::LexNumber() {
  if (!ScanNumber()) {
    return Error(StrCat("bad number syntax: ", Quoted(input_.substr(start_, pos_ - start_))));
  }
  Emit(TokenKind::kNumber);
}

// Whether it is a number at all, the parser finds out: here it only ends.
bool Lexer::ScanNumber() {
  Accept("+-");
  std::string_view digits = "0123456789_";
  if (Accept("0")) {
    if (Accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
    } else if (Accept("oO")) {
      digits = "01234567_";
    } else if (Accept("bB")) {
      digits = "01_";
    }
  }
  AcceptRun(digits);
  if (Accept(".")) AcceptRun(digits);
  if (digits.size() == 11 ? Accept("eE") : digits.size() == 23 && Accept("pP")) {
    Accept("+-");
    AcceptRun("0123456789_");
  }
  Accept("i");
  if (AtEnd()) return true;
  const Rune next = DecodeRune(input_, pos_);
  if (next.code == '+' || next.code == '-') {
    ++pos_;
    return false;
  }
  if (!IsWordRune(next.code)) return true;
  pos_ += next.width;
  return false;
}

void Lexer::LexQuote(char quote, TokenKind kind, std::string_view what) {
  for (++pos_; !AtEnd() && input_[pos_] != '\n'; ++pos_) {
    if (input_[pos_] == quote) {
      ++pos_;
      return Emit(kind);
    }
    if (input_[pos_] == '\\') {
      ++pos_;
      if (AtEnd() || input_[pos_] == '\n') break;
    }
  }
  Error(StrCat("unterminated ", what));
}

void Lexer::LexRawQuote() {
  const size_t close = input_.find('`', pos_ + 1);
  if (close == std::string_view::npos) return Error("unterminated raw quoted string");
  pos_ = close + 1;
  Emit(TokenKind::kRawString);
}

}  // namespace

std::vector<Token> Lex(std::string_view text) { return Lexer(text).Run(); }

std::string Describe(const Token& token) {
  if (token.kind == TokenKind::kEof) return "EOF";
  if (token.kind == TokenKind::kError) return token.error;
  if (token.kind >= TokenKind::kDot) return StrCat("<", token.text, ">");
  if (token.text.size() <= 10) return Quoted(token.text);
  std::string head;
  size_t pos = 0;
  for (int runes = 0; runes < 10 && pos < token.text.size(); ++runes) {
    pos += DecodeRune(token.text, pos).width;
  }
  return Quoted(token.text.substr(0, pos)) + "...";
}

}  // namespace hearth::gotemplate
