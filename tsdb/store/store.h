// tsdb/store/store.h
//
// The sealed part of the storage: windows that ended, in RocksDB, under the key schema of
// store_keys.h. The compactor writes generations (generation_writer.h → Ingest → Publish) and drops
// old ones; queries hold a StoreVersion and read through generation_reader.h.
//
// A StoreVersion is a catalogue that does not change. A generation that was dropped keeps its files
// until the last version that lists it has gone and CollectGarbage has been called after that.
//
// A crash between Ingest and Publish leaves files that no catalogue entry names. Open adopts them
// when both files of the generation are there: they are complete (RocksDB took them in atomically)
// and carry their entry, coverage included, in their properties, so the head's replay skips what
// they hold. The same rule heals a lost catalogue; a window that retention was about to delete
// comes back until retention's next look.
//
// Thread safety: all methods may be called from any thread. Locks: write_mu_ → mu_; mu_ is a leaf,
// never held across a disk write.
#ifndef HEARTH_TSDB_STORE_STORE_H_
#define HEARTH_TSDB_STORE_STORE_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/mutex.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/selection_cache.h"
#include "tsdb/store/store_keys.h"

namespace rocksdb {
class Env;
}

namespace hearth {

class Database;
class DroppedGenerations;
struct SealedFiles;

struct StoreOptions {
  std::string path;          // The database's folder. Created when missing, like the next two.
  std::string scratch_path;  // Where generations are written before they are taken in; emptied by
                             // Open. Same file system.
  std::string quarantine_path;  // Where damaged parts are moved.
  size_t block_cache_bytes = size_t{32} << 20;
  size_t selection_cache_bytes = size_t{4} << 20;
  // Where RocksDB's files are; null = the operating system's. Borrowed; outlives the store.
  rocksdb::Env* env = nullptr;
};

// One generation as long as somebody may read it.
class Generation {
 public:
  Generation(GenerationInfo info, uint64_t bytes, std::shared_ptr<DroppedGenerations> dropped);
  ~Generation();  // Hands a dropped generation to the garbage.

  const GenerationInfo info;  // As it was written; for what changes ask Info().
  const std::string prefix;   // GenerationPrefix(info.id)
  const uint64_t bytes;       // On disk, both files.
  const uint64_t serial;      // No other generation of this process has it, dropped ones included.

  // As it is now.
  GenerationInfo Info() const;
  // GenerationInfo::lsn, which NoteCovered raises.
  uint64_t lsn() const { return lsn_.load(std::memory_order_relaxed); }
  // Deletes up to this LSN have nothing in here to hide.
  uint64_t deletes_lsn() const { return deletes_lsn_.load(std::memory_order_relaxed); }

 private:
  friend class Store;
  const std::shared_ptr<DroppedGenerations> garbage_;
  std::atomic<bool> dropped_{false};
  std::atomic<uint64_t> lsn_;  // Only grow.
  std::atomic<uint64_t> deletes_lsn_;
};

// Immutable. Generations in the order of JoinedBefore.
struct StoreVersion {
  std::vector<std::shared_ptr<Generation>> generations;
};

struct StoreStats {
  uint64_t bundle_reads = 0;  // Bundles read since Open.
  uint64_t generations = 0;
  uint64_t series_max = 0;  // Of the largest generation.
  uint64_t samples = 0;
  uint64_t sample_bytes = 0;  // Files of `samples`, on disk.
  uint64_t index_bytes = 0;
  uint64_t dropped_bytes = 0;      // Of both: dropped, but somebody still reads them.
  uint64_t written_bytes = 0;      // Of both: flushed and merged since Open.
  uint64_t block_cache_bytes = 0;  // In use, as the next.
  uint64_t selection_cache_bytes = 0;
  uint64_t quarantined = 0;  // Files and generations set aside since Open.
  uint64_t read_errors = 0;  // Reads that met damage.
};

class Store {
 public:
  // Always opens, whatever state the files are in: what cannot be read is moved to quarantine,
  // logged and counted. Errors: a full disk, missing permissions, a format of a newer version.
  static absl::StatusOr<std::unique_ptr<Store>> Open(StoreOptions options);
  // No version, reader or writer may be left.
  ~Store();

  std::shared_ptr<const StoreVersion> version() const;
  // The number for the next flush or merge of `window`: above everything that overlaps it and has
  // files.
  GenerationId NextGeneration(const WindowId& window) const;

  // Takes in what a GenerationWriter finished. Not visible before Publish. On error the files are
  // left where they are.
  absl::Status Ingest(const SealedFiles& files);
  // Writes the catalogue entry and takes the entries of what it replaces out, in one synced batch,
  // and makes that visible to new versions. After an error it is not known what is on disk: call it
  // again until it succeeds, or leave it to the next Open.
  absl::Status Publish(const GenerationInfo& info);

  // Notes in the catalogue (synced) that deletes up to `lsn` have nothing to hide in a generation.
  // Without effect for one that is not there.
  absl::Status NoteDeletesApplied(const GenerationId& id, uint64_t lsn);
  // Notes in the catalogue (synced) that the store has everything of a window that WAL records up
  // to `lsn` hold. Without effect when the window has no generation.
  absl::Status NoteCovered(const WindowId& window, uint64_t lsn);
  // Whether a delete may have something to hide: in a generation that somebody may read, or that
  // the next Open may find.
  bool MayHoldDeleted(uint64_t lsn, TimeRange range) const;

  // Takes generations out of the catalogue (synced), then deletes their files as soon as nobody
  // reads them.
  absl::Status Drop(std::span<const GenerationId> ids);
  // Drops every window that ends before `t`: its last millisecond < t. Returns how many
  // generations.
  absl::StatusOr<size_t> DropBefore(TimeMs t);
  // How many bytes dropping each generation would free: those of its files that have no other name,
  // as a snapshot gives them.
  std::map<GenerationId, uint64_t> BytesToFree() const;
  // Makes a copy of the database at `path`, which must not exist, of hard links where the file
  // system has them. Opens as a store with the catalogue of some moment during the call.
  absl::Status Checkpoint(const std::string& path);
  // Deletes the files of dropped generations whose last reader has gone. Cheap when there are none.
  absl::Status CollectGarbage();

  // Called by readers that met damage. The next QuarantineDamaged looks at that generation.
  void ReportDamage(const GenerationId& id, const absl::Status& status) const;
  // Verifies the reported generations; links the files of a damaged one into quarantine and drops
  // it. Returns how many.
  absl::StatusOr<size_t> QuarantineDamaged();

  // Reads every byte of a generation. kDataLoss when damaged; nothing is set aside.
  absl::Status Verify(const GenerationId& id) const;

  // Of everything published or adopted, for the head's replay.
  std::vector<GenerationInfo> Catalogue() const;
  StoreStats Stats() const;
  // On disk, by the length of the windows: hours, days. Of published generations.
  std::map<TimeMs, uint64_t> BytesByWindowLength() const;
  // The caches may take so many of the bytes of StoreOptions; what they hold above goes at once.
  void ShrinkCaches(size_t block_cache_bytes, size_t selection_cache_bytes);
  const StoreOptions& options() const { return options_; }

  const Database& database() const { return *database_; }
  SelectionCache& selections() const { return selections_; }
  const std::string& scratch_path() const { return options_.scratch_path; }
  // StoreOptions::env with guarded sorted files: what writers and readers of the store use.
  rocksdb::Env* env() const { return env_.get(); }
  void CountRead(uint64_t bundles) const {
    bundle_reads_.fetch_add(bundles, std::memory_order_relaxed);
  }

 private:
  explicit Store(StoreOptions options);
  // Opens the database, rebuilding it from its files when RocksDB refuses it.
  absl::Status OpenDatabase();
  // Makes catalogue and files agree, and installs the first version.
  absl::Status Reconcile();
  absl::Status CollectGarbageLocked() EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // The version without these generations, which are marked as dropped.
  std::shared_ptr<StoreVersion> Without(std::span<const GenerationId> ids)
      EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  absl::Status DropLocked(std::span<const GenerationId> ids) EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  // One generation that a reader complained about: true when it was damaged and is gone now.
  absl::StatusOr<bool> QuarantineLocked(const GenerationId& id) EXCLUSIVE_LOCKS_REQUIRED(write_mu_);
  void Install(std::shared_ptr<const StoreVersion> version);

  const StoreOptions options_;
  const std::unique_ptr<rocksdb::Env> env_;  // Never null. Outlives database_.
  const std::shared_ptr<DroppedGenerations> garbage_;
  std::unique_ptr<Database> database_;  // Constant after Open.
  mutable SelectionCache selections_;
  mutable std::atomic<uint64_t> bundle_reads_{0};
  mutable std::atomic<uint64_t> read_errors_{0};
  std::atomic<uint64_t> quarantined_{0};
  std::atomic<uint64_t> written_bytes_{0};

  // Held by those who change the catalogue, across the disk write. Before mu_.
  Mutex write_mu_;
  mutable Mutex mu_;
  std::shared_ptr<const StoreVersion> version_ GUARDED_BY(mu_);
  // Ingested but not published, or dropped but not yet deleted: numbers that NextGeneration must
  // not give again, and what is on disk nevertheless.
  struct Hidden {
    uint64_t bytes = 0;  // That will be freed.
    uint64_t deletes_lsn = 0;
    TimeRange range;
  };
  std::map<GenerationId, Hidden> hidden_ GUARDED_BY(mu_);
  mutable std::set<GenerationId> suspects_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_STORE_H_
