// rules/group.h
//
// A group of rules: evaluates them at one timestamp through the engine, writes what they give
// through the storage's appender and hands their alerts to a sink. It knows no schedule:
// RuleManager (rules/manager.h) calls it when it is due, a rule test for each step of its clock.
//
//   absl::StatusOr<std::unique_ptr<Group>> group = Group::Make(spec, settings, parts);
//   (*group)->Evaluate(ts);
//
// Thread safety: Evaluate, Restore, TakeStateOf, TakeSeries by one thread at a time; Stop, Status
// and the other accessors from any thread.
#ifndef HEARTH_RULES_GROUP_H_
#define HEARTH_RULES_GROUP_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/labels.h"
#include "model/mutex.h"
#include "query/engine.h"
#include "rules/alert.h"
#include "rules/alerting_rule.h"
#include "rules/rule.h"
#include "rules/rule_file.h"
#include "rules/rule_writer.h"
#include "rules/status.h"
#include "tsdb/storage.h"

namespace hearth {

// What a group takes from the configuration beside its spec.
struct GroupSettings {
  std::string file;             // As RuleFile::path.
  TimeMs interval_ms = 60'000;  // Of groups that name none: global.evaluation_interval.
  TimeMs query_offset_ms = 0;   // Likewise: global.rule_query_offset.
  Labels external_labels;       // For templates.
  std::string external_url;     // Without a slash at its end.
};

// Runs the tasks, perhaps several at once, and returns when all are done.
using RunTasks = std::function<void(std::vector<std::function<void()>> tasks)>;

// What a group is told about, for metrics. Calls come from the threads that evaluate.
class GroupObserver {
 public:
  virtual ~GroupObserver() = default;
  virtual void RuleEvaluated(bool ok, double seconds) = 0;
  virtual void GroupEvaluated(TimeMs began_ms, double seconds, double rules_seconds,
                              int64_t samples) = 0;
  virtual void TemplateExpanded(bool ok) = 0;
};

// All are borrowed and outlive the group; the functions may be empty.
struct GroupParts {
  const promql::Engine* engine = nullptr;
  Appendable* storage = nullptr;
  const Clock* clock = nullptr;
  AlertSink* sink = nullptr;           // Null: alerts go nowhere.
  TimeMs resend_delay_ms = 60 * 1000;  // Between two sends of an alert that goes on.
  std::function<void(const std::string&)> warn;
  std::function<bool()> cancelled;  // As RuleEvaluation::cancelled.
  RunTasks run_tasks;               // Empty: rules are evaluated one after the other.
};

class Group {
 public:
  // kInvalidArgument: an expression or a template does not parse.
  static absl::StatusOr<std::unique_ptr<Group>> Make(RuleGroupSpec spec, GroupSettings settings,
                                                     const GroupParts& parts);
  // Before the first Evaluate.
  void SetObserver(std::unique_ptr<GroupObserver> observer) { observer_ = std::move(observer); }

  const std::string& name() const { return spec_.name; }
  const std::string& file() const { return settings_.file; }
  TimeMs interval_ms() const { return spec_.interval_ms.value_or(settings_.interval_ms); }
  TimeMs query_offset_ms() const {
    return spec_.query_offset_ms.value_or(settings_.query_offset_ms);
  }
  // In the file's order.
  const std::vector<std::unique_ptr<Rule>>& rules() const { return rules_; }
  // Whether both do the same.
  bool DoesTheSameAs(const Group& other) const;

  // Evaluates all rules at `ts`: samples are asked for and written at ts - query_offset_ms(), one
  // transaction a rule. Errors stay with their rules. Returns early after Stop.
  void Evaluate(TimeMs ts);
  // A running Evaluate ends after the rule it is at, later ones do nothing.
  void Stop() { stopped_ = true; }

  // Alerting rules write nothing until Restore. Before the first Evaluate.
  void AwaitRestore();
  // Takes up `for` of before a restart (AlertingRule::Restore); the last Evaluate was at about
  // `ts`.
  void Restore(const Queryable& storage, TimeMs ts, const RestoreOptions& options);

  // Continues a stopped group that this one replaces: the alerts and series of the rules that have
  // the same name and labels; the series of the others are ended at the next Evaluate.
  void TakeStateOf(Group* from);
  // Of a stopped group: the series that its rules gave, to be ended when nobody continues them.
  RuleWriter::SeriesMap TakeSeries();

  RuleGroupStatus Status() const LOCKS_EXCLUDED(mu_);
  std::vector<AlertStatus> Alerts() const;

 private:
  Group(RuleGroupSpec spec, GroupSettings settings, const GroupParts& parts)
      : spec_(std::move(spec)), settings_(std::move(settings)), parts_(parts) {}

  absl::Status AddRule(const RuleSpec& spec);
  void EvaluateRules(TimeMs ts);
  void EvaluateRule(size_t i, TimeMs ts);
  // What a rule gives is sent and written. `*failed`: the evaluation counts as a failure.
  absl::Status EvaluateAndWrite(size_t i, TimeMs ts, bool* failed);
  void EndStaleSeries(TimeMs ts);
  void Warn(const std::string& text) const {
    if (parts_.warn) parts_.warn(text);
  }
  void WarnOfRule(const Rule& rule, std::string_view what, const absl::Status& status) const;

  const RuleGroupSpec spec_;
  const GroupSettings settings_;
  const GroupParts parts_;
  std::unique_ptr<GroupObserver> observer_;  // May be null.
  // Constant after Make.
  std::vector<std::unique_ptr<Rule>> rules_;
  std::vector<std::vector<size_t>> batches_;

  std::atomic<bool> stopped_{false};
  std::atomic<int64_t> samples_{0};     // Of the evaluation under way.
  std::vector<RuleWriter> writers_;     // Of rules_; the evaluating thread's.
  RuleWriter::SeriesMap stale_series_;  // Of rules that are gone; the evaluating thread's.

  mutable Mutex mu_;
  double evaluation_time_s_ GUARDED_BY(mu_) = 0;
  std::optional<TimeMs> last_evaluation_ms_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_RULES_GROUP_H_
