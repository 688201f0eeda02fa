// rules/template/token_reader.h
//
// The parser's window onto its tokens, and the place where its first error stays.
//
// Thread safety: none; one parse.
#ifndef HEARTH_RULES_TEMPLATE_TOKEN_READER_H_
#define HEARTH_RULES_TEMPLATE_TOKEN_READER_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/text.h"
#include "rules/template/lexer.h"

namespace hearth::gotemplate {

class TokenReader {
 public:
  TokenReader(std::string_view name, std::string_view text) : name_(name), tokens_(Lex(text)) {}

  const Token& Peek(size_t ahead = 0) {
    const size_t at = std::min(next_ + ahead, tokens_.size() - 1);
    furthest_ = std::max(furthest_, at);
    return tokens_[at];
  }
  const Token& Next() {
    const Token& token = Peek();
    if (next_ + 1 < tokens_.size()) ++next_;
    return token;
  }
  void SkipSpace() {
    while (Peek().kind == TokenKind::kSpace) Next();
  }
  const Token& PeekNonSpace() {
    SkipSpace();
    return Peek();
  }
  const Token& NextNonSpace() {
    SkipSpace();
    return Next();
  }

  // Where the current action began; 0 = outside.
  void set_action_line(int line) { action_line_ = line; }

  bool failed() const { return !error_.ok(); }
  const absl::Status& error() const { return error_; }

  // Keeps the first error, at the line of the last token that was looked at.
  void Fail(std::string_view message) {
    if (failed()) return;
    error_ = absl::InvalidArgumentError(
        StrCat("template: ", name_, ":", tokens_[furthest_].line, ": ", message));
  }
  void FailUnexpected(const Token& token, std::string_view context) {
    if (token.kind != TokenKind::kError) {
      return Fail(StrCat("unexpected ", Describe(token), " in ", context));
    }
    std::string message = token.error;
    if (action_line_ != 0 && action_line_ != token.line) {
      if (!message.ends_with(" action")) message += " in action";
      StrAppend(&message, " started at ", name_, ":", action_line_);
    }
    Fail(message);
  }
  // The next token but spaces has to be of that kind.
  void Expect(TokenKind kind, std::string_view context) {
    const Token& token = NextNonSpace();
    if (token.kind != kind) FailUnexpected(token, context);
  }

 private:
  const std::string name_;
  const std::vector<Token> tokens_;
  size_t next_ = 0;
  size_t furthest_ = 0;
  int action_line_ = 0;
  absl::Status error_;
};

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_TOKEN_READER_H_
