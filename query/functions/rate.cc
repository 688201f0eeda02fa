// Functions of the change inside a window: rate and its kin, changes, resets.
#include <cmath>
#include <vector>

#include "query/functions/extended_window.h"
#include "query/functions/families.h"
#include "query/functions/lanes.h"
#include "query/functions/start_times.h"

namespace hearth::promql {
namespace {

// Where a counter fell: samples whose value is below the one before.
void FindResets(std::span<const double> v, std::vector<uint32_t>* resets) {
  resets->clear();
  if (!Lanes().falls(v.data(), v.size())) return;
  for (size_t i = 1; i < v.size(); ++i) {
    if (v[i] < v[i - 1]) resets->push_back(static_cast<uint32_t>(i));
  }
}

// How far each window is extrapolated. An edge that is within 1.1 mean sample distances of a sample
// is taken as covered; a farther edge gets half a distance.
void FillEdges(const WindowInput& in, WindowEdges* edges) {
  const size_t steps = in.steps();
  edges->known = true;
  edges->present = 0;
  edges->ok.assign(steps, 0);
  edges->first.assign(steps, 0);
  edges->last.assign(steps, 0);
  edges->sampled.assign(steps, 0);
  edges->to_start.assign(steps, 0);
  edges->to_end.assign(steps, 0);
  for (size_t i = 0; i < steps; ++i) {
    if (in.end[i] < in.begin[i] + 2) continue;
    const uint32_t first = in.begin[i], last = in.end[i] - 1;
    const TimeMs range_start = in.window_end[i] - in.range_ms;
    double to_start = static_cast<double>(in.t[first] - range_start) / 1000;
    double to_end = static_cast<double>(in.window_end[i] - in.t[last]) / 1000;
    const double sampled = static_cast<double>(in.t[last] - in.t[first]) / 1000;
    const double mean_distance = sampled / static_cast<double>(last - first);
    const double threshold = mean_distance * 1.1;
    if (to_start >= threshold) to_start = mean_distance / 2;
    if (to_end >= threshold) to_end = mean_distance / 2;
    ++edges->present;
    edges->ok[i] = 1;
    edges->first[i] = first;
    edges->last[i] = last;
    edges->sampled[i] = sampled;
    edges->to_start[i] = to_start;
    edges->to_end[i] = to_end;
  }
}

// Adds what was lost in the resets inside each window.
void AddResets(const WindowInput& in, std::span<const uint32_t> resets, double* change) {
  size_t next = 0;
  for (size_t i = 0; i < in.steps(); ++i) {
    if (!in.edges->ok[i]) continue;
    const uint32_t first = in.edges->first[i], last = in.edges->last[i];
    while (next < resets.size() && resets[next] <= first) ++next;
    for (size_t r = next; r < resets.size() && resets[r] <= last; ++r) {
      change[i] += in.v[resets[r] - 1];
    }
  }
}

template <bool kCounter, bool kPerSecond>
void Extrapolated(const WindowInput& in, StepColumn* out) {
  static thread_local std::vector<uint32_t> resets;
  static thread_local std::vector<double> change, first;
  if (kCounter && !in.start_t.empty()) return RateFromStarts(in, kPerSecond, out);
  WindowEdges* const edges = in.edges;
  if (!edges->known) FillEdges(in, edges);
  if (edges->present == 0) return;
  const size_t steps = in.steps();
  change.resize(steps);
  first.resize(steps);
  for (size_t i = 0; i < steps; ++i) {
    first[i] = in.v[edges->first[i]];
    change[i] = in.v[edges->last[i]] - first[i];
  }
  if (kCounter) {
    FindResets(in.v, &resets);
    if (!resets.empty()) AddResets(in, resets, change.data());
  }
  const double range_seconds = static_cast<double>(in.range_ms) / 1000;
  Lanes().extrapolate(change.data(), kCounter ? first.data() : nullptr,
                      {edges->sampled.data(), edges->to_start.data(), edges->to_end.data()}, steps,
                      kPerSecond ? range_seconds : 0, out->v.data());
  out->ok = edges->ok;
}

// What was lost in the resets between the ends of a window.
double LostInResets(const WindowInput& in, const ExtendedWindow& window) {
  double lost = 0, previous = window.left;
  for (uint32_t k = window.begin; k < window.end; ++k) {
    if (in.v[k] < previous) lost += previous;
    previous = in.v[k];
  }
  return window.right < previous ? lost + previous : lost;
}

// Between the values at the window's ends; nothing is extrapolated.
template <bool kCounter, bool kPerSecond>
void Extended(const WindowInput& in, StepColumn* out) {
  for (size_t i = 0; i < in.steps(); ++i) {
    const WindowEnds ends{.start = in.window_end[i] - in.range_ms,
                          .end = in.window_end[i],
                          .smoothed = in.mode == SelectorMode::kSmoothed,
                          .counter = kCounter};
    const auto window = ExtendWindow(in.t, in.v, in.begin[i], in.end[i], ends);
    if (!window) continue;
    double change = window->right - window->left;
    if (kCounter) change += LostInResets(in, *window);
    out->Set(i, kPerSecond ? change / (static_cast<double>(in.range_ms) / 1000) : change);
  }
}

template <bool kPerSecond>
void LastTwo(const WindowInput& in, StepColumn* out) {
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.end[i] < in.begin[i] + 2) continue;
    const uint32_t last = in.end[i] - 1;
    const TimeMs interval = in.t[last] - in.t[last - 1];
    if (interval == 0) continue;
    const bool reset = kPerSecond && (in.v[last] < in.v[last - 1] || IsStartReset(in, last));
    double result = reset ? in.v[last] : in.v[last] - in.v[last - 1];
    if (kPerSecond) result /= static_cast<double>(interval) / 1000;
    out->Set(i, result);
  }
}

// Counts the samples of each window that `differs` says are unlike the one before them, the
// window's first sample left out.
template <typename F>
void CountPairs(const WindowInput& in, StepColumn* out, F differs) {
  static thread_local std::vector<uint32_t> before;  // before[i]: hits among samples [1, i].
  before.assign(in.v.size(), 0);
  for (size_t i = 1; i < in.v.size(); ++i) {
    before[i] = before[i - 1] + (differs(i) ? 1 : 0);
  }
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.begin[i] >= in.end[i]) continue;
    out->Set(i, static_cast<double>(before[in.end[i] - 1] - before[in.begin[i]]));
  }
}

void Changes(const WindowInput& in, StepColumn* out) {
  CountPairs(in, out, [&in](size_t i) {
    const double a = in.v[i - 1], b = in.v[i];
    return a != b && !(std::isnan(a) && std::isnan(b));
  });
}
void Resets(const WindowInput& in, StepColumn* out) {
  CountPairs(in, out, [&in](size_t i) { return in.v[i] < in.v[i - 1] || IsStartReset(in, i); });
}

constexpr Kernel Windowed(WindowFn fn) { return {.shape = Shape::kWindowed, .window = fn}; }

// Counts over pairs of samples: an anchored window has one pair more, as long as it has a sample
// of its own.
template <WindowFn kCount>
void Anchored(const WindowInput& in, StepColumn* out) {
  kCount(in, out);
  for (size_t i = 0; i < in.steps(); ++i) {
    const bool empty = out->ok[i] && in.t[in.end[i] - 1] <= in.window_end[i] - in.range_ms;
    if (empty) out->ok[i] = 0;
  }
}

constexpr Kernel AnchoredCount(WindowFn fn, WindowFn anchored) {
  return {.shape = Shape::kWindowed, .window = fn, .anchored = anchored};
}

template <bool kCounter, bool kPerSecond>
constexpr Kernel Rate() {
  return {.shape = Shape::kWindowed,
          .window = &Extrapolated<kCounter, kPerSecond>,
          .anchored = &Extended<kCounter, kPerSecond>,
          .smoothed = &Extended<kCounter, kPerSecond>};
}

constexpr FunctionSpec kFunctions[] = {
    {.name = "changes",
     .args = kRangeArg,
     .kernel = AnchoredCount(&Changes, &Anchored<Changes>),
     .summary = "How often the value changed in the window.",
     .example = "changes(process_start_time_seconds[1d])"},
    {.name = "delta",
     .args = kRangeArg,
     .kernel = Rate<false, false>(),
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
     .kernel = Rate<true, false>(),
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
     .kernel = Rate<true, true>(),
     .summary = "Per-second increase of a counter, averaged over the window.",
     .example = "rate(http_requests_total[5m])"},
    {.name = "resets",
     .args = kRangeArg,
     .kernel = AnchoredCount(&Resets, &Anchored<Resets>),
     .summary = "How often a counter started over in the window.",
     .example = "resets(http_requests_total[1d])"},
};

}  // namespace

std::span<const FunctionSpec> RateFunctions() { return kFunctions; }

}  // namespace hearth::promql
