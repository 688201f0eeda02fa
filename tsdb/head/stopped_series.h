// tsdb/head/stopped_series.h
//
// When a series of the head counts as stopped, so that it is flushed by itself and leaves memory
// long before its window is over: when both the newest data and the clock have moved on by its idle
// limit since its last sample. By the data alone, one sender with a fast clock would stop all
// others; by the clock alone, a link that is down would stop everything behind it.
//
// Thread safety: values and pure functions.
#ifndef HEARTH_TSDB_HEAD_STOPPED_SERIES_H_
#define HEARTH_TSDB_HEAD_STOPPED_SERIES_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/sample.h"
#include "tsdb/storage.h"

namespace hearth {

// After a stale marker: somebody said that the series has stopped. A target that was only
// restarted is back by then.
inline constexpr TimeMs kStaleIdleMs = 30'000;
// Of a series that is expected again: five times its spacing, within these.
inline constexpr TimeMs kIdleLeastMs = 60'000;
inline constexpr TimeMs kIdleMostMs = 5 * 60'000;
// What is sampled more rarely still, waits for two and a half times its spacing, up to this.
inline constexpr TimeMs kIdleLimitMs = 30 * 60'000;

// Nobody can ask for less: whoever has found a series to append to may take so long to commit.
inline constexpr TimeMs kIdleFloorMs = 10'000;

// How long is waited: as said above, or half as long where memory is short, unless the next sample
// may not even be late by then.
enum class Patience { kUsual, kMemoryShort };

// How long a series must have been idle. `spacing_ms`: between its last two samples, 0 = not known.
constexpr TimeMs IdleLimit(TimeMs spacing_ms, bool stale, Patience patience = Patience::kUsual) {
  if (stale) return patience == Patience::kUsual ? kStaleIdleMs : kStaleIdleMs / 2;
  const TimeMs spacing = std::clamp<TimeMs>(spacing_ms, 0, kIdleLimitMs);
  const TimeMs late = std::min(spacing * 5 / 2, kIdleLimitMs);
  const TimeMs usual = spacing == 0
                           ? kIdleMostMs
                           : std::max(late, std::clamp(5 * spacing, kIdleLeastMs, kIdleMostMs));
  return patience == Patience::kUsual ? usual : std::max(usual / 2, late);
}

// What Head::FindStopped finds.
struct StoppedSeries {
  std::vector<SeriesRef> series;  // In order of slot.
  TimeMs longest_ms = 0;          // By how much the oldest has passed its limit.
  TimeMs idle_max_ms = 0;         // As it was asked for, as the next.
  Patience patience = Patience::kUsual;
  uint64_t alive = 0;  // All series in memory, these included.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_STOPPED_SERIES_H_
