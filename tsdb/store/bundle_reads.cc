#include "tsdb/store/bundle_reads.h"

#include "rocksdb/perf_context.h"

namespace hearth {
namespace {

// RocksDB counts by thread; counts alone cost next to nothing and are on.
int64_t CachedBlocks() {
  return static_cast<int64_t>(rocksdb::get_perf_context()->block_cache_hit_count);
}
int64_t ReadBlocks() { return static_cast<int64_t>(rocksdb::get_perf_context()->block_read_count); }

}  // namespace

BundleReads::Scope::Scope(BundleReads* reads)
    : reads_(reads), cached_before_(CachedBlocks()), read_before_(ReadBlocks()) {}

BundleReads::Scope::~Scope() {
  constexpr auto kRelaxed = std::memory_order_relaxed;
  reads_->bundles_.fetch_add(bundles_, kRelaxed);
  reads_->bytes_.fetch_add(bytes_, kRelaxed);
  reads_->cached_blocks_.fetch_add(CachedBlocks() - cached_before_, kRelaxed);
  reads_->read_blocks_.fetch_add(ReadBlocks() - read_before_, kRelaxed);
}

SeriesReads BundleReads::Counts() const {
  return {.bundles = bundles_.load(std::memory_order_relaxed),
          .bundle_bytes = bytes_.load(std::memory_order_relaxed),
          .cached_blocks = cached_blocks_.load(std::memory_order_relaxed),
          .read_blocks = read_blocks_.load(std::memory_order_relaxed)};
}

}  // namespace hearth
