#include "tsdb/chunk/encoding.h"

#include "model/text.h"
#include "tsdb/chunk/xor_chunk.h"

namespace hearth {
namespace {

constexpr ChunkEncodingSpec kEncodings[] = {
    {.id = ChunkEncoding::kXor, .name = "xor", .decode = &DecodeXorChunk},
};

}  // namespace

std::span<const ChunkEncodingSpec> ChunkEncodings() { return kEncodings; }

const ChunkEncodingSpec* FindChunkEncoding(uint8_t id) {
  for (const ChunkEncodingSpec& spec : kEncodings) {
    if (static_cast<uint8_t>(spec.id) == id) return &spec;
  }
  return nullptr;
}

absl::Status DecodeChunk(const ChunkMeta& meta, std::string_view bytes, TimeRange range,
                         SampleColumns* append_to) {
  const ChunkEncodingSpec* spec = FindChunkEncoding(static_cast<uint8_t>(meta.encoding));
  if (spec == nullptr) {
    return absl::DataLossError(StrCat("chunk of ", bytes.size(), " bytes has the unknown encoding ",
                                      static_cast<int>(meta.encoding)));
  }
  return spec->decode(meta, bytes, range, append_to);
}

}  // namespace hearth
