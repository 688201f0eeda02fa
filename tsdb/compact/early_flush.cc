#include "tsdb/compact/early_flush.h"

#include <algorithm>

namespace hearth {

bool EarlyFlush::Due(MemoryPressure pressure, TimeMs now) {
  if (pressure < MemoryPressure::kFlush) {
    // A pressure that comes again at once is the same one.
    if (last_ && now - *last_ >= interval_ms_) {
      last_.reset();
      interval_ms_ = kIntervalMs;
    }
    return false;
  }
  // A clock that was set back begins anew.
  if (last_ && now >= *last_) {
    if (now - *last_ < interval_ms_) return false;
    interval_ms_ = std::min(2 * interval_ms_, kIntervalMaxMs);
  }
  last_ = now;
  return true;
}

}  // namespace hearth
