// tsdb/chunk/time_column.h
//
// The times of a segment as one column. Times on an exact schedule take two bytes; others are
// distances from a schedule, which is what scrape jitter is, or deltas: int_column.h packs them.
//
//   times := kind:u8  [step:varint  ints]
//
// The first and the last time and the number are the segment's to know. docs/format/columns.md.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_CHUNK_TIME_COLUMN_H_
#define HEARTH_TSDB_CHUNK_TIME_COLUMN_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "model/sample.h"
#include "tsdb/chunk/column_kernels.h"
#include "tsdb/chunk/int_column.h"

namespace hearth {

// Whether the times, ascending strictly, are all equally far from their neighbours: mint, maxt and
// their number are all there is to know then. 1 <= t.size().
bool OnSchedule(std::span<const TimeMs> t);
// Fills `t` with equally distant times from mint to maxt. False when there are none.
bool FillSchedule(TimeMs mint, TimeMs maxt, std::span<TimeMs> t);

// Appends the column of times, ascending strictly, to *out. 2 <= t.size() <= kColumnSamplesMax.
void EncodeTimes(std::span<const TimeMs> t, std::string* out);

// Reads a column of t.size() times from mint to maxt (inclusive, milliseconds). kDataLoss when the
// bytes are malformed, when the times do not ascend strictly or do not end at maxt, or when the
// number is below 2 or above kColumnSamplesMax; `t` then has any values.
absl::Status DecodeTimes(std::string_view bytes, TimeMs mint, TimeMs maxt, std::span<TimeMs> t,
                         const ColumnKernels& kernels = Kernels());

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_TIME_COLUMN_H_
