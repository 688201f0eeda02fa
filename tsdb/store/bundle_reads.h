// tsdb/store/bundle_reads.h
//
// What reading bundles has cost a reader: how many, their bytes, and where RocksDB found the blocks
// they lie in.
//
// Thread safety: may be used by several threads.
#ifndef HEARTH_TSDB_STORE_BUNDLE_READS_H_
#define HEARTH_TSDB_STORE_BUNDLE_READS_H_

#include <atomic>
#include <cstdint>

#include "tsdb/storage.h"

namespace hearth {

class BundleReads {
 public:
  // Counts what its thread reads until its end.
  class Scope {
   public:
    explicit Scope(BundleReads* reads);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

    void CountBundle(size_t bytes) {
      ++bundles_;
      bytes_ += static_cast<int64_t>(bytes);
    }

   private:
    BundleReads* const reads_;
    const int64_t cached_before_, read_before_;  // Of the thread.
    int64_t bundles_ = 0, bytes_ = 0;
  };

  // Without samples, which the reader does not hand out.
  SeriesReads Counts() const;

 private:
  std::atomic<int64_t> bundles_{0}, bytes_{0}, cached_blocks_{0}, read_blocks_{0};
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_BUNDLE_READS_H_
