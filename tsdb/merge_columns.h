// tsdb/merge_columns.h
//
// Joins the parts of one series that come from different places: windows, generations, the head.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_MERGE_COLUMNS_H_
#define HEARTH_TSDB_MERGE_COLUMNS_H_

#include <cstddef>

#include "tsdb/storage.h"

namespace hearth {

// columns->t[0, first) and columns->t[first, end) are each ascending without duplicates. Merges
// them into one ascending run; where both have a timestamp, the first part's sample stays. Costs
// nothing when the second part begins after the first ends.
void MergeTail(size_t first, SampleColumns* columns);

// The same for both kinds of samples: the second parts begin at columns->t[first] and at
// columns->histogram_t[first_histogram].
void MergeTails(size_t first, size_t first_histogram, SampleColumns* columns);

}  // namespace hearth

#endif  // HEARTH_TSDB_MERGE_COLUMNS_H_
