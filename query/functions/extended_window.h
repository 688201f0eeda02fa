// query/functions/extended_window.h
//
// Windows whose two ends have values of their own (`anchored`, `smoothed`): the change over such a
// window is exact where the plain one extrapolates. Anchored takes the sample at or before the
// start, and the last one inside; smoothed interpolates at both ends. Semantics: Prometheus'
// proposal PROM-52.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_FUNCTIONS_EXTENDED_WINDOW_H_
#define HEARTH_QUERY_FUNCTIONS_EXTENDED_WINDOW_H_

#include <cstdint>
#include <optional>
#include <span>

#include "model/clock.h"
#include "model/sample.h"

namespace hearth::promql {

// The value at `t` on the line between two samples; a.t < b.t.
inline double Interpolate(Sample a, Sample b, TimeMs t) {
  return a.v + (b.v - a.v) * static_cast<double>(t - a.t) / static_cast<double>(b.t - a.t);
}

// The window (start, end].
struct WindowEnds {
  TimeMs start = 0, end = 0;
  bool smoothed = false;
  bool counter = false;  // A fall is a start from zero.
};

struct ExtendedWindow {
  double left = 0, right = 0;   // Values at the ends.
  uint32_t begin = 0, end = 0;  // The samples strictly between the ends.
};

// The samples [begin, end) that a window of a selector with this reach sees: those inside it, the
// last one at or before its start, and when smoothed the first one at or after its end. `begin` and
// `end` come as those of the samples inside.
void ReachOut(std::span<const TimeMs> t, const WindowEnds& ends, TimeMs before, TimeMs after,
              uint32_t* begin, uint32_t* end);

// Empty when no sample after the start, or (smoothed) none before the end is among [begin, end).
std::optional<ExtendedWindow> ExtendWindow(std::span<const TimeMs> t, std::span<const double> v,
                                           uint32_t begin, uint32_t end, const WindowEnds& ends);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_FUNCTIONS_EXTENDED_WINDOW_H_
