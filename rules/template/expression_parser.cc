#include "rules/template/expression_parser.h"

#include <algorithm>
#include <utility>

#include "model/labels.h"
#include "model/text.h"
#include "rules/template/limits.h"
#include "rules/template/literals.h"

namespace hearth::gotemplate {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendQuoted(text, &out);
  return out;
}

bool StartsOperand(TokenKind kind) {
  switch (kind) {
    case TokenKind::kBool:
    case TokenKind::kCharConstant:
    case TokenKind::kDot:
    case TokenKind::kField:
    case TokenKind::kIdentifier:
    case TokenKind::kNumber:
    case TokenKind::kNil:
    case TokenKind::kRawString:
    case TokenKind::kQuotedString:
    case TokenKind::kVariable:
    case TokenKind::kLeftParen:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::unique_ptr<PipeNode> ExpressionParser::Pipeline(std::string_view context, TokenKind end) {
  auto pipe = std::make_unique<PipeNode>(reader_.PeekNonSpace().pos);
  Declarations(context, pipe.get());
  while (!reader_.failed()) {
    const Token& token = reader_.PeekNonSpace();
    if (token.kind == end) {
      reader_.Next();
      CheckPipeline(context, *pipe);
      break;
    }
    if (!StartsOperand(token.kind)) {
      reader_.FailUnexpected(reader_.Next(), context);
      break;
    }
    pipe->commands.push_back(Command());
  }
  return reader_.failed() ? nullptr : std::move(pipe);
}

// `$x :=`, `$x =`, and in a range `$i, $x :=`.
void ExpressionParser::Declarations(std::string_view context, PipeNode* pipe) {
  while (reader_.PeekNonSpace().kind == TokenKind::kVariable) {
    const Token& variable = reader_.Peek();
    const size_t ahead = reader_.Peek(1).kind == TokenKind::kSpace ? 2 : 1;
    const Token& after = reader_.Peek(ahead);
    const bool comma = after.kind == TokenKind::kChar && after.text == ",";
    if (!comma && after.kind != TokenKind::kAssign && after.kind != TokenKind::kDeclare) return;
    pipe->is_assign = after.kind == TokenKind::kAssign;
    for (size_t i = 0; i <= ahead; ++i) reader_.Next();
    pipe->variables.emplace_back(variable.text);
    variables_.emplace_back(variable.text);
    if (!comma) return;
    if (context != "range" || pipe->variables.size() >= 2) {
      return reader_.Fail(StrCat("too many declarations in ", context));
    }
    const TokenKind next = reader_.PeekNonSpace().kind;
    if (next != TokenKind::kVariable && next != TokenKind::kRightDelim &&
        next != TokenKind::kRightParen) {
      return reader_.Fail("range can only initialize variables");
    }
  }
}

void ExpressionParser::CheckPipeline(std::string_view context, const PipeNode& pipe) {
  if (pipe.commands.empty()) return reader_.Fail(StrCat("missing value for ", context));
  for (size_t i = 1; i < pipe.commands.size(); ++i) {
    switch (pipe.commands[i]->args[0]->kind) {
      case NodeKind::kBool:
      case NodeKind::kDot:
      case NodeKind::kNil:
      case NodeKind::kNumber:
      case NodeKind::kString:
        return reader_.Fail(StrCat("non executable command in pipeline stage ", i + 1));
      default:
        break;
    }
  }
}

// Operands up to a pipe, which is consumed, or a right delimiter or parenthesis, which is not.
std::unique_ptr<CommandNode> ExpressionParser::Command() {
  auto command = std::make_unique<CommandNode>(reader_.PeekNonSpace().pos);
  while (!reader_.failed()) {
    reader_.SkipSpace();
    if (NodePtr operand = Operand()) command->args.push_back(std::move(operand));
    if (reader_.failed()) return nullptr;
    const Token& token = reader_.Peek();
    if (token.kind == TokenKind::kRightDelim || token.kind == TokenKind::kRightParen) break;
    reader_.Next();
    if (token.kind == TokenKind::kSpace) continue;
    if (token.kind != TokenKind::kPipe) reader_.FailUnexpected(token, "operand");
    break;
  }
  if (command->args.empty()) reader_.Fail("empty command");
  return reader_.failed() ? nullptr : std::move(command);
}

// A term and the fields behind it. Null without an error when no operand stands here.
NodePtr ExpressionParser::Operand() {
  const Token& written = reader_.PeekNonSpace();
  NodePtr term = Term();
  if (term == nullptr || reader_.Peek().kind != TokenKind::kField) return term;
  return WithFields(std::move(term), written);
}

NodePtr ExpressionParser::WithFields(NodePtr term, const Token& written) {
  const size_t pos = reader_.Peek().pos;
  std::vector<std::string> fields;
  if (term->kind == NodeKind::kField) fields = As<FieldNode>(*term).fields;
  while (reader_.Peek().kind == TokenKind::kField) {
    fields.emplace_back(reader_.Next().text.substr(1));
  }
  switch (term->kind) {
    case NodeKind::kField:
      return std::make_unique<FieldNode>(pos, std::move(fields));
    case NodeKind::kVariable:
      return std::make_unique<VariableNode>(pos, As<VariableNode>(*term).name, std::move(fields));
    case NodeKind::kBool:
    case NodeKind::kString:
    case NodeKind::kNumber:
    case NodeKind::kNil:
    case NodeKind::kDot:
      reader_.Fail(StrCat("unexpected . after term ", Quoted(written.text)));
      return nullptr;
    default:
      return std::make_unique<ChainNode>(pos, std::move(term), std::move(fields));
  }
}

NodePtr ExpressionParser::Term() {
  const Token& token = reader_.PeekNonSpace();
  if (!StartsOperand(token.kind)) return nullptr;
  reader_.Next();
  switch (token.kind) {
    case TokenKind::kIdentifier:
      if (const FunctionSpec* function = FindFunction(token.text)) {
        return std::make_unique<IdentifierNode>(token.pos, function);
      }
      reader_.Fail(StrCat("function ", Quoted(token.text), " not defined"));
      return nullptr;
    case TokenKind::kDot:
      return std::make_unique<PlainNode>(NodeKind::kDot, token.pos);
    case TokenKind::kNil:
      return std::make_unique<PlainNode>(NodeKind::kNil, token.pos);
    case TokenKind::kBool:
      return std::make_unique<BoolNode>(token.pos, token.text == "true");
    case TokenKind::kField:
      return std::make_unique<FieldNode>(
          token.pos, std::vector<std::string>{std::string(token.text.substr(1))});
    case TokenKind::kVariable:
      if (std::find(variables_.begin(), variables_.end(), token.text) == variables_.end()) {
        reader_.Fail(StrCat("undefined variable ", Quoted(token.text)));
        return nullptr;
      }
      return std::make_unique<VariableNode>(token.pos, std::string(token.text),
                                            std::vector<std::string>{});
    case TokenKind::kLeftParen:
      return ParenthesizedPipeline();
    case TokenKind::kNumber:
    case TokenKind::kCharConstant:
      return Number(token);
    default: {
      absl::StatusOr<std::string> text = Unquote(token.text);
      if (text.ok()) return std::make_unique<StringNode>(token.pos, token.text, *std::move(text));
      reader_.Fail(FromAbsl(text.status().message()));
      return nullptr;
    }
  }
}

NodePtr ExpressionParser::ParenthesizedPipeline() {
  if (depth_ >= kMaxParseDepth) {
    reader_.Fail("max expression depth exceeded");
    return nullptr;
  }
  ++depth_;
  NodePtr pipe = Pipeline("parenthesized pipeline", TokenKind::kRightParen);
  --depth_;
  return pipe;
}

NodePtr ExpressionParser::Number(const Token& token) {
  absl::StatusOr<Value> value =
      token.kind == TokenKind::kNumber ? ParseNumber(token.text) : ParseCharConstant(token.text);
  if (!value.ok()) {
    reader_.Fail(FromAbsl(value.status().message()));
    return nullptr;
  }
  auto node = std::make_unique<NumberNode>(token.pos, token.text);
  node->overflows = value->is_nil();
  node->value = *std::move(value);
  return node;
}

std::string ExpressionParser::TemplateName(const Token& token, std::string_view context) {
  if (token.kind != TokenKind::kQuotedString && token.kind != TokenKind::kRawString) {
    reader_.FailUnexpected(token, context);
    return "";
  }
  absl::StatusOr<std::string> name = Unquote(token.text);
  if (!name.ok()) reader_.Fail(FromAbsl(name.status().message()));
  return name.ok() ? *std::move(name) : "";
}

}  // namespace hearth::gotemplate
