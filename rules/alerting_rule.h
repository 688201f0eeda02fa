// rules/alerting_rule.h
//
// A rule whose value's elements are alerts. Labels and annotations are templates, expanded at each
// evaluation; an error becomes their text. What it writes are ALERTS and ALERTS_FOR_STATE of its
// pending and firing alerts.
//
// Thread safety: as Rule.
#ifndef HEARTH_RULES_ALERTING_RULE_H_
#define HEARTH_RULES_ALERTING_RULE_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "model/mutex.h"
#include "rules/active_alerts.h"
#include "rules/rule.h"
#include "rules/template/expander.h"
#include "tsdb/storage.h"

namespace hearth {

struct AlertingRuleOptions {
  std::string name;
  TimeMs for_ms = 0;
  TimeMs keep_firing_for_ms = 0;
  TextPairs labels, annotations;  // Templates, by name.
  Labels external_labels;
  std::string external_url;                      // Without a slash at its end.
  std::function<void(const std::string&)> warn;  // May be empty.
  // Of templates: whether the expansion went well. May be empty.
  std::function<void(bool ok)> expanded;
};

// How alerts that were pending or fired before a restart go on; see AlertingRule::Restore.
struct RestoreOptions {
  TimeMs outage_tolerance_ms = 60 * 60 * 1000;  // Older state is not taken up.
  TimeMs grace_period_ms = 10 * 60 * 1000;      // What a restored alert waits at least.
};

class AlertingRule : public Rule {
 public:
  // kInvalidArgument: a template that does not parse.
  static absl::StatusOr<std::unique_ptr<AlertingRule>> Make(RuleExpression expression,
                                                            AlertingRuleOptions options);

  bool is_alert() const override { return true; }
  TimeMs for_ms() const { return options_.for_ms; }

  // Until then nothing is written: ALERTS_FOR_STATE of before the restart must last until Restore
  // has read it. True at first.
  void SetRestored(bool restored) LOCKS_EXCLUDED(mu_);

  // Errors: the engine's; kFailedPrecondition when two alerts have the same labels;
  // kResourceExhausted when there are more than the limit, and then all are forgotten.
  absl::StatusOr<std::vector<RuleSample>> Evaluate(const RuleEvaluation& at) override
      LOCKS_EXCLUDED(mu_);

  // What is due at `ts`; see ActiveAlerts::TakeDue.
  std::vector<OutgoingAlert> TakeDue(TimeMs ts, TimeMs resend_delay_ms, TimeMs interval_ms)
      LOCKS_EXCLUDED(mu_);

  // Takes up the `for` of alerts that were pending before a restart, from ALERTS_FOR_STATE, after
  // an evaluation at `ts` has found them again. The time during which nothing was evaluated does
  // not count, and what remains is at least the grace period. A rule whose `for` is shorter than
  // that begins anew. On error (the storage's) too the rule counts as restored.
  absl::Status Restore(const Queryable& storage, TimeMs ts, const RestoreOptions& options)
      LOCKS_EXCLUDED(mu_);

  // Adds the alerts of a rule that this one replaces.
  void TakeAlertsOf(const AlertingRule& other) LOCKS_EXCLUDED(mu_);

  std::vector<AlertStatus> Alerts() const LOCKS_EXCLUDED(mu_);
  RuleStatus Status() const override LOCKS_EXCLUDED(mu_);

 private:
  // A label or an annotation.
  struct Text {
    std::string name;
    std::string literal;                                   // When there is nothing to expand.
    std::unique_ptr<const gotemplate::Expander> expander;  // Else null.
  };

  AlertingRule(RuleExpression expression, AlertingRuleOptions options);
  absl::Status ParseTexts(const TextPairs& templates, std::vector<Text>* texts);
  absl::StatusOr<ActiveAlerts::Map> MakeAlerts(const RuleEvaluation& at,
                                               std::vector<RuleSample> samples) const;
  ActiveAlert MakeAlert(const RuleSample& sample, TimeMs ts,
                        const gotemplate::Environment& environment) const;
  std::string Expand(const Text& text, const gotemplate::AlertData& data,
                     const gotemplate::Environment& environment) const;
  void AddSamples(const ActiveAlert& alert, std::vector<RuleSample>* samples) const;

  const AlertingRuleOptions options_;
  const std::string generator_url_;
  std::vector<Text> label_texts_, annotation_texts_;  // Constant after Make.

  mutable Mutex mu_;
  ActiveAlerts active_ GUARDED_BY(mu_);
  bool restored_ GUARDED_BY(mu_) = true;
};

// `/graph?g0.expr=up+%3D%3D+0&g0.tab=1`: the expression as a table in the web UI.
std::string TableLink(std::string_view expr);

}  // namespace hearth

#endif  // HEARTH_RULES_ALERTING_RULE_H_
