// tsdb/compact/quarantine.h
//
// Keeps the quarantine small: what was set aside as damaged is kept for an operator to look at, not
// for ever and not without limit.
//
// Thread safety: none; belongs to the compactor's round.
#ifndef HEARTH_TSDB_COMPACT_QUARANTINE_H_
#define HEARTH_TSDB_COMPACT_QUARANTINE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "model/clock.h"

namespace hearth {

struct QuarantineLimits {
  uint64_t bytes = uint64_t{1} << 30;
  TimeMs age_ms = TimeMs{30} * 24 * 60 * 60 * 1000;
};

struct QuarantineState {
  uint64_t bytes = 0;  // Left.
  size_t entries = 0;  // Left.
  size_t removed = 0;  // By this call.
};

// Removes the entries of `folder` that were set aside longer than limits.age_ms before `now`, then
// the oldest until at most limits.bytes are left; names each in the log. Only names that we give
// (`store-1`, `generation-2` …) are touched and counted. A folder that does not exist is empty.
QuarantineState TrimQuarantine(const std::string& folder, const QuarantineLimits& limits,
                               TimeMs now);

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_QUARANTINE_H_
