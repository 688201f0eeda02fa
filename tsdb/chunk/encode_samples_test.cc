#include "tsdb/chunk/encode_samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace hearth {
namespace {

TEST(EncodeSamples, CutsAndGivesEverySampleBack) {
  for (const size_t n : {size_t{0}, size_t{1}, kRewrittenChunkSamples, kRewrittenChunkSamples + 1,
                         3 * kRewrittenChunkSamples + 7}) {
    std::vector<TimeMs> t;
    std::vector<double> v;
    for (size_t i = 0; i < n; ++i) {
      t.push_back(static_cast<TimeMs>(i * i + 5));
      v.push_back(std::sin(static_cast<double>(i)));
    }
    const std::vector<EncodedChunk> chunks = EncodeSamples(t, v);
    EXPECT_EQ(chunks.size(), (n + kRewrittenChunkSamples - 1) / kRewrittenChunkSamples);
    SampleColumns columns;
    for (const EncodedChunk& chunk : chunks) {
      EXPECT_LE(chunk.meta.count, kRewrittenChunkSamples);
      ASSERT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, chunk.meta.range(), &columns).ok());
    }
    EXPECT_EQ(columns.t, t);
    EXPECT_EQ(columns.v, v);
  }
}

}  // namespace
}  // namespace hearth
