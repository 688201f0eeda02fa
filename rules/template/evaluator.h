// rules/template/evaluator.h
//
// The part of the executor that computes values: pipelines, commands, fields and calls, with the
// variables that are in scope. It remembers the node that it is at, for errors.
//
// Thread safety: none; one execution.
#ifndef HEARTH_RULES_TEMPLATE_EVALUATOR_H_
#define HEARTH_RULES_TEMPLATE_EVALUATOR_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/template/ast.h"
#include "rules/template/function.h"
#include "rules/template/limits.h"
#include "rules/template/value.h"

namespace hearth::gotemplate {

class Evaluator {
 public:
  // All are borrowed.
  Evaluator(const TemplateSet& set, const Environment& environment, Budget* budget)
      : set_(set), context_{environment, budget} {}

  // The value of a pipeline. What it declares stays in scope until it is popped.
  absl::StatusOr<Value> Pipeline(const Value& dot, const PipeNode& pipe);

  // Variables: a stack, the innermost of a name counts.
  size_t mark() const { return variables_.size(); }
  void Pop(size_t mark) { variables_.resize(mark); }
  void Push(std::string name, Value value);
  absl::Status Assign(std::string_view name, Value value);
  // The n-th from the top, 1 = the last.
  void SetTop(size_t n, Value value) {
    variables_[variables_.size() - n].second = std::move(value);
  }
  // A template sees no variable of its caller but its own `$`. Returns what Restore takes.
  using Variables = std::vector<std::pair<std::string, Value>>;
  Variables Enter(std::string template_name, Value dot, std::string* outer_name);
  void Restore(Variables outer, std::string outer_name);

  void At(const Node& node) { at_ = &node; }
  // `message` with the place that execution is at.
  absl::Status Error(std::string_view message) const;
  absl::Status Step(int64_t steps = 1);

  // Counts constructs in each other; an error at the limit.
  absl::Status Descend();
  void Ascend() { --depth_; }

 private:
  // The value of the stage before in a pipeline; none for the first.
  using Final = std::optional<Value>;

  absl::StatusOr<Value> PipelineCommands(const Value& dot, const PipeNode& pipe);
  absl::StatusOr<Value> Command(const Value& dot, const CommandNode& command, const Final& final);
  absl::StatusOr<Value> Constant(const Value& dot, const Node& node);
  absl::Status NotAFunction(const NodeList& args, const Final& final);
  absl::StatusOr<Value> Number(const NumberNode& node);
  absl::StatusOr<Value> Variable(const Value& dot, const VariableNode& node, const NodeList* args,
                                 const Final& final);
  absl::StatusOr<Value> Chain(const Value& dot, const ChainNode& node, const NodeList* args,
                              const Final& final);
  // `.a.b.c` of `receiver`; the last one may be a method that takes arguments.
  absl::StatusOr<Value> Fields(const Value& dot, Value receiver, const Node& node,
                               const std::vector<std::string>& fields, const NodeList* args,
                               const Final& final);
  struct FieldResult {
    Value value;
    bool is_interface;  // Its static type is interface {}.
  };
  absl::StatusOr<FieldResult> Field(const Value& dot, const FieldResult& receiver, const Node& node,
                                    const std::string& field, const NodeList* args,
                                    const Final& final);
  // `receiver` for methods. `node` is where an error of the kernel is.
  absl::StatusOr<Value> Call(const Value& dot, const FunctionSpec& function, const Node& node,
                             const NodeList* args, const Final& final,
                             const Value* receiver = nullptr);
  absl::StatusOr<Value> CallShortCircuit(const Value& dot, const FunctionSpec& function,
                                         std::span<const NodePtr> args, const Final& final);
  absl::StatusOr<Value> Arg(const Value& dot, Param param, const Node& node);
  absl::StatusOr<Value> Literal(const Value& dot, Param param, const Node& node);
  absl::StatusOr<Value> Validate(Value value, Param param);

  const TemplateSet& set_;
  CallContext context_;
  std::string template_name_;
  Variables variables_;
  const Node* at_ = nullptr;
  int depth_ = 0;
};

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_EVALUATOR_H_
