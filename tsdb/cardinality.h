// tsdb/cardinality.h
//
// Where the series in memory come from, and which metrics take how many bytes: the tables of
// /api/v1/status/tsdb. Counted on demand from the head's label pairs, so appends keep no counters
// for it; only the rows that are shown become strings.
//
// Thread safety: none of its own.
#ifndef HEARTH_TSDB_CARDINALITY_H_
#define HEARTH_TSDB_CARDINALITY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/text.h"

namespace hearth {

struct Cardinality {
  // Largest first, equal ones by name; each at most as long as the limit.
  using Ranking = std::vector<std::pair<std::string, uint64_t>>;

  uint64_t series = 0;
  uint64_t label_pairs = 0;  // Distinct.
  Ranking series_by_metric;
  Ranking values_by_label;       // Distinct values of each label name.
  Ranking bytes_by_label;        // Bytes of the values of each label name, repetitions counted.
  Ranking series_by_label_pair;  // "name=value".
};

// Where the bytes are, by metric name.
struct MetricBytesRanking {
  Cardinality::Ranking memory;
  Cardinality::Ranking disk;
};

// The `limit` largest, in order.
Cardinality::Ranking Largest(Cardinality::Ranking all, size_t limit);

// Makes the tables of a Cardinality from its label pairs.
class CardinalityCounter {
 public:
  explicit CardinalityCounter(size_t limit) : limit_(limit) {}

  // A distinct pair that `series` series have.
  void Add(std::string_view name, std::string_view value, uint64_t series);
  // When every pair has been added.
  Cardinality Finish(uint64_t series);

 private:
  struct Name {
    uint64_t values = 0;
    uint64_t bytes = 0;
  };

  const size_t limit_;
  uint64_t pairs_ = 0;
  StringMap<Name> names_;
  // At most twice as long as the limit before they are cut to the largest.
  Cardinality::Ranking metrics_, label_pairs_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_CARDINALITY_H_
