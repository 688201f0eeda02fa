// tsdb/chunk/encoding.h
//
// The kinds of chunk: encoded runs of samples of one series, and the one table that says how each
// is read. A chunk's bytes do not describe themselves: its ChunkMeta is stored beside it by whoever
// keeps it (chunk log, store). Format: docs/format/chunk.md.
//
// Adding an encoding: a value below, a row in encoding.cc, a section in the format page.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_CHUNK_ENCODING_H_
#define HEARTH_TSDB_CHUNK_ENCODING_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "model/sample.h"
#include "tsdb/storage.h"

namespace hearth {

// Persisted in the chunk log and in the store: values must not be renumbered. 0 is never an
// encoding.
enum class ChunkEncoding : uint8_t {
  kXor = 1,  // tsdb/chunk/xor_chunk.h
  // Values alone (tsdb/chunk/value_column.h), whose times are elsewhere: in the store only, which
  // reads them itself (tsdb/store/segment.h). No row in the table: it is no chunk.
  kColumns = 2,
};

struct ChunkMeta {
  TimeMs mint = 0;     // Time of the first sample.
  TimeMs maxt = 0;     // Time of the last sample; both inclusive.
  uint32_t count = 0;  // Samples, at least 1.
  ChunkEncoding encoding = ChunkEncoding::kXor;

  TimeRange range() const { return {mint, maxt}; }
  friend bool operator==(const ChunkMeta&, const ChunkMeta&) = default;
};

struct ChunkEncodingSpec {
  ChunkEncoding id;
  std::string_view name;
  // See DecodeChunk.
  absl::Status (*decode)(const ChunkMeta& meta, std::string_view bytes, TimeRange range,
                         SampleColumns* append_to);
};

// All encodings, in order of id.
std::span<const ChunkEncodingSpec> ChunkEncodings();
// Null for an id that no encoding has.
const ChunkEncodingSpec* FindChunkEncoding(uint8_t id);

// Appends the samples of a chunk with t in `range` (inclusive) to *append_to, in ascending time
// order. `bytes` and `meta` may be damaged: the answer is then kDataLoss (or wrong values, which
// only a checksum can tell; never undefined behaviour, nor an allocation that the size of `bytes`
// does not justify), and *append_to is as before.
absl::Status DecodeChunk(const ChunkMeta& meta, std::string_view bytes, TimeRange range,
                         SampleColumns* append_to);

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_ENCODING_H_
