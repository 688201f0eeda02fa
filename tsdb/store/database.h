// tsdb/store/database.h
//
// The RocksDB database of the store: opens it, takes sorted files in, reads, drops whole
// generations. Knows keys and families, not versions or retention (store.h). Used inside tsdb/store
// only.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_TSDB_STORE_DATABASE_H_
#define HEARTH_TSDB_STORE_DATABASE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "tsdb/store/block_use.h"
#include "tsdb/store/catalogue.h"
#include "tsdb/store/rocks_options.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

// Two sorted files on the database's file system that hold one generation.
struct SealedFiles {
  GenerationInfo info;
  std::string samples_path;
  std::string index_path;
};

// One family's file of one generation.
struct StoredFile {
  GenerationId id;
  StoreFamily family;
  std::string path;
  uint64_t bytes = 0;
};

class Database {
 public:
  // Opens the database at `path`, or creates one where nothing is. Errors: kDataLoss when RocksDB
  // refuses what is there (missing, truncated or damaged files; the caller rebuilds),
  // kFailedPrecondition when a newer Hearth wrote it, others as FromRocks. `env` is borrowed and
  // guards the sorted files (table_guard.h).
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        size_t block_cache_bytes,
                                                        rocksdb::Env* env);
  ~Database();

  // Takes both files in, atomically, and removes them from where they were. The keys must be new.
  // kDataLoss when RocksDB refuses the files.
  absl::Status Ingest(const SealedFiles& files);
  // Deletes the files of a generation. What an open iterator reads stays on disk until it is
  // closed.
  absl::Status DeleteFiles(const GenerationId& id);
  // The files of `samples` and `index`. Files whose keys name no generation are left out.
  std::vector<StoredFile> Files() const;
  // The catalogue entry that a generation's files carry. kNotFound when one of the two files is
  // missing.
  absl::StatusOr<GenerationInfo> EntryFromFiles(const GenerationId& id) const;
  // Reads both files of a generation to the end: compares checksums and walks every bundle.
  // kDataLoss when damaged.
  absl::Status Verify(const GenerationId& id) const;

  // The catalogue in `meta`. Malformed entries are skipped. WriteCatalogue is one synced batch.
  absl::StatusOr<std::vector<GenerationInfo>> ReadCatalogue() const;
  absl::Status WriteCatalogue(std::span<const GenerationInfo> add,
                              std::span<const GenerationId> remove);

  // kNotFound when the key does not exist. The slice pins a block of the cache.
  absl::Status Get(StoreFamily family, std::string_view key, rocksdb::PinnableSlice* value) const;
  // An iterator over keys in [begin, end); both strings must outlive it. Positioned by the caller.
  std::unique_ptr<rocksdb::Iterator> NewIterator(StoreFamily family, BlockUse use,
                                                 const rocksdb::Slice* begin,
                                                 const rocksdb::Slice* end) const;

  // What lies on disk between each key and the next one (one fewer than keys), to the precision of
  // a block. `keys` ascends.
  absl::StatusOr<std::vector<uint64_t>> BytesBetween(StoreFamily family,
                                                     std::span<const std::string> keys) const;

  // See Store.
  absl::Status Checkpoint(const std::string& path);

  const std::string& path() const { return path_; }
  size_t block_cache_usage() const { return cache_->GetUsage(); }
  // What is above goes at once, but for blocks that somebody reads.
  void SetBlockCacheMax(size_t bytes) { cache_->SetCapacity(bytes); }

 private:
  Database(std::string path, std::shared_ptr<rocksdb::Cache> cache, rocksdb::Env* env)
      : path_(std::move(path)), cache_(std::move(cache)), env_(env) {}
  enum class Access { kReadOnly, kWrite, kCreate };
  absl::Status Connect(Access access);
  // A MANIFEST that lost its end opens well, and RocksDB then deletes the files that it does not
  // name. So before it may write: kDataLoss when the catalogue has a generation that the MANIFEST
  // does not have, while files without an owner lie there.
  absl::Status CheckNothingForgotten() const;
  // kFailedPrecondition when the database has a newer format than ours. Only reads.
  absl::Status CheckFormat() const;
  // Writes our format down where there is another one or none: in a database of an older version,
  // in a new one, or in one whose first write a crash cut short.
  absl::Status NoteFormat();
  // After a failed write (a full disk) RocksDB refuses more until it is told to go on.
  absl::Status ResumeIfStopped();

  const std::string path_;
  const std::shared_ptr<rocksdb::Cache> cache_;
  rocksdb::Env* const env_;                                              // Borrowed.
  std::unique_ptr<rocksdb::DB> db_;                                      // Constant after Open.
  std::array<rocksdb::ColumnFamilyHandle*, kStoreFamilies> families_{};  // Constant after Open.
  std::atomic<bool> stopped_{false};
};

// The catalogue entry in a sorted file's user properties. kNotFound when the file is not one of
// ours, kFailedPrecondition when a newer Hearth wrote it, kDataLoss when unreadable.
struct FileIdentity {
  StoreFamily family;
  GenerationInfo info;
};
absl::StatusOr<FileIdentity> IdentifyFile(const rocksdb::TableProperties& properties);

// The properties that IdentifyFile reads.
rocksdb::UserCollectedProperties IdentityProperties(StoreFamily family, const GenerationInfo& info);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_DATABASE_H_
