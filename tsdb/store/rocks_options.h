// tsdb/store/rocks_options.h
//
// How RocksDB is opened: sealed files only, little memory, no background compaction of samples, a
// quiet info log.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_STORE_ROCKS_OPTIONS_H_
#define HEARTH_TSDB_STORE_ROCKS_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "rocksdb/cache.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"
#include "rocksdb/table.h"

namespace hearth {

// The index of each column family in the vectors below.
enum StoreFamily : size_t { kDefaultFamily = 0, kSamples = 1, kIndex = 2, kMeta = 3 };
inline constexpr size_t kStoreFamilies = 4;

// Of every sorted file. Another value makes the files written before unreadable (table_guard.h).
inline constexpr uint32_t kTableVersion = 5;
inline constexpr rocksdb::ChecksumType kTableChecksum = rocksdb::kXXH3;

// `env` is borrowed; null is the operating system's. What opens sorted files gives a guarded one
// (table_guard.h).
rocksdb::DBOptions StoreDbOptions(rocksdb::Env* env);
// Options of the files of `family`, kSamples or kIndex; also what SstFileWriter needs. `cache` may
// be null for a writer.
rocksdb::ColumnFamilyOptions SealedFamilyOptions(StoreFamily family,
                                                 std::shared_ptr<rocksdb::Cache> cache);
rocksdb::ColumnFamilyOptions MetaFamilyOptions(std::shared_ptr<rocksdb::Cache> cache);
std::vector<rocksdb::ColumnFamilyDescriptor> StoreFamilies(std::shared_ptr<rocksdb::Cache> cache);

// OK stays OK; corruption becomes kDataLoss, a full disk kUnavailable, the rest kInternal. `what`
// was attempted.
absl::Status FromRocks(const rocksdb::Status& status, std::string_view what);

inline rocksdb::Slice ToSlice(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view FromSlice(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_ROCKS_OPTIONS_H_
