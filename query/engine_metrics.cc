#include "query/engine_metrics.h"

#include "query/engine.h"

namespace hearth::promql {

void EngineMetrics::Slice::Observe(double seconds) const {
  summary->Observe(seconds);
  histogram->Observe(seconds);
}

EngineMetrics::Slice EngineMetrics::AddSlice(metrics::Registry* registry, const char* name) {
  const metrics::LabelPairs labels = {{"slice", name}};
  return {
      .summary =
          registry->AddSummary("prometheus_engine_query_duration_seconds", "Query timings", labels),
      .histogram = registry->AddHistogram(
          "prometheus_engine_query_duration_histogram_seconds",
          "The duration of various parts of PromQL query execution.", {.01, .1, 1, 10}, labels)};
}

EngineMetrics::EngineMetrics(metrics::Registry* registry, int max_concurrency) {
  if (registry == nullptr) return;
  queries_ = registry->AddGauge("prometheus_engine_queries",
                                "The current number of queries being executed or waiting.");
  registry
      ->AddGauge("prometheus_engine_queries_concurrent_max",
                 "The max number of concurrent queries.")
      ->Set(max_concurrency);
  samples_ = registry->AddCounter("prometheus_engine_query_samples_total",
                                  "The total number of samples loaded by all queries.");
  samples_read_ =
      registry->AddCounter("prometheus_engine_query_samples_read_total",
                           "The total number of samples that selectors of all queries looked at.");
  queue_ = AddSlice(registry, "queue_time");
  prepare_ = AddSlice(registry, "prepare_time");
  inner_eval_ = AddSlice(registry, "inner_eval");
  result_sort_ = AddSlice(registry, "result_sort");
}

void EngineMetrics::Began() {
  if (queries_ != nullptr) queries_->Add(1);
}

void EngineMetrics::Ended(const QueryStats& stats) {
  if (queries_ == nullptr) return;
  queries_->Add(-1);
  samples_->Increment(static_cast<uint64_t>(stats.samples_read));
  samples_read_->Increment(static_cast<uint64_t>(stats.samples_read));
  const QueryTimings& timings = stats.timings;
  queue_.Observe(timings.queue_s);
  if (timings.prepare_s) prepare_.Observe(*timings.prepare_s);
  if (timings.inner_eval_s) inner_eval_.Observe(*timings.inner_eval_s);
  if (timings.result_sort_s) result_sort_.Observe(*timings.result_sort_s);
}

}  // namespace hearth::promql
