// query/testing/cached_evaluator.h
//
// Evaluates the queries of a script with the result cache at work: each range query is asked as a
// dashboard that moves on asks it, some steps earlier first, and compared at each step with what an
// engine without a cache says.
//
// Thread safety: one caller. Lives as long as the storage that it is given first, and is for that
// one alone.
#ifndef HEARTH_QUERY_TESTING_CACHED_EVALUATOR_H_
#define HEARTH_QUERY_TESTING_CACHED_EVALUATOR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "query/engine.h"
#include "tsdb/storage.h"

namespace hearth::promql {

class CachedEvaluator {
 public:
  // The options but for the cache; delayed name removal has none and is left out.
  explicit CachedEvaluator(EngineOptions options);

  // kInternal when the cache made a difference: to labels, points (to the bit), annotations,
  // counted samples or errors.
  absl::Status Check(const Queryable& storage, const QueryRequest& request);

 private:
  EngineOptions options_;
  std::unique_ptr<Engine> plain_, cached_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_TESTING_CACHED_EVALUATOR_H_
