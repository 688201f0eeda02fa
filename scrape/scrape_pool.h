// scrape/scrape_pool.h
//
// What belongs to one scrape configuration: its settings, how its targets are fetched, where they
// come from, and a loop for each. Scraper (scraper.h) has one of each job and says when; here is
// how a pool is made of a configuration, what its sources give, and its metrics.
//
// Thread safety: a pool is guarded by Scraper's lock; the functions are pure but for the registry.
#ifndef HEARTH_SCRAPE_SCRAPE_POOL_H_
#define HEARTH_SCRAPE_SCRAPE_POOL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/config.h"
#include "metrics/registry.h"
#include "scrape/discovery/target_sources.h"
#include "scrape/failure_log.h"
#include "scrape/fetcher.h"
#include "scrape/scrape_loop.h"
#include "scrape/status.h"
#include "scrape/target.h"

namespace hearth {

// Targets made from what discovery has found, before they are taken.
struct FoundTargets {
  std::map<uint64_t, Target> targets;  // By identity.
  std::vector<DroppedTarget> dropped;  // At most keep_dropped_targets.
  int64_t dropped_count = 0;
  int64_t discovered = 0;
};

// A fetcher and how to tell that nobody waits for it. Answers own the lease and never the fetcher,
// since a client must not be destroyed on the thread that calls its callbacks.
struct LeasedFetcher {
  std::shared_ptr<Fetcher> fetcher;
  std::shared_ptr<int> lease = std::make_shared<int>(0);
};

struct ScrapePool {
  LeasedFetcher fetcher;
  std::shared_ptr<FailureLog> failure_log;  // Null without a file.
  std::shared_ptr<const PoolSettings> settings;
  std::shared_ptr<TargetSources> sources;  // Kept by a reload that does not change them.
  // For the first answers of new sources, with the targets as they were.
  bool sync_waits = false;
  std::map<uint64_t, std::shared_ptr<ScrapeLoop>> loops;  // By the target's identity.
  FoundTargets found;                                     // Its `targets` have moved into `loops`.
  absl::Status limit_error;                               // target_limit exceeded.
};

// kInvalidArgument: a relabelling rule that cannot be compiled.
absl::StatusOr<std::shared_ptr<const PoolSettings>> MakePoolSettings(const ScrapeConfig& config,
                                                                     bool start_times);

// What relabelling makes of the sources' targets. A target that cannot be made is a sentence for
// `warn`, and left out.
FoundTargets FindTargets(const PoolSettings& settings, const TargetSources& sources,
                         const std::function<void(const std::string&)>& warn);

// Shows a pool's targets as they are after a sync.
void CountTargets(const ScrapePool& pool, metrics::Registry* registry);
// After the job's pool has gone.
void ForgetPoolMetrics(const std::string& job, metrics::Registry* registry);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPE_POOL_H_
