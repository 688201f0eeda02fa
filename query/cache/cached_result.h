// query/cache/cached_result.h
//
// The result of a range query as it is kept for the next time: the points of its series without
// their times, what it had to say, and what it counted, all of it to be cut at any step. The query
// that comes next takes the steps that still hold and joins them with those that it has computed.
//
// Thread safety: immutable once built.
#ifndef HEARTH_QUERY_CACHE_CACHED_RESULT_H_
#define HEARTH_QUERY_CACHE_CACHED_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "model/byte_account.h"
#include "model/labels.h"
#include "query/engine.h"
#include "query/exec/dropped_names.h"
#include "query/exec/sample_ledger.h"
#include "query/functions/annotations.h"
#include "query/plan/plan.h"

namespace hearth::promql {

// What an evaluation gives besides its points.
struct QueryRecord {
  SampleLedger samples;  // By step.
  Annotations notes;
  DroppedNames dropped_names;
};

// A range query's result on its way to the caller or into the cache.
struct EvaluatedSteps {
  Grid grid;
  TimeMs looks_ahead = 0;  // As LooksAhead.
  std::vector<ResultSeries> series;
  QueryRecord record;
};

class CachedResult {
 public:
  // Steps of a grid, from its `first` on.
  struct Steps {
    size_t first = 0, count = 0;
  };

  // Whether the steps of `result` can be told apart, so that it may be kept.
  static bool MayKeep(const EvaluatedSteps& result);
  // `moment`: StorageChanges::now of before the evaluation.
  CachedResult(const EvaluatedSteps& result, uint64_t moment);

  uint64_t moment() const { return moment_; }
  const Grid& grid() const { return grid_; }
  size_t bytes() const { return bytes_; }
  TimeMs at(size_t step) const { return grid_.at(step); }

  // The steps that a query for `wanted` need not compute when samples have changed from `from` on:
  // beginning with its first. `wanted` has the step and the phase of this result. None where that
  // does not hold any more.
  Steps Holding(const Grid& wanted, TimeMs from) const;

  // The result of `steps` followed by `late`, which is of the same query and begins where they end;
  // null when they are the end. Empty when the two do not fit together. What the points take is
  // charged to `bytes`.
  absl::StatusOr<std::optional<EvaluatedSteps>> Join(const Steps& steps, EvaluatedSteps* late,
                                                     ByteAccount* bytes) const;

 private:
  // Neighbouring steps that have values.
  struct Run {
    uint32_t first, count;
  };
  struct Series {
    Labels labels;
    std::vector<Run> runs;  // Ascending.
    std::vector<double> v;  // Of all runs.
  };

  Series Pack(const ResultSeries& series) const;
  // Appends the points of `series` that lie in `steps`.
  void Unpack(const Series& series, const Steps& steps, std::vector<Sample>* out) const;
  // Series whose labels are in both are put together; the others stay. Sorted as both are.
  std::vector<ResultSeries> JoinSeries(const Steps& steps, std::vector<ResultSeries>* late) const;
  size_t CountBytes() const;

  const Grid grid_;
  const TimeMs looks_ahead_;
  const uint64_t moment_;
  const QueryRecord record_;
  std::vector<Series> series_;  // Ascending by labels.
  size_t bytes_ = 0;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_CACHE_CACHED_RESULT_H_
