// rules/recording_rule.h
//
// A rule that records its value under another name. Each element takes the rule's name and labels;
// an empty label takes one away.
//
// Thread safety: as Rule.
#ifndef HEARTH_RULES_RECORDING_RULE_H_
#define HEARTH_RULES_RECORDING_RULE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/rule.h"

namespace hearth {

class RecordingRule : public Rule {
 public:
  RecordingRule(std::string name, RuleExpression expression, TextPairs labels)
      : Rule(std::move(name), std::move(expression), std::move(labels)) {}

  bool is_alert() const override { return false; }

  // Errors: the engine's; kFailedPrecondition when two elements end with the same labels;
  // kResourceExhausted when there are more than the limit.
  absl::StatusOr<std::vector<RuleSample>> Evaluate(const RuleEvaluation& at) override;
};

}  // namespace hearth

#endif  // HEARTH_RULES_RECORDING_RULE_H_
