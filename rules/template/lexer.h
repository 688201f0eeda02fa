// rules/template/lexer.h
//
// Template text to tokens: literal text, and what stands between {{ and }}. Spaces inside an action
// are tokens because they separate arguments (`$x.y` is one operand, `$x .y` two). Trim markers and
// comments are gone. Errors have Go's words.
//
// Thread safety: pure functions. Tokens point into the text.
#ifndef HEARTH_RULES_TEMPLATE_LEXER_H_
#define HEARTH_RULES_TEMPLATE_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::gotemplate {

enum class TokenKind : uint8_t {
  kEof,
  kError,  // `error` says which; the last token.
  kText,
  kLeftDelim,
  kRightDelim,
  kSpace,
  kQuotedString,
  kRawString,
  kCharConstant,
  kNumber,
  kBool,
  kIdentifier,
  kField,     // With its dot.
  kVariable,  // With its dollar.
  kPipe,
  kLeftParen,
  kRightParen,
  kAssign,
  kDeclare,
  kChar,  // Any other ASCII character.
  // What errors show as <if>: keywords, and the dot.
  kDot,
  kNil,
  kBlock,
  kBreak,
  kContinue,
  kDefine,
  kElse,
  kEnd,
  kIf,
  kRange,
  kTemplate,
  kWith,
};

struct Token {
  TokenKind kind = TokenKind::kEof;
  size_t pos = 0;  // In bytes from the beginning of the text.
  int line = 1;
  std::string_view text;
  std::string error;
};

// The whole text. Ends with kEof or kError; that token comes again for whoever reads on.
std::vector<Token> Lex(std::string_view text);

// As parse errors name it: `"foo"`, `<if>`, `EOF`.
std::string Describe(const Token& token);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_LEXER_H_
