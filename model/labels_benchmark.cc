// Cost of hashing, comparing and building a label set of ten labels.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "model/labels.h"

namespace hearth {
namespace {

Labels MakeLabels(int i) {
  return Labels{{"__name__", "node_cpu_seconds_total"},
                {"cluster", "production-blue"},
                {"cpu", std::to_string(i % 64)},
                {"env", "prod"},
                {"instance", "host-" + std::to_string(i / 512) + ".example.org:9100"},
                {"job", "node"},
                {"mode", i % 2 == 0 ? "user" : "system"},
                {"pod", "node-exporter-" + std::to_string(i)},
                {"region", "eu-central-1"},
                {"zone", "eu-central-1a"}};
}

constexpr int kSets = 1000;

std::vector<Labels> MakeSets() {
  std::vector<Labels> sets;
  for (int i = 0; i < kSets; ++i) sets.push_back(MakeLabels(i));
  return sets;
}

void BM_Fingerprint(benchmark::State& state) {
  const std::vector<Labels> sets = MakeSets();
  int64_t bytes = 0;
  for (const Labels& labels : sets) bytes += static_cast<int64_t>(labels.bytes().size());
  for (auto _ : state) {
    for (const Labels& labels : sets) benchmark::DoNotOptimize(FingerprintOf(labels.bytes()));
  }
  state.SetItemsProcessed(state.iterations() * kSets);
  state.SetBytesProcessed(state.iterations() * bytes);
}
BENCHMARK(BM_Fingerprint);

void BM_Compare(benchmark::State& state) {
  const std::vector<Labels> sets = MakeSets();
  for (auto _ : state) {
    for (size_t i = 1; i < sets.size(); ++i) {
      benchmark::DoNotOptimize(Compare(sets[i - 1].view(), sets[i].view()));
    }
  }
  state.SetItemsProcessed(state.iterations() * (kSets - 1));
}
BENCHMARK(BM_Compare);

void BM_IsCanonical(benchmark::State& state) {
  const std::vector<Labels> sets = MakeSets();
  for (auto _ : state) {
    for (const Labels& labels : sets) benchmark::DoNotOptimize(IsCanonical(labels.bytes()));
  }
  state.SetItemsProcessed(state.iterations() * kSets);
}
BENCHMARK(BM_IsCanonical);

// What a label matcher costs on a series that the index did not narrow down.
void BM_GetLastLabel(benchmark::State& state) {
  const std::vector<Labels> sets = MakeSets();
  for (auto _ : state) {
    for (const Labels& labels : sets) benchmark::DoNotOptimize(labels.Get("zone"));
  }
  state.SetItemsProcessed(state.iterations() * kSets);
}
BENCHMARK(BM_GetLastLabel);

void BM_Build(benchmark::State& state) {
  const std::vector<Labels> sets = MakeSets();
  LabelsBuilder builder;
  for (auto _ : state) {
    for (const Labels& labels : sets) {
      builder.Reset(labels);
      benchmark::DoNotOptimize(builder.Build());
    }
  }
  state.SetItemsProcessed(state.iterations() * kSets);
}
BENCHMARK(BM_Build);

}  // namespace
}  // namespace hearth
