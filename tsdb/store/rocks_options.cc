#include "tsdb/store/rocks_options.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>

#include "model/text.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

namespace {

// Of samples: what a query reads of a window (one metric's neighbouring series) and little else, so
// that the cache has room for many windows. Of labels and postings: their text repeats, so larger
// blocks are smaller on disk, and queries that come again do not read them.
constexpr size_t kSampleBlockBytes = 8 << 10;
constexpr size_t kIndexBlockBytes = 32 << 10;
constexpr size_t kWriteBufferBytes = 64 << 10;
constexpr size_t kMetaWriteBufferBytes = 256 << 10;
// Table readers kept open, once they were needed: the two files of 1 024 windows, more than thirty
// days have. Opening one costs as much as reading ten windows; keeping it, a few KiB.
constexpr int kOpenFilesMax = 2048;

// Half of what the process may open stays free for sockets and logs.
int OpenFilesMax() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kOpenFilesMax / 8;
  return static_cast<int>(std::min<rlim_t>(kOpenFilesMax, limit.rlim_cur / 2));
}

// What RocksDB has to say reaches us as a Status; its own log would only grow.
class SilentLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*args*/) override {}
};

rocksdb::BlockBasedTableOptions TableOptions(size_t block_bytes,
                                             std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = block_bytes;
  table.format_version = kTableVersion;
  table.checksum = kTableChecksum;
  table.block_cache = std::move(cache);
  // Index blocks live in the cache, so open files cost what the cache allows and no more.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.no_block_cache = table.block_cache == nullptr;
  return table;
}

}  // namespace

rocksdb::DBOptions StoreDbOptions(rocksdb::Env* env) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.max_open_files = OpenFilesMax();
  options.max_file_opening_threads = 1;
  options.table_cache_numshardbits = 2;
  options.skip_stats_update_on_db_open = true;
  options.info_log = std::make_shared<SilentLog>();
  options.info_log_level = rocksdb::FATAL_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 1 << 20;
  // The catalogue's log and the MANIFEST are a few KiB: what would be reserved for them is more than a
  // small store has samples.
  options.allow_fallocate = false;
  options.max_manifest_file_size = 4 << 20;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

rocksdb::ColumnFamilyOptions SealedFamilyOptions(StoreFamily family,
                                                 std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  options.arena_block_size = 4 << 10;
  options.max_write_buffer_number = 2;
  options.disable_auto_compactions = true;
  options.level_compaction_dynamic_level_bytes = false;
  options.compression = rocksdb::kZSTD;
  options.bottommost_compression = rocksdb::kZSTD;
  options.compression_opts.level = 1;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(
      TableOptions(family == kSamples ? kSampleBlockBytes : kIndexBlockBytes, std::move(cache))));
  return options;
}

rocksdb::ColumnFamilyOptions MetaFamilyOptions(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kMetaWriteBufferBytes;
  options.arena_block_size = 16 << 10;
  options.max_write_buffer_number = 2;
  options.compression = rocksdb::kNoCompression;
  options.table_factory.reset(
      rocksdb::NewBlockBasedTableFactory(TableOptions(kIndexBlockBytes, std::move(cache))));
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> StoreFamilies(std::shared_ptr<rocksdb::Cache> cache) {
  return {{rocksdb::kDefaultColumnFamilyName, MetaFamilyOptions(cache)},
          {store_format::kSamplesFamily, SealedFamilyOptions(kSamples, cache)},
          {store_format::kIndexFamily, SealedFamilyOptions(kIndex, cache)},
          {store_format::kMetaFamily, MetaFamilyOptions(cache)}};
}

absl::Status FromRocks(const rocksdb::Status& status, std::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const std::string message = StrCat(what, ": ", status.ToString());
  if (status.IsNoSpace()) return absl::UnavailableError(message);
  if (status.IsCorruption()) return absl::DataLossError(message);
  if (status.IsNotFound()) return absl::NotFoundError(message);
  return absl::InternalError(message);
}

}  // namespace hearth
