// Cost a sample of appending to and decoding an XOR chunk of 120 samples.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "tsdb/chunk/xor_chunk.h"

namespace hearth {
namespace {

constexpr int kSamples = 120;

// 0: a counter of integers on an exact schedule; 1: the same with jitter; 2: random floats with
// jitter.
std::vector<Sample> MakeSamples(int64_t kind) {
  std::mt19937_64 random(1);
  std::vector<Sample> samples;
  double v = 1e6;
  for (int i = 0; i < kSamples; ++i) {
    v += static_cast<double>(random() % 100);
    const TimeMs jitter = kind == 0 ? 0 : static_cast<TimeMs>(random() % 9) - 4;
    const double value =
        kind == 2 ? std::bit_cast<double>((random() >> 12) | (uint64_t{1023} << 52)) : v;
    samples.push_back({1'700'000'000'000 + i * 15'000 + jitter, value});
  }
  return samples;
}

XorState Encode(const std::vector<Sample>& samples, char* buffer) {
  XorState state;
  for (const Sample& s : samples) XorAppend(s.t, s.v, buffer, &state);
  return state;
}

void BM_XorAppend(benchmark::State& state) {
  const std::vector<Sample> samples = MakeSamples(state.range(0));
  std::vector<char> buffer(XorMaxBytes(kSamples) + kXorAppendSlack);
  size_t bytes = 0;
  for (auto _ : state) {
    bytes = XorBytes(Encode(samples, buffer.data()));
    benchmark::DoNotOptimize(buffer.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
  state.counters["bytes_per_sample"] = static_cast<double>(bytes) / kSamples;
}
BENCHMARK(BM_XorAppend)->DenseRange(0, 2);

void BM_XorDecode(benchmark::State& state) {
  const std::vector<Sample> samples = MakeSamples(state.range(0));
  std::vector<char> buffer(XorMaxBytes(kSamples) + kXorAppendSlack);
  const XorState end = Encode(samples, buffer.data());
  const ChunkMeta meta{samples.front().t, samples.back().t, kSamples, ChunkEncoding::kXor};
  SampleColumns columns;
  for (auto _ : state) {
    columns.Clear();
    if (!DecodeXorChunk(meta, {buffer.data(), XorBytes(end)}, TimeRange(), &columns).ok()) {
      state.SkipWithError("decode failed");
    }
    benchmark::DoNotOptimize(columns.v.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
}
BENCHMARK(BM_XorDecode)->DenseRange(0, 2);

}  // namespace
}  // namespace hearth
