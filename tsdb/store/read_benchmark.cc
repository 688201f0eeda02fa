// What it costs to read 500 series out of 10 000 from a sealed day, beside reading as many bytes of
// the same files in sequence. The table readers are opened anew and the pages dropped before each
// read, so the disk is in it.
//
//   bazel run -c opt //tsdb/store:read_benchmark
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "model/matcher.h"
#include "model/text.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kStep = 15'000;
const WindowId kDay{0, 24 * 3'600'000};
constexpr int kSeries = 10'000;
constexpr int kWanted = 500;

// Ten labels, in the order of MetricOrder. Every metric has kWanted series, and every zone has as
// many, spread over all metrics.
Labels SeriesLabels(int i) {
  return Labels{{"__name__", StrCat("node_metric_", 100 + i / kWanted, "_total")},
                {"cluster", "production-eu-west-1"},
                {"device", StrCat("disk", i % 4)},
                {"env", "production"},
                {"instance", StrCat("host-", 1000 + i % kWanted, ".example.com:9100")},
                {"job", "node-exporter"},
                {"mode", "idle"},
                {"region", "eu-west-1"},
                {"team", "platform"},
                {"zone", StrCat("zone-", 10 + i % (kSeries / kWanted))}};
}

void Check(const absl::Status& status) {
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    std::abort();
  }
}

// A store with the day: counters that grow by whole numbers.
class Day {
 public:
  Day() {
    std::vector<Labels> labels;
    for (int i = 0; i < kSeries; ++i) labels.push_back(SeriesLabels(i));
    std::sort(labels.begin(), labels.end(),
              [](const Labels& a, const Labels& b) { return MetricOrder(a, b); });
    const auto store = *Store::Open(OptionsIn(folder_.path()));
    auto writer = GenerationWriter::Create(store->scratch_path(), store->NextGeneration(kDay));
    std::mt19937 random(1);
    std::vector<TimeMs> t;
    for (TimeMs at = 0; at < kDay.length; at += kStep) t.push_back(at);
    std::vector<double> v(t.size());
    for (const Labels& series : labels) {
      double value = random() % 100'000;
      for (double& x : v) x = value += random() % 50;
      Check((*writer)->Add(series, series.Fingerprint(), t, v));
    }
    const auto files = (*writer)->Finish({.lsn = 1});
    Check(files.status());
    Check(store->Ingest(*files));
    Check(store->Publish(files->info));
  }

  std::unique_ptr<Store> Open() const { return *Store::Open(OptionsIn(folder_.path())); }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.path().extension() == ".sst") files.push_back(entry.path());
    }
    return files;
  }

  void DropPages() const {
    for (const std::string& path : Files()) {
      const int fd = open(path.c_str(), O_RDONLY);
      fdatasync(fd);
      posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
      close(fd);
    }
  }

 private:
  TemporaryFolder folder_;
};

const Day& TheDay() {
  static const auto* const day = new Day;
  return *day;
}

enum class Read { kOneMetric, kSpread, kBytesInSequence };

uint64_t ReadSelected(const Store& store, const Matcher& matcher) {
  const GenerationReader reader(&store, store.version()->generations[0]);
  const Postings ids = *SelectPostings(reader, {&matcher, 1});
  if (ids.size() != kWanted) std::abort();
  uint64_t samples = 0;
  Check(reader.ReadSeries(ids, [](size_t, const Fingerprint&, LabelsView) {}));
  SampleColumns columns;
  Check(reader.ReadBundles(ids, [&](size_t, std::string_view bundle) {
    columns.Clear();
    Check(reader.DecodeSamples(bundle, TimeRange{}, &columns));
    samples += columns.t.size();
  }));
  return samples;
}

// As many bytes of the largest file as kWanted series have on average.
uint64_t ReadInSequence() {
  std::string largest;
  uintmax_t size = 0;
  for (const std::string& path : TheDay().Files()) {
    if (std::filesystem::file_size(path) <= size) continue;
    size = std::filesystem::file_size(path);
    largest = path;
  }
  std::vector<char> bytes(size * kWanted / kSeries);
  const int fd = open(largest.c_str(), O_RDONLY);
  if (pread(fd, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  close(fd);
  benchmark::DoNotOptimize(bytes.data());
  return bytes.size();
}

void BM_FiveHundredOfTenThousand(benchmark::State& state) {
  const auto what = static_cast<Read>(state.range(0));
  const Matcher matcher = what == Read::kOneMetric
                              ? Matcher::Equal("__name__", "node_metric_110_total")
                              : Matcher::Equal("zone", "zone-17");
  TheDay();
  for (auto _ : state) {
    state.PauseTiming();
    const std::unique_ptr<Store> store = TheDay().Open();
    TheDay().DropPages();
    state.ResumeTiming();
    state.counters[what == Read::kBytesInSequence ? "bytes" : "samples"] = static_cast<double>(
        what == Read::kBytesInSequence ? ReadInSequence() : ReadSelected(*store, matcher));
  }
}
BENCHMARK(BM_FiveHundredOfTenThousand)
    ->ArgName("one_metric_spread_sequence")
    ->DenseRange(0, 2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

}  // namespace
}  // namespace hearth
