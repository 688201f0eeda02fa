// rules/notifier_metrics.h
//
// prometheus_notifications_*, and what discovery counts for Alertmanagers (name="notify").
//
// Thread safety: all methods may be called from any thread. Ownership: the registry owns the
// metrics and must outlive this; this must outlive what Of gave.
#ifndef HEARTH_RULES_NOTIFIER_METRICS_H_
#define HEARTH_RULES_NOTIFIER_METRICS_H_

#include <map>
#include <memory>
#include <string>

#include "metrics/registry.h"
#include "model/mutex.h"

namespace hearth {

// Labelled with the Alertmanager's URL.
struct AlertmanagerMetrics {
  metrics::Counter* sent;     // Alerts in requests that were answered with success.
  metrics::Counter* errors;   // Alerts in requests that failed; each retry counts.
  metrics::Counter* dropped;  // Alerts that will not be sent.
  metrics::Gauge* queue_length;
  metrics::Summary* latency_s;
  metrics::Histogram* latency_histogram_s;
};

class NotifierMetrics {
 public:
  explicit NotifierMetrics(metrics::Registry* registry);

  // Those of one Alertmanager, shared by all who name the same URL; the registry forgets them with
  // the last one.
  std::shared_ptr<const AlertmanagerMetrics> Of(const std::string& url) LOCKS_EXCLUDED(mu_);

  // `config` counts the entries of `alertmanagers` from 0.
  void SetDiscoveredTargets(size_t config, size_t count);
  void ForgetDiscoveredTargets(size_t config);

  metrics::Gauge* const queue_capacity;
  metrics::Gauge* const alertmanagers_discovered;
  metrics::Gauge* const sd_failed_configs;
  metrics::Counter* const sd_updates;
  metrics::Counter* const sd_updates_delayed;  // Of providers whose section has just changed.
  metrics::Gauge* const sd_last_update;        // Unix seconds.

 private:
  void Forget(const std::string& url) LOCKS_EXCLUDED(mu_);

  metrics::Registry* const registry_;
  Mutex mu_;
  std::map<std::string, std::weak_ptr<const AlertmanagerMetrics>> by_url_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_RULES_NOTIFIER_METRICS_H_
