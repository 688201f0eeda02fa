// Cost of the postings algebra on lists as matchers give them: dense, sparse, and very different in
// size. Items are the ids read.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "tsdb/index/postings.h"

namespace hearth {
namespace {

// Every `stride`-th id on average, below `stride * size`.
Postings MakePostings(size_t size, uint32_t stride, uint64_t seed) {
  std::mt19937_64 random(seed);
  Postings ids;
  uint32_t id = 0;
  for (size_t i = 0; i < size; ++i) {
    id += 1 + static_cast<uint32_t>(random() % (2 * stride - 1));
    ids.push_back(id);
  }
  return ids;
}

// Two lists over the same 1 000 000 ids; the arguments are their strides.
void RunPair(benchmark::State& state, Postings (*combine)(PostingsView, PostingsView)) {
  constexpr size_t kIds = 1'000'000;
  const auto stride_a = static_cast<uint32_t>(state.range(0));
  const auto stride_b = static_cast<uint32_t>(state.range(1));
  const Postings a = MakePostings(kIds / stride_a, stride_a, 1);
  const Postings b = MakePostings(kIds / stride_b, stride_b, 2);
  for (auto _ : state) benchmark::DoNotOptimize(combine(a, b));
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(a.size() + b.size()));
}

void BM_Intersect(benchmark::State& state) { RunPair(state, &Intersect); }
BENCHMARK(BM_Intersect)->Args({2, 3})->Args({10, 10})->Args({2, 1000})->Args({1000, 2});

void BM_Without(benchmark::State& state) { RunPair(state, &Without); }
BENCHMARK(BM_Without)->Args({2, 3})->Args({10, 10})->Args({2, 1000})->Args({1000, 2});

// As a regular expression that matches many values does.
void BM_Merge(benchmark::State& state) {
  constexpr uint32_t kIds = 1'000'000;
  const auto count = static_cast<uint32_t>(state.range(0));
  std::vector<Postings> lists;
  for (uint32_t i = 0; i < count; ++i) lists.push_back(MakePostings(kIds / count, count, i));
  const std::vector<PostingsView> views(lists.begin(), lists.end());
  for (auto _ : state) benchmark::DoNotOptimize(Merge(views));
  state.SetItemsProcessed(state.iterations() * kIds);
}
BENCHMARK(BM_Merge)->Arg(2)->Arg(50)->Arg(10'000);

}  // namespace
}  // namespace hearth
