// tsdb/window.h
//
// Windows divide time: a window is [start, start + length), aligned to the epoch. A chunk lies
// inside one window; a flush, its coverage and a drop by retention are about one window.
#ifndef HEARTH_TSDB_WINDOW_H_
#define HEARTH_TSDB_WINDOW_H_

#include <cstdint>
#include <limits>

#include "model/sample.h"

namespace hearth {

inline constexpr TimeMs kDefaultWindowMs = 60 * 60 * 1000;
inline constexpr TimeMs kDefaultOutOfOrderWindowMs = 60 * 60 * 1000;

// The last time that a window of `length_ms` holds which starts at `start`, both inclusive: its
// end, or the last time there is.
constexpr TimeMs WindowEnd(TimeMs start, TimeMs length_ms) {
  constexpr TimeMs kLast = std::numeric_limits<TimeMs>::max();
  return start > kLast - (length_ms - 1) ? kLast : start + (length_ms - 1);
}

// The start of the window that holds `t`, also for times before the epoch. `length_ms` > 0. The
// first window begins with the first time there is, so it may start between two aligned ones.
constexpr TimeMs WindowStart(TimeMs t, TimeMs length_ms) {
  constexpr TimeMs kFirst = std::numeric_limits<TimeMs>::min();
  const TimeMs rest = t % length_ms;
  const TimeMs into = rest < 0 ? rest + length_ms : rest;
  return t < kFirst + into ? kFirst : t - into;
}

// What ended windows are merged into: the longest of some divisors of a day that is at most a tenth
// of the retention (0 = no limit), so that retention by time keeps its grain; `window_ms` when none
// is longer than that.
constexpr TimeMs MergedWindowMs(TimeMs window_ms, TimeMs retention_ms) {
  constexpr TimeMs kHour = 60 * 60 * 1000;
  for (const TimeMs hours : {24, 12, 8, 6, 4, 3, 2}) {
    const TimeMs length = hours * kHour;
    if (length <= window_ms) break;
    if (length % window_ms == 0 && (retention_ms == 0 || length <= retention_ms / 10))
      return length;
  }
  return window_ms;
}

// The window that starts at `start`, a result of WindowStart. The first window, when it starts
// between two aligned ones, ends before the second.
constexpr TimeRange WindowRange(TimeMs start, TimeMs length_ms) {
  constexpr TimeMs kFirst = std::numeric_limits<TimeMs>::min();
  const TimeMs rest = start % length_ms;
  if (start == kFirst && rest < 0) return TimeRange{start, start - rest - 1};
  return TimeRange{start, WindowEnd(start, length_ms)};
}

}  // namespace hearth

#endif  // HEARTH_TSDB_WINDOW_H_
