// Sliding kernels against plain recomputation of each window, on random data with resets, NaN,
// infinities, gaps and huge values.
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/sample.h"
#include "query/functions/kahan.h"
#include "query/functions/spec.h"
#include "query/functions/sums.h"

namespace hearth::promql {
namespace {

struct Window {
  std::vector<TimeMs> t;
  std::vector<double> v;
  TimeMs start = 0, end = 0;  // (start, end]
};

// One window on its own, computed the obvious way. False = no value.
using Reference = bool (*)(const Window& w, double* out);

bool SumReference(const Window& w, double* out) {
  double sum = 0, c = 0;
  for (double x : w.v) KahanAdd(x, &sum, &c);
  *out = std::isinf(sum) ? sum : sum + c;
  return !w.v.empty();
}

bool AvgReference(const Window& w, double* out) {
  if (w.v.empty()) return false;
  double sum = w.v[0], c = 0;
  for (size_t i = 1; i < w.v.size(); ++i) KahanAdd(w.v[i], &sum, &c);
  if (std::isfinite(sum)) {
    *out = sum / static_cast<double>(w.v.size()) + c / static_cast<double>(w.v.size());
  } else {
    *out = KahanMean(w.v);
  }
  return true;
}

bool VarianceReference(const Window& w, double* out) {
  double count = 0, mean = 0, c_mean = 0, aux = 0, c_aux = 0;
  for (double x : w.v) {
    ++count;
    const double delta = x - (mean + c_mean);
    KahanAdd(delta / count, &mean, &c_mean);
    KahanAdd(delta * (x - (mean + c_mean)), &aux, &c_aux);
  }
  *out = (aux + c_aux) / count;
  return !w.v.empty();
}

bool DeviationReference(const Window& w, double* out) {
  if (!VarianceReference(w, out)) return false;
  *out = std::sqrt(*out);
  return true;
}

template <bool kMax>
bool ExtremeReference(const Window& w, double* out) {
  if (w.v.empty()) return false;
  *out = w.v[0];
  for (double x : w.v) {
    if ((kMax ? x > *out : x < *out) || std::isnan(*out)) *out = x;
  }
  return true;
}

bool CountReference(const Window& w, double* out) {
  *out = static_cast<double>(w.v.size());
  return !w.v.empty();
}

bool ChangesReference(const Window& w, double* out) {
  *out = 0;
  for (size_t i = 1; i < w.v.size(); ++i) {
    if (w.v[i] != w.v[i - 1] && !(std::isnan(w.v[i]) && std::isnan(w.v[i - 1]))) ++*out;
  }
  return !w.v.empty();
}

bool ResetsReference(const Window& w, double* out) {
  *out = 0;
  for (size_t i = 1; i < w.v.size(); ++i) *out += w.v[i] < w.v[i - 1] ? 1 : 0;
  return !w.v.empty();
}

bool IncreaseReference(const Window& w, double* out) {
  const size_t n = w.v.size();
  if (n < 2) return false;
  double change = w.v[n - 1] - w.v[0];
  for (size_t i = 1; i < n; ++i) {
    if (w.v[i] < w.v[i - 1]) change += w.v[i - 1];
  }
  double to_start = static_cast<double>(w.t[0] - w.start) / 1000;
  double to_end = static_cast<double>(w.end - w.t[n - 1]) / 1000;
  const double sampled = static_cast<double>(w.t[n - 1] - w.t[0]) / 1000;
  const double mean = sampled / static_cast<double>(n - 1);
  if (to_start >= mean * 1.1) to_start = mean / 2;
  if (change > 0 && w.v[0] >= 0) to_start = std::fmin(to_start, sampled * (w.v[0] / change));
  if (to_end >= mean * 1.1) to_end = mean / 2;
  *out = change * ((sampled + to_start + to_end) / sampled);
  return true;
}

enum class Data { kCounter, kIntegers, kFractions, kWild };

double NextValue(Data data, double previous, std::mt19937_64* random) {
  const double unit = static_cast<double>((*random)() >> 11) * 0x1p-53;
  switch (data) {
    case Data::kCounter:
      return unit < 0.03 ? std::floor(unit * 100) : previous + std::floor(unit * 20);
    case Data::kIntegers:
      return std::floor(unit * 2000) - 1000;
    case Data::kFractions:
      return unit * 100 - 50;
    case Data::kWild:
      break;
  }
  switch ((*random)() % 8) {
    case 0:
      return std::numeric_limits<double>::quiet_NaN();
    case 1:
      return (*random)() % 6 == 0 ? std::numeric_limits<double>::infinity() : 1e308;
    case 2:
      return -1.7e308;
    case 3:
      return (*random)() % 2 == 0 ? 0.0 : -0.0;
    case 4:
      return 1e100;
    default:
      return unit;
  }
}

void Compare(std::string_view name, Data data, Reference reference, uint64_t seed) {
  SCOPED_TRACE(std::string(name) + " seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<TimeMs> t;
  std::vector<double> v;
  TimeMs now = 0;
  for (size_t i = 0; i < random() % 300; ++i) {
    now += 1 + static_cast<TimeMs>(random() % (random() % 20 == 0 ? 200'000 : 15'000));
    t.push_back(now);
    v.push_back(NextValue(data, v.empty() ? 0 : v.back(), &random));
  }
  const TimeMs range = 1 + static_cast<TimeMs>(random() % 300'000);
  const TimeMs step = 1 + static_cast<TimeMs>(random() % 60'000);
  std::vector<TimeMs> ends;
  std::vector<uint32_t> begin, end;
  std::vector<Window> windows;
  for (TimeMs at = 0; at <= now + range && ends.size() < 200; at += step) {
    Window w{.start = at - range, .end = at};
    uint32_t a = 0;
    while (a < t.size() && t[a] <= w.start) ++a;
    uint32_t b = a;
    while (b < t.size() && t[b] <= at) ++b;
    w.t.assign(t.begin() + a, t.begin() + b);
    w.v.assign(v.begin() + a, v.begin() + b);
    ends.push_back(at);
    begin.push_back(a);
    end.push_back(b);
    windows.push_back(std::move(w));
  }
  ParamColumns params;
  Annotations notes;
  WindowEdges edges;
  const PositionRange pos[1] = {};
  StepColumn out;
  out.Reset(ends.size());
  FindFunction(name)->kernel.window({.t = t,
                                     .v = v,
                                     .begin = begin,
                                     .end = end,
                                     .window_end = ends,
                                     .times = ends,
                                     .range_ms = range,
                                     .params = params,
                                     .arg_pos = pos,
                                     .notes = &notes,
                                     .edges = &edges},
                                    &out);
  for (size_t i = 0; i < windows.size(); ++i) {
    double expected = 0;
    const bool present = reference(windows[i], &expected);
    ASSERT_EQ(out.ok[i] != 0, present) << "step " << i;
    if (!present) continue;
    ASSERT_TRUE(SameBits(out.v[i], expected) || (std::isnan(out.v[i]) && std::isnan(expected)))
        << "step " << i << ": " << out.v[i] << " instead of " << expected;
  }
}

void CompareAll(std::string_view name, Reference reference) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    for (Data data : {Data::kCounter, Data::kIntegers, Data::kFractions, Data::kWild}) {
      Compare(name, data, reference, seed);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(KernelTest, SumsAreCompensatedInTheOrderOfTheSamples) {
  CompareAll("sum_over_time", &SumReference);
}
TEST(KernelTest, MeansAreCompensatedAndSurviveOverflow) {
  CompareAll("avg_over_time", &AvgReference);
}
TEST(KernelTest, VariancesAreWelfordsInTheOrderOfTheSamples) {
  CompareAll("stdvar_over_time", &VarianceReference);
  CompareAll("stddev_over_time", &DeviationReference);
}
TEST(KernelTest, MinimaSlide) { CompareAll("min_over_time", &ExtremeReference<false>); }
TEST(KernelTest, MaximaSlide) { CompareAll("max_over_time", &ExtremeReference<true>); }
TEST(KernelTest, CountsSlide) { CompareAll("count_over_time", &CountReference); }
TEST(KernelTest, ChangesSlide) { CompareAll("changes", &ChangesReference); }
TEST(KernelTest, ResetsSlide) { CompareAll("resets", &ResetsReference); }
TEST(KernelTest, IncreaseAddsResetsInOrder) { CompareAll("increase", &IncreaseReference); }

// The fold of shards is the fold of the whole where both are exact.
TEST(KernelTest, MergedStatesGiveTheWholesResult) {
  std::mt19937_64 random(7);
  for (std::string_view name : {"sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"}) {
    SCOPED_TRACE(name);
    const FoldKernel& fold = FindAggregation(name)->kernel.fold;
    constexpr size_t kSteps = 5;
    std::vector<double> whole(fold.state_bytes / 8 * kSteps), left = whole, right = whole;
    for (int i = 0; i < 40; ++i) {
      StepColumn column;
      column.Reset(kSteps);
      for (size_t step = 0; step < kSteps; ++step) {
        // Step 4 has values in the right half only, step 3 none.
        if (step == 3 || (step == 4 && i < 20)) continue;
        column.Set(step, static_cast<double>(random() % 1000));
      }
      fold.add(column, whole.data());
      fold.add(column, i < 20 ? left.data() : right.data());
    }
    fold.merge(right.data(), kSteps, left.data());
    StepColumn expected, merged;
    expected.Reset(kSteps);
    merged.Reset(kSteps);
    fold.finish(whole.data(), &expected);
    fold.finish(left.data(), &merged);
    for (size_t step = 0; step < kSteps; ++step) {
      EXPECT_EQ(merged.ok[step], step == 3 ? 0 : 1);
      if (!merged.ok[step]) continue;
      EXPECT_NEAR(merged.v[step], expected.v[step], 1e-9 * (1 + expected.v[step]));
    }
  }
}

TEST(KernelTest, MeanOfHugeValuesInDifferentShardsDoesNotOverflow) {
  const FoldKernel& fold = FindAggregation("avg")->kernel.fold;
  std::vector<double> left(fold.state_bytes / 8), right = left;
  StepColumn column;
  column.Reset(1);
  column.Set(0, 1.5e308);
  fold.add(column, left.data());
  fold.add(column, right.data());
  fold.merge(right.data(), 1, left.data());
  StepColumn out;
  out.Reset(1);
  fold.finish(left.data(), &out);
  EXPECT_DOUBLE_EQ(out.v[0], 1.5e308);
}

}  // namespace
}  // namespace hearth::promql
