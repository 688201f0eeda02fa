#include "rules/template/executor.h"

#include <utility>
#include <vector>

#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"
#include "rules/template/evaluator.h"
#include "rules/template/fmt_printer.h"

namespace hearth::gotemplate {
namespace {

// How a statement ended.
enum class Flow : uint8_t { kNext, kBreak, kContinue };

class Executor {
 public:
  Executor(const TemplateSet& set, const Environment& environment, int64_t max_steps)
      : set_(set), budget_(max_steps), evaluator_(set, environment, &budget_) {}

  absl::StatusOr<std::string> Run(const Value& data) {
    std::string none;
    evaluator_.Enter(set_.name, data, &none);
    HEARTH_ASSIGN_OR_RETURN(const Flow flow, List(data, set_.templates.find(set_.name)->second));
    static_cast<void>(flow);
    return std::move(output_);
  }

 private:
  absl::StatusOr<Flow> List(const Value& dot, const NodeList& list);
  absl::StatusOr<Flow> Statement(const Value& dot, const Node& node);
  absl::Status Write(std::string_view text);
  absl::Status Action(const Value& dot, const ActionNode& node);
  absl::StatusOr<Flow> IfOrWith(const Value& dot, const BranchNode& node);
  absl::StatusOr<Flow> Range(const Value& dot, const BranchNode& node);
  // True when the range ends here.
  absl::StatusOr<bool> Iteration(const BranchNode& node, const Value& index, const Value& element);
  absl::StatusOr<bool> Iterate(const BranchNode& node, const Value& over);
  absl::Status Template(const Value& dot, const TemplateNode& node);

  const TemplateSet& set_;
  Budget budget_;
  Evaluator evaluator_;
  std::string output_;
};

absl::StatusOr<Flow> Executor::List(const Value& dot, const NodeList& list) {
  if (list.empty()) return Flow::kNext;
  evaluator_.At(*list.front());
  HEARTH_RETURN_IF_ERROR(evaluator_.Descend());
  for (const NodePtr& node : list) {
    HEARTH_ASSIGN_OR_RETURN(const Flow flow, Statement(dot, *node));
    if (flow == Flow::kNext) continue;
    evaluator_.Ascend();
    return flow;
  }
  evaluator_.Ascend();
  return Flow::kNext;
}

absl::StatusOr<Flow> Executor::Statement(const Value& dot, const Node& node) {
  evaluator_.At(node);
  HEARTH_RETURN_IF_ERROR(evaluator_.Step());
  switch (node.kind) {
    case NodeKind::kText:
      HEARTH_RETURN_IF_ERROR(Write(As<TextNode>(node).text));
      return Flow::kNext;
    case NodeKind::kIf:
    case NodeKind::kWith:
      return IfOrWith(dot, As<BranchNode>(node));
    case NodeKind::kRange:
      return Range(dot, As<BranchNode>(node));
    case NodeKind::kTemplate:
      HEARTH_RETURN_IF_ERROR(Template(dot, As<TemplateNode>(node)));
      return Flow::kNext;
    case NodeKind::kBreak:
      return Flow::kBreak;
    case NodeKind::kContinue:
      return Flow::kContinue;
    default:
      HEARTH_RETURN_IF_ERROR(Action(dot, As<ActionNode>(node)));
      return Flow::kNext;
  }
}

absl::Status Executor::Write(std::string_view text) {
  if (output_.size() + text.size() > kMaxOutputBytes) {
    return evaluator_.Error(StrCat("output is longer than ", kMaxOutputBytes, " bytes"));
  }
  output_.append(text);
  return absl::OkStatus();
}

absl::Status Executor::Action(const Value& dot, const ActionNode& node) {
  HEARTH_ASSIGN_OR_RETURN(const Value value, evaluator_.Pipeline(dot, *node.pipe));
  if (!node.pipe->variables.empty()) return absl::OkStatus();
  evaluator_.At(node);
  if (value.is_string()) return Write(value.text());
  FmtPrinter printer(kMaxOutputBytes);
  printer.PrintAction(value);
  const absl::StatusOr<std::string> text = printer.Take();
  return text.ok() ? Write(*text) : evaluator_.Error(FromAbsl(text.status().message()));
}

absl::StatusOr<Flow> Executor::IfOrWith(const Value& dot, const BranchNode& node) {
  const size_t mark = evaluator_.mark();
  HEARTH_ASSIGN_OR_RETURN(const Value value, evaluator_.Pipeline(dot, *node.pipe));
  const bool truth = IsTrue(value);
  const bool sets_dot = truth && node.kind == NodeKind::kWith;
  HEARTH_ASSIGN_OR_RETURN(const Flow flow,
                          List(sets_dot ? value : dot, truth ? node.body : node.otherwise));
  evaluator_.Pop(mark);
  return flow;
}

absl::StatusOr<Flow> Executor::Range(const Value& dot, const BranchNode& node) {
  const size_t mark = evaluator_.mark();
  HEARTH_ASSIGN_OR_RETURN(const Value value, evaluator_.Pipeline(dot, *node.pipe));
  HEARTH_ASSIGN_OR_RETURN(const bool any, Iterate(node, value));
  Flow flow = Flow::kNext;
  if (!any) {
    HEARTH_ASSIGN_OR_RETURN(flow, List(dot, node.otherwise));
  }
  evaluator_.Pop(mark);
  // In the else branch, Go lets {{break}} end this range, and {{continue}} go on with the next one
  // further out.
  return flow == Flow::kContinue ? flow : Flow::kNext;
}

// False when there was nothing to iterate over.
absl::StatusOr<bool> Executor::Iterate(const BranchNode& node, const Value& over) {
  bool stop = false;
  const auto refuse = [&](std::string_view before, std::string_view after) {
    FmtPrinter printer;
    printer.PrintAction(over);
    const absl::StatusOr<std::string> text = printer.Take();
    return evaluator_.Error(StrCat(before, text.ok() ? *text : TypeName(over), after));
  };
  switch (over.kind()) {
    case Kind::kNil:
      return false;
    case Kind::kInt:
    case Kind::kByte:
      if (node.pipe->variables.size() > 1) {
        return refuse("can't use ", " to iterate over more than one variable");
      }
      for (int64_t i = 0; i < over.integer() && !stop; ++i) {
        HEARTH_ASSIGN_OR_RETURN(stop, Iteration(node, Value(), Value::Int(i)));
      }
      return over.integer() > 0;
    case Kind::kVector:
      for (size_t i = 0; i < over.vector().size() && !stop; ++i) {
        HEARTH_ASSIGN_OR_RETURN(stop, Iteration(node, Value::Int(static_cast<int64_t>(i)),
                                                Value::OfSample(over.vector()[i])));
      }
      return over.vector().size() > 0;
    case Kind::kLabels:
      for (const Label label : over.labels()) {
        HEARTH_ASSIGN_OR_RETURN(stop, Iteration(node, Value::String(std::string(label.name)),
                                                Value::String(std::string(label.value))));
        if (stop) break;
      }
      return !over.labels().empty();
    case Kind::kMap:
      for (const auto& [name, element] : over.map().entries) {
        HEARTH_ASSIGN_OR_RETURN(stop, Iteration(node, Value::String(name), element));
        if (stop) break;
      }
      return !over.map().entries.empty();
    default:
      return refuse("range can't iterate over ", "");
  }
}

absl::StatusOr<bool> Executor::Iteration(const BranchNode& node, const Value& index,
                                         const Value& element) {
  HEARTH_RETURN_IF_ERROR(evaluator_.Step());
  const std::vector<std::string>& variables = node.pipe->variables;
  if (node.pipe->is_assign && !variables.empty()) {
    const bool both = variables.size() > 1;
    HEARTH_RETURN_IF_ERROR(evaluator_.Assign(variables[0], both ? index : element));
    if (both) HEARTH_RETURN_IF_ERROR(evaluator_.Assign(variables[1], element));
  } else if (!variables.empty()) {
    evaluator_.SetTop(1, element);
    if (variables.size() > 1) evaluator_.SetTop(2, index);
  }
  const size_t mark = evaluator_.mark();
  HEARTH_ASSIGN_OR_RETURN(const Flow flow, List(element, node.body));
  evaluator_.Pop(mark);
  return flow == Flow::kBreak;
}

absl::Status Executor::Template(const Value& dot, const TemplateNode& node) {
  const auto found = set_.templates.find(node.name);
  if (found == set_.templates.end()) {
    std::string message = "template ";
    AppendQuoted(node.name, &message);
    return evaluator_.Error(message + " not defined");
  }
  HEARTH_RETURN_IF_ERROR(evaluator_.Descend());
  Value inner;
  if (node.pipe != nullptr) {
    HEARTH_ASSIGN_OR_RETURN(inner, evaluator_.Pipeline(dot, *node.pipe));
  }
  std::string outer_name;
  Evaluator::Variables outer = evaluator_.Enter(node.name, inner, &outer_name);
  HEARTH_ASSIGN_OR_RETURN(const Flow flow, List(inner, found->second));
  static_cast<void>(flow);
  evaluator_.Restore(std::move(outer), std::move(outer_name));
  evaluator_.Ascend();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> Execute(const TemplateSet& set, const Value& data,
                                    const Environment& environment, int64_t max_steps) {
  return Executor(set, environment, max_steps).Run(data);
}

}  // namespace hearth::gotemplate
