// query/functions/annotations.h
//
// What a query has to say besides its result: warnings and infos, in Prometheus' words, each with
// the place in the query text that caused it. Equal ones are kept once.
//
// Thread safety: none; each worker of a query has its own and they are merged.
#ifndef HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_
#define HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_

#include <cstdint>
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

class Annotations {
 public:
  // `text` without the "PromQL warning: " prefix and without the position.
  void Warn(std::string text, PositionRange pos) { warnings_.emplace(std::move(text), pos.start); }
  void Info(std::string text, PositionRange pos) { infos_.emplace(std::move(text), pos.start); }

  // The messages that several functions share.
  void InvalidQuantile(double q, PositionRange pos);
  void InvalidRatio(double ratio, double capped_to, PositionRange pos);
  void PossibleNonCounter(std::string_view metric_name, PositionRange pos);
  void BadBucketLabel(std::string_view metric_name, std::string_view le, PositionRange pos);
  void StartTimeOverlap(std::string_view metric_name, PositionRange pos);
  void SortIneffective(PositionRange pos);
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

// A float as Go's %g prints it: the shortest text that reads back as the same number.
std::string FormatG(double v);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_ANNOTATIONS_H_
