// query/exec/query_context.h
//
// What the operators of one query share: its options, its limits, its account of samples, and the
// series that were selected.
//
// Thread safety: workers of several threads may call the const methods and CountSamples; the rest
// belongs to the query's thread.
#ifndef HEARTH_QUERY_EXEC_QUERY_CONTEXT_H_
#define HEARTH_QUERY_EXEC_QUERY_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "model/clock.h"
#include "query/exec/shard_pool.h"
#include "query/functions/annotations.h"
#include "query/plan/plan.h"
#include "tsdb/storage.h"

namespace hearth::promql {

struct QueryLimits {
  int64_t max_samples = 0;
  TimeMs deadline = 0;  // By `clock`.
  const Clock* clock = nullptr;
  const std::atomic<bool>* cancelled = nullptr;  // May be null.

  // OK, or the error that ends the query: `activity` is "expression evaluation" or "query queue".
  absl::Status Check(const char* activity) const;
};

// Counts the samples that a query holds, as Prometheus does: every point that a selector gives
// stays counted until the operator above it that needs them all has finished. The total does not
// depend on the order of the additions, so neither does the error.
class SampleAccount {
 public:
  explicit SampleAccount(int64_t max_samples) : max_(max_samples) {}

  // Holds `n` more. kResourceExhausted when that is too many.
  absl::Status Hold(int64_t n);
  // Samples that are held for a moment only, on top of what was held when the present phase began.
  absl::Status Pass(int64_t n);

  // A phase is the work of one blocking operator. EndPhase releases what was held since `held` and
  // holds `kept` instead.
  int64_t BeginPhase();
  absl::Status EndPhase(int64_t held, int64_t kept);

  int64_t peak() const { return peak_.load(std::memory_order_relaxed); }

 private:
  void RaisePeak(int64_t n);

  const int64_t max_;
  std::atomic<int64_t> held_{0}, peak_{0};
  std::atomic<int64_t> phase_base_{0};
};

struct QueryContext {
  QueryContext(const QueryLimits& query_limits, ShardPool* shard_pool)
      : limits(query_limits), pool(shard_pool), account(query_limits.max_samples) {}

  const QueryLimits limits;
  ShardPool* const pool;  // Borrowed.
  QueryTimes times;
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;

  SampleAccount account;
  std::vector<std::unique_ptr<SeriesSet>> sets;  // One for each of the plan's requests.
  Annotations notes;
  int64_t samples_read = 0;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_QUERY_CONTEXT_H_
