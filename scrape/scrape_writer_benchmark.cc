// Nanoseconds a sample of a whole scrape without network and storage: parse, cache, append to an
// appender that forgets.
#include <benchmark/benchmark.h>

#include "model/text.h"
#include "scrape/scrape_writer.h"

namespace hearth {
namespace {

class NullAppender : public Appender {
 public:
  void Find(std::span<const Fingerprint>, std::span<SeriesRef>) override {}
  absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels) override {
    return SeriesRef{labels.Fingerprint().lo | 1};
  }
  void Append(SeriesRef ref, Sample sample, TimeMs) override {
    sum_ += ref.id + static_cast<uint64_t>(sample.t);
  }
  void AppendHistogram(SeriesRef, TimeMs, const Histogram&, TimeMs) override {}
  void AppendExemplar(SeriesRef, const Exemplar&) override {}
  void UpdateMetadata(std::string_view, const Metadata&) override {}
  absl::StatusOr<CommitResult> Commit() override { return CommitResult(); }
  void Rollback() override {}

 private:
  uint64_t sum_ = 0;
};

class NullStorage : public Appendable {
 public:
  std::unique_ptr<Appender> NewAppender() override { return std::make_unique<NullAppender>(); }
};

std::string MakeBody(int samples, int generation) {
  std::string body =
      "# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.\n# TYPE "
      "node_cpu_seconds_total counter\n";
  static constexpr std::string_view kModes[] = {"idle",    "iowait", "irq",    "nice",
                                                "softirq", "steal",  "system", "user"};
  for (int i = 0; i < samples; ++i) {
    StrAppend(&body, "node_cpu_seconds_total{cpu=\"", i / 8, "\",generation=\"", generation,
              "\",mode=\"", kModes[i % 8], "\",zone=\"eu-west-1a\"} ", 12345.25 + i * 17.01, "\n");
  }
  return body;
}

void RunScrapes(benchmark::State& state, const std::vector<std::string>& bodies) {
  metrics::Registry registry;
  const ScrapeMetrics metrics(&registry);
  NullStorage storage;
  MetadataCache metadata;
  ScrapeWriter writer(&storage, &metrics, &metadata,
                      Labels({{"job", "node"}, {"instance", "host:9100"}}));
  ScrapeReport report;
  report.format = FindFormat("PrometheusText0.0.4");
  size_t i = 0;
  for (auto _ : state) {
    report.t += 1000;
    report.body = bodies[i++ % bodies.size()];
    benchmark::DoNotOptimize(writer.Write(report));
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}

void BM_UnchangedSeries(benchmark::State& state) { RunScrapes(state, {MakeBody(2000, 0)}); }
BENCHMARK(BM_UnchangedSeries);

// Every series is new in every scrape.
void BM_AllSeriesNew(benchmark::State& state) {
  RunScrapes(state, {MakeBody(2000, 0), MakeBody(2000, 1)});
}
BENCHMARK(BM_AllSeriesNew);

}  // namespace
}  // namespace hearth
