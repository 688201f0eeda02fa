// What evaluation costs once samples are decoded: the storage hands out columns that lie in memory.
#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "model/text.h"
#include "query/engine.h"

namespace hearth::promql {
namespace {

constexpr size_t kSeries = 1000;
constexpr TimeMs kInterval = 15'000;
constexpr TimeMs kStart = 1'700'000'000'000;

// `samples` samples of each series; a counter of whole numbers, or a gauge of fractions.
class ColumnStorage : public Queryable {
 public:
  ColumnStorage(size_t samples, bool whole) {
    for (size_t i = 0; i < kSeries; ++i) {
      Labels labels({{"__name__", "x_total"},
                     {"instance", StrCat("host", i / 8, ":9100")},
                     {"job", "node"},
                     {"mode", StrCat("mode", i % 8)}});
      series_.push_back({labels.Fingerprint(), labels, {}});
      SampleColumns& columns = series_.back().columns;
      double v = static_cast<double>(i);
      for (size_t k = 0; k < samples; ++k) {
        v += whole ? static_cast<double>((k * 7 + i) % 13) : std::sin(static_cast<double>(k + i));
        columns.t.push_back(kStart + static_cast<TimeMs>(k) * kInterval);
        columns.v.push_back(v);
      }
    }
    std::sort(series_.begin(), series_.end(),
              [](const Stored& a, const Stored& b) { return a.fingerprint < b.fingerprint; });
  }
  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange) const override {
    return std::make_unique<ColumnQuerier>(&series_);
  }

 private:
  struct Stored {
    hearth::Fingerprint fingerprint;
    Labels labels;
    SampleColumns columns;
  };
  class Set : public SeriesSet {
   public:
    explicit Set(const std::vector<Stored>* series) : series_(*series) {}
    size_t size() const override { return series_.size(); }
    LabelsView labels(size_t i) const override { return series_[i].labels; }
    const hearth::Fingerprint& fingerprint(size_t i) const override {
      return series_[i].fingerprint;
    }
    absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override {
      const SampleColumns& all = series_[i].columns;
      const auto begin = std::lower_bound(all.t.begin(), all.t.end(), range.mint) - all.t.begin();
      const auto end = std::upper_bound(all.t.begin(), all.t.end(), range.maxt) - all.t.begin();
      columns->Clear();
      columns->t.assign(all.t.begin() + begin, all.t.begin() + end);
      columns->v.assign(all.v.begin() + begin, all.v.begin() + end);
      return absl::OkStatus();
    }

   private:
    const std::vector<Stored>& series_;
  };
  class ColumnQuerier : public Querier {
   public:
    explicit ColumnQuerier(const std::vector<Stored>* series) : series_(series) {}
    absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
        std::span<const SelectRequest> requests) override {
      std::vector<std::unique_ptr<SeriesSet>> sets;
      for (size_t i = 0; i < requests.size(); ++i) sets.push_back(std::make_unique<Set>(series_));
      return sets;
    }
    absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery&) override {
      return std::vector<std::string>();
    }
    absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view,
                                                         const LabelQuery&) override {
      return std::vector<std::string>();
    }
    absl::StatusOr<std::vector<Labels>> Series(const LabelQuery&) override {
      return std::vector<Labels>();
    }

   private:
    const std::vector<ColumnStorage::Stored>* series_;
  };

  std::vector<Stored> series_;
};

// 240 steps over the last two hours of 480 samples a series (and an hour before them for windows of
// an hour).
void Run(benchmark::State& state, const std::string& query, bool whole) {
  const size_t samples = 480 + 240;
  const ColumnStorage storage(samples, whole);
  EngineOptions options;
  options.threads = 1;
  const Engine engine(&storage, &SystemClock::Get(), options);
  QueryRequest request;
  request.query = query;
  request.start_ms = kStart + 240 * kInterval;
  request.step_ms = 30'000;
  request.end_ms = request.start_ms + 239 * request.step_ms;
  for (auto _ : state) {
    auto result = engine.Execute(request);
    if (!result.ok()) state.SkipWithError(result.status().ToString().c_str());
    benchmark::DoNotOptimize(result);
  }
}

void BM_SumByRate5m(benchmark::State& state) {
  Run(state, "sum by (mode) (rate(x_total[5m]))", true);
}
void BM_MaxByAvg1hIntegers(benchmark::State& state) {
  Run(state, "max by (instance) (avg_over_time(x_total[1h]))", true);
}
void BM_MaxByAvg1hFloats(benchmark::State& state) {
  Run(state, "max by (instance) (avg_over_time(x_total[1h]))", false);
}
void BM_MaxOverTime1h(benchmark::State& state) {
  Run(state, "max(max_over_time(x_total[1h]))", false);
}
void BM_Count(benchmark::State& state) { Run(state, "count(x_total)", true); }
void BM_OneToOneDivision(benchmark::State& state) { Run(state, "x_total / x_total", true); }

BENCHMARK(BM_SumByRate5m)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_MaxByAvg1hIntegers)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_MaxByAvg1hFloats)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_MaxOverTime1h)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Count)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_OneToOneDivision)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hearth::promql
