// rules/for_state.h
//
// What ALERTS_FOR_STATE says of the alerts of a rule before a restart, and since when an alert
// counts as active that was found there.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_FOR_STATE_H_
#define HEARTH_RULES_FOR_STATE_H_

#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/storage.h"

namespace hearth {

struct ForState {
  TimeMs down_at_ms = 0;    // When it was last evaluated, whole seconds.
  TimeMs active_at_ms = 0;  // Since when it was active then, whole seconds.
};

// By the alerts' labels, that is without the metric's name.
using ForStates = absl::flat_hash_map<Labels, ForState>;

// Those of the rule `alertname` whose last sample in `range` is not a stale marker. Errors are the
// storage's.
absl::StatusOr<ForStates> ReadForStates(const Queryable& storage, std::string_view alertname,
                                        TimeRange range);

// Since when the alert counts as active at `ts`, so that it fires when it would have, had it not
// been down; but `grace_ms` after `ts` at the earliest, unless it fired already.
TimeMs RestoredActiveAt(const ForState& state, TimeMs ts, TimeMs for_ms, TimeMs grace_ms);

// The whole seconds of a time, towards the past.
inline int64_t FloorToSeconds(TimeMs t) { return t / 1000 - (t % 1000 < 0 ? 1 : 0); }

}  // namespace hearth

#endif  // HEARTH_RULES_FOR_STATE_H_
