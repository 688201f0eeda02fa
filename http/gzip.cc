#include "http/gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>

#include "model/text.h"

namespace hearth::http {
namespace {

constexpr size_t kFooterBytes = 4;         // ISIZE stands in the last four bytes.
constexpr size_t kDeflateRatioMax = 1032;  // What DEFLATE can reach at most.
constexpr size_t kFirstBufferBytesMin = 4096;

struct FreeCompressor {
  void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

// How long the last member says it is. A hint only: it may lie, and there may be several members.
size_t DeclaredBytes(std::string_view data) {
  if (data.size() < kFooterBytes) return 0;
  uint8_t b[kFooterBytes];
  std::memcpy(b, data.data() + data.size() - kFooterBytes, kFooterBytes);
  return b[0] | size_t{b[1]} << 8 | size_t{b[2]} << 16 | size_t{b[3]} << 24;
}

}  // namespace

void GzipCompress(std::string_view data, int level, std::string* out) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(level));
  out->resize(libdeflate_gzip_compress_bound(compressor.get(), data.size()));
  out->resize(libdeflate_gzip_compress(compressor.get(), data.data(), data.size(), out->data(),
                                       out->size()));
}

absl::Status GzipDecompress(std::string_view data, size_t max_bytes, std::string* out) {
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> decompressor(
      libdeflate_alloc_decompressor());
  const size_t in_bytes = data.size();
  // A declared length is believed only as far as the input could inflate to and as the caller
  // allows.
  const size_t possible = std::min(max_bytes, in_bytes * kDeflateRatioMax);
  size_t room = std::clamp(DeclaredBytes(data), std::min(kFirstBufferBytesMin, max_bytes),
                           std::max(possible, std::min(kFirstBufferBytesMin, max_bytes)));
  size_t written = 0;
  out->resize(room);
  do {
    size_t consumed = 0, produced = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor.get(), data.data(), data.size(),
                                      out->data() + written, room - written, &consumed, &produced);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (room >= max_bytes) {
        return absl::ResourceExhaustedError(
            StrCat("gzip body of ", in_bytes, " bytes inflates to more than ", max_bytes));
      }
      room = room > max_bytes / 2 ? max_bytes : std::max<size_t>(room * 2, 1);
      out->resize(room);
      continue;  // The same member again, with more room.
    }
    if (result != LIBDEFLATE_SUCCESS) {
      return absl::InvalidArgumentError(StrCat("gzip body of ", in_bytes,
                                               " bytes: invalid data at byte ",
                                               in_bytes - data.size(), " or later"));
    }
    data.remove_prefix(consumed);
    written += produced;
  } while (!data.empty());
  out->resize(written);
  return absl::OkStatus();
}

}  // namespace hearth::http
