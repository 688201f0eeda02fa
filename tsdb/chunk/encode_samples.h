// tsdb/chunk/encode_samples.h
//
// Columns of samples back into chunks: for whoever rewrites what was encoded before (merges of
// windows, deletes).
//
// Thread safety: pure function.
#ifndef HEARTH_TSDB_CHUNK_ENCODE_SAMPLES_H_
#define HEARTH_TSDB_CHUNK_ENCODE_SAMPLES_H_

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "model/sample.h"
#include "tsdb/chunk/encoding.h"

namespace hearth {

// As many samples as a chunk of the head has.
inline constexpr size_t kRewrittenChunkSamples = 120;

struct EncodedChunk {
  ChunkMeta meta;
  std::string bytes;
};

// The chunks of samples in ascending time order, at most kRewrittenChunkSamples each. t.size() ==
// v.size(); no samples, no chunks.
std::vector<EncodedChunk> EncodeSamples(std::span<const TimeMs> t, std::span<const double> v);

}  // namespace hearth

#endif  // HEARTH_TSDB_CHUNK_ENCODE_SAMPLES_H_
