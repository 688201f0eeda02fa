// query/parse/lexer.h
//
// PromQL text to tokens. What a character means depends on where it stands: keywords are plain
// names inside braces, and only arithmetic on durations is possible inside brackets. Comments and
// white space are skipped. Errors have Prometheus' words.
//
// Thread safety: a value; copy it to look further ahead. The query must outlive the lexer and its
// tokens.
#ifndef HEARTH_QUERY_PARSE_LEXER_H_
#define HEARTH_QUERY_PARSE_LEXER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "query/parse/token.h"

namespace hearth::promql {

class Lexer {
 public:
  explicit Lexer(std::string_view query) : query_(query) {}

  // The next token. After kEof or kError the lexer stays there.
  Token Next();

 private:
  Token Lex();
  Token LexOutsideBraces();
  Token LexInsideBraces();
  Token LexOperatorOrPunctuation(char c);
  Token LexEnd();
  Token LexBracketWord();
  Token LexNumberOrDuration();
  Token LexWord();
  Token LexQuoted();
  Token LexRawQuoted();
  bool LexEscape(char quote, std::string* error);

  bool ScanNumber();
  bool ScanRestOfDuration();
  void SkipSpaceAndComments();

  // The byte at `pos_ + ahead`, or 0 at the end (a 0 byte in the query is an error anyway).
  char Peek(size_t ahead = 0) const {
    return pos_ + ahead < query_.size() ? query_[pos_ + ahead] : '\0';
  }
  bool AtEnd() const { return pos_ >= query_.size(); }
  // Decodes the character at `pos_` and moves on. -1 at the end, 0xfffd for invalid UTF-8 (with
  // *invalid set).
  int32_t NextCharacter(bool* invalid = nullptr);
  bool Accept(std::string_view set);
  Token Emit(TokenKind kind);
  Token EmitOperator(BinaryOp op);
  Token Error(std::string message);  // Reported at the start of the current token.

  std::string_view query_;
  size_t pos_ = 0;
  size_t start_ = 0;  // Of the current token.
  int paren_depth_ = 0;
  bool brace_open_ = false;
  bool bracket_open_ = false;
  bool got_duration_ = false;  // Since the bracket was opened.
  bool got_colon_ = false;     // Likewise.
  bool done_ = false;
  Token last_;  // What Next returns once done_.
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_LEXER_H_
