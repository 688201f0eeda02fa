// scrape/scraper.h
//
// All scraping: one pool for each scrape configuration, one loop for each of its targets. A thread
// of its own starts scrapes when they are due, the fetcher's thread waits for the answers, workers
// parse and append them. A reload keeps the loops (and with them the caches) of targets that stay.
//
// A target's scrapes are due at the times that are its identity's hash modulo its interval, so the
// load is even and the same after a restart. A scrape that is still under way when the next is due
// makes that one fall out.
//
// Thread safety: all methods may be called from any thread. Lock order: apply_mu_ before mu_; a
// loop's own lock is a leaf.
#ifndef HEARTH_SCRAPE_SCRAPER_H_
#define HEARTH_SCRAPE_SCRAPER_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "config/config.h"
#include "metrics/registry.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "scrape/discovery/target_sources.h"
#include "scrape/failure_log.h"
#include "scrape/fetcher.h"
#include "scrape/job_queue.h"
#include "scrape/scrape_loop.h"
#include "scrape/scrape_metrics.h"
#include "scrape/scrape_pool.h"
#include "scrape/status.h"
#include "tsdb/storage.h"

namespace hearth {

struct ScraperOptions {
  // Borrowed; all must outlive the pools.
  const Clock* clock = nullptr;
  Appendable* storage = nullptr;
  FetcherFactory* fetchers = nullptr;
  metrics::Registry* registry = nullptr;
  const LoadEnvironment* environment = &SystemEnvironment();  // For file_sd_configs.
  DiscoveryFactory* providers = nullptr;  // For all other discovery; null: there is none.
  bool watch_files = true;                // By inotify; false reads target files every 5 s.

  int workers = 2;           // 0 = work where the answer arrives; for tests.
  uint64_t offset_seed = 0;  // Shifts all targets, so that two servers do not scrape in step.
  bool start_times = false;  // See WriteRules.
  std::string user_agent = "Prometheus/3.14.0";
  std::string
      external_host;  // `host:port` that replaces a loopback host in global URLs; empty = leave it.
  OpenFailureLog open_failure_log;  // For scrape_failure_log_file.
  std::function<void(const std::string&)> warn = [](const std::string&) {
  };  // One sentence for the log.
};

class Scraper : public ScrapeStatus {
 public:
  explicit Scraper(ScraperOptions options);
  ~Scraper() override;  // Stops.

  // Takes the scrape configurations of `config`. All or nothing: on an error (a rule or a TLS file
  // that is wrong) the pools go on as they were. Targets that are no longer there get stale
  // markers. A provider of targets that cannot be made is a warning, and the next Apply tries
  // again.
  absl::Status Apply(const Config& config) LOCKS_EXCLUDED(apply_mu_, mu_);

  // Starts the scheduling thread. Without it nothing happens but by Tick.
  void Start();
  // Ends scheduling and waits for workers; scrapes under way are dropped. No stale markers: the
  // server will be back.
  void Stop() LOCKS_EXCLUDED(mu_);

  // Starts what is due and, every 5 s, follows what discovery has found. Returns when to come
  // again, in the clock's time.
  TimeMs Tick() LOCKS_EXCLUDED(mu_);

  std::vector<TargetStatus> ActiveTargets() const override LOCKS_EXCLUDED(mu_);
  std::vector<DroppedTarget> DroppedTargets() const override LOCKS_EXCLUDED(mu_);
  std::map<std::string, int64_t> DroppedTargetCounts() const override LOCKS_EXCLUDED(mu_);
  std::vector<std::string> ScrapePools() const override LOCKS_EXCLUDED(mu_);
  std::shared_ptr<const ScrapeConfig> PoolConfig(std::string_view pool) const override
      LOCKS_EXCLUDED(mu_);
  std::vector<TargetMetadata> TargetsMetadata(std::string_view metric) const override
      LOCKS_EXCLUDED(mu_);

 private:
  using LoopPtr = std::shared_ptr<ScrapeLoop>;

  // The logs that the configurations name, by path; opened anew, so that one that was moved away is
  // begun again.
  using FailureLogs = std::map<std::string, std::shared_ptr<FailureLog>>;
  absl::StatusOr<FailureLogs> OpenFailureLogs(const Config& config) const;
  // `sources`: those of the pool so far, or null.
  absl::StatusOr<std::unique_ptr<ScrapePool>> MakePool(const ScrapeConfig& config,
                                                       std::shared_ptr<TargetSources> sources);
  // Makes the loops of `pool` those of `found`; loops that are wanted no more go to *ended.
  void Sync(ScrapePool* pool, FoundTargets found, std::vector<LoopPtr>* ended)
      EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndLoop(LoopPtr loop, std::vector<LoopPtr>* ended) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PostEnds(const std::vector<LoopPtr>& ended);
  void CountUpdate();

  TimeMs NextDue(const ScrapeLoop& loop, TimeMs after_ms) const;
  void Reschedule(TimeMs now_ms) EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FollowSources() LOCKS_EXCLUDED(apply_mu_, mu_);
  void TakeOverFound() EXCLUSIVE_LOCKS_REQUIRED(apply_mu_) LOCKS_EXCLUDED(mu_);
  void StartScrape(const LoopPtr& loop, Fetcher* fetcher, ScrapeLoop::Scrape scrape);
  // The fetchers of former configurations whose last answer has come.
  std::vector<LeasedFetcher> TakeIdleFetchers() EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Finished(const LoopPtr& loop) LOCKS_EXCLUDED(mu_);
  void Run() LOCKS_EXCLUDED(mu_);

  const ScraperOptions options_;
  const ScrapeMetrics metrics_;
  const std::shared_ptr<JobQueue> jobs_;
  std::thread thread_;

  Mutex apply_mu_;  // One change of targets at a time.
  mutable Mutex mu_;
  CondVar wake_;
  std::map<std::string, std::unique_ptr<ScrapePool>, std::less<>> pools_ GUARDED_BY(mu_);
  // Due time and loop of every loop that is not stopped. Pools own the loops.
  std::set<std::pair<TimeMs, ScrapeLoop*>> schedule_ GUARDED_BY(mu_);
  std::map<ScrapeLoop*, std::pair<ScrapePool*, LoopPtr>> owners_ GUARDED_BY(mu_);
  std::vector<LeasedFetcher> retired_
      GUARDED_BY(mu_);  // Replaced by a reload, perhaps still fetching.
  TimeMs last_tick_ms_ GUARDED_BY(mu_) = 0;
  TimeMs sources_due_ms_ GUARDED_BY(mu_) = 0;
  bool stopping_ GUARDED_BY(mu_) = false;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPER_H_
