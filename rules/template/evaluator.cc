#include "rules/template/evaluator.h"

#include <algorithm>

#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth::gotemplate {

absl::Status Evaluator::Error(std::string_view message) const {
  const std::string_view before = std::string_view(set_.text).substr(0, at_->pos);
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? at_->pos : at_->pos - newline - 1;
  std::string quoted;
  AppendQuoted(template_name_, &quoted);
  return absl::InvalidArgumentError(
      StrCat("template: ", set_.name, ":", 1 + std::count(before.begin(), before.end(), '\n'), ":",
             column, ": executing ", quoted, " at <", ToString(*at_), ">: ", message));
}

absl::Status Evaluator::Step(int64_t steps) {
  const absl::Status spent = context_.budget->Spend(steps);
  return spent.ok() ? spent : Error(FromAbsl(spent.message()));
}

absl::Status Evaluator::Descend() {
  if (depth_ >= kMaxExecutionDepth) {
    return Error(StrCat("exceeded maximum template depth (", kMaxExecutionDepth, ")"));
  }
  ++depth_;
  return absl::OkStatus();
}

void Evaluator::Push(std::string name, Value value) {
  variables_.emplace_back(std::move(name), std::move(value));
}

absl::Status Evaluator::Assign(std::string_view name, Value value) {
  for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
    if (it->first != name) continue;
    it->second = std::move(value);
    return absl::OkStatus();
  }
  return Error(StrCat("undefined variable: ", name));
}

Evaluator::Variables Evaluator::Enter(std::string template_name, Value dot,
                                      std::string* outer_name) {
  *outer_name = std::exchange(template_name_, std::move(template_name));
  return std::exchange(variables_, Variables{{"$", std::move(dot)}});
}

void Evaluator::Restore(Variables outer, std::string outer_name) {
  variables_ = std::move(outer);
  template_name_ = std::move(outer_name);
}

absl::StatusOr<Value> Evaluator::Pipeline(const Value& dot, const PipeNode& pipe) {
  At(pipe);
  HEARTH_RETURN_IF_ERROR(Descend());
  absl::StatusOr<Value> value = PipelineCommands(dot, pipe);
  Ascend();
  return value;
}

absl::StatusOr<Value> Evaluator::PipelineCommands(const Value& dot, const PipeNode& pipe) {
  Final value;
  for (const auto& command : pipe.commands) {
    HEARTH_RETURN_IF_ERROR(Step());
    HEARTH_ASSIGN_OR_RETURN(value, Command(dot, *command, value));
  }
  for (const std::string& variable : pipe.variables) {
    if (pipe.is_assign) {
      HEARTH_RETURN_IF_ERROR(Assign(variable, *value));
    } else {
      Push(variable, *value);
    }
  }
  return *std::move(value);
}

absl::Status Evaluator::NotAFunction(const NodeList& args, const Final& final) {
  if (args.size() <= 1 && !final) return absl::OkStatus();
  return Error(StrCat("can't give argument to non-function ", ToString(*args[0])));
}

absl::StatusOr<Value> Evaluator::Command(const Value& dot, const CommandNode& command,
                                         const Final& final) {
  const Node& first = *command.args[0];
  switch (first.kind) {
    case NodeKind::kField:
      At(first);
      return Fields(dot, dot, first, As<FieldNode>(first).fields, &command.args, final);
    case NodeKind::kChain:
      return Chain(dot, As<ChainNode>(first), &command.args, final);
    case NodeKind::kIdentifier:
      At(first);
      return Call(dot, *As<IdentifierNode>(first).function, command, &command.args, final);
    case NodeKind::kPipe:
      HEARTH_RETURN_IF_ERROR(NotAFunction(command.args, final));
      return Pipeline(dot, As<PipeNode>(first));
    case NodeKind::kVariable:
      return Variable(dot, As<VariableNode>(first), &command.args, final);
    default:
      At(first);
      HEARTH_RETURN_IF_ERROR(NotAFunction(command.args, final));
      if (first.kind == NodeKind::kNil) return Error("nil is not a command");
      return Constant(dot, first);
  }
}

// Dot and literals, where no type is asked for.
absl::StatusOr<Value> Evaluator::Constant(const Value& dot, const Node& node) {
  At(node);
  switch (node.kind) {
    case NodeKind::kBool:
      return Value::Bool(As<BoolNode>(node).value);
    case NodeKind::kNumber:
      return Number(As<NumberNode>(node));
    case NodeKind::kString:
      return As<StringNode>(node).value;
    default:
      return dot;
  }
}

absl::StatusOr<Value> Evaluator::Number(const NumberNode& node) {
  if (node.overflows) return Error(StrCat(node.text, " overflows int"));
  return node.value;
}

absl::StatusOr<Value> Evaluator::Variable(const Value& dot, const VariableNode& node,
                                          const NodeList* args, const Final& final) {
  At(node);
  const auto it = std::find_if(variables_.rbegin(), variables_.rend(),
                               [&](const auto& variable) { return variable.first == node.name; });
  if (it == variables_.rend()) return Error(StrCat("undefined variable: ", node.name));
  const Value value = it->second;
  if (!node.fields.empty()) return Fields(dot, value, node, node.fields, args, final);
  if (args != nullptr) HEARTH_RETURN_IF_ERROR(NotAFunction(*args, final));
  return value;
}

absl::StatusOr<Value> Evaluator::Chain(const Value& dot, const ChainNode& node,
                                       const NodeList* args, const Final& final) {
  At(node);
  if (node.operand->kind == NodeKind::kNil) {
    return Error(StrCat("indirection through explicit nil in ", ToString(node)));
  }
  HEARTH_ASSIGN_OR_RETURN(const Value receiver, Arg(dot, Param::kAny, *node.operand));
  return Fields(dot, receiver, node, node.fields, args, final);
}

absl::StatusOr<Value> Evaluator::Fields(const Value& dot, Value receiver, const Node& node,
                                        const std::vector<std::string>& fields,
                                        const NodeList* args, const Final& final) {
  FieldResult result{std::move(receiver), false};
  for (size_t i = 0; i < fields.size(); ++i) {
    const bool last = i + 1 == fields.size();
    HEARTH_ASSIGN_OR_RETURN(
        result, Field(dot, result, node, fields[i], last ? args : nullptr, last ? final : Final()));
  }
  return std::move(result.value);
}

absl::StatusOr<Evaluator::FieldResult> Evaluator::Field(const Value& dot,
                                                        const FieldResult& receiver,
                                                        const Node& node, const std::string& field,
                                                        const NodeList* args, const Final& final) {
  const Value& value = receiver.value;
  const bool has_args = (args != nullptr && args->size() > 1) || final.has_value();
  const auto of_struct = [&](const Value& content,
                             bool is_interface) -> absl::StatusOr<FieldResult> {
    if (!has_args) return FieldResult{content, is_interface};
    return Error(StrCat(field, " has arguments but cannot be invoked as function"));
  };
  if (const FunctionSpec* method = FindMethod(value.kind(), field)) {
    HEARTH_ASSIGN_OR_RETURN(Value result, Call(dot, *method, node, args, final, &value));
    return FieldResult{std::move(result), false};
  }
  switch (value.kind()) {
    case Kind::kNil:
      if (receiver.is_interface)
        return Error(StrCat("nil pointer evaluating interface {}.", field));
      return FieldResult{Value(), false};
    case Kind::kStruct:
      for (const Struct::Field& f : value.structure().fields) {
        if (f.name == field) return of_struct(f.value, f.type == "interface {}");
      }
      break;
    case Kind::kSample:
      if (field == "Labels") return of_struct(Value::LabelsOf(value), false);
      if (field == "Value") return of_struct(value.sample().value, true);
      break;
    case Kind::kLabels:
    case Kind::kMap: {
      if (has_args) return Error(StrCat(field, " is not a method but has arguments"));
      if (value.kind() == Kind::kLabels) {
        return FieldResult{Value::String(std::string(value.labels().Get(field))), false};
      }
      const auto it = value.map().entries.find(field);
      return FieldResult{it == value.map().entries.end() ? Value() : it->second, true};
    }
    default:
      break;
  }
  return Error(StrCat("can't evaluate field ", field, " in type ",
                      receiver.is_interface ? "interface {}" : TypeName(value)));
}

}  // namespace hearth::gotemplate
