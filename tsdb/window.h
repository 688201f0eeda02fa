// tsdb/window.h
//
// Windows divide time: a window is [start, start + length), aligned to the epoch. A chunk lies
// inside one window; a flush, its coverage and a drop by retention are about one window.
#ifndef HEARTH_TSDB_WINDOW_H_
#define HEARTH_TSDB_WINDOW_H_

#include <cstdint>

#include "model/sample.h"

namespace hearth {

inline constexpr TimeMs kDefaultWindowMs = 60 * 60 * 1000;
inline constexpr TimeMs kDefaultOutOfOrderWindowMs = 60 * 60 * 1000;

// The start of the window that holds `t`, also for times before the epoch. `length_ms` > 0.
constexpr TimeMs WindowStart(TimeMs t, TimeMs length_ms) {
  const TimeMs into = t % length_ms;
  return t - (into < 0 ? into + length_ms : into);
}

// [start, start + length - 1], both inclusive.
constexpr TimeRange WindowRange(TimeMs start, TimeMs length_ms) {
  return TimeRange{start, start + length_ms - 1};
}

}  // namespace hearth

#endif  // HEARTH_TSDB_WINDOW_H_
