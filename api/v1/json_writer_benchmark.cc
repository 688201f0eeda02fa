// Cost a point of writing a range query's answer, by the kind of value, and of a label set.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "api/v1/json_writer.h"
#include "model/json_string.h"

namespace hearth {
namespace {

constexpr int kPoints = 10'000;

// 0: small integers; 1: large integers; 2: two decimals; 3: every bit of a double.
std::vector<double> MakeValues(int64_t kind) {
  std::mt19937_64 random(1);
  std::vector<double> values;
  for (int i = 0; i < kPoints; ++i) {
    const uint64_t r = random();
    switch (kind) {
      case 0:
        values.push_back(static_cast<double>(r % 100));
        break;
      case 1:
        values.push_back(static_cast<double>(r % 1'000'000'000'000));
        break;
      case 2:
        values.push_back(static_cast<double>(r % 10'000'000) / 100);
        break;
      default:
        values.push_back(static_cast<double>(r >> 11) * 0x1p-53 * 1000);
    }
  }
  return values;
}

void BM_Points(benchmark::State& state) {
  std::vector<Sample> points;
  TimeMs t = 1'700'000'000'000;
  for (const double v : MakeValues(state.range(0))) points.push_back({t += 15'000, v});
  std::string out;
  for (auto _ : state) {
    out.clear();
    JsonWriter(&out).Points(points);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * kPoints);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(out.size()));
}
BENCHMARK(BM_Points)->DenseRange(0, 3);

void BM_LabelSet(benchmark::State& state) {
  const Labels labels{{"__name__", "node_cpu_seconds_total"},
                      {"cluster", "production-blue"},
                      {"instance", "host-0001.example.org:9100"},
                      {"job", "node"},
                      {"mode", "system"},
                      {"region", "eu-central-1"}};
  std::string out;
  for (auto _ : state) {
    out.clear();
    JsonWriter(&out).LabelSet(labels);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_LabelSet);

// A value that needs escapes here and there.
void BM_StringWithEscapes(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "select * from t where \"a\" < 1;\n";
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendJsonString(text, &out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(BM_StringWithEscapes);

}  // namespace
}  // namespace hearth
