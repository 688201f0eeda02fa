// tsdb/kill_point.h
//
// Named points inside the storage's multi-step work at which a test can have the process die as by
// `kill -9`, and which count how often they were passed. The table in kill_point.cc is the list of
// names; tools/crashtest walks it.
//
//   HEARTH_KILL_AT=flush.ingested:3     SIGKILL to itself the third time that point is passed
//   HEARTH_KILL_COUNTS=<file>           the counts, in a file that outlives any death
//
// Without either a pass costs one branch that is always predicted.
//
// Thread safety: PassKillPoint from any thread; ArmKillPoints once, before other threads start.
#ifndef HEARTH_TSDB_KILL_POINT_H_
#define HEARTH_TSDB_KILL_POINT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hearth {

enum class KillPoint : uint8_t {
  kFlushBegun,
  kFlushSeriesAdded,
  kFlushWritten,
  kFlushIngested,
  kFlushPublished,
  kFlushEnded,
  kStoppedListed,
  kStoppedLeft,
  kCoverageNoted,
  kMergeWritten,
  kMergeIngested,
  kMergePublished,
  kCatalogueAdded,
  kCatalogueRemoved,
  kStoreFilesDeleted,
  kRetentionDropped,
  kRetentionDiscarded,
  kWalWritten,
  kWalRolled,
  kWalSegmentDeleted,
  kChunkLogWritten,
  kChunkLogRolled,
  kChunkLogSegmentDeleted,
  kCheckpointSynced,
  kCheckpointEnded,
  kLateChunkClosed,
  kDeleteParted,
  kDeleteRecorded,
  kDeleteApplied,
  kSnapshotLinked,
  kSnapshotFilled,
  kSnapshotNamed,
  kReplayed,
  kEnd,  // Not a point.
};
inline constexpr size_t kKillPoints = static_cast<size_t>(KillPoint::kEnd);

struct KillPointName {
  KillPoint point;
  std::string_view name;
  std::string_view passed;  // When, in words.
};
// One row for each point, in the order of the enumeration.
const std::array<KillPointName, kKillPoints>& KillPointNames();

using KillCounts = std::array<uint64_t, kKillPoints>;

// Reads the two environment variables and arms the points. `at` and `counts_path` are their values,
// null when not set. kInvalidArgument: no such point, or not `<name>:<n>` with n >= 1. The counts
// are added to those that the file has already.
absl::Status ArmKillPoints(const char* at, const char* counts_path);
// What a process with HEARTH_KILL_COUNTS has written. kNotFound without the file, kDataLoss when it
// is of another version of the table.
absl::StatusOr<KillCounts> ReadKillCounts(const std::string& counts_path);

namespace internal {
extern bool kill_points_armed;
void HitKillPoint(KillPoint point);
}  // namespace internal

inline void PassKillPoint(KillPoint point) {
  if (internal::kill_points_armed) [[unlikely]]
    internal::HitKillPoint(point);
}

}  // namespace hearth

#endif  // HEARTH_TSDB_KILL_POINT_H_
