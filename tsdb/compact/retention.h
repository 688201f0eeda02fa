// tsdb/compact/retention.h
//
// Drops what the retention no longer allows: by time, and by the bytes that the storage's own files
// take (OwnedBytes). Quarantine, snapshots and files of others are not counted, or they would cost
// good data that can free nothing of theirs.
//
// Thread safety: none; belongs to the compactor's thread.
#ifndef HEARTH_TSDB_COMPACT_RETENTION_H_
#define HEARTH_TSDB_COMPACT_RETENTION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "model/sample.h"
#include "tsdb/store/store.h"

namespace hearth {

struct RetentionLimits {
  TimeMs time_ms = 0;  // 0 = no limit.
  uint64_t bytes = 0;  // 0 = no limit.
};

struct RetentionResult {
  size_t dropped_by_time = 0;  // Generations.
  size_t dropped_by_size = 0;
};

// The first time that is kept, or the smallest TimeMs without a limit.
TimeMs OldestKept(const RetentionLimits& limits, TimeMs now);

// Drops windows that ended before the limit, and as many of the oldest ones as it takes to get
// below the size; the newest sealed window always stays, and nothing is dropped for its size that
// frees no bytes, as what a snapshot shares. `owned_bytes` is what OwnedBytes says now; what was
// dropped already and is only kept for readers does not count.
absl::StatusOr<RetentionResult> ApplyRetention(const RetentionLimits& limits, TimeMs now,
                                               uint64_t owned_bytes, Store* store);

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_RETENTION_H_
