// query/engine_metrics.h
//
// prometheus_engine_*: what the engine says of itself, under Prometheus' names.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_QUERY_ENGINE_METRICS_H_
#define HEARTH_QUERY_ENGINE_METRICS_H_

#include "metrics/registry.h"

namespace hearth::promql {

struct QueryStats;

class EngineMetrics {
 public:
  // `registry` may be null: nothing is counted then. It outlives this.
  EngineMetrics(metrics::Registry* registry, int max_concurrency);

  // A query that waits or runs.
  void Began();
  void Ended(const QueryStats& stats);

 private:
  struct Slice {
    metrics::Summary* summary = nullptr;
    metrics::Histogram* histogram = nullptr;
    void Observe(double seconds) const;
  };
  Slice AddSlice(metrics::Registry* registry, const char* name);

  metrics::Gauge* queries_ = nullptr;
  metrics::Counter* samples_ = nullptr;
  metrics::Counter* samples_read_ = nullptr;
  Slice queue_, prepare_, inner_eval_, result_sort_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_ENGINE_METRICS_H_
