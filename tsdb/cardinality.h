// tsdb/cardinality.h
//
// Where the series in memory come from: the tables of /api/v1/status/tsdb. Counted on demand by one walk over the head's labels (about
// a microsecond a series), so appends keep no counters for it.
//
// Thread safety: pure function.
#ifndef HEARTH_TSDB_CARDINALITY_H_
#define HEARTH_TSDB_CARDINALITY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tsdb/storage.h"

namespace hearth {

struct Cardinality {
  // Largest first, equal ones by name; each at most as long as the limit.
  using Ranking = std::vector<std::pair<std::string, uint64_t>>;

  uint64_t series = 0;
  uint64_t label_pairs = 0;      // Distinct.
  Ranking series_by_metric;
  Ranking values_by_label;       // Distinct values of each label name.
  Ranking bytes_by_label;        // Bytes of the values of each label name, repetitions counted.
  Ranking series_by_label_pair;  // "name=value".
};

Cardinality CountCardinality(const SeriesSet& series, size_t limit);

}  // namespace hearth

#endif  // HEARTH_TSDB_CARDINALITY_H_
