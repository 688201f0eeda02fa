// A chunk's bytes with a header that claims anything.
#include <cstdlib>
#include <cstring>

#include "tools/fuzz/fuzz.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/chunk/xor_chunk.h"

namespace hearth {
namespace {

// mint 8, maxt 8, count 2, encoding 1, then the chunk.
constexpr size_t kHeaderBytes = 19;

std::string Input(const std::vector<Sample>& samples) {
  std::string chunk(XorMaxBytes(samples.size()) + 2 * kXorAppendSlack, '\0');
  XorState state;
  for (const Sample& sample : samples) XorAppend(sample.t, sample.v, chunk.data(), &state);
  chunk.resize(XorBytes(state));
  std::string input(kHeaderBytes, '\0');
  const auto count = static_cast<uint16_t>(samples.size());
  std::memcpy(input.data(), &samples.front().t, 8);
  std::memcpy(input.data() + 8, &samples.back().t, 8);
  std::memcpy(input.data() + 16, &count, 2);
  input[18] = static_cast<char>(ChunkEncoding::kXor);
  return input + chunk;
}

}  // namespace

std::vector<std::string> fuzz::Corpus() {
  std::vector<Sample> steady, wild;
  for (int i = 0; i < 120; ++i) {
    steady.push_back({1'700'000'000'000 + i * 15'000, i * 10.0});
    wild.push_back({int64_t{i} * i * i * 1'000'003, 1.0 / (i - 50.5)});
  }
  return {Input(steady), Input(wild), Input({{0, 0.0}})};
}

}  // namespace hearth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < hearth::kHeaderBytes) return 0;
  hearth::ChunkMeta meta;
  uint16_t count = 0;
  std::memcpy(&meta.mint, data, 8);
  std::memcpy(&meta.maxt, data + 8, 8);
  std::memcpy(&count, data + 16, 2);
  meta.count = count;
  meta.encoding = static_cast<hearth::ChunkEncoding>(data[18]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + hearth::kHeaderBytes,
                               size - hearth::kHeaderBytes);
  hearth::SampleColumns columns;
  const absl::Status status = hearth::DecodeChunk(meta, bytes, hearth::TimeRange(), &columns);
  if (columns.t.size() != columns.v.size() || columns.t.size() > meta.count) std::abort();
  if (!status.ok() && !columns.t.empty()) std::abort();
  for (size_t i = 1; i < columns.t.size(); ++i) {
    if (columns.t[i - 1] >= columns.t[i]) std::abort();
  }
  return 0;
}
