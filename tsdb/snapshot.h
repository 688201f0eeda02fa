// tsdb/snapshot.h
//
// Snapshots: a copy of everything at one moment that costs hard links only, below
// `<path>/snapshots/<name>`, which opens as a data directory itself.
//
//   <path>/snapshots/20261121T120000Z-0123456789abcdef/hearth/{wal,chunks,store,deletes}
//
// WAL and chunk log come first, then the store: what a flush moves in between is in both, which a
// replay resolves by (window, LSN), and every sample acknowledged before the call is there.
//
// Thread safety: CreateSnapshot: one caller at a time; beside everything else that the Db does.
#ifndef HEARTH_TSDB_SNAPSHOT_H_
#define HEARTH_TSDB_SNAPSHOT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "tsdb/data_directory.h"
#include "tsdb/file_system.h"
#include "tsdb/head/head.h"
#include "tsdb/store/store.h"

namespace hearth {

// What a snapshot is made of. Borrowed during the call.
struct SnapshotSource {
  FileSystem* fs;
  const DataDirectory* directory;
  Head* head;
  Store* store;
};

// Makes a snapshot and returns its name. `skip_head`: without what is only in the head. Written
// under a name of its own and renamed when it is complete and durable, so a crash leaves no half
// snapshot; what one left is removed by the next call. On error nothing is left: no space, no hard
// links on this file system, logs that cannot be rolled.
absl::StatusOr<std::string> CreateSnapshot(const SnapshotSource& source, TimeMs now,
                                           bool skip_head);

// Prometheus' form: UTC time to the second, and 16 hexadecimal digits.
std::string SnapshotName(TimeMs now, uint64_t random);

}  // namespace hearth

#endif  // HEARTH_TSDB_SNAPSHOT_H_
