// tsdb/compact/early_flush.h
//
// EarlyFlush: whether memory is so short that windows are to be flushed before their time. A flush
// gives back the memory of closed chunks and, after that, of series that nobody writes any more;
// series that go on keep theirs. So when one was not enough the next comes later, up to
// kIntervalMaxMs: each makes a generation that a merge has to clean up.
//
// Thread safety: none; belongs to the compactor's round.
#ifndef HEARTH_TSDB_COMPACT_EARLY_FLUSH_H_
#define HEARTH_TSDB_COMPACT_EARLY_FLUSH_H_

#include <optional>

#include "model/clock.h"
#include "model/memory_budget.h"

namespace hearth {

class EarlyFlush {
 public:
  static constexpr TimeMs kIntervalMs = 60 * 1000;
  static constexpr TimeMs kIntervalMaxMs = 16 * kIntervalMs;

  // True when a flush is due at `now`, which is to follow then.
  bool Due(MemoryPressure pressure, TimeMs now);

 private:
  std::optional<TimeMs> last_;  // Under the present pressure.
  TimeMs interval_ms_ = kIntervalMs;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_EARLY_FLUSH_H_
