#include "rules/group.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "rules/recording_rule.h"
#include "rules/rule_order.h"

namespace hearth {
namespace {

class Stopwatch {
 public:
  double Seconds() const {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    return passed.count();
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// The rule's own win; by name.
TextPairs MergedLabels(const RuleTexts& of_group, const RuleTexts& of_rule) {
  std::map<std::string, std::string> merged(of_group.begin(), of_group.end());
  for (const auto& [name, value] : of_rule) merged[name] = value;
  return TextPairs(merged.begin(), merged.end());
}

TextPairs Sorted(TextPairs texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

// What makes a rule of a changed group the one it was.
using RuleKey = std::pair<std::string, TextPairs>;
RuleKey KeyOf(const Rule& rule) { return {rule.name(), rule.labels()}; }

AlertingRule* AsAlertingRule(Rule* rule) {
  return rule->is_alert() ? static_cast<AlertingRule*>(rule) : nullptr;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Group>> Group::Make(RuleGroupSpec spec, GroupSettings settings,
                                                   const GroupParts& parts) {
  std::unique_ptr<Group> group(new Group(std::move(spec), std::move(settings), parts));
  for (const RuleSpec& rule : group->spec_.rules) {
    const absl::Status added = group->AddRule(rule);
    if (!added.ok()) {
      return absl::InvalidArgumentError(StrCat(group->file(), ": group \"", group->name(),
                                               "\", rule \"", rule.name(),
                                               "\": ", added.message()));
    }
    group->writers_.emplace_back(parts.storage);
  }
  if (parts.run_tasks) group->batches_ = IndependentBatches(group->rules_);
  return group;
}

absl::Status Group::AddRule(const RuleSpec& spec) {
  HEARTH_ASSIGN_OR_RETURN(RuleExpression expression,
                          RuleExpression::Parse(spec.expr, parts_.engine->options().parser));
  TextPairs labels = MergedLabels(spec_.labels, spec.labels);
  if (!spec.is_alert()) {
    rules_.push_back(
        std::make_unique<RecordingRule>(spec.record, std::move(expression), std::move(labels)));
    return absl::OkStatus();
  }
  AlertingRuleOptions options;
  options.name = spec.alert;
  options.for_ms = spec.for_ms;
  options.keep_firing_for_ms = spec.keep_firing_for_ms;
  options.labels = std::move(labels);
  options.annotations = Sorted(spec.annotations);
  options.external_labels = settings_.external_labels;
  options.external_url = settings_.external_url;
  options.warn = [this](const std::string& text) { Warn(text); };
  options.expanded = [this](bool ok) {
    if (observer_ != nullptr) observer_->TemplateExpanded(ok);
  };
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<AlertingRule> rule,
                          AlertingRule::Make(std::move(expression), std::move(options)));
  rules_.push_back(std::move(rule));
  return absl::OkStatus();
}

bool Group::DoesTheSameAs(const Group& other) const {
  return file() == other.file() && spec_ == other.spec_ && interval_ms() == other.interval_ms() &&
         query_offset_ms() == other.query_offset_ms() &&
         settings_.external_labels == other.settings_.external_labels &&
         settings_.external_url == other.settings_.external_url;
}

void Group::Evaluate(TimeMs ts) {
  const TimeMs began_ms = parts_.clock->NowMs();
  const Stopwatch watch;
  samples_ = 0;
  EvaluateRules(ts);
  if (stopped_) return;
  EndStaleSeries(ts);
  const double seconds = watch.Seconds();
  {
    MutexLock lock(&mu_);
    evaluation_time_s_ = seconds;
    last_evaluation_ms_ = began_ms;
  }
  if (observer_ == nullptr) return;
  double rules_seconds = 0;
  for (const auto& rule : rules_) rules_seconds += rule->evaluation_time_s();
  observer_->GroupEvaluated(began_ms, seconds, rules_seconds, samples_);
}

void Group::EvaluateRules(TimeMs ts) {
  if (batches_.empty()) {
    for (size_t i = 0; i < rules_.size(); ++i) EvaluateRule(i, ts);
    return;
  }
  for (const std::vector<size_t>& batch : batches_) {
    if (batch.size() == 1) {
      EvaluateRule(batch.front(), ts);
      continue;
    }
    std::vector<std::function<void()>> tasks;
    tasks.reserve(batch.size());
    for (const size_t i : batch) tasks.push_back([this, i, ts] { EvaluateRule(i, ts); });
    parts_.run_tasks(std::move(tasks));
  }
}

void Group::EvaluateRule(size_t i, TimeMs ts) {
  if (stopped_) return;
  const TimeMs began_ms = parts_.clock->NowMs();
  const Stopwatch watch;
  bool failed = false;
  const absl::Status status = EvaluateAndWrite(i, ts, &failed);
  const double seconds = watch.Seconds();
  rules_[i]->Evaluated(status, began_ms, seconds);
  if (observer_ != nullptr) observer_->RuleEvaluated(!failed, seconds);
}

absl::Status Group::EvaluateAndWrite(size_t i, TimeMs ts, bool* failed) {
  Rule& rule = *rules_[i];
  const RuleEvaluation at = {.engine = parts_.engine,
                             .ts = ts,
                             .query_offset_ms = query_offset_ms(),
                             .limit = spec_.limit,
                             .cancelled = parts_.cancelled};
  absl::StatusOr<std::vector<RuleSample>> samples = rule.Evaluate(at);
  *failed = !samples.ok();
  if (!samples.ok()) {
    // A stop cancels queries; that is no news.
    if (!absl::IsCancelled(samples.status()))
      WarnOfRule(rule, "Evaluating rule failed", samples.status());
    return samples.status();
  }
  samples_ += static_cast<int64_t>(samples->size());
  if (AlertingRule* alerting = AsAlertingRule(&rule)) {
    std::vector<OutgoingAlert> due = alerting->TakeDue(ts, parts_.resend_delay_ms, interval_ms());
    if (parts_.sink != nullptr && !due.empty()) parts_.sink->Send(std::move(due));
  }
  const RuleWriter::Outcome outcome = writers_[i].Write(*samples, at.sample_time());
  if (!outcome.committed.ok()) {
    *failed = true;
    WarnOfRule(rule, "Rule sample appending failed", outcome.committed);
    return outcome.committed;
  }
  if (!outcome.refused.ok()) WarnOfRule(rule, "Rule evaluation result discarded", outcome.refused);
  return outcome.refused;
}

void Group::WarnOfRule(const Rule& rule, std::string_view what, const absl::Status& status) const {
  Warn(StrCat(what, ", file ", file(), ", group ", name(), ", rule ", rule.name(), ": ",
              status.message()));
}

void Group::EndStaleSeries(TimeMs ts) {
  const absl::Status status =
      WriteStaleMarkers(parts_.storage, stale_series_, ts - query_offset_ms());
  stale_series_.clear();
  if (!status.ok()) {
    Warn(StrCat("Stale sample appending for previous configuration failed, file ", file(),
                ", group ", name(), ": ", status.message()));
  }
}

void Group::AwaitRestore() {
  for (const auto& rule : rules_) {
    if (AlertingRule* alerting = AsAlertingRule(rule.get())) alerting->SetRestored(false);
  }
}

void Group::Restore(const Queryable& storage, TimeMs ts, const RestoreOptions& options) {
  for (const auto& rule : rules_) {
    AlertingRule* const alerting = AsAlertingRule(rule.get());
    if (alerting == nullptr) continue;
    const absl::Status status = alerting->Restore(storage, ts, options);
    if (!status.ok()) WarnOfRule(*rule, "Failed to restore 'for' state", status);
  }
}

void Group::TakeStateOf(Group* from) {
  {
    const RuleGroupStatus status = from->Status();
    MutexLock lock(&mu_);
    evaluation_time_s_ = status.evaluation_time_s;
    last_evaluation_ms_ = status.last_evaluation_ms;
  }
  std::multimap<RuleKey, size_t> known;  // Equal keys in the order of their rules.
  for (size_t i = 0; i < from->rules_.size(); ++i) known.emplace(KeyOf(*from->rules_[i]), i);
  for (size_t i = 0; i < rules_.size(); ++i) {
    const auto it = known.lower_bound(KeyOf(*rules_[i]));
    if (it == known.end() || it->first != KeyOf(*rules_[i])) continue;
    Rule& old = *from->rules_[it->second];
    writers_[i].SetSeries(from->writers_[it->second].TakeSeries());
    known.erase(it);
    AlertingRule* const alerting = AsAlertingRule(rules_[i].get());
    if (alerting != nullptr && old.is_alert()) alerting->TakeAlertsOf(*AsAlertingRule(&old));
  }
  stale_series_ = from->TakeSeries();
}

RuleWriter::SeriesMap Group::TakeSeries() {
  RuleWriter::SeriesMap series = std::move(stale_series_);
  stale_series_.clear();
  for (RuleWriter& writer : writers_) series.merge(writer.TakeSeries());
  return series;
}

RuleGroupStatus Group::Status() const {
  RuleGroupStatus status;
  status.name = name();
  status.file = file();
  status.interval_ms = interval_ms();
  status.limit = spec_.limit;
  status.rules.reserve(rules_.size());
  for (const auto& rule : rules_) status.rules.push_back(rule->Status());
  MutexLock lock(&mu_);
  status.evaluation_time_s = evaluation_time_s_;
  status.last_evaluation_ms = last_evaluation_ms_;
  return status;
}

std::vector<AlertStatus> Group::Alerts() const {
  std::vector<AlertStatus> alerts;
  for (const auto& rule : rules_) {
    if (!rule->is_alert()) continue;
    for (AlertStatus& alert : static_cast<const AlertingRule&>(*rule).Alerts()) {
      alerts.push_back(std::move(alert));
    }
  }
  return alerts;
}

}  // namespace hearth
