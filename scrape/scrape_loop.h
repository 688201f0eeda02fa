// scrape/scrape_loop.h
//
// One target's scraping: the request it sends, what becomes of the answer, and what the API shows
// of it. When to scrape is Scraper's business; a loop has at most one scrape under way.
//
// Thread safety: Status, metadata() and labels() from any thread. The rest: Complete and End one at
// a time, which Scraper sees to; `schedule` is guarded by Scraper's lock.
#ifndef HEARTH_SCRAPE_SCRAPE_LOOP_H_
#define HEARTH_SCRAPE_SCRAPE_LOOP_H_

#include <chrono>
#include <memory>
#include <string>

#include "config/config.h"
#include "model/mutex.h"
#include "scrape/exposition/formats.h"
#include "scrape/failure_log.h"
#include "scrape/fetcher.h"
#include "scrape/metadata_cache.h"
#include "scrape/scrape_metrics.h"
#include "scrape/scrape_writer.h"
#include "scrape/status.h"
#include "scrape/target.h"
#include "tsdb/storage.h"

namespace hearth {

// What the targets of one scrape configuration share. Immutable; a reload that changes the
// configuration makes a new one.
struct PoolSettings {
  ScrapeConfig config;
  std::vector<RelabelRule> relabel;
  std::string accept;  // The header.
  std::shared_ptr<const WriteRules> write_rules;
};

// The real limit where body_size_limit gives none.
inline constexpr size_t kBodyBytesMax = size_t{256} << 20;

// Timestamps this close behind their schedule are moved onto it, so that they compress well: 2 ms,
// at most 1 % of the interval.
TimeMs AlignedScrapeTime(TimeMs due_ms, TimeMs now_ms, TimeMs interval_ms);

class ScrapeLoop {
 public:
  // A scrape under way.
  struct Scrape {
    std::shared_ptr<const PoolSettings> settings;
    std::shared_ptr<const Target> target;
    std::shared_ptr<FailureLog> failure_log;  // Null = none.
    std::shared_ptr<void> lease;              // Says that the fetcher is in use; see Scraper.
    TimeMs t = 0;                             // The timestamp of its samples.
    TimeMs started_ms = 0;
    std::chrono::steady_clock::time_point started;
    absl::Status forced_error;  // Not OK: nothing is fetched (target_limit).
  };

  ScrapeLoop(std::string pool, Labels target_labels, Appendable* storage,
             const ScrapeMetrics* metrics);

  const Labels& labels() const { return labels_; }  // The target's.
  const MetadataCache& metadata() const { return metadata_; }

  static ScrapeRequest MakeRequest(const Scrape& scrape, std::string_view user_agent);
  // Writes what was fetched, or the failure.
  void Complete(const Scrape& scrape, absl::StatusOr<ScrapeResponse> response) LOCKS_EXCLUDED(mu_);
  // The target has gone: its series end at `t`. Nothing may follow.
  void End(TimeMs t);

  // Without the fields that Scraper knows (global_url). `target`: the present one, see Schedule.
  TargetStatus Status(const Target& target) const LOCKS_EXCLUDED(mu_);

  struct Schedule {
    std::shared_ptr<const Target>
        target;  // A reload may change interval and timeout, never the identity.
    TimeMs due_ms = 0;
    TimeMs last_start_ms = 0;
    bool in_flight = false;
    bool stopped = false;
    metrics::Summary* interval_length = nullptr;
  };
  Schedule schedule;

 private:
  // Makes the body of a good answer plain.
  static absl::Status ReadBody(const PoolSettings& settings,
                               absl::StatusOr<ScrapeResponse>* response);
  // ReadBody, whose failures are logged, and the format that the body is in.
  absl::StatusOr<const ExpositionFormat*> UsableBody(
      const Scrape& scrape, absl::StatusOr<ScrapeResponse>* response) const;

  const std::string pool_;
  const Labels labels_;
  const ScrapeMetrics* const metrics_;
  MetadataCache metadata_;
  ScrapeWriter writer_;
  std::shared_ptr<const PoolSettings> settings_;  // Of the last scrape.

  mutable Mutex mu_;
  std::string last_error_ GUARDED_BY(mu_);
  TimeMs last_scrape_ms_ GUARDED_BY(mu_) = 0;
  double last_duration_s_ GUARDED_BY(mu_) = 0;
  TargetHealth health_ GUARDED_BY(mu_) = TargetHealth::kUnknown;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPE_LOOP_H_
