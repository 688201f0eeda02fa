// tsdb/compact/stopped_policy.h
//
// Decides when series that have stopped are flushed by themselves. Each time costs a generation of
// their windows, so a few of them wait for more.
//
// Thread safety: none; belongs to the compactor's round.
#ifndef HEARTH_TSDB_COMPACT_STOPPED_POLICY_H_
#define HEARTH_TSDB_COMPACT_STOPPED_POLICY_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "model/sample.h"
#include "tsdb/head/stopped_series.h"

namespace hearth {

struct StoppedPolicyOptions {
  // Between looks: each passes over all series. Less than they are scraped apart, so that those
  // which stop at two scrapes are not flushed in one.
  TimeMs look_ms = 5'000;
  // So many are flushed at once, or this part of all series when that is more.
  uint64_t enough = 1000;
  uint64_t part = 16;
  // Fewer are flushed when one of them has waited so long.
  TimeMs wait_ms = 2 * 60'000;
};

class StoppedPolicy {
 public:
  explicit StoppedPolicy(StoppedPolicyOptions options) : options_(options) {}

  // Whether it is time to look, which it takes for granted then.
  bool Look(TimeMs now) {
    // A clock that was set back has it look at once.
    if (looked_at_ && now >= *looked_at_ && now - *looked_at_ < options_.look_ms) return false;
    looked_at_ = now;
    return true;
  }
  // With memory short an eighth is enough, and a few wait an eighth as long.
  bool IsEnough(const StoppedSeries& stopped) const {
    if (stopped.series.empty()) return false;
    const int share = stopped.patience == Patience::kMemoryShort ? 8 : 1;
    const uint64_t enough = std::max(options_.enough, stopped.alive / options_.part) / share;
    return stopped.longest_ms >= options_.wait_ms / share || stopped.series.size() >= enough;
  }

 private:
  const StoppedPolicyOptions options_;
  std::optional<TimeMs> looked_at_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_STOPPED_POLICY_H_
