// Cost a value of encoding and decoding a column of an hour at 15 s, by kind and kernel.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "tsdb/chunk/time_column.h"
#include "tsdb/chunk/value_column.h"

namespace hearth {
namespace {

constexpr size_t kSamples = 240;

// 0: a counter of integers; 1: one of decimals; 2: a gauge that changes now and then; 3: noise in
// every bit.
std::vector<double> MakeValues(int64_t kind) {
  std::mt19937_64 random(1);
  std::vector<double> v(kSamples);
  int64_t level = 1'000'000;
  for (double& x : v) {
    if (kind < 2 || random() % 4 == 0) level += static_cast<int64_t>(random() % 100);
    x = kind == 1   ? static_cast<double>(level) / 100
        : kind == 3 ? std::ldexp(static_cast<double>(random() >> 11), -53)
                    : static_cast<double>(level);
  }
  return v;
}

void BM_EncodeValues(benchmark::State& state) {
  const std::vector<double> v = MakeValues(state.range(0));
  std::string bytes;
  for (auto _ : state) {
    bytes.clear();
    EncodeValues(v, &bytes);
    benchmark::DoNotOptimize(bytes.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
  state.counters["bytes_per_value"] = static_cast<double>(bytes.size()) / kSamples;
}
BENCHMARK(BM_EncodeValues)->DenseRange(0, 3);

void BM_DecodeValues(benchmark::State& state) {
  const std::vector<double> v = MakeValues(state.range(0));
  const auto kernel = static_cast<size_t>(state.range(1));
  if (kernel >= AllColumnKernels().size()) return state.SkipWithError("not on this processor");
  const ColumnKernels& kernels = AllColumnKernels()[kernel];
  std::string bytes;
  EncodeValues(v, &bytes);
  std::vector<double> out(kSamples);
  for (auto _ : state) {
    if (!DecodeValues(bytes, out, kernels).ok()) state.SkipWithError("decode failed");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
  state.SetLabel(std::string(kernels.name));
}
BENCHMARK(BM_DecodeValues)->ArgsProduct({{0, 1, 2, 3}, {0, 1, 2}});

void BM_DecodeTimes(benchmark::State& state) {
  std::mt19937_64 random(1);
  std::vector<TimeMs> t(kSamples), out(kSamples);
  for (size_t i = 0; i < kSamples; ++i) {
    t[i] = 1'700'000'000'000 + static_cast<TimeMs>(i * 15'000 + random() % 9);
  }
  std::string bytes;
  EncodeTimes(t, &bytes);
  for (auto _ : state) {
    if (!DecodeTimes(bytes, t.front(), t.back(), out).ok()) state.SkipWithError("decode failed");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
  state.counters["bytes_per_time"] = static_cast<double>(bytes.size()) / kSamples;
}
BENCHMARK(BM_DecodeTimes);

}  // namespace
}  // namespace hearth
