#include "rules/rule_metrics.h"

#include <string_view>

namespace hearth {
namespace {

struct Family {
  std::string_view name, help;
};

constexpr Family kEvaluations = {"prometheus_rule_evaluations_total",
                                 "Evaluations of rules, failed ones included."};
constexpr Family kFailures = {"prometheus_rule_evaluation_failures_total",
                              "Evaluations of rules that failed."};
constexpr Family kIterations = {"prometheus_rule_group_iterations_total",
                                "Evaluations of the group that were due, missed ones included."};
constexpr Family kMissed = {"prometheus_rule_group_iterations_missed_total",
                            "Evaluations of the group that were left out because it was slow."};
constexpr Family kInterval = {"prometheus_rule_group_interval_seconds",
                              "The interval of the group."};
constexpr Family kRules = {"prometheus_rule_group_rules", "The rules of the group."};
constexpr Family kLastDuration = {"prometheus_rule_group_last_duration_seconds",
                                  "How long the group's last evaluation took."};
constexpr Family kLastEvaluation = {"prometheus_rule_group_last_evaluation_timestamp_seconds",
                                    "When the group's last evaluation began."};
constexpr Family kLastSamples = {"prometheus_rule_group_last_evaluation_samples",
                                 "Samples that the group's last evaluation gave."};
constexpr Family kLastRuleDurationSum = {
    "prometheus_rule_group_last_rule_duration_sum_seconds",
    "How long the rules of the group's last evaluation took, summed up; with concurrent rules more "
    "than the group."};
constexpr Family kLastRestoreDuration = {
    "prometheus_rule_group_last_restore_duration_seconds",
    "How long it took to take up the group's alerts after the start."};

constexpr const Family* kOfGroups[] = {&kEvaluations,        &kFailures,
                                       &kIterations,         &kMissed,
                                       &kInterval,           &kRules,
                                       &kLastDuration,       &kLastEvaluation,
                                       &kLastSamples,        &kLastRuleDurationSum,
                                       &kLastRestoreDuration};

metrics::LabelPairs GroupLabel(const std::string& key) { return {{"rule_group", key}}; }

metrics::Counter* Count(metrics::Registry* registry, const Family& family, const std::string& key) {
  return registry->AddCounter(family.name, family.help, GroupLabel(key));
}
metrics::Gauge* Measure(metrics::Registry* registry, const Family& family, const std::string& key) {
  return registry->AddGauge(family.name, family.help, GroupLabel(key));
}

}  // namespace

RuleMetrics::RuleMetrics(metrics::Registry* metrics_registry)
    : registry(metrics_registry),
      evaluation_duration(registry->AddSummary("prometheus_rule_evaluation_duration_seconds",
                                               "How long evaluations of rules take.")),
      group_duration(registry->AddSummary("prometheus_rule_group_duration_seconds",
                                          "How long evaluations of groups take.")),
      expansions(registry->AddCounter("prometheus_template_text_expansions_total",
                                      "Templates that were expanded, failed ones included.")),
      expansion_failures(registry->AddCounter("prometheus_template_text_expansion_failures_total",
                                              "Templates that failed to expand.")) {}

GroupMetrics::GroupMetrics(const RuleMetrics* all, const std::string& key)
    : all_(*all),
      evaluations_(Count(all->registry, kEvaluations, key)),
      failures_(Count(all->registry, kFailures, key)),
      iterations_(Count(all->registry, kIterations, key)),
      missed_(Count(all->registry, kMissed, key)),
      interval_(Measure(all->registry, kInterval, key)),
      rules_(Measure(all->registry, kRules, key)),
      last_duration_(Measure(all->registry, kLastDuration, key)),
      last_evaluation_(Measure(all->registry, kLastEvaluation, key)),
      last_samples_(Measure(all->registry, kLastSamples, key)),
      last_rule_duration_sum_(Measure(all->registry, kLastRuleDurationSum, key)),
      last_restore_duration_(Measure(all->registry, kLastRestoreDuration, key)) {}

void GroupMetrics::Remove(metrics::Registry* registry, const std::string& key) {
  for (const Family* family : kOfGroups) registry->Remove(family->name, GroupLabel(key));
}

void GroupMetrics::Describe(TimeMs interval_ms, size_t rules) {
  interval_->Set(static_cast<double>(interval_ms) / 1000);
  rules_->Set(static_cast<double>(rules));
}

void GroupMetrics::Began(int64_t missed) {
  iterations_->Increment(static_cast<uint64_t>(missed) + 1);
  missed_->Increment(static_cast<uint64_t>(missed));
}

void GroupMetrics::RuleEvaluated(bool ok, double seconds) {
  evaluations_->Increment();
  if (!ok) failures_->Increment();
  all_.evaluation_duration->Observe(seconds);
}

void GroupMetrics::GroupEvaluated(TimeMs began_ms, double seconds, double rules_seconds,
                                  int64_t samples) {
  all_.group_duration->Observe(seconds);
  last_duration_->Set(seconds);
  last_evaluation_->Set(static_cast<double>(began_ms) / 1000);
  last_rule_duration_sum_->Set(rules_seconds);
  last_samples_->Set(static_cast<double>(samples));
}

void GroupMetrics::TemplateExpanded(bool ok) {
  all_.expansions->Increment();
  if (!ok) all_.expansion_failures->Increment();
}

}  // namespace hearth
