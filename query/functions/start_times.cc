#include "query/functions/start_times.h"

#include <algorithm>
#include <optional>

namespace hearth::promql {
namespace {

// A start before the previous sample that is not the previous sample's start cannot be right.
bool Overlaps(const WindowInput& in, size_t i) {
  const TimeMs start = in.start_t[i];
  return start != 0 && start < in.t[i - 1] && start != in.start_t[i - 1];
}

double Seconds(TimeMs ms) { return static_cast<double>(ms) / 1000; }

// What the window (start, start + range_ms] with the samples [begin, end) grew by, extrapolated.
std::optional<double> Increase(const WindowInput& in, size_t begin, size_t end, TimeMs start) {
  const size_t last = end - 1;
  double change = in.v[last] - in.v[begin];
  bool overlap = false;
  for (size_t i = begin + 1; i < end; ++i) {
    overlap = overlap || Overlaps(in, i);
    if (in.v[i] < in.v[i - 1] || IsStartReset(in, i)) change += in.v[i - 1];
  }
  if (overlap) in.notes->Add(Note::kStartTimeOverlap, in.arg_pos[0], {in.metric_name});
  double to_start = Seconds(in.t[begin] - start);
  double to_end = Seconds(start + in.range_ms - in.t[last]);
  double sampled = Seconds(in.t[last] - in.t[begin]);
  const double distance = last > begin ? sampled / static_cast<double>(last - begin) : 0;
  const double threshold = distance * 1.1;
  const TimeMs began = in.start_t[begin];
  if (began != 0 && began > start && began < in.t[begin]) {
    to_start = 0;
    sampled = Seconds(in.t[last] - began);
    change += in.v[begin];
  } else if (last == begin) {
    return std::nullopt;
  } else {
    if (to_start >= threshold) to_start = distance / 2;
    // A counter was not below zero.
    if (change > 0 && in.v[begin] >= 0) {
      to_start = std::min(to_start, sampled * (in.v[begin] / change));
    }
  }
  if (to_end >= threshold) to_end = distance / 2;
  return sampled == 0 ? change : change * ((sampled + to_start + to_end) / sampled);
}

}  // namespace

bool IsStartReset(const WindowInput& in, size_t i) {
  if (in.start_t.empty()) return false;
  const TimeMs start = in.start_t[i], previous = in.t[i - 1];
  // A start at its own sample says that it is unknown.
  if (start == 0 || start >= in.t[i] || start < previous) return false;
  if (start > previous) return true;
  // A start at the previous sample: a delta, unless that one's start is unknown or wrong.
  const TimeMs previous_start = in.start_t[i - 1];
  return previous_start != 0 && previous_start < previous;
}

void RateFromStarts(const WindowInput& in, bool per_second, StepColumn* out) {
  const double range = Seconds(in.range_ms);
  for (size_t step = 0; step < in.steps(); ++step) {
    if (in.begin[step] >= in.end[step]) continue;
    const auto increase =
        Increase(in, in.begin[step], in.end[step], in.window_end[step] - in.range_ms);
    if (increase) out->Set(step, per_second ? *increase / range : *increase);
  }
}

}  // namespace hearth::promql
