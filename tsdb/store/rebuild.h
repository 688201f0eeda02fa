// tsdb/store/rebuild.h
//
// What to do with a database that RocksDB refuses: one missing or truncated file, or a damaged
// MANIFEST, and it opens nothing. The sorted files say for themselves what they hold, so a fresh
// database takes the good ones in, which costs milliseconds.
//
// Thread safety: none; runs inside Store::Open.
#ifndef HEARTH_TSDB_STORE_REBUILD_H_
#define HEARTH_TSDB_STORE_REBUILD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tsdb/store/database.h"

namespace hearth {

struct RebuiltDatabase {
  std::unique_ptr<Database> database;
  uint64_t set_aside = 0;  // Sorted files that could not be kept.
};

struct RebuildOptions {
  std::string path;
  std::string quarantine_path;
  size_t block_cache_bytes = 0;
  rocksdb::Env* env = nullptr;  // As for Database::Open.
};

// Moves the folder `path` to `<path>.damaged`, opens a fresh database at `path` and takes in every
// generation whose two files are readable. What is left goes to a new folder under
// `quarantine_path`; each file is named in the log. `reason` is why RocksDB refused. A rebuild that
// was cut short is taken up again by calling this once more. kFailedPrecondition, and nothing
// moved, when a newer version has written one of the files.
absl::StatusOr<RebuiltDatabase> RebuildDatabase(const RebuildOptions& options,
                                                const absl::Status& reason);

// True when a rebuild of `path` was begun and not completed: then `path` does not have everything,
// whether or not it opens.
bool RebuildUnfinished(const std::string& path);

// A folder name under `quarantine_path` that does not exist yet: `<stem>-1`, `<stem>-2` … Creates
// `quarantine_path` only.
absl::StatusOr<std::string> NewQuarantinePath(const std::string& quarantine_path,
                                              const std::string& stem);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_REBUILD_H_
