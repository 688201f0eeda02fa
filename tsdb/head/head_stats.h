// tsdb/head/head_stats.h
//
// What the head tells about itself. Plain values: the server turns them into prometheus_tsdb_*
// metrics.
#ifndef HEARTH_TSDB_HEAD_HEAD_STATS_H_
#define HEARTH_TSDB_HEAD_HEAD_STATS_H_

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "model/sample.h"
#include "tsdb/exemplars/exemplar_store.h"
#include "tsdb/lsn.h"
#include "tsdb/storage.h"

namespace hearth {

// What Open found.
struct ReplayStats {
  uint64_t wal_segments = 0;
  uint64_t wal_records = 0;
  uint64_t wal_samples = 0;  // Read.
  uint64_t replayed_samples =
      0;  // Of these, taken into the head; the others are in chunks or in the store.
  uint64_t unknown_ref_samples = 0;  // Their series record was lost.
  uint64_t skipped_bytes = 0;        // Damaged, in WAL and chunk log.
  uint64_t torn_tail_bytes = 0;      // Left by a crash in the middle of a write.
  uint64_t damaged_segments = 0;     // Of both logs, those with nothing but a torn tail left out.
  uint64_t missing_segments = 0;     // Of WAL and chunk log: gone, or without their end.
  uint64_t chunk_segments = 0;
  uint64_t chunks = 0;
  absl::Status wal_synced;  // Whether the WAL's end, which a kill may leave in memory, is durable.
  int64_t duration_ms = 0;
};

struct HeadStats {
  // Now.
  uint64_t series = 0;
  uint64_t chunks = 0;  // Open and closed.
  uint64_t label_pairs = 0;
  uint64_t label_names = 0;
  TimeRange range;  // Of the samples, mint to the precision of a window. Empty without samples.
  // Memory, about.
  uint64_t series_bytes = 0;  // Series without their labels.
  uint64_t label_bytes = 0;
  uint64_t postings_bytes = 0;
  uint64_t locator_bytes = 0;          // Of closed chunks.
  uint64_t chunk_bytes = 0;            // Arena of the open chunks.
  uint64_t late_buffered_samples = 0;  // Late samples that are not in a chunk yet.
  uint64_t late_buffer_bytes = 0;
  uint64_t wal_bytes = 0;  // On disk.
  uint64_t wal_segments = 0;
  uint32_t wal_current_segment = 0;
  uint64_t chunk_log_bytes = 0;
  uint64_t chunk_log_segments = 0;
  uint64_t chunk_log_pending_bytes = 0;  // In memory, waiting for the WAL or for the disk.
  Lsn last_lsn = 0;

  // Since the start.
  std::array<uint64_t, kAppendOutcomes> samples{};  // By outcome.
  uint64_t late_samples = 0;                        // Of the appended ones.
  uint64_t checkpoints = 0;                         // That let WAL segments go.
  uint64_t failed_checkpoints = 0;                  // The chunk log could not be written or synced.
  uint64_t commits = 0;
  uint64_t failed_commits = 0;
  uint64_t series_created = 0;
  uint64_t series_removed = 0;
  ExemplarStats exemplars;
  uint64_t exemplars_dropped = 0;  // None are kept, too many labels, or a series without samples.
  uint64_t metadata_dropped = 0;   // Beyond the limit.
  uint64_t wal_failures = 0;
  uint64_t wal_syncs = 0;
  uint64_t log_written_bytes = 0;  // To the WAL and the chunk log, since Open.
  uint64_t chunk_log_failures = 0;
  ReplayStats replay;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_STATS_H_
