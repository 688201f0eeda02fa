#include "rules/manager.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <utility>

#include "model/matcher.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// The schedule's thread looks at the clock at least this often, since it may have been set.
constexpr TimeMs kIdleMs = 1000;
// A clock that is this much behind was set back.
constexpr TimeMs kClockJumpMs = 1000;
// In the first evaluation after a start, recorded series and scrapes may not be there yet.
constexpr int kEvaluationsBeforeRestore = 2;
// Markers wait so many intervals for a renamed rule to go on with the series.
constexpr int kIntervalsBeforeMarkers = 2;

// Those of `series` that have samples in `range`.
absl::StatusOr<std::vector<Fingerprint>> GoingOn(const Queryable& storage,
                                                 const RuleWriter::SeriesMap& series,
                                                 TimeRange range) {
  std::set<std::string, std::less<>> names;
  for (const auto& [fingerprint, labels] : series) names.emplace(labels.MetricName());
  std::vector<SelectRequest> requests;
  for (const std::string& name : names) {
    requests.push_back({{Matcher::Equal(kMetricNameLabel, name)}, range});
  }
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Querier> querier, storage.NewQuerier(range));
  HEARTH_ASSIGN_OR_RETURN(const auto sets, querier->Select(requests));
  std::vector<Fingerprint> found;
  SampleColumns columns;
  for (const std::unique_ptr<SeriesSet>& set : sets) {
    for (size_t i = 0; i < set->size(); ++i) {
      if (!series.contains(set->fingerprint(i))) continue;
      HEARTH_RETURN_IF_ERROR(set->Read(i, range, &columns));
      if (!columns.t.empty()) found.push_back(set->fingerprint(i));
    }
  }
  return found;
}

}  // namespace

RuleManager::RuleManager(RuleManagerOptions options)
    : options_(std::move(options)),
      metrics_(options_.registry),
      pool_(options_.threads == 0 ? 0 : options_.threads + options_.concurrent_rules,
            options_.concurrent_rules) {
  parts_.engine = options_.engine;
  parts_.storage = options_.storage;
  parts_.clock = options_.clock;
  parts_.sink = options_.sink;
  parts_.resend_delay_ms = options_.resend_delay_ms;
  parts_.warn = options_.warn;
  parts_.cancelled = [this] { return stopping_.load(std::memory_order_relaxed); };
  if (options_.concurrent_rules > 0) {
    parts_.run_tasks = [this](std::vector<std::function<void()>> tasks) {
      pool_.RunTasks(std::move(tasks));
    };
  }
}

absl::StatusOr<RuleManager::Loaded> RuleManager::Load(const Config& config) const {
  const RuleFileOptions file_options = {
      .parser = options_.engine->options().parser,
      .legacy_names = config.global.formats.metric_name_validation_scheme == "legacy"};
  HEARTH_ASSIGN_OR_RETURN(std::vector<LoadedGroup> groups,
                          LoadRuleSet(config, options_.external_url, file_options,
                                      *options_.environment, options_.error));
  Loaded loaded;
  for (LoadedGroup& group : groups) {
    HEARTH_ASSIGN_OR_RETURN(loaded.groups.emplace_back(),
                            Group::Make(std::move(group.spec), std::move(group.settings), parts_));
  }
  return loaded;
}

std::unique_ptr<RuleManager::Entry> RuleManager::MakeEntry(std::shared_ptr<Group> group,
                                                           TimeMs now) const {
  const TimeMs interval = group->interval_ms();
  auto metrics = std::make_unique<GroupMetrics>(&metrics_, GroupKey(group->file(), group->name()));
  metrics->Describe(interval, group->rules().size());
  GroupMetrics* const observer = metrics.get();
  group->SetObserver(std::move(metrics));
  const Schedule schedule(interval, GroupOffset(group->file(), group->name(), interval), now);
  return std::unique_ptr<Entry>(new Entry{std::move(group), observer, schedule});
}

void RuleManager::Use(Loaded loaded) {
  const TimeMs now = options_.clock->NowMs();
  MutexLock lock(&mu_);
  Entries next;
  std::set<std::string> unchanged;
  for (std::shared_ptr<Group>& group : loaded.groups) {
    std::string key = GroupKey(group->file(), group->name());
    const auto old = entries_.find(key);
    if (old != entries_.end() && old->second->group->DoesTheSameAs(*group)) {
      unchanged.insert(std::move(key));
      continue;
    }
    std::unique_ptr<Entry>& entry = next[key] = MakeEntry(std::move(group), now);
    if (used_) continue;
    entry->until_restore = kEvaluationsBeforeRestore;
    entry->group->AwaitRestore();
  }
  std::vector<Entry*> leaving;
  for (const auto& [key, entry] : entries_) {
    if (!unchanged.contains(key)) leaving.push_back(entry.get());
  }
  Retire(leaving);
  if (stopping_) return;
  for (auto& [key, old] : entries_) {
    const auto replacement = next.find(key);
    if (unchanged.contains(key)) {
      next.emplace(key, std::move(old));
    } else if (replacement != next.end()) {
      replacement->second->group->TakeStateOf(old->group.get());
      replacement->second->until_restore = old->until_restore;
    } else {
      Drop(key, old.get(), now);
    }
  }
  entries_ = std::move(next);
  used_ = true;
  wake_.SignalAll();
}

void RuleManager::Retire(const std::vector<Entry*>& entries) {
  for (Entry* entry : entries) {
    entry->retired = true;
    entry->group->Stop();
  }
  for (const Entry* entry : entries) {
    while (entry->running && !stopping_) idle_.Wait(&mu_);
  }
}

void RuleManager::Drop(const std::string& key, Entry* entry, TimeMs now) {
  Group& group = *entry->group;
  leftovers_.push_back({now + kIntervalsBeforeMarkers * group.interval_ms(),
                        now - group.query_offset_ms(), group.TakeSeries()});
  GroupMetrics::Remove(options_.registry, key);
}

void RuleManager::Start() {
  thread_ = std::thread([this] { Schedules(); });
}

void RuleManager::Stop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    for (const auto& [key, entry] : entries_) entry->group->Stop();
    wake_.SignalAll();
    idle_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  pool_.Stop();
}

void RuleManager::Schedules() {
  while (true) {
    const TimeMs next = Tick();
    MutexLock lock(&mu_);
    if (stopping_) return;
    const TimeMs wait = std::clamp<TimeMs>(next - options_.clock->NowMs(), 0, kIdleMs);
    if (wait > 0) wake_.WaitFor(&mu_, std::chrono::milliseconds(wait));
    if (stopping_) return;
  }
}

TimeMs RuleManager::Tick() {
  const TimeMs now = options_.clock->NowMs();
  TimeMs next = now + kIdleMs;
  std::vector<std::pair<Entry*, Schedule::Turn>> due;
  {
    MutexLock lock(&mu_);
    if (stopping_) return next;
    const bool set_back = now < last_tick_ms_ - kClockJumpMs;
    last_tick_ms_ = now;
    for (const auto& [key, entry] : entries_) {
      if (set_back) entry->schedule.Begin(now);
      if (!entry->running && !entry->retired && entry->schedule.next_ms() <= now) {
        entry->running = true;
        due.emplace_back(entry.get(), entry->schedule.Take(now));
      }
      // One that is busy beyond that says when it is done.
      if (entry->schedule.next_ms() > now) next = std::min(next, entry->schedule.next_ms());
    }
  }
  for (const auto& [entry, turn] : due) {
    pool_.Post([this, entry = entry, turn = turn] { Run(entry, turn); });
  }
  EndLeftovers(now);
  return next;
}

void RuleManager::Run(Entry* entry, Schedule::Turn turn) {
  entry->metrics->Began(turn.missed);
  entry->group->Evaluate(turn.ts);
  if (entry->until_restore > 0 && --entry->until_restore == 0) Restore(entry);
  MutexLock lock(&mu_);
  entry->running = false;
  idle_.SignalAll();
  // What came while it was busy is due at once.
  if (entry->schedule.next_ms() <= options_.clock->NowMs()) wake_.SignalAll();
}

void RuleManager::Restore(Entry* entry) {
  const auto began = std::chrono::steady_clock::now();
  entry->group->Restore(*options_.queryable, options_.clock->NowMs(), options_.restore);
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
  entry->metrics->Restored(passed.count());
}

void RuleManager::EndLeftovers(TimeMs now) {
  std::vector<Leftover> due;
  {
    MutexLock lock(&mu_);
    for (size_t i = 0; i < leftovers_.size();) {
      if (leftovers_[i].due_ms > now) {
        ++i;
        continue;
      }
      due.push_back(std::move(leftovers_[i]));
      leftovers_.erase(leftovers_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  for (Leftover& leftover : due) {
    const absl::Status status = EndSeries(std::move(leftover), now);
    if (!status.ok() && options_.warn) {
      options_.warn(
          StrCat("Stale sample appending for previous configuration failed: ", status.message()));
    }
  }
}

absl::Status RuleManager::EndSeries(Leftover leftover, TimeMs now) const {
  if (leftover.series.empty()) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(const std::vector<Fingerprint> going_on,
                          GoingOn(*options_.queryable, leftover.series, {leftover.ended_ms, now}));
  for (const Fingerprint& fingerprint : going_on) leftover.series.erase(fingerprint);
  return WriteStaleMarkers(options_.storage, leftover.series, leftover.ended_ms);
}

std::vector<std::shared_ptr<const Group>> RuleManager::SortedGroups() const {
  std::vector<std::shared_ptr<const Group>> groups;
  {
    MutexLock lock(&mu_);
    for (const auto& [key, entry] : entries_) groups.push_back(entry->group);
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return std::tie(a->file(), a->name()) < std::tie(b->file(), b->name());
  });
  return groups;
}

std::vector<RuleGroupStatus> RuleManager::RuleGroups() const {
  std::vector<RuleGroupStatus> groups;
  for (const auto& group : SortedGroups()) groups.push_back(group->Status());
  return groups;
}

std::vector<AlertStatus> RuleManager::Alerts() const {
  std::vector<AlertStatus> alerts;
  for (const auto& group : SortedGroups()) {
    for (AlertStatus& alert : group->Alerts()) alerts.push_back(std::move(alert));
  }
  return alerts;
}

}  // namespace hearth
