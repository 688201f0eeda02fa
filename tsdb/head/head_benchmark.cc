// The write path at 100 000 series: a commit of known series (Find, Append, Commit) and the replay
// of 120 steps.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <string>
#include <vector>

#include "model/fake_clock.h"
#include "tsdb/head/head.h"

namespace hearth {
namespace {

constexpr int kSeries = 100'000;
constexpr size_t kBatch = 2'000;
constexpr TimeMs kStart = 1'700'000'000'000;

struct Fixture {
  Fixture() {
    dir = std::filesystem::temp_directory_path() / "hearth_head_benchmark";
    std::filesystem::remove_all(dir);
    options.fs = &PosixFileSystem();
    options.clock = &clock;
    options.wal_dir = dir + "/wal";
    options.chunks_dir = dir + "/chunks";
    Open();
    const auto appender = head->NewAppender();
    for (int i = 0; i < kSeries; ++i) {
      const Labels labels = {{"__name__", "node_cpu_seconds_total"},
                             {"cluster", "production"},
                             {"cpu", std::to_string(i % 64)},
                             {"instance", "host-" + std::to_string(i / 512) + ".example.org:9100"},
                             {"job", "node"},
                             {"mode", "mode-" + std::to_string(i / 64 % 8)}};
      fingerprints.push_back(labels.Fingerprint());
      if (!appender->FindOrCreate(labels).ok()) std::abort();
    }
  }
  ~Fixture() {
    head.reset();
    std::filesystem::remove_all(dir);
  }

  void Open() {
    head.reset();
    auto opened = Head::Open(options, {});
    if (!opened.ok()) std::abort();
    head = *std::move(opened);
  }

  // One sample for each series, in commits of kBatch.
  void Round() {
    const auto appender = head->NewAppender();
    std::vector<SeriesRef> refs(kBatch);
    const TimeMs t = kStart + step * 15'000;
    for (size_t from = 0; from < fingerprints.size(); from += kBatch) {
      appender->Find(std::span(fingerprints).subspan(from, kBatch), refs);
      for (size_t i = 0; i < kBatch; ++i) {
        appender->Append(
            refs[i], {t, static_cast<double>(step * 37 + static_cast<int64_t>(from + i) % 1000)},
            0);
      }
      const auto result = appender->Commit();
      if (!result.ok() || result->count(AppendOutcome::kAppended) != kBatch) std::abort();
    }
    ++step;
  }

  FakeClock clock{kStart + 3'600'000 * 10};
  std::string dir;
  HeadOptions options;
  std::unique_ptr<Head> head;
  std::vector<Fingerprint> fingerprints;
  int64_t step = 0;
};

void BM_AppendKnownSeries(benchmark::State& state) {
  Fixture fixture;
  fixture.Round();
  for (auto _ : state) fixture.Round();
  state.SetItemsProcessed(state.iterations() * kSeries);
  const HeadStats stats = fixture.head->Stats();
  state.counters["series_bytes"] = static_cast<double>(stats.series_bytes + stats.label_bytes +
                                                       stats.postings_bytes + stats.locator_bytes) /
                                   kSeries;
  state.counters["chunk_bytes"] = static_cast<double>(stats.chunk_bytes) / kSeries;
}
BENCHMARK(BM_AppendKnownSeries)->Iterations(110)->Unit(benchmark::kMillisecond);

void BM_Replay(benchmark::State& state) {
  Fixture fixture;
  for (int i = 0; i < 119; ++i) fixture.Round();
  for (auto _ : state) fixture.Open();
  state.SetItemsProcessed(state.iterations() * kSeries * 119);
  state.counters["replayed"] = static_cast<double>(fixture.head->Stats().replay.replayed_samples);
  state.counters["wal_bytes_per_sample"] =
      static_cast<double>(fixture.head->Stats().wal_bytes) / (kSeries * 119.0);
}
BENCHMARK(BM_Replay)->Iterations(3)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hearth
