#include "scrape/scraper.h"

#include <algorithm>
#include <chrono>

#include "config/duration.h"
#include "model/status.h"
#include "model/text.h"

namespace hearth {
namespace {

// What discovery has found is taken over this often.
constexpr TimeMs kSourcesPollMs = 5'000;
// The scheduling thread looks at the clock at least this often, since it may have been set.
constexpr TimeMs kIdleMs = 500;
constexpr TimeMs kClockJumpMs = 1'000;

}  // namespace

Scraper::Scraper(ScraperOptions options)
    : options_(std::move(options)),
      metrics_(options_.registry),
      jobs_(std::make_shared<JobQueue>(options_.workers)) {}

Scraper::~Scraper() { Stop(); }

void Scraper::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Scraper::Stop() {
  {
    MutexLock lock(&mu_);
    stopping_ = true;
    wake_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  jobs_->Stop();
}

void Scraper::Run() {
  while (true) {
    const TimeMs next = Tick();
    MutexLock lock(&mu_);
    if (stopping_) return;
    const TimeMs wait = std::clamp<TimeMs>(next - options_.clock->NowMs(), 0, kIdleMs);
    if (wait > 0) wake_.WaitFor(&mu_, std::chrono::milliseconds(wait));
    if (stopping_) return;
  }
}

TimeMs Scraper::NextDue(const ScrapeLoop& loop, TimeMs after_ms) const {
  const TimeMs interval = loop.schedule.target->interval_ms;
  const auto offset = static_cast<TimeMs>((loop.schedule.target->identity ^ options_.offset_seed) %
                                          static_cast<uint64_t>(interval));
  const TimeMs period_start = after_ms - (after_ms % interval);
  const TimeMs due = period_start + offset;
  return due > after_ms ? due : due + interval;
}

void Scraper::Reschedule(TimeMs now_ms) {
  schedule_.clear();
  for (const auto& [loop, owner] : owners_) {
    loop->schedule.due_ms = NextDue(*loop, now_ms);
    schedule_.emplace(loop->schedule.due_ms, loop);
  }
}

TimeMs Scraper::Tick() {
  struct Starting {
    LoopPtr loop;
    std::shared_ptr<Fetcher> fetcher;
    ScrapeLoop::Scrape scrape;
  };
  std::vector<Starting> starting;
  std::vector<LeasedFetcher> idle;
  bool sources_due = false;
  {
    MutexLock lock(&mu_);
    if (stopping_) return 0;
    const TimeMs now = options_.clock->NowMs();
    if (now < last_tick_ms_ - kClockJumpMs) {  // The clock was set back.
      Reschedule(now);
      sources_due_ms_ = now;
    }
    last_tick_ms_ = now;
    while (!schedule_.empty() && schedule_.begin()->first <= now) {
      ScrapeLoop* const loop = schedule_.begin()->second;
      schedule_.erase(schedule_.begin());
      const auto& [pool, owner] = owners_.at(loop);
      ScrapeLoop::Schedule& schedule = loop->schedule;
      const TimeMs due = schedule.due_ms;
      schedule.due_ms = NextDue(*loop, std::max(now, due));
      schedule_.emplace(schedule.due_ms, loop);
      if (schedule.in_flight) continue;
      schedule.in_flight = true;
      if (schedule.last_start_ms > 0 && schedule.interval_length != nullptr) {
        schedule.interval_length->Observe(static_cast<double>(now - schedule.last_start_ms) / 1000);
      }
      schedule.last_start_ms = now;
      ScrapeLoop::Scrape scrape;
      scrape.settings = pool->settings;
      scrape.target = schedule.target;
      scrape.lease = pool->fetcher.lease;
      scrape.failure_log = pool->failure_log;
      scrape.t = AlignedScrapeTime(due, now, schedule.target->interval_ms);
      scrape.started_ms = now;
      scrape.forced_error = pool->limit_error;
      starting.push_back({owner, pool->fetcher.fetcher, std::move(scrape)});
    }
    sources_due = now >= sources_due_ms_;
    if (sources_due) {
      sources_due_ms_ = now + kSourcesPollMs;
      idle = TakeIdleFetchers();
    }
  }
  for (Starting& start : starting)
    StartScrape(start.loop, start.fetcher.get(), std::move(start.scrape));
  if (sources_due) jobs_->Post([this] { FollowSources(); });

  MutexLock lock(&mu_);
  return schedule_.empty() ? sources_due_ms_ : std::min(sources_due_ms_, schedule_.begin()->first);
}

void Scraper::StartScrape(const LoopPtr& loop, Fetcher* fetcher, ScrapeLoop::Scrape scrape) {
  scrape.started = std::chrono::steady_clock::now();
  // The answer may come when this object has gone: it only touches the job queue then, which drops
  // it.
  const std::shared_ptr<JobQueue> jobs = jobs_;
  const auto complete = [this, loop, scrape](absl::StatusOr<ScrapeResponse> response) {
    loop->Complete(scrape, std::move(response));
    Finished(loop);
  };
  if (!scrape.forced_error.ok()) {
    jobs->Post([complete] { complete(absl::CancelledError()); });
    return;
  }
  fetcher->Fetch(ScrapeLoop::MakeRequest(scrape, options_.user_agent),
                 [jobs, complete](absl::StatusOr<ScrapeResponse> response) {
                   auto shared =
                       std::make_shared<absl::StatusOr<ScrapeResponse>>(std::move(response));
                   jobs->Post([complete, shared] { complete(std::move(*shared)); });
                 });
}

void Scraper::Finished(const LoopPtr& loop) {
  {
    MutexLock lock(&mu_);
    loop->schedule.in_flight = false;
    if (!loop->schedule.stopped) return;
  }
  loop->End(options_.clock->NowMs());
}

absl::StatusOr<std::unique_ptr<ScrapePool>> Scraper::MakePool(
    const ScrapeConfig& config, std::shared_ptr<TargetSources> sources) {
  auto pool = std::make_unique<ScrapePool>();
  HEARTH_ASSIGN_OR_RETURN(pool->settings, MakePoolSettings(config, options_.start_times));
  HEARTH_ASSIGN_OR_RETURN(pool->fetcher.fetcher, options_.fetchers->Create(config.http));
  if (sources == nullptr || sources->configs() != config.discovery ||
      !sources->failures().empty()) {
    TargetSources::Options options;
    options.environment = options_.environment;
    options.watch_files = options_.watch_files;
    options.providers = options_.providers;
    options.registry = options_.registry;
    options.warn = options_.warn;
    sources = std::make_shared<TargetSources>(config.discovery, ScrapePoolOwner(config.job_name),
                                              options_.clock->NowMs(), std::move(options));
    for (const absl::Status& failure : sources->failures()) {
      options_.warn(StrCat("scrape pool ", config.job_name,
                           ": cannot create service discovery: ", FromAbsl(failure.message())));
    }
  }
  pool->sources = std::move(sources);
  return pool;
}

absl::StatusOr<Scraper::FailureLogs> Scraper::OpenFailureLogs(const Config& config) const {
  FailureLogs logs;
  for (const ScrapeConfig& scrape : config.scrape_configs) {
    const std::string& path = scrape.scrape_failure_log_file;
    if (path.empty() || logs.count(path) > 0) continue;
    HEARTH_ASSIGN_OR_RETURN(logs[path], options_.open_failure_log(path));
  }
  return logs;
}

absl::Status Scraper::Apply(const Config& config) {
  MutexLock apply_lock(&apply_mu_);
  // Everything that can fail comes first. A pool whose configuration has not changed stays, unless
  // it lacks providers.
  HEARTH_ASSIGN_OR_RETURN(FailureLogs failure_logs, OpenFailureLogs(config));
  std::map<std::string, std::unique_ptr<ScrapePool>> fresh;
  std::set<std::string> names;
  for (const ScrapeConfig& scrape : config.scrape_configs) {
    names.insert(scrape.job_name);
    std::shared_ptr<const PoolSettings> settings;
    std::shared_ptr<TargetSources> sources;
    {
      MutexLock lock(&mu_);
      if (const auto it = pools_.find(scrape.job_name); it != pools_.end()) {
        settings = it->second->settings;
        sources = it->second->sources;
      }
    }
    if (settings != nullptr && settings->config == scrape && sources->failures().empty()) continue;
    (settings == nullptr ? metrics_.pools : metrics_.reloads)->Increment();
    auto pool = MakePool(scrape, std::move(sources));
    if (!pool.ok()) {
      (settings == nullptr ? metrics_.pools_failed : metrics_.reloads_failed)->Increment();
      return absl::Status(pool.status().code(), ToAbsl(StrCat("scrape pool ", scrape.job_name, ": ",
                                                              FromAbsl(pool.status().message()))));
    }
    fresh.emplace(scrape.job_name, *std::move(pool));
  }
  std::map<std::string, FoundTargets> found;
  for (const auto& [name, pool] : fresh)
    found.emplace(name, FindTargets(*pool->settings, *pool->sources, options_.warn));

  std::vector<LoopPtr> ended;
  std::vector<std::string> gone;
  std::vector<LeasedFetcher> idle;  // Destroyed without the lock, as are sources and `fresh`.
  std::vector<std::shared_ptr<TargetSources>> gone_sources;
  {
    MutexLock lock(&mu_);
    for (auto it = pools_.begin(); it != pools_.end();) {
      if (names.count(it->first) > 0) {
        ++it;
        continue;
      }
      Sync(it->second.get(), FoundTargets(), &ended);
      gone.push_back(it->first);
      retired_.push_back(std::move(it->second->fetcher));
      gone_sources.push_back(std::move(it->second->sources));
      it = pools_.erase(it);
    }
    for (auto& [name, pool] : fresh) {
      std::unique_ptr<ScrapePool>& slot = pools_[name];
      if (slot == nullptr) {
        slot = std::move(pool);
      } else {
        std::swap(slot->fetcher, pool->fetcher);
        retired_.push_back(std::move(pool->fetcher));
        slot->settings = std::move(pool->settings);
        slot->sync_waits = !pool->sources->has_answers();
        std::swap(slot->sources, pool->sources);
      }
      if (!slot->sync_waits) Sync(slot.get(), std::move(found[name]), &ended);
    }
    size_t failed = 0;
    for (const auto& [name, pool] : pools_) failed += pool->sources->failures().size();
    metrics_.sd_failed_configs->Set(static_cast<double>(failed));
    if (!found.empty() || !gone.empty()) CountUpdate();
    for (const auto& [name, pool] : pools_) {
      const std::string& path = pool->settings->config.scrape_failure_log_file;
      pool->failure_log = path.empty() ? nullptr : failure_logs.at(path);
    }
    idle = TakeIdleFetchers();
    wake_.SignalAll();
  }
  PostEnds(ended);
  for (const std::string& name : gone) ForgetPoolMetrics(name, options_.registry);
  return absl::OkStatus();
}

std::vector<LeasedFetcher> Scraper::TakeIdleFetchers() {
  const auto idle =
      std::partition(retired_.begin(), retired_.end(),
                     [](const LeasedFetcher& fetcher) { return fetcher.lease.use_count() > 1; });
  std::vector<LeasedFetcher> result(std::make_move_iterator(idle),
                                    std::make_move_iterator(retired_.end()));
  retired_.erase(idle, retired_.end());
  return result;
}

void Scraper::Sync(ScrapePool* pool, FoundTargets found, std::vector<LoopPtr>* ended) {
  const TimeMs now = options_.clock->NowMs();
  const std::string& name = pool->settings->config.job_name;
  for (auto it = pool->loops.begin(); it != pool->loops.end();) {
    if (found.targets.count(it->first) > 0) {
      ++it;
      continue;
    }
    EndLoop(std::move(it->second), ended);
    it = pool->loops.erase(it);
  }
  for (auto& [identity, target] : found.targets) {
    LoopPtr& loop = pool->loops[identity];
    const bool fresh = loop == nullptr;
    if (fresh) {
      loop = std::make_shared<ScrapeLoop>(name, target.labels, options_.storage, &metrics_);
      owners_.emplace(loop.get(), std::make_pair(pool, loop));
    }
    ScrapeLoop::Schedule& schedule = loop->schedule;
    const bool retimed = fresh || schedule.target->interval_ms != target.interval_ms;
    schedule.target = std::make_shared<const Target>(std::move(target));
    if (!retimed) continue;
    if (!fresh) schedule_.erase({schedule.due_ms, loop.get()});
    schedule.interval_length = options_.registry->AddSummary(
        "prometheus_target_interval_length_seconds", "Actual intervals between scrapes.",
        {{"interval", FormatDuration(schedule.target->interval_ms)}});
    schedule.last_start_ms = 0;
    schedule.due_ms = NextDue(*loop, now);
    schedule_.emplace(schedule.due_ms, loop.get());
  }
  found.targets.clear();
  pool->found = std::move(found);
  const uint64_t limit = pool->settings->config.limits.target_limit;
  pool->limit_error = absl::OkStatus();
  if (limit > 0 && pool->loops.size() > limit) {
    metrics_.exceeded_target_limit->Increment();
    pool->limit_error = absl::ResourceExhaustedError(StrCat(
        "target_limit exceeded (number of targets: ", pool->loops.size(), ", limit: ", limit, ")"));
  }
  CountTargets(*pool, options_.registry);
}

void Scraper::EndLoop(LoopPtr loop, std::vector<LoopPtr>* ended) {
  schedule_.erase({loop->schedule.due_ms, loop.get()});
  owners_.erase(loop.get());
  loop->schedule.stopped = true;
  if (!loop->schedule.in_flight) ended->push_back(std::move(loop));  // Else Finished ends it.
}

void Scraper::PostEnds(const std::vector<LoopPtr>& ended) {
  const Clock* const clock = options_.clock;
  for (const LoopPtr& loop : ended) {
    jobs_->Post([loop, clock] { loop->End(clock->NowMs()); });
  }
}

void Scraper::FollowSources() {
  // A worker does not wait for a reload, or scrapes would wait with it. The next look is soon.
  if (!apply_mu_.TryLock()) return;
  TakeOverFound();
  apply_mu_.Unlock();
}

void Scraper::TakeOverFound() {
  std::vector<std::string> names;
  {
    MutexLock lock(&mu_);
    for (const auto& [name, pool] : pools_) {
      if (!pool->sources->only_static()) names.push_back(name);
    }
  }
  bool updated = false;
  for (const std::string& name : names) {
    // Only Apply and this function change pools, and they take turns.
    ScrapePool* pool;
    {
      MutexLock lock(&mu_);
      pool = pools_.at(name).get();
    }
    if (!pool->sources->Refresh(options_.clock->NowMs())) continue;
    if (pool->sync_waits && !pool->sources->has_answers()) {
      metrics_.sd_updates_delayed->Increment();
      continue;
    }
    pool->sync_waits = false;
    updated = true;
    FoundTargets found = FindTargets(*pool->settings, *pool->sources, options_.warn);
    std::vector<LoopPtr> ended;
    {
      MutexLock lock(&mu_);
      Sync(pool, std::move(found), &ended);
      wake_.SignalAll();
    }
    PostEnds(ended);
  }
  if (updated) CountUpdate();
}

void Scraper::CountUpdate() {
  metrics_.sd_updates->Increment();
  metrics_.sd_last_update->Set(static_cast<double>(options_.clock->NowMs()) / 1000);
}

}  // namespace hearth
