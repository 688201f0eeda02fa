// Series that have stopped: finding them, and listing what they hold so that they can leave memory
// before their window is over. Their open chunks are copied, not closed: nothing goes through the
// chunk log and no segment is rolled for them.
#include <algorithm>
#include <utility>

#include "model/sample.h"
#include "model/status.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/kill_point.h"

namespace hearth {
namespace {

// Commits wait while so many series are looked at, or copied.
constexpr uint32_t kSlotsAtOnce = 4096;
constexpr size_t kCopiedAtOnce = 512;

}  // namespace

std::optional<TimeMs> Head::Impl::StoppedFor(const MemSeries& series, TimeMs idle_max_ms,
                                             Patience patience) const {
  const uint32_t used_s = std::max(series.used_s.load(std::memory_order_relaxed), opened_s);
  const uint32_t now_s = NowSeconds();
  TimeMs idle = now_s < used_s ? 0 : TimeMs{now_s - used_s} * 1000;
  TimeMs limit = idle_max_ms;
  // Without one the series has late samples only.
  if (series.has_last) {
    const TimeMs t = series.state.t;
    // Unsigned: the times may be further apart than a signed number can tell.
    const uint64_t behind =
        t > max_time ? 0 : static_cast<uint64_t>(max_time) - static_cast<uint64_t>(t);
    idle = static_cast<TimeMs>(std::min(static_cast<uint64_t>(idle), behind));
    limit = std::min(limit,
                     IdleLimit(series.state.delta, series.state.v_bits == kStaleNaNBits, patience));
  } else {
    limit = std::min(limit, IdleLimit(0, false, patience));
  }
  if (idle < limit) return std::nullopt;
  return idle - limit;
}

StoppedSeries Head::Impl::FindStopped(TimeMs idle_max_ms, Patience patience) const {
  idle_max_ms = std::max(idle_max_ms, kIdleFloorMs);
  StoppedSeries stopped{.idle_max_ms = idle_max_ms, .patience = patience, .alive = table.size()};
  const uint32_t slots = table.slot_end();
  for (uint32_t from = 0; from < slots; from += kSlotsAtOnce) {
    MutexLock lock(&commit_mu);
    for (uint32_t slot = from; slot < std::min(from + kSlotsAtOnce, slots); ++slot) {
      const MemSeries& series = table.At(slot);
      if (HasNoSamples(series)) continue;
      const std::optional<TimeMs> passed = StoppedFor(series, idle_max_ms, patience);
      if (!passed) continue;
      stopped.series.push_back(table.RefOf(slot));
      stopped.longest_ms = std::max(stopped.longest_ms, *passed);
    }
  }
  return stopped;
}

absl::StatusOr<FlushWindow> Head::Impl::BeginFlush(TimeMs window_start,
                                                   const StoppedSeries& stopped) {
  FlushWindow flush;
  flush.window_start_ = window_start;
  flush.stopped_ = true;
  flush.begun_s_ = NowSeconds();
  const TimeRange window = WindowRange(window_start, options.window_ms);
  // Grown step by step they would be in memory twice.
  const size_t series = stopped.series.size();
  flush.series_.reserve(series);
  flush.open_.reserve(series);
  Lsn listed = 0;
  {
    MutexLock delete_lock(&delete_mu);
    {
      // A series that is listed later has more than this; what is more is flushed all the same.
      MutexLock lock(&commit_mu);
      flush.lsn_ = wal->last_lsn();
    }
    for (size_t i = 0; i < stopped.series.size();) {
      MutexLock lock(&commit_mu);
      const size_t end = std::min(stopped.series.size(), i + kCopiedAtOnce);
      for (; i < end; ++i) {
        const uint32_t slot = SeriesTable::SlotOf(stopped.series[i]);
        MemSeries& series = table.At(slot);
        if (series.generation != SeriesTable::GenerationOf(stopped.series[i])) continue;
        if (!StoppedFor(series, stopped.idle_max_ms, stopped.patience)) continue;
        if (series.has_late && late.Find(slot)->Holds(window)) {
          CloseLate(slot, &series, wal->last_lsn());
        }
        List(slot, window, &flush);
      }
    }
    MutexLock lock(&commit_mu);
    listed = wal->last_lsn();
    flush.log_ = chunk_log->View();
  }
  PassKillPoint(KillPoint::kStoppedListed);
  // The store must never have what came after something that the WAL loses in a power cut.
  if (flush.size() > 0) HEARTH_RETURN_IF_ERROR(wal->WaitDurable(listed));
  Order(&flush);
  return flush;
}

}  // namespace hearth
