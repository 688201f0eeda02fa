#include "tsdb/store/rocks_options.h"

#include <string>

#include "model/text.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

namespace {

constexpr size_t kBlockBytes = 32 << 10;
constexpr size_t kWriteBufferBytes = 64 << 10;
constexpr size_t kMetaWriteBufferBytes = 256 << 10;
// Table readers kept open; each pins a few KiB besides what the block cache holds.
constexpr int kOpenFilesMax = 256;

// What RocksDB has to say reaches us as a Status; its own log would only grow.
class SilentLog : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*args*/) override {}
};

rocksdb::BlockBasedTableOptions TableOptions(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = kBlockBytes;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
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
  options.max_open_files = kOpenFilesMax;
  options.max_file_opening_threads = 1;
  options.table_cache_numshardbits = 2;
  options.skip_stats_update_on_db_open = true;
  options.info_log = std::make_shared<SilentLog>();
  options.info_log_level = rocksdb::FATAL_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 1 << 20;
  options.manifest_preallocation_size = 64 << 10;
  options.max_manifest_file_size = 4 << 20;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return options;
}

rocksdb::ColumnFamilyOptions SealedFamilyOptions(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kWriteBufferBytes;
  options.arena_block_size = 4 << 10;
  options.max_write_buffer_number = 2;
  options.disable_auto_compactions = true;
  options.level_compaction_dynamic_level_bytes = false;
  options.compression = rocksdb::kZSTD;
  options.bottommost_compression = rocksdb::kZSTD;
  options.compression_opts.level = 1;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(std::move(cache))));
  return options;
}

rocksdb::ColumnFamilyOptions MetaFamilyOptions(std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kMetaWriteBufferBytes;
  options.arena_block_size = 16 << 10;
  options.max_write_buffer_number = 2;
  options.compression = rocksdb::kNoCompression;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(std::move(cache))));
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> StoreFamilies(std::shared_ptr<rocksdb::Cache> cache) {
  return {{rocksdb::kDefaultColumnFamilyName, MetaFamilyOptions(cache)},
          {store_format::kSamplesFamily, SealedFamilyOptions(cache)},
          {store_format::kIndexFamily, SealedFamilyOptions(cache)},
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
