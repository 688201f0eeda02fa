// tsdb/wal/group_commit.h
//
// GroupCommit makes written WAL bytes durable in batches. The writer calls Written() after
// write(2); one background thread syncs at most every `interval_ms`, or at once when somebody waits
// in WaitDurable or asks by SyncSoon. Used by WalWriter only.
//
// Thread safety: all methods may be called from any thread. Invariants: (1) synced_lsn() <= the
// last LSN written; (2) both only grow. Failure: the first fdatasync error is latched; every later
// call returns it until Reset(). After a failed sync the kernel may have dropped the bytes and
// would report the next sync as good, so the file must not be used again: start a new segment, then
// Reset().
#ifndef HEARTH_TSDB_WAL_GROUP_COMMIT_H_
#define HEARTH_TSDB_WAL_GROUP_COMMIT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "model/mutex.h"
#include "tsdb/file_system.h"
#include "tsdb/lsn.h"

namespace hearth {

class GroupCommit {
 public:
  // `first_lsn` counts as durable already. interval_ms 0: nothing is synced in the background, only
  // for those who wait.
  GroupCommit(int64_t interval_ms, Lsn first_lsn);
  ~GroupCommit();  // Syncs what is left.

  // Notes that everything up to `lsn` (inclusive) has reached `file` or files noted before. No
  // file: an LSN without a record. Never blocks on the disk.
  void Written(std::shared_ptr<File> file, Lsn lsn);
  // Blocks until what was written up to `lsn` (inclusive) is durable, or returns the latched error.
  absl::Status WaitDurable(Lsn lsn);
  // Has the thread sync what was written now. Does not wait.
  void SyncSoon();

  Lsn synced_lsn() const;
  uint64_t syncs() const;
  absl::Status error() const;
  // Forgets the error and what the failed files hold: later calls are about new files.
  void Reset();

 private:
  void Run();
  // Waits until there is a reason to sync; false when stopping with nothing left to do.
  bool AwaitWork() EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::chrono::milliseconds interval_;
  mutable Mutex mu_;
  CondVar work_;     // Something was written, somebody waits, or stop_.
  CondVar durable_;  // synced_lsn_ or error_ changed.
  std::vector<std::shared_ptr<File>> dirty_ GUARDED_BY(mu_);  // Without duplicates, oldest first.
  Lsn written_lsn_ GUARDED_BY(mu_);
  Lsn synced_lsn_ GUARDED_BY(mu_);
  uint64_t syncs_ GUARDED_BY(mu_) = 0;
  uint64_t epoch_ GUARDED_BY(mu_) = 0;  // Resets so far: a sync that straddles one does not count.
  int waiting_ GUARDED_BY(mu_) = 0;
  bool soon_ GUARDED_BY(mu_) = false;  // Somebody asked for the next sync.
  bool stop_ GUARDED_BY(mu_) = false;
  absl::Status error_ GUARDED_BY(mu_);  // Latched.
  std::chrono::steady_clock::time_point last_sync_ GUARDED_BY(mu_);

  std::thread thread_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_WAL_GROUP_COMMIT_H_
