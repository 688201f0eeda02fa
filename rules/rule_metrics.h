// rules/rule_metrics.h
//
// The counters of rules, under the names that Prometheus' dashboards and alerts use.
//
// Thread safety: as metrics::Registry. Ownership: the registry owns the metrics and must outlive
// this.
#ifndef HEARTH_RULES_RULE_METRICS_H_
#define HEARTH_RULES_RULE_METRICS_H_

#include <cstddef>
#include <memory>
#include <string>

#include "metrics/registry.h"
#include "model/clock.h"
#include "rules/group.h"

namespace hearth {

// Of all groups together.
struct RuleMetrics {
  explicit RuleMetrics(metrics::Registry* registry);

  metrics::Registry* const registry;
  metrics::Summary* const evaluation_duration;  // Of one rule.
  metrics::Summary* const group_duration;
  metrics::Counter* const expansions;
  metrics::Counter* const expansion_failures;
};

// Of one group; `key` is the value of their label rule_group. Several may stand for one key (a
// group and the one that replaces it): they share the metrics.
class GroupMetrics : public GroupObserver {
 public:
  // `all` is borrowed.
  GroupMetrics(const RuleMetrics* all, const std::string& key);
  // Forgets the metrics of a group that is gone. No GroupMetrics of this key may be used any more.
  static void Remove(metrics::Registry* registry, const std::string& key);

  // What the group is.
  void Describe(TimeMs interval_ms, size_t rules);
  // An evaluation begins, and so many before it were left out.
  void Began(int64_t missed);
  void Restored(double seconds) { last_restore_duration_->Set(seconds); }

  void RuleEvaluated(bool ok, double seconds) override;
  void GroupEvaluated(TimeMs began_ms, double seconds, double rules_seconds,
                      int64_t samples) override;
  void TemplateExpanded(bool ok) override;

 private:
  const RuleMetrics& all_;
  metrics::Counter *const evaluations_, *const failures_, *const iterations_, *const missed_;
  metrics::Gauge *const interval_, *const rules_, *const last_duration_,
                                                      *const last_evaluation_,
                                                          *const last_samples_,
                                                              *const last_rule_duration_sum_,
                                                                  *const last_restore_duration_;
};

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_METRICS_H_
