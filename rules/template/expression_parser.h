// rules/template/expression_parser.h
//
// The part of the parser that reads what stands inside one action: pipelines, commands, operands.
//
// Thread safety: none; one parse. Every function returns null after an error, which the reader has.
#ifndef HEARTH_RULES_TEMPLATE_EXPRESSION_PARSER_H_
#define HEARTH_RULES_TEMPLATE_EXPRESSION_PARSER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rules/template/ast.h"
#include "rules/template/token_reader.h"

namespace hearth::gotemplate {

class ExpressionParser {
 public:
  // `reader` is borrowed.
  explicit ExpressionParser(TokenReader* reader) : reader_(*reader) {}

  // Reads up to and including `end`. What it declares is known from then on. `context` is for
  // errors; "range" allows two variables.
  std::unique_ptr<PipeNode> Pipeline(std::string_view context, TokenKind end);

  // The variables in scope, innermost last. A definition begins with `$` alone.
  std::vector<std::string>& variables() { return variables_; }

  // A name that is written as a string.
  std::string TemplateName(const Token& token, std::string_view context);

 private:
  void Declarations(std::string_view context, PipeNode* pipe);
  void CheckPipeline(std::string_view context, const PipeNode& pipe);
  std::unique_ptr<CommandNode> Command();
  NodePtr Operand();
  NodePtr Term();
  NodePtr ParenthesizedPipeline();
  NodePtr Number(const Token& token);
  NodePtr WithFields(NodePtr term, const Token& written);

  TokenReader& reader_;
  std::vector<std::string> variables_ = {"$"};
  int depth_ = 0;
};

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_EXPRESSION_PARSER_H_
