// Nanoseconds a sample of the text parser: with every series scanned, and with every series
// recognised by its length.
#include <benchmark/benchmark.h>

#include <vector>

#include "model/text.h"
#include "scrape/exposition/text_parser.h"

namespace hearth {
namespace {

std::string MakeBody(int samples) {
  std::string body =
      "# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.\n# TYPE "
      "node_cpu_seconds_total counter\n";
  static constexpr std::string_view kModes[] = {"idle",    "iowait", "irq",    "nice",
                                                "softirq", "steal",  "system", "user"};
  for (int i = 0; i < samples; ++i) {
    StrAppend(&body, "node_cpu_seconds_total{cpu=\"", i / 8, "\",mode=\"", kModes[i % 8],
              "\",zone=\"eu-west-1a\"} ", 12345.25 + i * 17.01, "\n");
  }
  return body;
}

void BM_ScanSeries(benchmark::State& state) {
  const std::string body = MakeBody(2000);
  for (auto _ : state) {
    TextParser parser(body);
    double sum = 0;
    for (auto e = parser.Next(); e != TextParser::Entry::kEnd; e = parser.Next()) {
      if (e != TextParser::Entry::kSample) continue;
      parser.ScanSeries();
      parser.ReadValue();
      sum += parser.value();
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(BM_ScanSeries);

void BM_SkipKnownSeries(benchmark::State& state) {
  const std::string body = MakeBody(2000);
  std::vector<size_t> lengths;
  TextParser first(body);
  for (auto e = first.Next(); e != TextParser::Entry::kEnd; e = first.Next()) {
    if (e != TextParser::Entry::kSample) continue;
    first.ScanSeries();
    lengths.push_back(first.series().size());
    first.ReadValue();
  }
  for (auto _ : state) {
    TextParser parser(body);
    double sum = 0;
    size_t i = 0;
    for (auto e = parser.Next(); e != TextParser::Entry::kEnd; e = parser.Next()) {
      if (e != TextParser::Entry::kSample) continue;
      parser.SkipSeries(lengths[i++]);
      parser.ReadValue();
      sum += parser.value();
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(BM_SkipKnownSeries);

void BM_BuildLabels(benchmark::State& state) {
  const std::string body = MakeBody(2000);
  for (auto _ : state) {
    TextParser parser(body);
    LabelsBuilder labels;
    for (auto e = parser.Next(); e != TextParser::Entry::kEnd; e = parser.Next()) {
      if (e != TextParser::Entry::kSample) continue;
      parser.ScanSeries();
      parser.ReadValue();
      labels.Clear();
      parser.AppendLabels(&labels);
      benchmark::DoNotOptimize(labels.Build());
    }
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(BM_BuildLabels);

}  // namespace
}  // namespace hearth
