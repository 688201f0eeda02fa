// Where the bytes of a database are, in memory and on disk, and giving some back.
#include <algorithm>
#include <filesystem>
#include <numeric>
#include <system_error>

#include "model/status.h"
#include "tsdb/compact/disk_usage.h"
#include "tsdb/db.h"

namespace hearth {
namespace {

uint64_t FileBytes(const std::string& path) {
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  return error ? 0 : bytes;
}

size_t Share(size_t bytes, double share) {
  return static_cast<size_t>(static_cast<double>(bytes) * share);
}

}  // namespace

uint64_t Db::FlushBytes() const { return head_->FlushBytes(); }

void Db::ShrinkCaches(double cache_share) {
  const StoreOptions& options = store_->options();
  store_->ShrinkCaches(Share(options.block_cache_bytes, cache_share),
                       Share(options.selection_cache_bytes, cache_share));
  head_->ShrinkCaches(cache_share);
}

void Db::CloseOpenChunks(size_t kept_bytes) { head_->CloseOpenChunks(kept_bytes); }

std::vector<std::pair<std::string, uint64_t>> Db::DiskByPart() const {
  uint64_t flushed = 0, merged = 0;
  for (const auto& [length, bytes] : store_->BytesByWindowLength()) {
    (length <= options_.window_ms ? flushed : merged) += bytes;
  }
  const std::string everything[] = {directory_->root(), directory_->snapshots()};
  const uint64_t total = DiskUsage(directory_->root());
  std::vector<std::pair<std::string, uint64_t>> parts = {
      {"wal", DiskUsage(directory_->wal())},
      {"chunk_log", DiskUsage(directory_->chunks())},
      {"store_flushed", flushed},
      {"store_merged", merged},
      {"quarantine", DiskUsage(directory_->quarantine())},
      {"reserve", FileBytes(directory_->reserve())}};
  const uint64_t told =
      std::accumulate(parts.begin(), parts.end(), uint64_t{0},
                      [](uint64_t sum, const auto& part) { return sum + part.second; });
  parts.emplace_back("other", total > told ? total - told : 0);
  parts.emplace_back("snapshots", DiskUsage(everything) - total);
  return parts;
}

absl::StatusOr<MetricBytesRanking> Db::BytesByMetric(size_t limit) const {
  MetricBytesRanking ranking;
  ranking.memory = Largest(head_->MemoryByMetric(), limit);
  const std::shared_ptr<const StoreVersion> version = store_->version();
  MutexLock lock(&metrics_mu_);
  if (metrics_of_.lock() != version) {
    HEARTH_ASSIGN_OR_RETURN(disk_by_metric_, DiskByMetric(*store_, *version));
    metrics_of_ = version;
  }
  ranking.disk = Largest(disk_by_metric_, limit);
  return ranking;
}

}  // namespace hearth
