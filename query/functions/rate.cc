// Functions of the change inside a window: rate and its kin, changes, resets.
#include <cmath>
#include <vector>

#include "query/functions/families.h"

namespace hearth::promql {
namespace {

// Where a counter fell: samples whose value is below the one before.
void FindResets(std::span<const double> v, std::vector<uint32_t>* resets) {
  resets->clear();
  for (size_t i = 1; i < v.size(); ++i) {
    if (v[i] < v[i - 1]) resets->push_back(static_cast<uint32_t>(i));
  }
}

// The share by which the change between first and last sample is scaled to cover the whole window.
// A window edge that is within 1.1 mean sample distances of a sample is taken as covered; a farther
// edge gets half a distance; a counter is never extrapolated below zero.
double ExtrapolationFactor(const WindowInput& in, size_t step, double change, bool counter) {
  const uint32_t first = in.begin[step], last = in.end[step] - 1;
  const TimeMs range_start = in.window_end[step] - in.range_ms;
  double to_start = static_cast<double>(in.t[first] - range_start) / 1000;
  double to_end = static_cast<double>(in.window_end[step] - in.t[last]) / 1000;
  const double sampled = static_cast<double>(in.t[last] - in.t[first]) / 1000;
  const double mean_distance = sampled / static_cast<double>(last - first);
  const double threshold = mean_distance * 1.1;
  if (to_start >= threshold) to_start = mean_distance / 2;
  if (counter && change > 0 && in.v[first] >= 0) {
    const double to_zero = sampled * (in.v[first] / change);
    if (to_zero < to_start) to_start = to_zero;
  }
  if (to_end >= threshold) to_end = mean_distance / 2;
  return (sampled + to_start + to_end) / sampled;
}

template <bool kCounter, bool kPerSecond>
void Extrapolated(const WindowInput& in, StepColumn* out) {
  static thread_local std::vector<uint32_t> resets;
  if (kCounter) FindResets(in.v, &resets);
  const double range_seconds = static_cast<double>(in.range_ms) / 1000;
  size_t next_reset = 0;
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.end[i] - in.begin[i] < 2 || in.end[i] < in.begin[i]) continue;
    const uint32_t first = in.begin[i], last = in.end[i] - 1;
    double change = in.v[last] - in.v[first];
    if (kCounter) {
      while (next_reset < resets.size() && resets[next_reset] <= first) ++next_reset;
      for (size_t r = next_reset; r < resets.size() && resets[r] <= last; ++r) {
        change += in.v[resets[r] - 1];
      }
    }
    double factor = ExtrapolationFactor(in, i, change, kCounter);
    if (kPerSecond) factor /= range_seconds;
    out->Set(i, change * factor);
  }
}

template <bool kPerSecond>
void LastTwo(const WindowInput& in, StepColumn* out) {
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.end[i] < in.begin[i] + 2) continue;
    const uint32_t last = in.end[i] - 1;
    const TimeMs interval = in.t[last] - in.t[last - 1];
    if (interval == 0) continue;
    const bool reset = kPerSecond && in.v[last] < in.v[last - 1];
    double result = reset ? in.v[last] : in.v[last] - in.v[last - 1];
    if (kPerSecond) result /= static_cast<double>(interval) / 1000;
    out->Set(i, result);
  }
}

// Counts the samples of each window that `differs` from the one before them, the window's first
// sample left out.
template <typename F>
void CountPairs(const WindowInput& in, StepColumn* out, F differs) {
  static thread_local std::vector<uint32_t> before;  // before[i]: hits among samples [1, i].
  before.assign(in.v.size(), 0);
  for (size_t i = 1; i < in.v.size(); ++i) {
    before[i] = before[i - 1] + (differs(in.v[i - 1], in.v[i]) ? 1 : 0);
  }
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.begin[i] >= in.end[i]) continue;
    out->Set(i, static_cast<double>(before[in.end[i] - 1] - before[in.begin[i]]));
  }
}

void Changes(const WindowInput& in, StepColumn* out) {
  CountPairs(in, out,
             [](double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); });
}
void Resets(const WindowInput& in, StepColumn* out) {
  CountPairs(in, out, [](double a, double b) { return b < a; });
}

constexpr Kernel Windowed(WindowFn fn) { return {.shape = Shape::kWindowed, .window = fn}; }

constexpr FunctionSpec kFunctions[] = {
    {.name = "changes",
     .args = kRangeArg,
     .kernel = Windowed(&Changes),
     .summary = "How often the value changed in the window.",
     .example = "changes(process_start_time_seconds[1d])"},
    {.name = "delta",
     .args = kRangeArg,
     .kernel = Windowed(&Extrapolated<false, false>),
     .summary = "Difference over the window of a gauge, extrapolated to the window's edges.",
     .example = "delta(temperature_celsius[2h])"},
    {.name = "idelta",
     .args = kRangeArg,
     .kernel = Windowed(&LastTwo<false>),
     .summary = "Difference between the last two samples in the window.",
     .example = "idelta(temperature_celsius[5m])"},
    {.name = "increase",
     .args = kRangeArg,
     .counter = true,
     .kernel = Windowed(&Extrapolated<true, false>),
     .summary = "Increase of a counter over the window, resets allowed for, extrapolated.",
     .example = "increase(http_requests_total[1h])"},
    {.name = "irate",
     .args = kRangeArg,
     .kernel = Windowed(&LastTwo<true>),
     .summary = "Per-second increase between the last two samples in the window.",
     .example = "irate(http_requests_total[5m])"},
    {.name = "rate",
     .args = kRangeArg,
     .counter = true,
     .kernel = Windowed(&Extrapolated<true, true>),
     .summary = "Per-second increase of a counter, averaged over the window.",
     .example = "rate(http_requests_total[5m])"},
    {.name = "resets",
     .args = kRangeArg,
     .kernel = Windowed(&Resets),
     .summary = "How often a counter started over in the window.",
     .example = "resets(http_requests_total[1d])"},
};

}  // namespace

std::span<const FunctionSpec> RateFunctions() { return kFunctions; }

}  // namespace hearth::promql
