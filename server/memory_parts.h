// server/memory_parts.h
//
// Where the bytes of the process are: hearth_memory_*, hearth_disk_bytes, and what
// /api/v1/status/tsdb shows beside Prometheus' tables. The parts of memory are disjoint and sum up
// to what is resident; sizes of the storage's structures are estimates, `other` is what the program
// has allocated beside them, `allocator` what jemalloc keeps free, `code` pages of program files.
//
// Thread safety: all methods may be called from any thread. Borrows all it is given.
#ifndef HEARTH_SERVER_MEMORY_PARTS_H_
#define HEARTH_SERVER_MEMORY_PARTS_H_

#include <chrono>
#include <functional>
#include <memory>

#include "api/v1/dependencies.h"
#include "metrics/registry.h"
#include "model/mutex.h"
#include "server/late_storage.h"
#include "server/memory_guard.h"
#include "server/shared_stats.h"
#include "tsdb/db.h"

namespace hearth {

class MemoryParts {
 public:
  struct Sources {
    const LateStorage<Db>* storage = nullptr;
    std::shared_ptr<SharedStats> stats;
    const MemoryGuard* guard = nullptr;
    std::function<int64_t()> scrape_caches;
    std::function<int64_t()> queries;  // Of guard->work().
  };
  explicit MemoryParts(Sources sources) : sources_(std::move(sources)) {}

  // In a fixed order; those of the storage are absent until it is open.
  NamedCounts Memory() const;
  // The same; at most kDiskAge old.
  NamedCounts Disk() const LOCKS_EXCLUDED(mu_);

  // Borrowed by the registry.
  void Register(metrics::Registry* registry);
  // Fills what TsdbStatus has beside Prometheus' tables.
  absl::Status Fill(size_t limit, TsdbStatus* status) const;

 private:
  static constexpr std::chrono::seconds kDiskAge{10};

  const Sources sources_;
  mutable Mutex mu_;
  mutable NamedCounts disk_ GUARDED_BY(mu_);
  mutable std::chrono::steady_clock::time_point disk_read_at_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_SERVER_MEMORY_PARTS_H_
