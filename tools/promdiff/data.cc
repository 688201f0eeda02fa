#include "tools/promdiff/data.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace hearth::promdiff {
namespace {

constexpr TimeMs kSecond = 1000, kMinute = 60 * kSecond;
constexpr TimeMs kBase = 1'709'236'800'000;  // 2024-02-29 20:00 UTC: a leap day ends in the data.
constexpr TimeMs kSpan = 150 * kMinute;      // More than a window of the storage.
constexpr TimeMs kSlice = 10 * kMinute;      // Of a batch.

// How the values of a series go.
enum class Shape {
  kHighCounter,  // Far from zero, so that no extrapolation ends there.
  kLowCounter,   // Starts again at zero.
  kGauge,        // Eighths: sums are exact in every order.
  kWild,         // Anything that 64 bits can hold.
  kConstant,
  kInfo,  // Always 1.
};

struct Row {
  Labels labels;
  Shape shape;
  TimeMs interval_ms;
};

std::string Digit(int i) { return std::to_string(i); }

std::vector<Row> Rows() {
  std::vector<Row> rows;
  for (int i = 0; i < 6; ++i) {
    const std::string number = Digit(i), a = i % 2 == 0 ? "x" : "y";
    const auto named = [&](const char* name) {
      return Labels{{"__name__", name},
                    {"a", a},
                    {"i", number},
                    {"instance", "h" + Digit(i / 2)},
                    {"job", "j"}};
    };
    rows.push_back({named("c"), Shape::kHighCounter, 15 * kSecond});
    rows.push_back({named("g"), Shape::kGauge, 15 * kSecond});
    if (i < 4) rows.push_back({named("low_total"), Shape::kLowCounter, 15 * kSecond});
    if (i < 4) rows.push_back({named("wild"), Shape::kWild, 30 * kSecond});
    if (i < 3) rows.push_back({named("sparse"), Shape::kGauge, 4 * kMinute});
    if (i < 3) rows.push_back({named("flat"), Shape::kConstant, 10 * kSecond});
    if (i < 3) {
      rows.push_back({Labels{{"__name__", "target_info"},
                             {"instance", "h" + number},
                             {"job", "j"},
                             {"version", i == 0 ? "1.10" : "1.9"}},
                      Shape::kInfo, 30 * kSecond});
    }
  }
  for (const char* note : {"plain", "two\nlines", "gr\xc3\xbc\xc3\x9f", "qu\"ote\\", "a.b", ""}) {
    rows.push_back(
        {Labels{{"__name__", "text"}, {"a", "x"}, {"note", note}}, Shape::kGauge, 30 * kSecond});
  }
  return rows;
}

class Maker {
 public:
  explicit Maker(const DataOptions& options) : options_(options), random_(options.seed) {}

  Data Make() {
    Data data;
    data.start_ms = kBase + static_cast<TimeMs>(Pick(180)) * kMinute;
    data.end_ms = data.start_ms + kSpan;
    data.on_boundary = options_.on_boundary;
    for (const Row& row : Rows()) {
      data.series.push_back({row.labels, Samples(row, data.start_ms, data.end_ms)});
    }
    AddHistogram(&data);
    Send(&data);
    return data;
  }

 private:
  size_t Pick(size_t n) { return random_() % n; }

  // Where the sample that is due at `due` is.
  TimeMs Jitter(TimeMs due, TimeMs phase) {
    if (options_.on_boundary) return due;
    TimeMs t = due + phase + (Pick(4) == 0 ? static_cast<TimeMs>(Pick(1600)) - 800 : 0);
    if (t % 250 == 0) ++t;
    return t;
  }

  std::vector<Sample> Samples(const Row& row, TimeMs start, TimeMs end) {
    std::vector<Sample> samples;
    double v = row.shape == Shape::kHighCounter ? 1e6 + static_cast<double>(Pick(1000)) : 0;
    const TimeMs phase = 1000 + static_cast<TimeMs>(Pick(static_cast<size_t>(2 * kSecond)));
    TimeMs due = start + row.interval_ms;
    if (Pick(6) == 0) due += static_cast<TimeMs>(Pick(40)) * kMinute;  // Came later.
    for (; due + 4 * kSecond < end; due += row.interval_ms) {
      const size_t event = Pick(200);
      if (event < 6) continue;                                            // A missed scrape.
      if (event == 6) due += static_cast<TimeMs>(1 + Pick(9)) * kMinute;  // An outage.
      if (due + 4 * kSecond >= end) break;
      const TimeMs t = Jitter(due, phase);
      if (event == 7 || event == 8) {
        samples.push_back({t, StaleNaN()});
        if (event == 8) due += static_cast<TimeMs>(Pick(6)) * kMinute;
        continue;
      }
      v = Next(row.shape, v, /*reset=*/event == 9 || event == 10);
      samples.push_back({t, v});
    }
    return samples;
  }

  double Next(Shape shape, double v, bool reset) {
    switch (shape) {
      case Shape::kHighCounter:
        return reset ? std::floor(v / 2) : v + static_cast<double>(Pick(40)) / 4;
      case Shape::kLowCounter:
        return reset ? static_cast<double>(Pick(3)) : v + static_cast<double>(Pick(20)) / 4;
      case Shape::kGauge:
        return static_cast<double>(Pick(1600)) / 8 - 60;
      case Shape::kWild:
        return Wild();
      case Shape::kConstant:
        return reset ? v + 1 : v;
      case Shape::kInfo:
        return 1;
    }
    return 0;
  }

  double Wild() {
    static constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static const double kEdges[] = {NormalNaN(), kInfinity,         -kInfinity, 0.0,   -0.0, 5e-324,
                                    -5e-324,     1.7e308,           -1.7e308,   1e300, 0.1,  1e21,
                                    1e-7,        9007199254740993.0};
    if (Pick(3) == 0) return kEdges[Pick(std::size(kEdges))];
    const double magnitude = std::exp2(static_cast<double>(Pick(60)) - 30);
    return (static_cast<double>(Pick(2'000'001)) - 1'000'000) / 7 * magnitude;
  }

  // Cumulative buckets that grow together, two label sets; one has bounds that need care.
  void AddHistogram(Data* data) {
    for (const char* a : {"x", "y"}) {
      const size_t first = data->series.size();
      static constexpr const char* kBounds[] = {"0.1", "1", "10", "+Inf"};
      std::vector<double> counts(std::size(kBounds), 0);
      for (const char* le : kBounds) {
        data->series.push_back({Labels{{"__name__", "h_bucket"}, {"a", a}, {"le", le}}, {}});
      }
      const TimeMs phase = 1000 + static_cast<TimeMs>(Pick(2000));
      for (TimeMs due = data->start_ms + 15 * kSecond; due + 4 * kSecond < data->end_ms;
           due += 15 * kSecond) {
        const TimeMs t = Jitter(due, phase);
        const bool reset = Pick(150) == 0, missed = Pick(40) == 0;
        double below = 0;
        for (size_t b = 0; b < counts.size(); ++b) {
          below += static_cast<double>(Pick(4));
          counts[b] = reset ? below : counts[b] + below;
          if (!missed) data->series[first + b].samples.push_back({t, counts[b]});
        }
      }
    }
    for (const char* le : {"2", "1e1", "nonsense"}) {
      const Labels labels{{"__name__", "odd_bucket"}, {"a", "x"}, {"le", le}};
      data->series.push_back({labels, Samples({labels, Shape::kLowCounter, 30 * kSecond},
                                              data->start_ms, data->end_ms)});
    }
  }

  // Cuts the series into batches of ten minutes. A late sample goes with a later batch; markers and
  // NaNs stay where they are.
  void Send(Data* data) {
    const auto slices = static_cast<size_t>(kSpan / kSlice) + 3;
    data->batches.resize(slices);
    for (const DataSeries& series : data->series) {
      std::vector<std::vector<Sample>> cut(slices);
      for (const Sample& sample : series.samples) {
        auto slice = static_cast<size_t>((sample.t - data->start_ms) / kSlice);
        const bool late = options_.late_samples && !std::isnan(sample.v) && Pick(30) == 0;
        cut[late ? slice + 1 + Pick(2) : slice].push_back(sample);
      }
      for (size_t slice = 0; slice < slices; ++slice) {
        if (!cut[slice].empty())
          data->batches[slice].push_back({series.labels, std::move(cut[slice])});
      }
    }
    std::erase_if(data->batches, [](const auto& batch) { return batch.empty(); });
  }

  const DataOptions options_;
  std::mt19937_64 random_;
};

}  // namespace

Data MakeData(const DataOptions& options) { return Maker(options).Make(); }

}  // namespace hearth::promdiff
