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

constexpr std::string_view kPoolTargets = "prometheus_target_scrape_pool_targets";
constexpr std::string_view kPoolTargetLimit = "prometheus_target_scrape_pool_target_limit";
constexpr std::string_view kPoolSyncs = "prometheus_target_scrape_pool_sync_total";
constexpr std::string_view kDiscovered = "prometheus_sd_discovered_targets";

metrics::LabelPairs JobLabel(const std::string& job) { return {{"scrape_job", job}}; }
metrics::LabelPairs DiscoveryLabels(const std::string& job) {
  return {{"name", "scrape"}, {"config", job}};
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == "::1";
}

// `url` with a loopback host replaced by `external_host`'s name, the port kept.
std::string GlobalUrl(const std::string& url, const std::string& external_host) {
  const size_t start = url.find("://");
  if (external_host.empty() || start == std::string::npos) return url;
  const size_t host_at = start + 3;
  const size_t end = std::min(url.find_first_of("/?", host_at), url.size());
  const std::string_view authority(url.data() + host_at, end - host_at);
  const size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  const std::string_view host = authority.substr(0, has_port ? colon : authority.size());
  if (!IsLoopback(host)) return url;
  const std::string_view name = std::string_view(external_host).substr(0, external_host.rfind(':'));
  return StrCat(std::string_view(url).substr(0, host_at), name,
                has_port ? authority.substr(colon) : std::string_view(),
                std::string_view(url).substr(end));
}

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

Scraper::Found Scraper::FindTargets(const PoolSettings& settings,
                                    const TargetSources& sources) const {
  const std::vector<Labels> discovered = sources.Targets();
  Found found;
  found.discovered = static_cast<int64_t>(discovered.size());
  const uint64_t keep = settings.config.limits.keep_dropped_targets;
  for (const Labels& labels : discovered) {
    auto outcome = MakeTarget(settings.config, settings.relabel, labels);
    if (!outcome.ok()) {
      options_.warn(StrCat("scrape pool ", settings.config.job_name, ": target ", labels.ToString(),
                           ": ", FromAbsl(outcome.status().message())));
      continue;
    }
    if (outcome->target) {
      found.targets.emplace(outcome->target->identity, *std::move(outcome->target));
      continue;
    }
    ++found.dropped_count;
    if (keep == 0 || found.dropped.size() < keep) {
      found.dropped.push_back({std::move(outcome->discovered_labels), settings.config.job_name});
    }
  }
  return found;
}

absl::StatusOr<std::unique_ptr<Scraper::Pool>> Scraper::MakePool(
    const ScrapeConfig& config, std::shared_ptr<TargetSources> sources) {
  auto settings = std::make_shared<PoolSettings>();
  settings->config = config;
  HEARTH_ASSIGN_OR_RETURN(settings->relabel, CompileRelabelRules(config.relabel_configs));
  settings->accept =
      AcceptHeader(config.formats.scrape_protocols, config.formats.metric_name_escaping_scheme);
  auto rules = std::make_shared<WriteRules>();
  rules->honor_labels = config.honor_labels;
  rules->honor_timestamps = config.honor_timestamps;
  rules->track_timestamps_staleness = config.track_timestamps_staleness;
  rules->extra_scrape_metrics = config.formats.extra_scrape_metrics.value_or(false);
  rules->start_times = options_.start_times;
  rules->legacy_names = config.formats.metric_name_validation_scheme == "legacy";
  rules->limits = config.limits;
  HEARTH_ASSIGN_OR_RETURN(rules->metric_relabel,
                          CompileRelabelRules(config.metric_relabel_configs));
  settings->write_rules = std::move(rules);
  auto pool = std::make_unique<Pool>();
  HEARTH_ASSIGN_OR_RETURN(pool->fetcher.fetcher, options_.fetchers->Create(config.http));
  pool->settings = std::move(settings);
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
  std::map<std::string, std::unique_ptr<Pool>> fresh;
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
  std::map<std::string, Found> found;
  for (const auto& [name, pool] : fresh)
    found.emplace(name, FindTargets(*pool->settings, *pool->sources));

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
      Sync(it->second.get(), Found(), &ended);
      gone.push_back(it->first);
      retired_.push_back(std::move(it->second->fetcher));
      gone_sources.push_back(std::move(it->second->sources));
      it = pools_.erase(it);
    }
    for (auto& [name, pool] : fresh) {
      std::unique_ptr<Pool>& slot = pools_[name];
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
  for (const std::string& name : gone) ForgetPoolMetrics(name);
  return absl::OkStatus();
}

std::vector<Scraper::LeasedFetcher> Scraper::TakeIdleFetchers() {
  const auto idle =
      std::partition(retired_.begin(), retired_.end(),
                     [](const LeasedFetcher& fetcher) { return fetcher.lease.use_count() > 1; });
  std::vector<LeasedFetcher> result(std::make_move_iterator(idle),
                                    std::make_move_iterator(retired_.end()));
  retired_.erase(idle, retired_.end());
  return result;
}

void Scraper::Sync(Pool* pool, Found found, std::vector<LoopPtr>* ended) {
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
  CountTargets(*pool);
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
  MutexLock apply_lock(&apply_mu_);
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
    Pool* pool;
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
    Found found = FindTargets(*pool->settings, *pool->sources);
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

void Scraper::CountTargets(const Pool& pool) {
  const std::string& job = pool.settings->config.job_name;
  metrics::Registry* const registry = options_.registry;
  registry->AddGauge(kPoolTargets, "Current number of targets in this scrape pool.", JobLabel(job))
      ->Set(static_cast<double>(pool.loops.size()));
  registry
      ->AddGauge(kPoolTargetLimit, "Maximum number of targets allowed in this scrape pool.",
                 JobLabel(job))
      ->Set(static_cast<double>(pool.settings->config.limits.target_limit));
  registry->AddGauge(kDiscovered, "Current number of discovered targets.", DiscoveryLabels(job))
      ->Set(static_cast<double>(pool.found.discovered));
  registry
      ->AddCounter(kPoolSyncs, "Total number of syncs that were executed on a scrape pool.",
                   JobLabel(job))
      ->Increment();
}

void Scraper::ForgetPoolMetrics(const std::string& job) {
  for (const std::string_view name : {kPoolTargets, kPoolTargetLimit, kPoolSyncs}) {
    options_.registry->Remove(name, JobLabel(job));
  }
  options_.registry->Remove(kDiscovered, DiscoveryLabels(job));
}

std::vector<TargetStatus> Scraper::ActiveTargets() const {
  std::vector<TargetStatus> all;
  {
    MutexLock lock(&mu_);
    for (const auto& [name, pool] : pools_) {
      for (const auto& [identity, loop] : pool->loops)
        all.push_back(loop->Status(*loop->schedule.target));
    }
  }
  for (TargetStatus& status : all)
    status.global_url = GlobalUrl(status.scrape_url, options_.external_host);
  std::stable_sort(all.begin(), all.end(), [](const TargetStatus& a, const TargetStatus& b) {
    if (a.scrape_pool != b.scrape_pool) return a.scrape_pool < b.scrape_pool;
    return a.labels < b.labels;
  });
  return all;
}

std::vector<DroppedTarget> Scraper::DroppedTargets() const {
  std::vector<DroppedTarget> all;
  MutexLock lock(&mu_);
  for (const auto& [name, pool] : pools_) {
    all.insert(all.end(), pool->found.dropped.begin(), pool->found.dropped.end());
  }
  return all;
}

std::map<std::string, int64_t> Scraper::DroppedTargetCounts() const {
  std::map<std::string, int64_t> counts;
  MutexLock lock(&mu_);
  for (const auto& [name, pool] : pools_) counts[name] = pool->found.dropped_count;
  return counts;
}

std::vector<std::string> Scraper::ScrapePools() const {
  std::vector<std::string> names;
  MutexLock lock(&mu_);
  for (const auto& [name, pool] : pools_) names.push_back(name);
  return names;
}

std::shared_ptr<const ScrapeConfig> Scraper::PoolConfig(std::string_view pool) const {
  MutexLock lock(&mu_);
  const auto it = pools_.find(pool);
  if (it == pools_.end()) return nullptr;
  const std::shared_ptr<const PoolSettings>& settings = it->second->settings;
  return {settings, &settings->config};
}

std::vector<TargetMetadata> Scraper::TargetsMetadata(std::string_view metric) const {
  std::vector<LoopPtr> loops;
  {
    MutexLock lock(&mu_);
    for (const auto& [name, pool] : pools_) {
      for (const auto& [identity, loop] : pool->loops) loops.push_back(loop);
    }
  }
  std::vector<TargetMetadata> all;
  for (const LoopPtr& loop : loops) {
    for (auto& [name, metadata] : loop->metadata().Read(metric)) {
      all.push_back({loop->labels(), name, std::move(metadata)});
    }
  }
  return all;
}

}  // namespace hearth
