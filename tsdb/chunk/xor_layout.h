// tsdb/chunk/xor_layout.h
//
// The constants of the XOR encoding's bit layout, for its writer (xor_chunk.cc) and its reader
// (xor_decoder.cc). They are the format: docs/format/chunk.md.
#ifndef HEARTH_TSDB_CHUNK_XOR_LAYOUT_H_
#define HEARTH_TSDB_CHUNK_XOR_LAYOUT_H_

#include <cstdint>

namespace hearth::xor_layout {

// One bucket of deltas of deltas: `prefix_bits` ones-and-a-zero, then `value_bits` of two's
// complement.
struct DodBucket {
  uint8_t prefix_bits;
  uint8_t value_bits;
};
// Indexed by the number of leading one bits of the code. The order is the format:
// docs/format/chunk.md.
inline constexpr DodBucket kDodBuckets[] = {{1, 0},  {2, 4},  {3, 7}, {4, 9},
                                            {5, 14}, {6, 20}, {6, 64}};
inline constexpr int kDodRaw = 6;
inline constexpr int kLeadingBits = 5;
inline constexpr int kMeaningfulBits = 6;
inline constexpr unsigned kLeadingMax = (1u << kLeadingBits) - 1;

}  // namespace hearth::xor_layout

#endif  // HEARTH_TSDB_CHUNK_XOR_LAYOUT_H_
