#include "scrape/scrape_pool.h"

#include <utility>

#include "config/relabel.h"
#include "model/status.h"
#include "model/text.h"
#include "scrape/exposition/formats.h"

namespace hearth {
namespace {

constexpr std::string_view kPoolTargets = "prometheus_target_scrape_pool_targets";
constexpr std::string_view kPoolTargetLimit = "prometheus_target_scrape_pool_target_limit";
constexpr std::string_view kPoolSyncs = "prometheus_target_scrape_pool_sync_total";
constexpr std::string_view kDiscovered = "prometheus_sd_discovered_targets";

metrics::LabelPairs JobLabel(const std::string& job) { return {{"scrape_job", job}}; }
metrics::LabelPairs DiscoveryLabels(const std::string& job) {
  return {{"name", "scrape"}, {"config", job}};
}

}  // namespace

absl::StatusOr<std::shared_ptr<const PoolSettings>> MakePoolSettings(const ScrapeConfig& config,
                                                                     bool start_times) {
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
  rules->start_times = start_times;
  rules->legacy_names = config.formats.metric_name_validation_scheme == "legacy";
  rules->limits = config.limits;
  HEARTH_ASSIGN_OR_RETURN(rules->metric_relabel,
                          CompileRelabelRules(config.metric_relabel_configs));
  settings->write_rules = std::move(rules);
  return std::shared_ptr<const PoolSettings>(std::move(settings));
}

FoundTargets FindTargets(const PoolSettings& settings, const TargetSources& sources,
                         const std::function<void(const std::string&)>& warn) {
  const std::vector<Labels> discovered = sources.Targets();
  FoundTargets found;
  found.discovered = static_cast<int64_t>(discovered.size());
  const uint64_t keep = settings.config.limits.keep_dropped_targets;
  for (const Labels& labels : discovered) {
    auto outcome = MakeTarget(settings.config, settings.relabel, labels);
    if (!outcome.ok()) {
      warn(StrCat("scrape pool ", settings.config.job_name, ": target ", labels.ToString(), ": ",
                  FromAbsl(outcome.status().message())));
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

void CountTargets(const ScrapePool& pool, metrics::Registry* registry) {
  const std::string& job = pool.settings->config.job_name;
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

void ForgetPoolMetrics(const std::string& job, metrics::Registry* registry) {
  for (const std::string_view name : {kPoolTargets, kPoolTargetLimit, kPoolSyncs}) {
    registry->Remove(name, JobLabel(job));
  }
  registry->Remove(kDiscovered, DiscoveryLabels(job));
}

}  // namespace hearth
