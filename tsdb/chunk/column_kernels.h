// tsdb/chunk/column_kernels.h
//
// The inner loops of the column codecs (int_column.h, value_column.h), compiled once for each width
// of vector registers; the widest that the processor has is chosen once. All of them give the same
// bits: a test and a fuzzer compare each with the first, which is the plain definition.
//
// Thread safety: pure functions; what they write is the caller's.
#ifndef HEARTH_TSDB_CHUNK_COLUMN_KERNELS_H_
#define HEARTH_TSDB_CHUNK_COLUMN_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hearth {

// Widths that numbers are packed to: 0 .. kPackedWidthMax, and 64. A load of eight bytes has all
// bits of a value of the first ones, wherever it begins in its byte.
inline constexpr unsigned kPackedWidthMax = 56;
// How many bytes behind the packed ones unpack may read.
inline constexpr size_t kUnpackSlack = 8;

constexpr size_t PackedBytes(size_t n, unsigned width) { return (n * width + 7) / 8; }

struct ColumnKernels {
  std::string_view name;  // Of the instruction set.

  // out[i] = add + the i-th number of `width` bits, lowest bit first, from the lowest bit of
  // `bytes` on; modulo 2^64. Reads up to kUnpackSlack bytes beyond PackedBytes(n, width).
  void (*unpack)(const uint8_t* bytes, size_t n, unsigned width, uint64_t add, uint64_t* out);
  // x[i] = before + x[0] + … + x[i], modulo 2^64.
  void (*running_sum)(uint64_t before, uint64_t* x, size_t n);
  // x[i] = base + multiplier * x[i], modulo 2^64.
  void (*scale)(uint64_t base, uint64_t multiplier, uint64_t* x, size_t n);
  // out[i] = double(x[i]) / divisor.
  void (*divide)(const int64_t* x, size_t n, double divisor, double* out);
  // out[i] = the double whose bits are x[i], those but the sign inverted where that is set: the
  // inverse of OrderedBits in value_column.cc.
  void (*from_ordered)(const int64_t* x, size_t n, double* out);
};

// Those that this processor can run, the plain one first.
std::span<const ColumnKernels> AllColumnKernels();
// The widest of them.
const ColumnKernels& Kernels();

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_COLUMN_KERNELS_H_
