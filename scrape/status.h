// scrape/status.h
//
// What the API shows of scraping: targets, pools, metadata. Scraper (scrape/scraper.h) implements
// it; api/ reads it.
//
// Thread safety: all methods may be called from any thread; answers are copies.
#ifndef HEARTH_SCRAPE_STATUS_H_
#define HEARTH_SCRAPE_STATUS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "model/clock.h"
#include "model/labels.h"
#include "model/metadata.h"

namespace hearth {

enum class TargetHealth { kUnknown, kUp, kDown };

struct TargetStatus {
  Labels discovered_labels;  // Before relabelling, `__`-labels included.
  Labels labels;             // After it, `__`-labels removed.
  std::string scrape_pool;
  std::string scrape_url;     // With parameters, as fetched.
  std::string global_url;     // scrape_url with a loopback host replaced by the external one.
  std::string last_error;     // Empty after a good scrape.
  TimeMs last_scrape_ms = 0;  // 0 = not yet.
  double last_scrape_duration_s = 0;
  TargetHealth health = TargetHealth::kUnknown;
  TimeMs scrape_interval_ms = 0;
  TimeMs scrape_timeout_ms = 0;
};

struct DroppedTarget {
  Labels discovered_labels;
  std::string scrape_pool;
};

// The metadata of one metric family on one target.
struct TargetMetadata {
  Labels target;  // The target's labels.
  std::string metric;
  Metadata metadata;
};

class ScrapeStatus {
 public:
  virtual ~ScrapeStatus() = default;
  // Sorted by pool, then by labels.
  virtual std::vector<TargetStatus> ActiveTargets() const = 0;
  virtual std::vector<DroppedTarget> DroppedTargets() const = 0;
  // Pool name to number of dropped targets (all of them, also those beyond keep_dropped_targets).
  virtual std::map<std::string, int64_t> DroppedTargetCounts() const = 0;
  // Names in sorted order.
  virtual std::vector<std::string> ScrapePools() const = 0;
  // What a pool was made from; null = there is no such pool.
  virtual std::shared_ptr<const ScrapeConfig> PoolConfig(std::string_view pool) const = 0;
  // `metric` empty = every family.
  virtual std::vector<TargetMetadata> TargetsMetadata(std::string_view metric) const = 0;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_STATUS_H_
