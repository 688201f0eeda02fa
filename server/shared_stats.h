// server/shared_stats.h
//
// One reading of the database's statistics for all metrics of one rendering.
//
// Thread safety: Get from any thread. Borrows the storage.
#ifndef HEARTH_SERVER_SHARED_STATS_H_
#define HEARTH_SERVER_SHARED_STATS_H_

#include <chrono>
#include <memory>

#include "model/mutex.h"
#include "server/late_storage.h"
#include "tsdb/db.h"

namespace hearth {

class SharedStats {
 public:
  explicit SharedStats(const LateStorage<Db>* storage) : storage_(storage) {}

  // Null until the database is open. At most kMaxAge old.
  std::shared_ptr<const DbStats> Get() LOCKS_EXCLUDED(mu_) {
    if (!storage_->ready()) return nullptr;
    MutexLock lock(&mu_);
    const auto now = std::chrono::steady_clock::now();
    if (stats_ == nullptr || now - read_at_ > kMaxAge) {
      stats_ = std::make_shared<const DbStats>(storage_->get()->Stats());
      read_at_ = now;
    }
    return stats_;
  }

 private:
  static constexpr std::chrono::milliseconds kMaxAge{100};
  const LateStorage<Db>* const storage_;
  Mutex mu_;
  std::shared_ptr<const DbStats> stats_ GUARDED_BY(mu_);
  std::chrono::steady_clock::time_point read_at_ GUARDED_BY(mu_);
};

}  // namespace hearth

#endif  // HEARTH_SERVER_SHARED_STATS_H_
