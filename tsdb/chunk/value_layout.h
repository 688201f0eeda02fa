// tsdb/chunk/value_layout.h
//
// What writer and reader of value_column.h share: docs/format/columns.md. Persisted: must not be
// renumbered.
#ifndef HEARTH_TSDB_CHUNK_VALUE_LAYOUT_H_
#define HEARTH_TSDB_CHUNK_VALUE_LAYOUT_H_

#include <array>
#include <cstdint>

namespace hearth::value_layout {

// Bits 0 and 1 of the first byte: what the content is.
inline constexpr uint8_t kContentMask = 3;
inline constexpr uint8_t kDecimals = 0;  // Integers, to be divided by a power of ten.
inline constexpr uint8_t kOrdered = 1;   // The bits, mapped so that they sort as the numbers do.
inline constexpr uint8_t kOne = 2;       // A single value: 8 bytes.
// Further bits.
inline constexpr uint8_t kRuns = 1 << 2;        // Values that repeat the one before are left out.
inline constexpr uint8_t kRunBits = 1 << 3;     // Runs as a bit a value, not as lengths.
inline constexpr uint8_t kExceptions = 1 << 4;  // Of decimals.
inline constexpr uint8_t kKnownBits = 0x1f;

// Powers of ten that a double has exactly, which makes the division exact to the last bit.
inline constexpr std::array<double, 23> kPowersOfTen = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

}  // namespace hearth::value_layout

#endif  // HEARTH_TSDB_CHUNK_VALUE_LAYOUT_H_
