// rules/rule.h
//
// What recording and alerting rules have in common: a name, an expression, labels, and what became
// of the last evaluation. A Group (rules/group.h) owns its rules and evaluates them.
//
// Thread safety: Evaluate by one thread at a time; Status and the accessors from any thread.
#ifndef HEARTH_RULES_RULE_H_
#define HEARTH_RULES_RULE_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "query/engine.h"
#include "rules/rule_expression.h"
#include "rules/status.h"

namespace hearth {

// What an evaluation is given. What it points at outlives it.
struct RuleEvaluation {
  const promql::Engine* engine = nullptr;
  TimeMs ts = 0;               // Of the group's evaluation.
  TimeMs query_offset_ms = 0;  // Samples are asked for and written so much before `ts`.
  int64_t limit = 0;           // Series or alerts; 0 = any number.
  // Asked often during queries. Empty = never.
  std::function<bool()> cancelled;

  TimeMs sample_time() const { return ts - query_offset_ms; }
};

class Rule {
 public:
  virtual ~Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;

  const std::string& name() const { return name_; }
  const RuleExpression& expression() const { return expression_; }
  // The group's and the rule's own, by name.
  const TextPairs& labels() const { return labels_; }
  virtual bool is_alert() const = 0;

  // The samples to be written at at.sample_time(). On error nothing is to be written.
  virtual absl::StatusOr<std::vector<RuleSample>> Evaluate(const RuleEvaluation& at) = 0;

  // Notes what became of an evaluation.
  void Evaluated(const absl::Status& status, TimeMs began_ms, double seconds) LOCKS_EXCLUDED(mu_);
  // The error of the last evaluation; OK before the first.
  absl::Status last_error() const LOCKS_EXCLUDED(mu_);
  double evaluation_time_s() const LOCKS_EXCLUDED(mu_);

  virtual RuleStatus Status() const;

 protected:
  Rule(std::string name, RuleExpression expression, TextPairs labels)
      : name_(std::move(name)), expression_(std::move(expression)), labels_(std::move(labels)) {}

  std::optional<TimeMs> last_evaluation_ms() const LOCKS_EXCLUDED(mu_);

 private:
  const std::string name_;
  const RuleExpression expression_;
  const TextPairs labels_;

  mutable Mutex mu_;
  absl::Status last_error_ GUARDED_BY(mu_);
  double evaluation_time_s_ GUARDED_BY(mu_) = 0;
  std::optional<TimeMs> last_evaluation_ms_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_H_
