// rules/template/parser.h
//
// Template text to trees, by recursive descent over the lexer's tokens.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_TEMPLATE_PARSER_H_
#define HEARTH_RULES_TEMPLATE_PARSER_H_

#include <string>

#include "absl/status/statusor.h"
#include "rules/template/ast.h"

namespace hearth::gotemplate {

// Limits: a text longer than kMaxTemplateBytes or nested deeper than kMaxParseDepth is refused.
// Errors are kInvalidArgument in Go's words: `template: name:1: unclosed action`, the line counted
// from one.
absl::StatusOr<TemplateSet> Parse(std::string name, std::string text);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_PARSER_H_
