// query/engine.h
//
// Answers PromQL. One Engine serves all callers (HTTP, gRPC, rules): text in, labelled values out.
// It sees storage through Queryable alone, so it runs on a fake.
//
// Thread safety: all methods may be called from any thread; queries run on the caller's thread,
// plus shards on the engine's own.
#ifndef HEARTH_QUERY_ENGINE_H_
#define HEARTH_QUERY_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "metrics/registry.h"
#include "model/byte_account.h"
#include "model/clock.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "model/sample.h"
#include "query/exec/explanation.h"
#include "query/parse/ast.h"
#include "query/parse/parser.h"
#include "query/query_observer.h"
#include "tsdb/storage.h"

namespace hearth::promql {

struct EngineOptions {
  TimeMs lookback_delta_ms = 5 * 60 * 1000;  // > 0. A sample exactly this old is not found.
  TimeMs timeout_ms = 2 * 60 * 1000;         // Of one query, queueing included.
  int64_t max_samples =
      50'000'000;            // In memory at once for one query, counted as Prometheus counts.
  int max_concurrency = 20;  // Queries that run at once; more wait, clients take turns.
  int64_t max_query_bytes = int64_t{1}
                            << 30;  // Memory of one query and its answer. 0 = no limit, also below.
  int64_t max_total_bytes = int64_t{2} << 30;  // Of all queries together.
  // What bounds all queries beside that; a refusal of its may be kAborted. Borrowed, outlives the
  // engine and its answers; may be null.
  ByteAccount* memory = nullptr;
  int64_t cache_bytes = 0;  // Of results that are kept for the next time; 0 = none are.
  TimeMs default_subquery_step_ms =
      60 * 1000;    // For `[5m:]`; the configuration's evaluation_interval.
  int threads = 0;  // A query's shards run on so many threads; 0 = one for each processor.
  bool delayed_name_removal = false;  // --enable-feature=promql-delayed-name-removal
  bool use_start_timestamps = false;  // --enable-feature=use-start-timestamps
  bool per_step_stats = false;        // --enable-feature=promql-per-step-stats
  ParserOptions parser;
  metrics::Registry* registry = nullptr;  // For prometheus_engine_*; borrowed, may be null.
  QueryObserver* observer = nullptr;      // Borrowed, may be null.
};

// Where a query came from, for the query log.
struct QueryOrigin {
  std::string method, path;  // Of an HTTP request; empty: it was none.
};

// One evaluation. An instant query has start == end and step 0.
struct QueryRequest {
  std::string query;
  // The tree of `query`, parsed with the engine's options, of callers who ask it again and again.
  // Null: it is parsed.
  std::shared_ptr<const Expr> parsed;
  TimeMs start_ms = 0;                      // First step, inclusive.
  TimeMs end_ms = 0;                        // Last possible step, inclusive; >= start_ms.
  TimeMs step_ms = 0;                       // > 0 for a range query.
  std::optional<TimeMs> lookback_delta_ms;  // Overrides the engine's.
  std::optional<TimeMs> timeout_ms;         // At most the engine's.
  bool stats_by_step = false;               // Where the engine has per_step_stats.
  bool no_cache = false;                    // Compute every step.
  bool explain = false;                     // Say what each operator did; costs some clock reads.
  std::function<bool()>
      cancelled;       // Asked often, from several threads, during the call. Empty = never.
  std::string client;  // Whose turn it is when queries wait: an address without port.
  QueryOrigin origin;

  bool instant() const { return step_ms == 0; }
};

// One series of a result. For an instant vector it has exactly one point, a float or a histogram;
// for a matrix one or more, floats and histograms each ascending in time and never at the same.
struct ResultSeries {
  Labels labels;
  std::vector<Sample> floats;
  std::vector<TimeMs> histogram_t;
  std::vector<HistogramPtr> histograms;  // As long as histogram_t; none is null.
};

// In seconds. What the query did not come to is absent.
struct QueryTimings {
  double queue_s = 0;                   // Waiting for a place among the running queries.
  std::optional<double> prepare_s;      // Selecting series.
  std::optional<double> inner_eval_s;   // Evaluating.
  std::optional<double> result_sort_s;  // Sorting a matrix.
  double eval_s = 0;                    // The three before and what lies between them.
  double total_s = 0;                   // With the queue.
};

struct QueryStats {
  int64_t samples_read =
      0;  // Samples that evaluation looked at, as Prometheus counts totalQueryableSamples.
  int64_t peak_samples = 0;            // Held at once, as Prometheus counts (exec/sample_ledger.h).
  int64_t peak_bytes = 0;              // Held at once.
  std::vector<int64_t> reads_by_step;  // samples_read of each step; empty unless asked for.
  QueryTimings timings;
  std::optional<Explanation> explanation;  // Where it was asked for.
};

// What the answer of a query takes stays charged until the last owner lets go of this. Who makes
// something else of the answer may charge that too.
struct QueryMemory {
  QueryMemory(int64_t max_bytes, std::shared_ptr<ByteAccount> all)
      : all_queries(std::move(all)), account("--query.max-bytes", max_bytes, all_queries.get()) {}
  const std::shared_ptr<ByteAccount> all_queries;
  ByteAccount account;
};

// kScalar and kInstantVector for instant queries; a range query always gives kRangeVector (a
// matrix), sorted by labels.
struct QueryResult {
  ValueType type = ValueType::kNone;
  double scalar = 0;   // kScalar, at end_ms.
  std::string string;  // kString.
  std::vector<ResultSeries>
      series;  // kInstantVector in the order of evaluation (sort() shows here), kRangeVector.
  std::vector<std::string> warnings,
      infos;  // With Prometheus' prefixes and positions; unique; not capped.
  QueryStats stats;
  std::shared_ptr<QueryMemory> memory;
};

// The codes of a failed query, and what HTTP makes of them (api/v1 has the table):
//   kInvalidArgument    the text or a parameter is wrong ("1:5: parse error: …")     bad_data
//   kDeadlineExceeded   timeout                                                     timeout
//   kCancelled          the caller went away                                        canceled
//   kInternal, kUnavailable  storage failed or is not ready                         internal,
//   unavailable kAborted            no memory just now: EngineOptions::memory          unavailable
//   kFailedPrecondition and kResourceExhausted: evaluation failed (duplicate series in
//   a match, too many samples or bytes)  execution
class Engine {
 public:
  // `storage` and `clock` are borrowed and outlive the engine.
  Engine(const Queryable* storage, const Clock* clock, EngineOptions options);
  ~Engine();

  absl::StatusOr<QueryResult> Execute(const QueryRequest& request) const;

  // Takes effect for queries that start afterwards (a configuration reload changed
  // evaluation_interval).
  void SetDefaultSubqueryStep(TimeMs step_ms);

  const EngineOptions& options() const;
  // Queries running and waiting now.
  // Charged by all queries and their answers now.
  int64_t held_bytes() const;
  int running() const;
  int waiting() const;
  // What the results take that are kept; all may go.
  int64_t cache_bytes() const;
  // Lets kept results go until they take no more than `bytes`. Returns how many bytes that were.
  int64_t ShrinkCache(int64_t bytes);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_ENGINE_H_
