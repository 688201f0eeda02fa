// rules/template/ast.h
//
// The tree of a parsed template. Positions are bytes from the beginning of the text, and lie where
// Go puts them (a field chain's is that of its last part but the first), because errors print them.
//
// Thread safety: immutable after parsing.
#ifndef HEARTH_RULES_TEMPLATE_AST_H_
#define HEARTH_RULES_TEMPLATE_AST_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/template/function.h"

namespace hearth::gotemplate {

enum class NodeKind : uint8_t {
  // Statements.
  kText,
  kAction,
  kIf,
  kRange,
  kWith,
  kTemplate,
  kBreak,
  kContinue,
  // Expressions.
  kPipe,
  kCommand,
  kIdentifier,
  kField,
  kVariable,
  kChain,
  kDot,
  kNil,
  kBool,
  kNumber,
  kString,
};

struct Node {
  Node(NodeKind k, size_t p) : kind(k), pos(p) {}
  virtual ~Node() = default;
  const NodeKind kind;
  const size_t pos;
};
using NodePtr = std::unique_ptr<Node>;
using NodeList = std::vector<NodePtr>;

// The node as its own type. The caller has looked at `kind`.
template <typename T>
const T& As(const Node& node) {
  return static_cast<const T&>(node);
}

// kDot, kNil, kBreak, kContinue.
struct PlainNode final : Node {
  using Node::Node;
};

struct TextNode final : Node {
  TextNode(size_t p, std::string_view t) : Node(NodeKind::kText, p), text(t) {}
  std::string text;
};

struct IdentifierNode final : Node {
  IdentifierNode(size_t p, const FunctionSpec* f) : Node(NodeKind::kIdentifier, p), function(f) {}
  const FunctionSpec* function;  // Static storage.
};

// `.a.b` has {a, b}.
struct FieldNode final : Node {
  FieldNode(size_t p, std::vector<std::string> names)
      : Node(NodeKind::kField, p), fields(std::move(names)) {}
  std::vector<std::string> fields;
};

// `$x.a.b`.
struct VariableNode final : Node {
  VariableNode(size_t p, std::string n, std::vector<std::string> names)
      : Node(NodeKind::kVariable, p), name(std::move(n)), fields(std::move(names)) {}
  std::string name;  // With its dollar.
  std::vector<std::string> fields;
};

// `(pipeline).a.b` or `function.a.b`.
struct ChainNode final : Node {
  ChainNode(size_t p, NodePtr n, std::vector<std::string> names)
      : Node(NodeKind::kChain, p), operand(std::move(n)), fields(std::move(names)) {}
  NodePtr operand;
  std::vector<std::string> fields;
};

struct BoolNode final : Node {
  BoolNode(size_t p, bool b) : Node(NodeKind::kBool, p), value(b) {}
  bool value;
};

struct NumberNode final : Node {
  NumberNode(size_t p, std::string_view t) : Node(NodeKind::kNumber, p), text(t) {}
  std::string text;        // As written.
  Value value;             // An int or a float.
  bool overflows = false;  // An integer above int64; an error only when it is used.
};

struct StringNode final : Node {
  StringNode(size_t p, std::string_view q, std::string t)
      : Node(NodeKind::kString, p), quoted(q), value(Value::String(std::move(t))) {}
  std::string quoted;  // As written.
  Value value;
};

struct CommandNode final : Node {
  explicit CommandNode(size_t p) : Node(NodeKind::kCommand, p) {}
  NodeList args;  // At least one.
};

struct PipeNode final : Node {
  explicit PipeNode(size_t p) : Node(NodeKind::kPipe, p) {}
  bool is_assign = false;                              // `=` and not `:=`.
  std::vector<std::string> variables;                  // On its left side.
  std::vector<std::unique_ptr<CommandNode>> commands;  // At least one.
};

struct ActionNode final : Node {
  ActionNode(size_t p, std::unique_ptr<PipeNode> pp)
      : Node(NodeKind::kAction, p), pipe(std::move(pp)) {}
  std::unique_ptr<PipeNode> pipe;
};

// if, range, with.
struct BranchNode final : Node {
  using Node::Node;
  std::unique_ptr<PipeNode> pipe;
  NodeList body;
  NodeList otherwise;  // What `else` has.
};

struct TemplateNode final : Node {
  TemplateNode(size_t p, std::string n, std::unique_ptr<PipeNode> pp)
      : Node(NodeKind::kTemplate, p), name(std::move(n)), pipe(std::move(pp)) {}
  std::string name;
  std::unique_ptr<PipeNode> pipe;  // May be null.
};

// A text and the templates that it defines, itself among them.
struct TemplateSet {
  std::string name;
  std::string text;
  std::map<std::string, NodeList, std::less<>> templates;
};

// A node as errors show it: one space between arguments, strings as they were written.
std::string ToString(const Node& node);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_AST_H_
