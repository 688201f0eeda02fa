#include "rules/template/parser.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "model/labels.h"
#include "model/text.h"
#include "rules/template/expression_parser.h"
#include "rules/template/limits.h"
#include "rules/template/token_reader.h"

namespace hearth::gotemplate {
namespace {

// What ended a list of statements.
enum class Terminator : uint8_t { kNone, kEnd, kElse };

bool IsEmpty(const NodeList& list) {
  for (const NodePtr& node : list) {
    if (node->kind != NodeKind::kText) return false;
    if (!absl::StripAsciiWhitespace(As<TextNode>(*node).text).empty()) return false;
  }
  return true;
}

class Parser {
 public:
  explicit Parser(TemplateSet* set)
      : set_(*set), reader_(set->name, set->text), expressions_(&reader_) {}

  absl::Status Run();

 private:
  // A statement; null with `terminator_` set at {{end}} and {{else}}, null after an error.
  NodePtr TextOrAction();
  NodePtr Action();
  NodePtr Jump(NodeKind kind, size_t pos, std::string_view what);
  NodePtr Control(NodeKind kind, size_t pos, std::string_view context);
  void ElseBranch(BranchNode* node, std::string_view context);
  NodePtr TemplateCall();
  NodePtr Block();
  void Else();
  void Definition();
  // A body in a scope of its own, up to {{end}}, that becomes the template `name`.
  void Define(std::string name, std::string_view context);
  NodeList Body();
  void Add(std::string name, NodeList list);

  TemplateSet& set_;
  TokenReader reader_;
  ExpressionParser expressions_;
  Terminator terminator_ = Terminator::kNone;
  int range_depth_ = 0;
  int depth_ = 0;  // Of control structures in each other.
};

absl::Status Parser::Run() {
  NodeList root;
  while (!reader_.failed() && reader_.Peek().kind != TokenKind::kEof) {
    const size_t after = reader_.Peek(1).kind == TokenKind::kSpace ? 2 : 1;
    if (reader_.Peek().kind == TokenKind::kLeftDelim &&
        reader_.Peek(after).kind == TokenKind::kDefine) {
      Definition();
      continue;
    }
    NodePtr node = TextOrAction();
    if (terminator_ != Terminator::kNone) {
      reader_.Fail(terminator_ == Terminator::kEnd ? "unexpected {{end}}" : "unexpected {{else}}");
    } else {
      root.push_back(std::move(node));
    }
  }
  if (!reader_.failed()) Add(set_.name, std::move(root));
  return reader_.error();
}

void Parser::Add(std::string name, NodeList list) {
  const auto it = set_.templates.find(name);
  if (it == set_.templates.end()) {
    set_.templates.emplace(std::move(name), std::move(list));
  } else if (IsEmpty(it->second)) {
    it->second = std::move(list);
  } else if (!IsEmpty(list)) {
    std::string message = "template: multiple definition of template ";
    AppendQuoted(name, &message);
    reader_.Fail(message);
  }
}

NodeList Parser::Body() {
  NodeList list;
  if (++depth_ > kMaxParseDepth) reader_.Fail("control structures nested too deeply");
  while (!reader_.failed()) {
    if (reader_.PeekNonSpace().kind == TokenKind::kEof) {
      reader_.Fail("unexpected EOF");
      break;
    }
    NodePtr node = TextOrAction();
    if (node == nullptr) break;
    list.push_back(std::move(node));
  }
  --depth_;
  return list;
}

NodePtr Parser::TextOrAction() {
  terminator_ = Terminator::kNone;
  const Token& token = reader_.NextNonSpace();
  if (token.kind == TokenKind::kText) return std::make_unique<TextNode>(token.pos, token.text);
  if (token.kind != TokenKind::kLeftDelim) {
    reader_.FailUnexpected(token, "input");
    return nullptr;
  }
  reader_.set_action_line(token.line);
  NodePtr node = Action();
  reader_.set_action_line(0);
  return node;
}

NodePtr Parser::Action() {
  const Token& token = reader_.PeekNonSpace();
  switch (token.kind) {
    case TokenKind::kBlock:
      return Block();
    case TokenKind::kBreak:
      return Jump(NodeKind::kBreak, token.pos, "{{break}}");
    case TokenKind::kContinue:
      return Jump(NodeKind::kContinue, token.pos, "{{continue}}");
    case TokenKind::kElse:
      Else();
      return nullptr;
    case TokenKind::kEnd:
      reader_.Next();
      reader_.Expect(TokenKind::kRightDelim, "end");
      if (!reader_.failed()) terminator_ = Terminator::kEnd;
      return nullptr;
    case TokenKind::kIf:
      return Control(NodeKind::kIf, token.pos, "if");
    case TokenKind::kRange:
      return Control(NodeKind::kRange, token.pos, "range");
    case TokenKind::kWith:
      return Control(NodeKind::kWith, token.pos, "with");
    case TokenKind::kTemplate:
      return TemplateCall();
    default: {
      // What it declares stays known until the {{end}} around it.
      auto pipe = expressions_.Pipeline("command", TokenKind::kRightDelim);
      if (pipe == nullptr) return nullptr;
      return std::make_unique<ActionNode>(token.pos, std::move(pipe));
    }
  }
}

NodePtr Parser::Jump(NodeKind kind, size_t pos, std::string_view what) {
  reader_.Next();
  reader_.Expect(TokenKind::kRightDelim, what);
  if (range_depth_ == 0) reader_.Fail(StrCat(what, " outside {{range}}"));
  return reader_.failed() ? nullptr : std::make_unique<PlainNode>(kind, pos);
}

// Leaves `if` and `with` of {{else if}} and {{else with}} to be read.
void Parser::Else() {
  reader_.Next();
  const TokenKind next = reader_.PeekNonSpace().kind;
  if (next != TokenKind::kIf && next != TokenKind::kWith) {
    reader_.Expect(TokenKind::kRightDelim, "else");
  }
  if (!reader_.failed()) terminator_ = Terminator::kElse;
}

NodePtr Parser::Control(NodeKind kind, size_t pos, std::string_view context) {
  reader_.Next();
  const size_t scope = expressions_.variables().size();
  auto node = std::make_unique<BranchNode>(kind, pos);
  node->pipe = expressions_.Pipeline(context, TokenKind::kRightDelim);
  if (reader_.failed()) return nullptr;
  range_depth_ += kind == NodeKind::kRange ? 1 : 0;
  node->body = Body();
  range_depth_ -= kind == NodeKind::kRange ? 1 : 0;
  if (terminator_ == Terminator::kElse && !reader_.failed()) ElseBranch(node.get(), context);
  expressions_.variables().resize(scope);
  terminator_ = Terminator::kNone;
  return reader_.failed() ? nullptr : std::move(node);
}

void Parser::ElseBranch(BranchNode* node, std::string_view context) {
  const Token& next = reader_.Peek();
  const bool chained = (node->kind == NodeKind::kIf && next.kind == TokenKind::kIf) ||
                       (node->kind == NodeKind::kWith && next.kind == TokenKind::kWith);
  if (chained) {
    // {{else if}} is an if in the else branch, and shares its {{end}}.
    if (++depth_ > kMaxParseDepth) return reader_.Fail("control structures nested too deeply");
    if (NodePtr inner = Control(node->kind, next.pos, context)) {
      node->otherwise.push_back(std::move(inner));
    }
    --depth_;
    return;
  }
  node->otherwise = Body();
  if (terminator_ == Terminator::kElse) reader_.Fail("expected end; found {{else}}");
}

NodePtr Parser::TemplateCall() {
  reader_.Next();
  const Token& token = reader_.NextNonSpace();
  std::string name = expressions_.TemplateName(token, "template clause");
  std::unique_ptr<PipeNode> pipe;
  if (reader_.PeekNonSpace().kind == TokenKind::kRightDelim) {
    reader_.Next();
  } else if (!reader_.failed()) {
    pipe = expressions_.Pipeline("template clause", TokenKind::kRightDelim);
  }
  if (reader_.failed()) return nullptr;
  return std::make_unique<TemplateNode>(token.pos, std::move(name), std::move(pipe));
}

NodePtr Parser::Block() {
  reader_.Next();
  const Token& token = reader_.NextNonSpace();
  std::string name = expressions_.TemplateName(token, "block clause");
  if (reader_.failed()) return nullptr;
  auto pipe = expressions_.Pipeline("block clause", TokenKind::kRightDelim);
  if (reader_.failed()) return nullptr;
  Define(name, "block clause");
  return std::make_unique<TemplateNode>(token.pos, std::move(name), std::move(pipe));
}

void Parser::Definition() {
  reader_.Next();
  reader_.NextNonSpace();
  std::string name = expressions_.TemplateName(reader_.NextNonSpace(), "define clause");
  if (reader_.failed()) return;
  reader_.Expect(TokenKind::kRightDelim, "define clause");
  if (!reader_.failed()) Define(std::move(name), "define clause");
}

void Parser::Define(std::string name, std::string_view context) {
  std::vector<std::string> outer = std::exchange(expressions_.variables(), {"$"});
  const int outer_range_depth = std::exchange(range_depth_, 0);
  NodeList body = Body();
  if (terminator_ == Terminator::kElse) {
    reader_.Fail(StrCat("unexpected {{else}} in ", context));
  }
  terminator_ = Terminator::kNone;
  expressions_.variables() = std::move(outer);
  range_depth_ = outer_range_depth;
  if (!reader_.failed()) Add(std::move(name), std::move(body));
}

}  // namespace

absl::StatusOr<TemplateSet> Parse(std::string name, std::string text) {
  if (text.size() > kMaxTemplateBytes) {
    return absl::InvalidArgumentError(StrCat("template: ", name, ": text of ", text.size(),
                                             " bytes is longer than ", kMaxTemplateBytes));
  }
  TemplateSet set{std::move(name), std::move(text), {}};
  const absl::Status status = Parser(&set).Run();
  if (!status.ok()) return status;
  return set;
}

}  // namespace hearth::gotemplate
