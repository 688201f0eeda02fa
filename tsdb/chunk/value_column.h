// tsdb/chunk/value_column.h
//
// The values of a segment as one column, bit for bit (NaN payloads, the stale marker, -0). First
// the values that repeat the one before are left out, where that pays; then what is left is written
// as decimal fractions of one scale, found exactly (value == integer / 10^scale, the same bits),
// with the few that are none as exceptions; or, when most are none, as the numbers that their bits
// are. Both are integers: int_column.h packs them. After A. Afroozeh et al., "ALP: Adaptive
// Lossless floating-Point Compression" (SIGMOD 2023).
//
//   values := kind:u8  [runs]  content
//   runs   := count:varint  lengths          (only with kRuns)
//
// docs/format/columns.md has the tables and an example.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_CHUNK_VALUE_COLUMN_H_
#define HEARTH_TSDB_CHUNK_VALUE_COLUMN_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "tsdb/chunk/column_kernels.h"
#include "tsdb/chunk/int_column.h"

namespace hearth {

// Appends the column to *out. 1 <= v.size() <= kColumnSamplesMax.
void EncodeValues(std::span<const double> v, std::string* out);

// Reads a column of out.size() values. kDataLoss when the bytes are malformed or the number is 0 or
// above kColumnSamplesMax; `out` then has any values.
absl::Status DecodeValues(std::string_view bytes, std::span<double> out,
                          const ColumnKernels& kernels = Kernels());

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_VALUE_COLUMN_H_
