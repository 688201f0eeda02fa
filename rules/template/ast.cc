#include "rules/template/ast.h"

#include "model/labels.h"
#include "model/text.h"

namespace hearth::gotemplate {
namespace {

void Append(const Node& node, std::string* out);

void AppendFields(const std::vector<std::string>& fields, std::string* out) {
  for (const std::string& field : fields) StrAppend(out, ".", field);
}

void AppendOperand(const Node& node, std::string* out) {
  if (node.kind != NodeKind::kPipe) return Append(node, out);
  *out += '(';
  Append(node, out);
  *out += ')';
}

void AppendPipe(const PipeNode& pipe, std::string* out) {
  for (size_t i = 0; i < pipe.variables.size(); ++i) {
    StrAppend(out, i > 0 ? ", " : "", pipe.variables[i]);
  }
  if (!pipe.variables.empty()) *out += pipe.is_assign ? " = " : " := ";
  for (size_t i = 0; i < pipe.commands.size(); ++i) {
    if (i > 0) *out += " | ";
    Append(*pipe.commands[i], out);
  }
}

// `{{if .X}}`: a control structure is shown by its head alone.
void AppendHead(std::string_view keyword, const PipeNode* pipe, std::string* out) {
  StrAppend(out, "{{", keyword);
  if (pipe != nullptr) {
    *out += ' ';
    AppendPipe(*pipe, out);
  }
  *out += "}}";
}

void AppendStatement(const Node& node, std::string* out) {
  switch (node.kind) {
    case NodeKind::kText:
      *out += As<TextNode>(node).text;
      return;
    case NodeKind::kAction:
      *out += "{{";
      AppendPipe(*As<ActionNode>(node).pipe, out);
      *out += "}}";
      return;
    case NodeKind::kIf:
      return AppendHead("if", As<BranchNode>(node).pipe.get(), out);
    case NodeKind::kRange:
      return AppendHead("range", As<BranchNode>(node).pipe.get(), out);
    case NodeKind::kWith:
      return AppendHead("with", As<BranchNode>(node).pipe.get(), out);
    case NodeKind::kTemplate: {
      const auto& call = As<TemplateNode>(node);
      std::string keyword = "template ";
      AppendQuoted(call.name, &keyword);
      return AppendHead(keyword, call.pipe.get(), out);
    }
    case NodeKind::kBreak:
      *out += "{{break}}";
      return;
    default:
      *out += "{{continue}}";
  }
}

void Append(const Node& node, std::string* out) {
  switch (node.kind) {
    case NodeKind::kPipe:
      return AppendPipe(As<PipeNode>(node), out);
    case NodeKind::kCommand: {
      const auto& command = As<CommandNode>(node);
      for (size_t i = 0; i < command.args.size(); ++i) {
        if (i > 0) *out += ' ';
        AppendOperand(*command.args[i], out);
      }
      return;
    }
    case NodeKind::kIdentifier:
      *out += As<IdentifierNode>(node).function->name;
      return;
    case NodeKind::kField:
      return AppendFields(As<FieldNode>(node).fields, out);
    case NodeKind::kVariable:
      *out += As<VariableNode>(node).name;
      return AppendFields(As<VariableNode>(node).fields, out);
    case NodeKind::kChain:
      AppendOperand(*As<ChainNode>(node).operand, out);
      return AppendFields(As<ChainNode>(node).fields, out);
    case NodeKind::kDot:
      *out += '.';
      return;
    case NodeKind::kNil:
      *out += "nil";
      return;
    case NodeKind::kBool:
      *out += As<BoolNode>(node).value ? "true" : "false";
      return;
    case NodeKind::kNumber:
      *out += As<NumberNode>(node).text;
      return;
    case NodeKind::kString:
      *out += As<StringNode>(node).quoted;
      return;
    default:
      AppendStatement(node, out);
  }
}

}  // namespace

std::string ToString(const Node& node) {
  std::string out;
  Append(node, &out);
  return out;
}

}  // namespace hearth::gotemplate
