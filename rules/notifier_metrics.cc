#include "rules/notifier_metrics.h"

#include <string_view>

#include "model/text.h"

namespace hearth {
namespace {

constexpr std::string_view kSent = "prometheus_notifications_sent_total";
constexpr std::string_view kErrors = "prometheus_notifications_errors_total";
constexpr std::string_view kDropped = "prometheus_notifications_dropped_total";
constexpr std::string_view kQueueLength = "prometheus_notifications_queue_length";
constexpr std::string_view kLatency = "prometheus_notifications_latency_seconds";
constexpr std::string_view kLatencyHistogram = "prometheus_notifications_latency_histogram_seconds";
constexpr std::string_view kDiscoveredTargets = "prometheus_sd_discovered_targets";

const metrics::LabelPairs& NotifyLabel() {
  static const metrics::LabelPairs label = {{"name", "notify"}};
  return label;
}

metrics::LabelPairs ConfigLabels(size_t config) {
  return {{"name", "notify"}, {"config", StrCat("config-", config)}};
}

}  // namespace

NotifierMetrics::NotifierMetrics(metrics::Registry* registry)
    : queue_capacity(registry->AddGauge("prometheus_notifications_queue_capacity",
                                        "The capacity of the alert notifications queue.")),
      alertmanagers_discovered(
          registry->AddGauge("prometheus_notifications_alertmanagers_discovered",
                             "The number of alertmanagers discovered and active.")),
      sd_failed_configs(registry->AddGauge(
          "prometheus_sd_failed_configs",
          "Current number of service discovery configurations that failed to load.",
          NotifyLabel())),
      sd_updates(registry->AddCounter("prometheus_sd_updates_total",
                                      "Total number of update events sent to the SD consumers.",
                                      NotifyLabel())),
      sd_updates_delayed(registry->AddCounter(
          "prometheus_sd_updates_delayed_total",
          "Total number of update events that couldn't be sent immediately.", NotifyLabel())),
      sd_last_update(registry->AddGauge("prometheus_sd_last_update_timestamp_seconds",
                                        "Timestamp of the last update sent to the SD consumers.",
                                        NotifyLabel())),
      registry_(registry) {}

std::shared_ptr<const AlertmanagerMetrics> NotifierMetrics::Of(const std::string& url) {
  MutexLock lock(&mu_);
  std::weak_ptr<const AlertmanagerMetrics>& known = by_url_[url];
  if (auto shared = known.lock()) return shared;
  const metrics::LabelPairs label = {{"alertmanager", url}};
  auto made = std::make_unique<AlertmanagerMetrics>();
  made->sent = registry_->AddCounter(kSent, "Total number of alerts sent.", label);
  made->errors =
      registry_->AddCounter(kErrors, "Total number of sent alerts affected by errors.", label);
  made->dropped = registry_->AddCounter(
      kDropped, "Total number of alerts dropped due to errors when sending to Alertmanager.",
      label);
  made->queue_length =
      registry_->AddGauge(kQueueLength, "The number of alert notifications in the queue.", label);
  made->latency_s =
      registry_->AddSummary(kLatency, "Latency quantiles for sending alert notifications.", label);
  made->latency_histogram_s = registry_->AddHistogram(
      kLatencyHistogram, "Latency histogram for sending alert notifications.", {.01, .1, 1, 10},
      label);
  std::shared_ptr<const AlertmanagerMetrics> shared(
      made.release(), [this, url](const AlertmanagerMetrics* metrics) {
        delete metrics;
        Forget(url);
      });
  known = shared;
  return shared;
}

void NotifierMetrics::Forget(const std::string& url) {
  MutexLock lock(&mu_);
  const auto it = by_url_.find(url);
  // Somebody may have asked for them again since the last one let go.
  if (it == by_url_.end() || !it->second.expired()) return;
  by_url_.erase(it);
  for (const std::string_view name :
       {kSent, kErrors, kDropped, kQueueLength, kLatency, kLatencyHistogram}) {
    registry_->Remove(name, {{"alertmanager", url}});
  }
}

void NotifierMetrics::SetDiscoveredTargets(size_t config, size_t count) {
  registry_
      ->AddGauge(kDiscoveredTargets, "Current number of discovered targets.", ConfigLabels(config))
      ->Set(static_cast<double>(count));
}

void NotifierMetrics::ForgetDiscoveredTargets(size_t config) {
  registry_->Remove(kDiscoveredTargets, ConfigLabels(config));
}

}  // namespace hearth
