// What a flush of 100 000 series costs, what it leaves on disk, and what it costs to select and
// read from it.
//
//   bazel run -c opt //tsdb/store:store_benchmark
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/matcher.h"
#include "model/text.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;
constexpr int kSeries = 100'000;
constexpr int kInstances = 100;
constexpr int kSamples = 240;

struct Data {
  std::vector<Labels> labels;                    // In metric order.
  std::vector<std::vector<std::string>> chunks;  // Two a series.
  std::vector<std::vector<ChunkMeta>> metas;
};

// A third each of constants, counters that grow by whole numbers, and gauges with two decimals; 15
// s with some jitter.
const Data& TheData() {
  static const Data* const data = [] {
    auto* d = new Data;
    std::mt19937 random(1);
    for (int metric = 0; metric < kSeries / kInstances; ++metric) {
      for (int i = 0; i < kInstances; ++i) {
        d->labels.push_back(Labels{{"__name__", StrCat("node_metric_", 1000 + metric, "_total")},
                                   {"cluster", "production-eu-west-1"},
                                   {"instance", StrCat("host-", 100 + i, ".example.com:9100")},
                                   {"job", "node-exporter"},
                                   {"mode", metric % 2 ? "idle" : "system"}});
        double value = random() % 100'000;
        std::vector<std::string> chunks;
        std::vector<ChunkMeta> metas;
        for (int c = 0; c < kSamples / 120; ++c) {
          std::vector<Sample> samples;
          for (int k = 0; k < 120; ++k) {
            if (metric % 3 == 1) value += random() % 50;
            if (metric % 3 == 2) value = (random() % 10'000) / 100.0;
            const auto jitter = static_cast<TimeMs>(random() % 3);
            samples.push_back({(c * 120 + k) * 15'000 + i * 100 + jitter, value});
          }
          chunks.push_back(EncodeXor(samples));
          metas.push_back({samples.front().t, samples.back().t, 120});
        }
        d->chunks.push_back(std::move(chunks));
        d->metas.push_back(std::move(metas));
      }
    }
    return d;
  }();
  return *data;
}

void Write(Store* store) {
  const Data& data = TheData();
  auto writer = GenerationWriter::Create(store->scratch_path(), store->NextGeneration({0, kHour}));
  std::vector<ChunkView> views;
  for (size_t i = 0; i < data.labels.size(); ++i) {
    views.clear();
    for (size_t c = 0; c < data.chunks[i].size(); ++c) {
      views.push_back({data.metas[i][c], data.chunks[i][c]});
    }
    const absl::Status added = (*writer)->Add(data.labels[i], data.labels[i].Fingerprint(), views);
    if (!added.ok()) abort();
  }
  const auto files = (*writer)->Finish({.lsn = 1});
  if (!files.ok() || !store->Ingest(*files).ok() || !store->Publish(files->info).ok()) abort();
}

void BM_Flush(benchmark::State& state) {
  TheData();
  for (auto _ : state) {
    state.PauseTiming();
    TemporaryFolder folder;
    auto store = *Store::Open(OptionsIn(folder.path()));
    state.ResumeTiming();
    Write(store.get());
    state.PauseTiming();
    const StoreStats stats = store->Stats();
    state.counters["sample_bytes_per_sample"] =
        static_cast<double>(stats.sample_bytes) / static_cast<double>(stats.samples);
    state.counters["index_bytes_per_series"] =
        static_cast<double>(stats.index_bytes) / static_cast<double>(stats.series_max);
    store.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_Flush)->Unit(benchmark::kMillisecond)->Iterations(3);

// One metric of all instances, or one instance's every metric: postings, labels, bundles, samples.
void BM_SelectAndRead(benchmark::State& state) {
  TemporaryFolder folder;
  auto store = *Store::Open(OptionsIn(folder.path()));
  Write(store.get());
  const Matcher matcher = state.range(0) == 0
                              ? Matcher::Equal("__name__", "node_metric_1500_total")
                              : Matcher::Equal("instance", "host-150.example.com:9100");
  const GenerationReader reader(store.get(), store->version()->generations[0]);
  size_t series = 0;
  for (auto _ : state) {
    const Postings ids = *SelectPostings(reader, {&matcher, 1});
    series = ids.size();
    size_t bytes = 0;
    (void)reader.ReadSeries(ids, [&](size_t, const Fingerprint&, LabelsView labels) {
      bytes += labels.bytes().size();
    });
    if (state.range(1) != 0) {
      SampleColumns columns;
      (void)reader.ReadBundles(ids, [&](size_t, std::string_view bundle) {
        columns.Clear();
        (void)reader.DecodeSamples(bundle, TimeRange{}, &columns);
        benchmark::DoNotOptimize(columns.v.data());
      });
    }
    benchmark::DoNotOptimize(bytes);
  }
  state.counters["series"] = static_cast<double>(series);
}
BENCHMARK(BM_SelectAndRead)
    ->ArgNames({"across", "samples"})
    ->Args({0, 0})
    ->Args({0, 1})
    ->Args({1, 0})
    ->Args({1, 1})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace hearth
