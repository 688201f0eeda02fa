// query/cached_evaluation.h
//
// One range query with the engine's ResultCache: steps that the cache still has are taken from it,
// the others are computed, and the two are joined into what the whole query would have given, to
// the bit: points, annotations, counted samples, refusals for too many of them. A step that was
// cached holds as long as no sample has come or gone at a time that it sees, which the storage
// tells (Queryable::ChangesSince).
//
// Thread safety: belongs to the query's thread. What it points at outlives it.
#ifndef HEARTH_QUERY_CACHED_EVALUATION_H_
#define HEARTH_QUERY_CACHED_EVALUATION_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "query/cache/result_cache.h"
#include "query/engine.h"
#include "query/plan/plan.h"
#include "query/step_evaluator.h"

namespace hearth::promql {

class CachedEvaluation {
 public:
  // Whether a query can go through the cache.
  static bool Suits(const QueryRequest& request, const QueryTimes& times, const Expr& tree,
                    const Queryable& storage);

  CachedEvaluation(ResultCache* cache, const StepEvaluator* evaluator, const QueryTimes& times)
      : cache_(cache), evaluator_(evaluator), times_(times) {}

  // Once, for a query that Suits. *stats as StepEvaluator::Run. The result has no stats of its own.
  absl::StatusOr<StepEvaluator::Evaluated> Run(ExprPtr tree, QueryStats* stats);

 private:
  std::string Key() const;
  Grid WantedGrid() const;
  // What `cached` and, where steps are missing, an evaluation of these give. Empty when they do not
  // fit together. *computed tells whether there was one.
  absl::StatusOr<std::optional<EvaluatedSteps>> FromCache(const CachedResult& cached, TimeMs from,
                                                          const Expr& tree, bool* computed,
                                                          QueryStats* stats) const;

  ResultCache* const cache_;
  const StepEvaluator* const evaluator_;
  const QueryTimes times_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_CACHED_EVALUATION_H_
