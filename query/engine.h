// query/engine.h
//
// Answers PromQL. One Engine serves all callers (HTTP, gRPC, rules): text in, labelled values out. It sees storage through
// Queryable alone, so it runs on a fake.
//
// Thread safety: all methods may be called from any thread; queries run on the caller's thread, plus shards on the engine's own.
#ifndef HEARTH_QUERY_ENGINE_H_
#define HEARTH_QUERY_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "model/sample.h"
#include "query/parse/ast.h"
#include "query/parse/parser.h"
#include "tsdb/storage.h"

namespace hearth::promql {

struct EngineOptions {
  TimeMs lookback_delta_ms = 5 * 60 * 1000;       // > 0. A sample exactly this old is not found.
  TimeMs timeout_ms = 2 * 60 * 1000;              // Of one query, queueing included.
  int64_t max_samples = 50'000'000;               // In memory at once for one query, counted as Prometheus counts.
  int max_concurrency = 20;                       // Queries that run at once; more wait in order of arrival.
  TimeMs default_subquery_step_ms = 60 * 1000;    // For `[5m:]`; the configuration's evaluation_interval.
  int threads = 0;                                // A query's shards run on so many threads; 0 = one for each processor.
  bool delayed_name_removal = false;              // --enable-feature=promql-delayed-name-removal
  bool use_start_timestamps = false;              // --enable-feature=use-start-timestamps
  ParserOptions parser;
};

// One evaluation. An instant query has start == end and step 0.
struct QueryRequest {
  std::string query;
  TimeMs start_ms = 0;  // First step, inclusive.
  TimeMs end_ms = 0;    // Last possible step, inclusive; >= start_ms.
  TimeMs step_ms = 0;   // > 0 for a range query.
  std::optional<TimeMs> lookback_delta_ms;  // Overrides the engine's.
  std::optional<TimeMs> timeout_ms;         // At most the engine's.
  const std::atomic<bool>* cancelled = nullptr;  // Looked at often; must outlive the call. Null = never.

  bool instant() const { return step_ms == 0; }
};

// One series of a result. For an instant vector it has exactly one point; for a matrix one or more, ascending in time.
struct ResultSeries {
  Labels labels;
  std::vector<Sample> floats;
  std::vector<TimeMs> histogram_t;
  std::vector<Histogram> histograms;  // As long as histogram_t.
};

struct QueryStats {
  int64_t samples_read = 0;   // Samples that evaluation looked at, as Prometheus counts totalQueryableSamples.
  int64_t peak_samples = 0;
};

// kScalar and kInstantVector for instant queries; a range query always gives kRangeVector (a matrix), sorted by labels.
struct QueryResult {
  ValueType type = ValueType::kNone;
  double scalar = 0;                 // kScalar, at end_ms.
  std::string string;                // kString.
  std::vector<ResultSeries> series;  // kInstantVector in the order of evaluation (sort() shows here), kRangeVector.
  std::vector<std::string> warnings, infos;  // With Prometheus' prefixes and positions; unique; not capped.
  QueryStats stats;
};

// The codes of a failed query, and what HTTP makes of them (api/v1 has the table):
//   kInvalidArgument    the text or a parameter is wrong ("1:5: parse error: …")     bad_data
//   kDeadlineExceeded   timeout                                                     timeout
//   kCancelled          the caller went away                                        canceled
//   kInternal, kUnavailable  storage failed or is not ready                         internal, unavailable
//   kFailedPrecondition and kResourceExhausted: evaluation failed (duplicate series in a match, too many samples)  execution
class Engine {
 public:
  // `storage` and `clock` are borrowed and outlive the engine.
  Engine(const Queryable* storage, const Clock* clock, EngineOptions options);
  ~Engine();

  absl::StatusOr<QueryResult> Execute(const QueryRequest& request) const;

  // Takes effect for queries that start afterwards (a configuration reload changed evaluation_interval).
  void SetDefaultSubqueryStep(TimeMs step_ms);

  const EngineOptions& options() const;
  // Queries running now, for prometheus_engine_queries.
  int running() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_ENGINE_H_
