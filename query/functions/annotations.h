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

// Instead of the last step that an annotation is due to.
inline constexpr TimeMs kUnknownStep = std::numeric_limits<TimeMs>::min();
inline constexpr TimeMs kEveryStep = std::numeric_limits<TimeMs>::max();

class Annotations {
 public:
  // `details` in the order that Note names. `metric_name` is for the notes that say "then the
  // metric"; it may be empty. `last_step`: an evaluation of later steps alone would not say this,
  // one that has this step would.
  void Add(Note note, PositionRange pos, std::initializer_list<std::string_view> details = {},
           std::string_view metric_name = "", TimeMs last_step = kUnknownStep);

  void InvalidQuantile(double q, PositionRange pos);
  void InvalidRatio(double ratio, double capped_to, PositionRange pos);
  // `metric_name` may be empty. Details of the same metric and place are added up.
  void Monotonicity(std::string_view metric_name, PositionRange pos,
                    const ForcedMonotonicity& detail);

  void Merge(const Annotations& other);

  // Whether the last step of each is known.
  bool attributed() const { return attributed_; }
  // What steps from `first_step` on have to say, where it is attributed.
  Annotations From(TimeMs first_step) const;
  // What it takes in memory.
  size_t bytes() const;

  // Appends the final texts, `PromQL warning: … (1:5)`, sorted; positions are line and byte column
  // in `query`, from one.
  void Render(std::string_view query, std::vector<std::string>* warnings,
              std::vector<std::string>* infos) const;

 private:
  using Key = std::pair<std::string, int>;
  using Raised = std::map<Key, TimeMs>;  // To the last step.

  // What was said last, with one detail: the series of a metric say the same one after the other.
  struct Said {
    Note note = Note::kInvalidQuantile;
    int start = -1;
    std::string detail;
    TimeMs last_step = kUnknownStep;
  };

  static void Raise(const Key& key, TimeMs last_step, Raised* raised);

  Raised warnings_, infos_;
  bool attributed_ = true;
  std::map<Key, ForcedMonotonicity> monotonicity_;
  Said said_;  // It has been raised; start -1: nothing is known.
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_
