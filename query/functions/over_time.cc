// Functions of a window of samples that keep the order of samples out of it: *_over_time.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "query/functions/families.h"
#include "query/functions/kahan.h"
#include "query/functions/lanes.h"
#include "query/functions/quantile.h"
#include "query/functions/sums.h"

namespace hearth::promql {
namespace {

std::span<const double> Window(const WindowInput& in, size_t step) {
  return in.v.subspan(in.begin[step], in.end[step] - in.begin[step]);
}

// Runs F(step, first sample, end sample) for each window that is not empty.
template <typename F>
void ForEachWindow(const WindowInput& in, StepColumn* out, F f) {
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.begin[i] < in.end[i]) out->Set(i, f(i, in.begin[i], in.end[i]));
  }
}

void Count(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [](size_t, uint32_t a, uint32_t b) { return static_cast<double>(b - a); });
}
void Present(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [](size_t, uint32_t, uint32_t) { return 1.0; });
}
void First(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [&](size_t, uint32_t a, uint32_t) { return in.v[a]; });
}
void Last(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [&](size_t, uint32_t, uint32_t b) { return in.v[b - 1]; });
}

double Seconds(TimeMs t) { return static_cast<double>(t) / 1000; }

void TimeOfFirst(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [&](size_t, uint32_t a, uint32_t) { return Seconds(in.t[a]); });
}
void TimeOfLast(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [&](size_t, uint32_t, uint32_t b) { return Seconds(in.t[b - 1]); });
}

void Sum(const WindowInput& in, StepColumn* out) {
  static thread_local WindowSums sums;
  sums.Compute(in);
  ForEachWindow(in, out, [&](size_t i, uint32_t, uint32_t) {
    const Compensated s =
        sums.finite() ? Compensated{sums.sum()[i], sums.c()[i]} : KahanSum(Window(in, i));
    return std::isinf(s.sum) ? s.sum : s.sum + s.c;
  });
}

void CountWindows(const WindowInput& in, WindowEdges* edges) {
  edges->counted = true;
  edges->counts.resize(in.steps());
  edges->filled.resize(in.steps());
  for (size_t i = 0; i < in.steps(); ++i) {
    edges->counts[i] = static_cast<double>(in.end[i] - in.begin[i]);
    edges->filled[i] = in.begin[i] < in.end[i];
  }
}

void Avg(const WindowInput& in, StepColumn* out) {
  static thread_local WindowSums sums;
  sums.Compute(in);
  if (!sums.finite()) {
    ForEachWindow(in, out, [&](size_t i, uint32_t, uint32_t) { return KahanMean(Window(in, i)); });
    return;
  }
  if (!in.edges->counted) CountWindows(in, in.edges);
  out->ok = in.edges->filled;
  Lanes().means(sums.sum().data(), sums.c().data(), in.edges->counts.data(), in.steps(),
                out->v.data());
}

// The index of the best sample of each window by a monotonic queue; ties go to the earlier sample,
// or to the later one. NaN never wins over a number; a window of NaNs gives its last one.
template <bool kMax, bool kLaterTies, typename F>
void Extreme(const WindowInput& in, StepColumn* out, F value_of) {
  static thread_local std::vector<uint32_t> queue;
  queue.clear();
  size_t head = 0;
  uint32_t next = in.steps() == 0 ? 0 : in.begin[0];
  const auto beats = [&](double a, double b) {  // True when a queued b can no longer win.
    if (kLaterTies && a == b) return true;
    return kMax ? a > b : a < b;
  };
  ForEachWindow(in, out, [&](size_t, uint32_t a, uint32_t b) {
    for (next = std::max(next, a); next < b; ++next) {
      if (std::isnan(in.v[next])) continue;
      while (queue.size() > head && beats(in.v[next], in.v[queue.back()])) queue.pop_back();
      queue.push_back(next);
    }
    while (head < queue.size() && queue[head] < a) ++head;
    return value_of(head < queue.size() ? queue[head] : b - 1);
  });
}

// Above this many doubles of tables the queue is used.
constexpr size_t kExtremeTableMax = size_t{1} << 18;

// Level k of `tables` has the best of the 2^k samples from each sample on, so a window's best is
// the better of two overlapping runs (M. A. Bender, M. Farach-Colton, "The LCA Problem Revisited",
// 2000). False when the column has NaN or the tables would be too large.
bool BuildExtremeTables(const WindowInput& in, bool largest, std::vector<double>* tables) {
  const size_t n = in.v.size();
  uint32_t longest = 0;
  for (size_t i = 0; i < in.steps(); ++i) longest = std::max(longest, in.end[i] - in.begin[i]);
  const size_t levels = std::max(static_cast<size_t>(std::bit_width(longest)), size_t{1});
  if (n * levels > kExtremeTableMax) return false;
  // NaN is the only value that is unequal to itself.
  bool has_nan = false;
  for (const double x : in.v) has_nan |= x != x;
  if (has_nan) return false;
  tables->resize(n * levels);
  double* level = tables->data();
  std::copy(in.v.begin(), in.v.end(), level);
  const auto better = largest ? Lanes().larger : Lanes().smaller;
  for (size_t k = 1; k < levels; ++k, level += n) {
    const size_t half = size_t{1} << (k - 1);
    better(level, level + half, n - 2 * half + 1, level + n);
  }
  return true;
}

// The value of Extreme<kMax, false>.
template <bool kMax>
void ExtremeValue(const WindowInput& in, StepColumn* out) {
  static thread_local std::vector<double> tables;
  if (in.v.empty()) return;
  if (!BuildExtremeTables(in, kMax, &tables)) {
    Extreme<kMax, false>(in, out, [&](uint32_t k) { return in.v[k]; });
    return;
  }
  ForEachWindow(in, out, [&](size_t, uint32_t a, uint32_t b) {
    const auto k = static_cast<size_t>(std::bit_width(b - a)) - 1;
    const double* const level = tables.data() + k * in.v.size();
    const double left = level[a], right = level[b - (size_t{1} << k)];
    return (kMax ? right > left : right < left) ? right : left;
  });
}

void Min(const WindowInput& in, StepColumn* out) { ExtremeValue<false>(in, out); }
void Max(const WindowInput& in, StepColumn* out) { ExtremeValue<true>(in, out); }
void TimeOfMin(const WindowInput& in, StepColumn* out) {
  Extreme<false, true>(in, out, [&](uint32_t k) { return Seconds(in.t[k]); });
}
void TimeOfMax(const WindowInput& in, StepColumn* out) {
  Extreme<true, true>(in, out, [&](uint32_t k) { return Seconds(in.t[k]); });
}

// Welford's method with compensated mean and sum of squares.
double Variance(std::span<const double> v) {
  double count = 0, mean = 0, c_mean = 0, aux = 0, c_aux = 0;
  for (double x : v) {
    count++;
    const double delta = x - (mean + c_mean);
    KahanAdd(delta / count, &mean, &c_mean);
    KahanAdd(delta * (x - (mean + c_mean)), &aux, &c_aux);
  }
  return (aux + c_aux) / count;
}

// Calls set(i, variance) for each window that is not empty.
template <typename F>
void ForEachVariance(const WindowInput& in, F set) {
  if (in.v.empty()) return;
  static thread_local std::vector<double> variances, buffer;
  variances.resize(in.steps());
  buffer.resize(LaneBufferSize(in.v.size()));
  Lanes().variances({in.v.data(), in.v.size(), in.begin.data(), in.end.data(), in.steps()},
                    buffer.data(), variances.data());
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.begin[i] >= in.end[i]) continue;
    set(i, std::isfinite(variances[i]) ? variances[i] : Variance(Window(in, i)));
  }
}

void Stdvar(const WindowInput& in, StepColumn* out) {
  ForEachVariance(in, [&](size_t i, double variance) { out->Set(i, variance); });
}
void Stddev(const WindowInput& in, StepColumn* out) {
  ForEachVariance(in, [&](size_t i, double variance) { out->Set(i, std::sqrt(variance)); });
}

void QuantileOverTime(const WindowInput& in, StepColumn* out) {
  ForEachWindow(in, out, [&](size_t i, uint32_t, uint32_t) {
    const double phi = in.params[0][i];
    if (!(phi >= 0 && phi <= 1)) in.notes->InvalidQuantile(phi, in.arg_pos[0]);
    return Quantile(phi, Window(in, i));
  });
}

// The median of the absolute distances from the median; NaN when a sample is NaN.
void MadOverTime(const WindowInput& in, StepColumn* out) {
  std::vector<double> values;
  ForEachWindow(in, out, [&](size_t i, uint32_t, uint32_t) {
    const std::span<const double> window = Window(in, i);
    values.assign(window.begin(), window.end());
    if (std::any_of(values.begin(), values.end(), [](double v) { return std::isnan(v); })) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    const double median = Quantile(0.5, values);
    for (double& value : values) value = std::fabs(value - median);
    return Quantile(0.5, values);
  });
}

constexpr Kernel Windowed(WindowFn fn) { return {.shape = Shape::kWindowed, .window = fn}; }
constexpr Kernel TimesOnly(WindowFn fn) {
  return {.shape = Shape::kWindowed, .window = fn, .times_only = true};
}

constexpr FunctionSpec kFunctions[] = {
    {.name = "absent_over_time",
     .args = kRangeArg,
     .metric_name = MetricNameRule::kKeep,  // Of the series that are looked for.
     .kernel = {.shape = Shape::kAbsent, .window = &Present, .times_only = true},
     .summary = "1 when no series has a sample in the window.",
     .example = "absent_over_time(up{job=\"node\"}[1h])"},
    {.name = "avg_over_time",
     .args = kRangeArg,
     .kernel = Windowed(&Avg),
     .summary = "Mean of the samples in the window.",
     .example = "avg_over_time(temperature_celsius[1h])"},
    {.name = "count_over_time",
     .args = kRangeArg,
     .kernel = TimesOnly(&Count),
     .summary = "Number of samples in the window.",
     .example = "count_over_time(up[1d])"},
    {.name = "first_over_time",
     .args = kRangeArg,
     .metric_name = MetricNameRule::kKeep,
     .kernel = Windowed(&First),
     .summary = "Oldest sample in the window.",
     .example = "first_over_time(temperature_celsius[1h])"},
    {.name = "last_over_time",
     .args = kRangeArg,
     .metric_name = MetricNameRule::kKeep,
     .kernel = Windowed(&Last),
     .summary = "Newest sample in the window.",
     .example = "last_over_time(temperature_celsius[1h])"},
    {.name = "mad_over_time",
     .args = kRangeArg,
     .experimental = true,
     .kernel = Windowed(&MadOverTime),
     .summary = "Median absolute deviation of the samples in the window.",
     .example = "mad_over_time(temperature_celsius[1h])"},
    {.name = "max_over_time",
     .args = kRangeArg,
     .kernel = Windowed(&Max),
     .summary = "Largest sample in the window.",
     .example = "max_over_time(temperature_celsius[1h])"},
    {.name = "min_over_time",
     .args = kRangeArg,
     .kernel = Windowed(&Min),
     .summary = "Smallest sample in the window.",
     .example = "min_over_time(temperature_celsius[1h])"},
    {.name = "present_over_time",
     .args = kRangeArg,
     .kernel = TimesOnly(&Present),
     .summary = "1 for every series with a sample in the window.",
     .example = "present_over_time(up[1h])"},
    {.name = "quantile_over_time",
     .args = kScalarRangeArgs,
     .kernel = Windowed(&QuantileOverTime),
     .summary = "The φ-quantile of the samples in the window.",
     .example = "quantile_over_time(0.9, temperature_celsius[1h])"},
    {.name = "stddev_over_time",
     .args = kRangeArg,
     .kernel = Windowed(&Stddev),
     .summary = "Population standard deviation of the samples in the window.",
     .example = "stddev_over_time(temperature_celsius[1h])"},
    {.name = "stdvar_over_time",
     .args = kRangeArg,
     .kernel = Windowed(&Stdvar),
     .summary = "Population variance of the samples in the window.",
     .example = "stdvar_over_time(temperature_celsius[1h])"},
    {.name = "sum_over_time",
     .args = kRangeArg,
     .kernel = Windowed(&Sum),
     .summary = "Sum of the samples in the window.",
     .example = "sum_over_time(events[1h])"},
    {.name = "ts_of_first_over_time",
     .args = kRangeArg,
     .experimental = true,
     .kernel = TimesOnly(&TimeOfFirst),
     .summary = "Time of the oldest sample in the window, in seconds.",
     .example = "ts_of_first_over_time(up[1h])"},
    {.name = "ts_of_last_over_time",
     .args = kRangeArg,
     .experimental = true,
     .kernel = TimesOnly(&TimeOfLast),
     .summary = "Time of the newest sample in the window, in seconds.",
     .example = "ts_of_last_over_time(up[1h])"},
    {.name = "ts_of_max_over_time",
     .args = kRangeArg,
     .experimental = true,
     .kernel = Windowed(&TimeOfMax),
     .summary = "Time of the last largest sample in the window, in seconds.",
     .example = "ts_of_max_over_time(up[1h])"},
    {.name = "ts_of_min_over_time",
     .args = kRangeArg,
     .experimental = true,
     .kernel = Windowed(&TimeOfMin),
     .summary = "Time of the last smallest sample in the window, in seconds.",
     .example = "ts_of_min_over_time(up[1h])"},
};

}  // namespace

std::span<const FunctionSpec> OverTimeFunctions() { return kFunctions; }

}  // namespace hearth::promql
