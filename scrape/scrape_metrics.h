// scrape/scrape_metrics.h
//
// The counters of scraping, under the names that Prometheus' dashboards and alerts use.
//
// Thread safety: as metrics::Counter. Ownership: the registry owns the metrics and must outlive
// this.
#ifndef HEARTH_SCRAPE_SCRAPE_METRICS_H_
#define HEARTH_SCRAPE_SCRAPE_METRICS_H_

#include "metrics/registry.h"

namespace hearth {

struct ScrapeMetrics {
  explicit ScrapeMetrics(metrics::Registry* registry);

  metrics::Registry* const registry;  // For metrics that carry a pool's name.
  metrics::Counter* const exceeded_body_size_limit;
  metrics::Counter* const exceeded_sample_limit;
  metrics::Counter* const exceeded_label_limits;
  metrics::Counter* const exceeded_target_limit;
  metrics::Counter* const out_of_order;
  metrics::Counter* const duplicate_timestamp;
  metrics::Counter* const out_of_bounds;
  metrics::Counter* const exemplar_out_of_order;
  metrics::Counter* const commit_failed;
  metrics::Counter* const native_histograms_dropped;
  metrics::Counter* const refused_series;  // For which there was no memory.
  metrics::Gauge* const cache_bytes;       // Of all targets' ScrapeCache.
  metrics::Counter* const pools;
  metrics::Counter* const pools_failed;
  metrics::Counter* const reloads;
  metrics::Counter* const reloads_failed;
  metrics::Gauge* const sd_failed_configs;
  metrics::Counter* const sd_updates;
  metrics::Counter* const sd_updates_delayed;  // Of providers whose section has just changed.
  metrics::Gauge* const sd_last_update;        // Unix seconds.
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_SCRAPE_METRICS_H_
