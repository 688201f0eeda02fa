// tsdb/chunk/xor_chunk.h
//
// The open chunk's encoding: timestamps as deltas of deltas, values XORed with the one before,
// packed bit by bit, after T. Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series
// Database" (VLDB 2015). The buckets for deltas of deltas are finer than the paper's, because
// scrape jitter of a few milliseconds costs more bits than values do. Bit layout:
// docs/format/chunk.md.
//
// The writer's state (XorState) and its bytes are apart, so that the head keeps the state in its
// series and the bytes in an arena. A chunk can be copied after any sample: its first
// XorBytes(state) bytes and state.count are a valid chunk.
//
//   XorState state;                                  // Zeroed.
//   if (XorBytes(state) + kXorAppendSlack > capacity) grow();   // The old bytes are copied by the
//   caller. XorAppend(t, v, buffer, &state);
//
// Thread safety: none; a chunk that is being appended to belongs to one thread.
#ifndef HEARTH_TSDB_CHUNK_XOR_CHUNK_H_
#define HEARTH_TSDB_CHUNK_XOR_CHUNK_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "model/sample.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/storage.h"

namespace hearth {

// What the writer must remember between samples. All zero = an empty chunk.
struct XorState {
  TimeMs t = 0;  // The last sample.
  uint64_t v_bits = 0;
  int64_t delta = 0;    // t minus the time before it; 0 after the first sample.
  uint32_t bits = 0;    // Written so far.
  uint16_t count = 0;   // Samples so far, at most kXorMaxSamples.
  uint8_t leading = 0;  // The value window: leading zero bits (0..31) and meaningful bits (0 = none
                        // yet, else 1..64).
  uint8_t meaningful = 0;
};

// The first sample takes 64 bits (its time is ChunkMeta::mint); a later one 2 to 147 bits: at most
// 70 for the time and 77 for the value.
inline constexpr size_t kXorMaxSampleBits = 147;
// A buffer must have this many bytes beyond XorBytes(state) when XorAppend is called: the largest
// sample plus the width of the last store.
inline constexpr size_t kXorAppendSlack = 32;
// The cap of one chunk: state.count must not pass it. (XorMaxBytes(n) tells what n samples can
// take.)
inline constexpr uint16_t kXorMaxSamples = 32'000;
constexpr size_t XorMaxBytes(size_t samples) {
  return (64 + (samples - 1) * kXorMaxSampleBits + 7) / 8;
}

inline size_t XorBytes(const XorState& state) { return (state.bits + 7) / 8; }

// Appends a sample whose time is after state->t (any time for the first). Writes only to
// buffer[state->bits / 8, XorBytes + kXorAppendSlack); bits after the last one of the chunk's last
// byte are zero.
void XorAppend(TimeMs t, double v, char* buffer, XorState* state);

// Appends the chunk of samples (t[i], v[i]) to *out and answers what is to be kept beside it. Times
// ascend strictly; 1 <= t.size() == v.size() <= kXorMaxSamples.
ChunkMeta EncodeXorChunk(std::span<const TimeMs> t, std::span<const double> v, std::string* out);

// DecodeChunk for ChunkEncoding::kXor.
absl::Status DecodeXorChunk(const ChunkMeta& meta, std::string_view bytes, TimeRange range,
                            SampleColumns* append_to);

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_XOR_CHUNK_H_
