// query/evaluation.h
//
// One evaluation, from plan to result: selects the series, builds the operators, collects what the
// root gives.
//
// Thread safety: belongs to the query's thread. What it points at outlives it.
#ifndef HEARTH_QUERY_EVALUATION_H_
#define HEARTH_QUERY_EVALUATION_H_

#include <chrono>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "query/engine.h"
#include "query/exec/query_context.h"
#include "query/plan/plan.h"

namespace hearth::promql {

// Seconds from one event to the next.
class Stopwatch {
 public:
  // Since the last Lap or the beginning.
  double Lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

class Evaluation {
 public:
  Evaluation(const Plan& plan, const QueryRequest& request, QueryContext* ctx)
      : plan_(plan), request_(request), ctx_(ctx) {}

  // Once. What the result takes stays charged to the query's account. Sets the timings of *stats
  // that it came to, also when it fails, and the explanation of a query that is traced.
  absl::StatusOr<QueryResult> Run(const Queryable& storage, QueryStats* stats);

 private:
  absl::StatusOr<QueryResult> Measured(const Queryable& storage, QueryTimings* timings);
  absl::Status Select(const Queryable& storage);
  absl::Status SelectSeries(const Queryable& storage);
  absl::Status Evaluate();
  absl::Status Scalar();
  absl::Status Vector();
  absl::Status RangeVector();

  const Plan& plan_;
  const QueryRequest& request_;
  QueryContext* const ctx_;
  std::unique_ptr<Querier> querier_;
  QueryResult result_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EVALUATION_H_
