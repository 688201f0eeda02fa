#include "scrape/scrape_metrics.h"

namespace hearth {

ScrapeMetrics::ScrapeMetrics(metrics::Registry* r)
    : registry(r),
      exceeded_body_size_limit(
          r->AddCounter("prometheus_target_scrapes_exceeded_body_size_limit_total",
                        "Total number of scrapes that hit the body size limit")),
      exceeded_sample_limit(
          r->AddCounter("prometheus_target_scrapes_exceeded_sample_limit_total",
                        "Total number of scrapes that hit the sample limit and were rejected.")),
      exceeded_label_limits(
          r->AddCounter("prometheus_target_scrape_pool_exceeded_label_limits_total",
                        "Total number of times scrape pools hit the label limits, during sync or "
                        "config reload.")),
      exceeded_target_limit(
          r->AddCounter("prometheus_target_scrape_pool_exceeded_target_limit_total",
                        "Total number of times scrape pools hit the target limit, during sync or "
                        "config reload.")),
      out_of_order(r->AddCounter(
          "prometheus_target_scrapes_sample_out_of_order_total",
          "Total number of samples rejected due to not being out of the expected order.")),
      duplicate_timestamp(r->AddCounter(
          "prometheus_target_scrapes_sample_duplicate_timestamp_total",
          "Total number of samples rejected due to duplicate timestamps but different values.")),
      out_of_bounds(r->AddCounter(
          "prometheus_target_scrapes_sample_out_of_bounds_total",
          "Total number of samples rejected due to timestamp falling outside of the time bounds.")),
      exemplar_out_of_order(r->AddCounter(
          "prometheus_target_scrapes_exemplar_out_of_order_total",
          "Total number of exemplar rejected due to not being out of the expected order.")),
      commit_failed(r->AddCounter("hearth_target_scrapes_commit_failed_total",
                                  "Scrapes whose samples the storage did not take.")),
      native_histograms_dropped(r->AddCounter(
          "hearth_target_scrapes_native_histograms_dropped_total",
          "Native histograms in protobuf expositions of which only count, sum and classic buckets "
          "were kept.")),
      refused_series(r->AddCounter("hearth_target_scrapes_refused_series_total",
                                   "Scraped lines of new series for which there was no memory.")),
      cache_bytes(r->AddGauge("hearth_scrape_cache_bytes",
                              "Memory of what is remembered of each target's last body.")),
      pools(r->AddCounter("prometheus_target_scrape_pools_total",
                          "Total number of scrape pool creation attempts.")),
      pools_failed(r->AddCounter("prometheus_target_scrape_pools_failed_total",
                                 "Total number of scrape pool creations that failed.")),
      reloads(r->AddCounter("prometheus_target_scrape_pool_reloads_total",
                            "Total number of scrape pool reloads.")),
      reloads_failed(r->AddCounter("prometheus_target_scrape_pool_reloads_failed_total",
                                   "Total number of failed scrape pool reloads.")),
      sd_failed_configs(
          r->AddGauge("prometheus_sd_failed_configs",
                      "Current number of service discovery configurations that failed to load.",
                      {{"name", "scrape"}})),
      sd_updates(r->AddCounter("prometheus_sd_updates_total",
                               "Total number of update events sent to the SD consumers.",
                               {{"name", "scrape"}})),
      sd_updates_delayed(
          r->AddCounter("prometheus_sd_updates_delayed_total",
                        "Total number of update events that couldn't be sent immediately.",
                        {{"name", "scrape"}})),
      sd_last_update(r->AddGauge("prometheus_sd_last_update_timestamp_seconds",
                                 "Timestamp of the last update sent to the SD consumers.",
                                 {{"name", "scrape"}})) {}

}  // namespace hearth
