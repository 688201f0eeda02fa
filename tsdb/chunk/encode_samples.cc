#include "tsdb/chunk/encode_samples.h"

#include <algorithm>
#include <utility>

#include "tsdb/chunk/xor_chunk.h"

namespace hearth {

static_assert(kRewrittenChunkSamples <= kXorMaxSamples);

std::vector<EncodedChunk> EncodeSamples(std::span<const TimeMs> t, std::span<const double> v) {
  std::vector<EncodedChunk> chunks;
  std::string buffer(XorMaxBytes(kRewrittenChunkSamples) + kXorAppendSlack, '\0');
  for (size_t begin = 0; begin < t.size(); begin += kRewrittenChunkSamples) {
    const size_t end = std::min(t.size(), begin + kRewrittenChunkSamples);
    XorState state;
    for (size_t i = begin; i < end; ++i) XorAppend(t[i], v[i], buffer.data(), &state);
    chunks.push_back({ChunkMeta{t[begin], t[end - 1], state.count, ChunkEncoding::kXor},
                      buffer.substr(0, XorBytes(state))});
  }
  return chunks;
}

}  // namespace hearth
