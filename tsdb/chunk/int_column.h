// tsdb/chunk/int_column.h
//
// A column of 64-bit integers in few bytes: the first one, and of the others what is left after the
// common divisor of their distances, as it is, as deltas or as deltas of deltas, whichever is
// smallest, packed in blocks. A block of up to 128 numbers has a base, a width in bits and the
// upper bits of the few that do not fit (after M. Zukowski et al., "Super-Scalar RAM-CPU Cache
// Compression", ICDE 2006). All arithmetic is modulo 2^64, so any column comes back.
//
//   ints  := order:u8  first:zigzag  [multiplier:varint]  [slope:zigzag]  block*
//   block := base:zigzag  width:u8  [outliers:u8]  packed  (position:u8)*  (upper:varint)*
//
// docs/format/columns.md has the tables and an example. Used by value_column.h and time_column.h.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_CHUNK_INT_COLUMN_H_
#define HEARTH_TSDB_CHUNK_INT_COLUMN_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tsdb/chunk/column_kernels.h"
#include "tsdb/chunk/varint.h"

namespace hearth {

// The most numbers a column may have: what a damaged one can make a reader allocate.
inline constexpr size_t kColumnSamplesMax = 4096;

// Appends the column to *out. 1 <= x.size() <= kColumnSamplesMax.
void EncodeInts(std::span<const int64_t> x, std::string* out);

// Reads a column of `n` numbers, 1 <= n <= kColumnSamplesMax, to out[0, n). False when the bytes
// are malformed; out[0, n) then has any values.
bool DecodeInts(VarintReader* reader, size_t n, int64_t* out,
                const ColumnKernels& kernels = Kernels());

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_INT_COLUMN_H_
