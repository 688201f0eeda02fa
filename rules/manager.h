// rules/manager.h
//
// All groups of rules: evaluates each when it is due, replaces them when the configuration is
// loaded again, and takes up alerts after a restart.
//
//   RuleManager manager(options);
//   auto loaded = manager.Load(config);       // Checks; nothing changes yet.
//   manager.Use(*std::move(loaded));
//   manager.Start();
//
// One thread knows the schedule; groups are evaluated on a pool. A group is never evaluated twice
// at once: evaluations that come while it is busy are missed, and counted.
//
// Thread safety: Load, Use, Start and Stop by one thread at a time; the rest from any thread.
// Lock order: mu_ before those of groups and metrics. No lock is held while a group is evaluated.
#ifndef HEARTH_RULES_MANAGER_H_
#define HEARTH_RULES_MANAGER_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "query/engine.h"
#include "rules/alert.h"
#include "rules/evaluation_pool.h"
#include "rules/group.h"
#include "rules/rule_metrics.h"
#include "rules/rule_set.h"
#include "rules/schedule.h"
#include "rules/status.h"
#include "tsdb/storage.h"

namespace hearth {

// Pointers are borrowed and outlive the manager; the sink may be null.
struct RuleManagerOptions {
  const promql::Engine* engine = nullptr;
  Appendable* storage = nullptr;
  const Queryable* queryable = nullptr;
  const Clock* clock = nullptr;
  AlertSink* sink = nullptr;
  metrics::Registry* registry = nullptr;
  std::string external_url;  // Without a slash at its end.
  RestoreOptions restore;    // --rules.alert.for-outage-tolerance, --rules.alert.for-grace-period
  TimeMs resend_delay_ms = 60 * 1000;  // --rules.alert.resend-delay
  // Groups that are evaluated at once; 0 = in Tick itself.
  size_t threads = 16;
  // Rules of one group that run at once with its others, of all groups together; 0 = one after the
  // other. --rules.max-concurrent-evals with --enable-feature=concurrent-rule-eval
  size_t concurrent_rules = 0;
  const LoadEnvironment* environment = &SystemEnvironment();
  std::function<void(const std::string&)> warn, error;  // For the log.
};

class RuleManager : public RulesStatus {
 public:
  explicit RuleManager(RuleManagerOptions options);
  ~RuleManager() override { Stop(); }

  // What a configuration names, checked. On error (kInvalidArgument; details are in the log)
  // nothing has changed.
  class Loaded {
   public:
    Loaded(Loaded&&) = default;
    Loaded& operator=(Loaded&&) = default;

   private:
    friend class RuleManager;
    Loaded() = default;
    std::vector<std::shared_ptr<Group>> groups;
  };
  absl::StatusOr<Loaded> Load(const Config& config) const;

  // Evaluates these from now on. Groups that are the same go on undisturbed; changed ones take the
  // state of those they replace after these have finished the rule they are at; the series of
  // vanished ones end two intervals later, unless another rule goes on writing them.
  void Use(Loaded loaded) LOCKS_EXCLUDED(mu_);

  // Begins to evaluate.
  void Start() LOCKS_EXCLUDED(mu_);
  // Cancels the queries of rules and returns when no evaluation runs. Nothing is marked stale: the
  // next start goes on.
  void Stop() LOCKS_EXCLUDED(mu_);

  // Starts what is due and returns when the next evaluation is. The schedule's thread calls it;
  // tests do in its place.
  TimeMs Tick() LOCKS_EXCLUDED(mu_);

  std::vector<RuleGroupStatus> RuleGroups() const override LOCKS_EXCLUDED(mu_);
  std::vector<AlertStatus> Alerts() const override LOCKS_EXCLUDED(mu_);

 private:
  struct Entry {
    std::shared_ptr<Group> group;
    GroupMetrics* metrics = nullptr;  // The group's observer.
    Schedule schedule;
    bool running = false;  // An evaluation is under way, or waits for a thread.
    bool retired = false;  // To be replaced or dropped: no new evaluation begins.
    // Evaluations until alerts are taken up: their inputs should be there. 0 = done.
    int until_restore = 0;
  };
  // Series of a group that vanished.
  struct Leftover {
    TimeMs due_ms = 0;
    TimeMs ended_ms = 0;  // When the markers stand.
    RuleWriter::SeriesMap series;
  };
  // By GroupKey. Entries keep their address while they are in the map.
  using Entries = std::map<std::string, std::unique_ptr<Entry>>;

  std::unique_ptr<Entry> MakeEntry(std::shared_ptr<Group> group, TimeMs now) const;
  // Returns when no evaluation of these runs, or the manager stops.
  void Retire(const std::vector<Entry*>& entries) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Drop(const std::string& key, Entry* entry, TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Run(Entry* entry, Schedule::Turn turn) LOCKS_EXCLUDED(mu_);
  void Restore(Entry* entry);
  void EndLeftovers(TimeMs now) LOCKS_EXCLUDED(mu_);
  absl::Status EndSeries(Leftover leftover, TimeMs now) const;
  void Schedules() LOCKS_EXCLUDED(mu_);
  std::vector<std::shared_ptr<const Group>> SortedGroups() const LOCKS_EXCLUDED(mu_);

  const RuleManagerOptions options_;
  const RuleMetrics metrics_;
  EvaluationPool pool_;
  GroupParts parts_;  // Constant after construction.
  std::atomic<bool> stopping_{false};

  mutable Mutex mu_;
  CondVar wake_;  // The schedule has changed.
  CondVar idle_;  // An evaluation has ended.
  Entries entries_ GUARDED_BY(mu_);
  std::vector<Leftover> leftovers_ GUARDED_BY(mu_);
  TimeMs last_tick_ms_ GUARDED_BY(mu_) = 0;
  bool used_ GUARDED_BY(mu_) = false;  // Use was called: groups that come later restore nothing.
  std::thread thread_;                 // Touched by Start and Stop only.
};

}  // namespace hearth

#endif  // HEARTH_RULES_MANAGER_H_
