// tsdb/db.h
//
// Db: the storage as a whole. Owns the data directory, the head, the store and the compactor, and
// is what the server opens. Everybody else sees it as an Appendable and a Queryable
// (tsdb/storage.h); only the server, the tools and the admin API know it whole.
//
// Thread safety: all methods may be called from any thread. Appenders, queriers and series sets
// must be gone before Close.
#ifndef HEARTH_TSDB_DB_H_
#define HEARTH_TSDB_DB_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/matcher.h"
#include "model/memory_budget.h"
#include "model/metadata.h"
#include "model/mutex.h"
#include "tsdb/cardinality.h"
#include "tsdb/change_log.h"
#include "tsdb/compact/compactor.h"
#include "tsdb/data_directory.h"
#include "tsdb/deletes/deletes.h"
#include "tsdb/file_system.h"
#include "tsdb/head/checkpointer.h"
#include "tsdb/head/head.h"
#include "tsdb/storage.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/metric_bytes.h"
#include "tsdb/store/store.h"
#include "tsdb/window.h"

namespace hearth {

struct DbOptions {
  std::string path;                          // --storage.tsdb.path; ours is `<path>/hearth`.
  const Clock* clock = &SystemClock::Get();  // Borrowed; outlives the Db.
  FileSystem* fs = &PosixFileSystem();       // Borrowed; outlives the Db. RocksDB does not use it.
  rocksdb::Env* rocks_env = nullptr;         // RocksDB's; as StoreOptions::env.

  TimeMs retention_ms = TimeMs{30} * 24 * 60 * 60 * 1000;  // 0 = no limit by time.
  uint64_t retention_bytes = 0;                            // 0 = no limit by size.
  QuarantineLimits quarantine;                             // Of damaged parts that are set aside.
  int64_t wal_sync_interval_ms = 1000;                     // 0 = sync before each acknowledgement.
  TimeMs window_ms = kDefaultWindowMs;
  // How much older than its series' last sample a sample may be; 0 = such samples are refused.
  TimeMs out_of_order_window_ms = kDefaultOutOfOrderWindowMs;
  uint64_t max_series = 0;     // In memory; 0 = no limit.
  bool start_zeros = false;    // See HeadOptions.
  uint64_t max_exemplars = 0;  // 0 = none are kept.
  size_t block_cache_bytes = size_t{32} << 20;
  uint64_t wal_segment_bytes = uint64_t{64} << 20;
  uint64_t max_wal_bytes = uint64_t{256} << 20;  // See HeadOptions.
  uint64_t chunk_segment_bytes = uint64_t{64} << 20;
  // WAL and chunk log together; beyond it windows are flushed before their time.
  uint64_t max_log_bytes = uint64_t{2} << 30;
  // See HeadOptions and CompactorOptions. Borrowed; outlives the Db; null = memory is never short.
  MemoryBudget* memory = nullptr;
  // How often compactor and checkpointer look, in real time; 0 = only when Wake is called (tests).
  std::chrono::milliseconds compactor_interval{1000};
};

struct DbStats {
  HeadStats head;
  StoreStats store;
  uint64_t deletes = 0;  // Not applied everywhere yet.
  CompactorStats compactor;
  TimeRange range;  // Of head and store together; empty() without a sample.
};

// One sealed part: a (window, generation).
struct SealedPart {
  GenerationInfo info;
  uint64_t bytes = 0;  // On disk.
};

class Db : public Appendable, public Queryable, public ExemplarQueryable {
 public:
  // Opens or creates the data directory and brings every acknowledged sample back. Damage in the
  // data is set aside, logged and counted, never an error. On a full disk it opens, and refuses
  // samples until there is space. Errors, one line each: see DataDirectory; files of a newer
  // version; a full disk on which nothing was opened before.
  static absl::StatusOr<std::unique_ptr<Db>> Open(DbOptions options);
  ~Db() override;  // Close, without its status.

  std::unique_ptr<Appender> NewAppender() override;
  absl::StatusOr<std::unique_ptr<Querier>> NewQuerier(TimeRange range) const override;
  std::optional<StorageChanges> ChangesSince(uint64_t moment) const override {
    return changes_.Since(moment);
  }
  std::optional<Fingerprint> LabelStamp(const LabelScope& scope) const override;

  absl::StatusOr<std::vector<SeriesExemplars>> SelectExemplars(
      std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const override;

  // Changes DbOptions::max_exemplars; the newest ones stay.
  void SetMaxExemplars(uint64_t max);
  // Changes DbOptions::out_of_order_window_ms for later commits.
  void SetOutOfOrderWindow(TimeMs window_ms);

  // Moves everything from the head to the store.
  absl::Status Flush();
  // Moves the series that nobody has written to for `idle_ms`, by the clock and by the newest data,
  // or for their own idle limit when that is shorter, but ten seconds at least
  // (tsdb/head/stopped_series.h), to the store and
  // out of memory. The compactor does it by itself from time to time with the idle limits alone;
  // for whoever needs the memory now. Returns how many series left.
  absl::StatusOr<uint64_t> FlushStopped(TimeMs idle_ms);
  // Merges every window that has several generations or deleted samples, and the windows of each
  // day.
  absl::Status Merge();
  // Deletes the samples in `range` of the series that satisfy one of the matcher sets: hidden and
  // durable when it returns, reclaimed in the background. What is written later is not touched,
  // also for the same times. Nothing to do for an empty range. Errors: kResourceExhausted when too
  // many deletes wait to be applied; a disk that cannot be written.
  absl::Status Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range);
  // Moves everything from the head to the store and merges it.
  absl::Status CompactAll();
  // Has Flush, Merge and CompactAll under way, and those to come, answer kCancelled soon, and the
  // background's do the same: for a stop.
  void CancelCompaction();
  // Makes a snapshot below `<path>/snapshots` and returns its name: see tsdb/snapshot.h.
  absl::StatusOr<std::string> Snapshot(bool skip_head);
  // Has the compactor look now, in its own thread.
  void Wake();
  // One round of the compactor, in this thread.
  absl::Status Compact();
  // Makes acknowledged samples durable and stops. Nothing is flushed: the next Open replays.
  // Idempotent.
  absl::Status Close();

  std::vector<std::pair<std::string, Metadata>> MetadataEntries() const;
  DbStats Stats() const;
  // In the order of JoinedBefore.
  std::vector<SealedPart> SealedParts() const;
  // Reads every byte of one of them. kDataLoss when damaged.
  absl::Status VerifySealed(const GenerationId& id) const;
  // What a flush takes of memory while it runs, about. Cheap.
  uint64_t FlushBytes() const;
  // Gives memory back: caches keep `cache_share` (0 to 1) of what the options allow them ...
  void ShrinkCaches(double cache_share);
  // ... and open chunks of more than `kept_bytes` go to disk, see Head::CloseOpenChunks.
  void CloseOpenChunks(size_t kept_bytes);
  // Where the bytes on disk are, in a fixed order: every file is in one part. Of snapshots what
  // they do not share with the database. Walks the folders.
  std::vector<std::pair<std::string, uint64_t>> DiskByPart() const;
  // Of memory and disk, by metric name: largest first, at most `limit` rows each.
  absl::StatusOr<MetricBytesRanking> BytesByMetric(size_t limit) const LOCKS_EXCLUDED(metrics_mu_);
  // Of the series in memory; each table has at most `limit` rows.
  Cardinality CountSeries(size_t limit) const;

 private:
  explicit Db(DbOptions options) : options_(std::move(options)) {}
  absl::Status OpenStore();
  // The same on a full disk: lets go of the space that is kept for it.
  absl::Status OpenStoreWithReserve();
  absl::Status OpenHead();
  void StartCompactor();

  const DbOptions options_;
  ChangeLog changes_;
  // Constant between Open and Close; in the order in which they need each other.
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<Deletes> deletes_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Head> head_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<Compactor> compactor_;

  // The disk's part of BytesByMetric, for the version it was read from.
  mutable Mutex metrics_mu_;
  mutable std::weak_ptr<const StoreVersion> metrics_of_ GUARDED_BY(metrics_mu_);
  mutable MetricBytes disk_by_metric_ GUARDED_BY(metrics_mu_);

  Mutex snapshot_mu_;  // One snapshot at a time. Before the locks of head and store.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_DB_H_
