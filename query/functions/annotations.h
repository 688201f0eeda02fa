// query/functions/annotations.h
//
// What a query has to say besides its result: warnings and infos, in Prometheus' words, each with
// the place in the query text that caused it. Equal ones are kept once.
//
// Thread safety: none; each worker of a query has its own and they are merged.
#ifndef HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_
#define HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/clock.h"
#include "query/parse/ast.h"

namespace hearth::promql {

// How far the counts of a classic histogram were from ascending, summed over the steps where they
// were.
struct ForcedMonotonicity {
  TimeMs mint = std::numeric_limits<TimeMs>::max();
  TimeMs maxt = std::numeric_limits<TimeMs>::min();
  double min_bucket = std::numeric_limits<double>::infinity();
  double max_bucket = -std::numeric_limits<double>::infinity();
  double max_diff = 0;
  int64_t count = 0;

  void Merge(const ForcedMonotonicity& other);
};

// What an annotation says. Rows about native histograms wait for their evaluation.
enum class Note : uint8_t {
  kInvalidQuantile,           // the value
  kInvalidRatio,              // the value, what is taken instead
  kBadBucketLabel,            // the label's value; then the metric
  kStartTimeOverlap,          // the metric
  kSortIneffective,           // –
  kPossibleNonCounter,        // the metric
  kPossibleNonCounterType,    // the type label; the metric
  kIncompatibleTypes,         // operator; left type, operator, right type
  kMixedFloatsHistograms,     // the metric
  kMixedInAggregation,        // –
  kMixedClassicNative,        // –; then the metric
  kNotACounterHistogram,      // the metric
  kNotAGaugeHistogram,        // the metric
  kMixedExponentialCustom,    // the metric
  kIncompatibleBucketLayout,  // the operator
  kCounterResetCollision,     // addition, subtraction or aggregation
  kHistogramIgnored,          // the aggregation
  kHistogramsIgnoredInRange,  // the metric
  kQuantileOfNaNs,            // –; then the metric
  kQuantileSkewedByNaNs,      // –; then the metric
  kFractionWithoutNaNs,       // –; then the metric
  kCustomBucketsReconciled,   // addition, subtraction or aggregation
};

class Annotations {
 public:
  // `details` in the order that Note names. `metric_name` is for the notes that say "then the
  // metric"; it may be empty.
  void Add(Note note, PositionRange pos, std::initializer_list<std::string_view> details = {},
           std::string_view metric_name = "");

  void InvalidQuantile(double q, PositionRange pos);
  void InvalidRatio(double ratio, double capped_to, PositionRange pos);
  // `metric_name` may be empty. Details of the same metric and place are added up.
  void Monotonicity(std::string_view metric_name, PositionRange pos,
                    const ForcedMonotonicity& detail);

  void Merge(const Annotations& other);

  // Appends the final texts, `PromQL warning: … (1:5)`, sorted; positions are line and byte column
  // in `query`, from one.
  void Render(std::string_view query, std::vector<std::string>* warnings,
              std::vector<std::string>* infos) const;

 private:
  using Key = std::pair<std::string, int>;
  std::set<Key> warnings_, infos_;
  std::map<Key, ForcedMonotonicity> monotonicity_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_
