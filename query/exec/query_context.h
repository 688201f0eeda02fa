// query/exec/query_context.h
//
// What the operators of one query share: its options, its limits, its accounts of samples and of
// bytes, and the series that were selected.
//
// Thread safety: workers of several threads may use `limits` and `bytes`; the rest belongs to the
// query's thread.
#ifndef HEARTH_QUERY_EXEC_QUERY_CONTEXT_H_
#define HEARTH_QUERY_EXEC_QUERY_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "model/byte_account.h"
#include "model/clock.h"
#include "query/exec/dropped_names.h"
#include "query/exec/operator_trace.h"
#include "query/exec/sample_ledger.h"
#include "query/exec/shard_pool.h"
#include "query/functions/annotations.h"
#include "query/plan/plan.h"
#include "tsdb/storage.h"

namespace hearth::promql {

struct QueryLimits {
  int64_t max_samples = 0;
  TimeMs deadline = 0;  // By `clock`.
  const Clock* clock = nullptr;
  std::function<bool()> cancelled;  // Empty: never. Called from several threads.

  // OK, or the error that ends the query: `activity` is "expression evaluation" or "query queue".
  absl::Status Check(const char* activity) const;
};

struct QueryContext {
  // `account` is borrowed; `steps` are the query's.
  QueryContext(const QueryLimits& query_limits, ShardPool* shard_pool, ByteAccount* account,
               size_t steps, bool stats_by_step)
      : limits(query_limits),
        pool(shard_pool),
        bytes(*account),
        samples(query_limits.max_samples, steps, stats_by_step) {}

  const QueryLimits limits;
  ShardPool* const pool;  // Borrowed.
  QueryTimes times;
  bool delayed_name_removal = false;
  bool use_start_timestamps = false;

  ByteAccount& bytes;
  SampleLedger samples;
  std::vector<std::unique_ptr<SeriesSet>> sets;  // One for each of the plan's requests.
  Annotations notes;
  DroppedNames dropped_names;            // Where samples are counted by step.
  std::unique_ptr<OperatorTrace> trace;  // Of a query that is explained.
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_QUERY_CONTEXT_H_
