// rules/rule_expression.h
//
// The expression of a rule, parsed once, and its value at one time.
//
// Thread safety: immutable; any number of threads may evaluate at once.
#ifndef HEARTH_RULES_RULE_EXPRESSION_H_
#define HEARTH_RULES_RULE_EXPRESSION_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "query/engine.h"
#include "query/parse/ast.h"

namespace hearth {

// One element of a rule's value. Its time is that of the evaluation.
struct RuleSample {
  Labels labels;
  double v = 0;            // 0 where there is a histogram: alerts and templates see that, as in
                           // Prometheus.
  HistogramPtr histogram;  // Null: a float.
};

// Asks the engine for `expr` at one time. A scalar becomes one sample without labels; errors are
// the engine's, and kInvalidArgument for a value that is neither vector nor scalar. `cancelled` as
// in QueryRequest; `parsed` too, and it may be null.
absl::StatusOr<std::vector<RuleSample>> QueryVector(
    const promql::Engine& engine, const std::string& expr, TimeMs t,
    const std::function<bool()>& cancelled, std::shared_ptr<const promql::Expr> parsed = nullptr);

class RuleExpression {
 public:
  // Errors (kInvalidArgument) are the parser's.
  static absl::StatusOr<RuleExpression> Parse(std::string_view text,
                                              const promql::ParserOptions& options);

  // On one line, as Prometheus prints it: what is asked, shown and linked to.
  const std::string& text() const { return text_; }
  const promql::Expr& tree() const { return *tree_; }

  absl::StatusOr<std::vector<RuleSample>> Evaluate(const promql::Engine& engine, TimeMs t,
                                                   const std::function<bool()>& cancelled) const {
    return QueryVector(engine, text_, t, cancelled, tree_);
  }

 private:
  RuleExpression(std::string text, std::shared_ptr<const promql::Expr> tree)
      : text_(std::move(text)), tree_(std::move(tree)) {}

  std::string text_;
  std::shared_ptr<const promql::Expr> tree_;  // Of text_: warnings have positions in it.
};

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_EXPRESSION_H_
