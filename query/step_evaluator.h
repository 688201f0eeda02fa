// query/step_evaluator.h
//
// Evaluates a query at all of its steps or at some of them: plan, context, evaluation.
//
// Thread safety: belongs to the query's thread. What it points at outlives it.
#ifndef HEARTH_QUERY_STEP_EVALUATOR_H_
#define HEARTH_QUERY_STEP_EVALUATOR_H_

#include "absl/status/statusor.h"
#include "model/byte_account.h"
#include "query/cache/cached_result.h"
#include "query/engine.h"
#include "query/exec/query_context.h"
#include "query/exec/shard_pool.h"
#include "query/plan/plan.h"
#include "tsdb/storage.h"

namespace hearth::promql {

class StepEvaluator {
 public:
  struct Settings {
    const Queryable* storage = nullptr;
    const QueryRequest* request = nullptr;
    const QueryLimits* limits = nullptr;
    ShardPool* pool = nullptr;
    ByteAccount* account = nullptr;
    bool delayed_name_removal = false;
    bool use_start_timestamps = false;
  };

  // A result, and what else is known when its steps are kept.
  struct Evaluated {
    QueryResult result;
    Grid grid;
    TimeMs looks_ahead = 0;  // Where samples were counted by step.
    QueryRecord record;
  };

  explicit StepEvaluator(const Settings& settings) : settings_(settings) {}

  // The steps of `times`. Sets of *stats what it came to, also when it fails.
  absl::StatusOr<Evaluated> Run(ExprPtr tree, const QueryTimes& times, bool by_step,
                                QueryStats* stats) const;

  const Queryable& storage() const { return *settings_.storage; }
  const QueryRequest& request() const { return *settings_.request; }
  ByteAccount* account() const { return settings_.account; }

 private:
  const Settings settings_;
};

// Takes over what the ledger says.
void NoteSamples(const SampleLedger& samples, QueryStats* stats);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_STEP_EVALUATOR_H_
