// tsdb/compact/compactor.h
//
// Compactor: the one background thread that moves ended windows from the head into the store and
// keeps the retention. Works in rounds:
//
//   1. retention (time at every round; size at most every kDiskLookMs, and after flushes); head
//   windows that left it are discarded
//   2. generations that readers found damaged are set aside; the quarantine is kept small
//   3. the windows that FlushPolicy chooses are flushed, oldest first; all ended ones when WAL and
//   chunk log exceed their limit; all of them when memory is short, what has stopped first
//   4. what StoppedPolicy says of series that have stopped is flushed, and the small generations
//   that this makes of a window are kept few, by one merge in each of the following rounds
//   5. the window that MergePolicy chooses, one a round, is merged, in a thread that yields to
//   others: a day that has ended, of the windows it was flushed in; any other window when it has
//   several generations; none while memory is short
//   6. deletes that nothing on disk needs any more leave their list
//
// A failed step is latched in the stats, logged once per kind of error, and tried again in the next
// round; nothing is lost and nothing needs a restart, so a full disk heals when space returns.
//
// Thread safety: all methods may be called from any thread. Lock order: round_mu_ → head's and
// store's locks; mu_ is a leaf.
#ifndef HEARTH_TSDB_COMPACT_COMPACTOR_H_
#define HEARTH_TSDB_COMPACT_COMPACTOR_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/memory_budget.h"
#include "model/mutex.h"
#include "tsdb/change_log.h"
#include "tsdb/compact/early_flush.h"
#include "tsdb/compact/flush_policy.h"
#include "tsdb/compact/merge_policy.h"
#include "tsdb/compact/quarantine.h"
#include "tsdb/compact/retention.h"
#include "tsdb/compact/stopped_policy.h"
#include "tsdb/compact/window_flush.h"
#include "tsdb/compact/window_merge.h"
#include "tsdb/deletes/deletes.h"
#include "tsdb/head/head.h"
#include "tsdb/store/store.h"

namespace hearth {

struct CompactorOptions {
  const Clock* clock = nullptr;  // Borrowed; outlives the compactor.
  ChangeLog* changes = nullptr;  // Hears of what queries no longer see. Borrowed; may be null.
  FlushPolicyOptions policy;
  MergePolicyOptions merge_policy;
  StoppedPolicyOptions stopped_policy;
  TimeMs merged_window_ms = 0;  // What ended windows are merged into; 0 = they keep their length.
  RetentionLimits retention;
  QuarantineLimits quarantine;
  // WAL and chunk log are what max_log_bytes limits; with the store and its scratch folder, what
  // counts for the size retention.
  std::string wal_path;
  std::string chunks_path;
  std::string store_path;
  std::string quarantine_path;
  uint64_t max_log_bytes = uint64_t{2} << 30;
  // When memory is short windows are flushed before their time (early_flush.h) and nothing is
  // merged. Borrowed; null = it never is.
  const MemoryBudget* memory = nullptr;
  // Between rounds, in real time. The clock decides what a round does.
  std::chrono::milliseconds round_interval{1000};
};

struct CompactorStats {
  uint64_t rounds = 0;
  uint64_t flushes = 0;        // Windows.
  uint64_t early_flushes = 0;  // Rounds that flushed all windows because memory was short.
  uint64_t flushed_samples = 0;
  uint64_t flush_failures = 0;
  uint64_t stopped_flushes = 0;   // Of windows, for the sake of stopped series.
  uint64_t stopped_series = 0;    // That left memory.
  uint64_t damaged_chunks = 0;    // Unreadable, so a flush left them out.
  uint64_t damaged_segments = 0;  // Of the chunk log, that had such chunks.
  uint64_t merges = 0;            // Windows, whole or in part.
  uint64_t merge_failures = 0;
  uint64_t dropped_by_time = 0;  // Generations.
  uint64_t dropped_by_size = 0;
  uint64_t owned_bytes = 0;  // At the last look, as the next.
  uint64_t quarantine_bytes = 0;
  uint64_t quarantine_expired = 0;  // Entries.
  double last_flush_seconds = 0;
  double last_merge_seconds = 0;
  absl::Status last_error;  // Of the last round; OK when it went well.
};

class Compactor {
 public:
  // The head, the store and the deletes outlive the compactor.
  Compactor(CompactorOptions options, Head* head, Store* store, Deletes* deletes);
  ~Compactor();  // Stops.

  void Start();
  // Has flushes and merges under way give up, in whichever thread they run: they answer kCancelled
  // before the next series.
  void RequestStop();
  // The same, and waits for the compactor's own thread. Start must not follow.
  void Stop();
  // Has the thread run a round now.
  void Wake();

  // One round, in the caller's thread.
  absl::Status RunRound();
  // Flushes every window of the head, ended or not.
  absl::Status FlushAll();
  // As Db::FlushStopped.
  absl::StatusOr<uint64_t> FlushStopped(TimeMs idle_max_ms);
  // Merges every window that a merge would change, quiet or not. Rounds may run in between.
  absl::Status MergeAll();

  CompactorStats Stats() const;

 private:
  static constexpr TimeMs kDiskLookMs = 15'000;

  void Loop();
  absl::Status KeepRetention(TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status QuarantineDamaged() EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  // Tells options_.changes that samples have gone.
  void NoteDropped();
  absl::Status FlushChosen(TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  bool MemoryIsShort() const;
  // Those that have stopped; sooner with memory short.
  StoppedSeries FindStopped() const;
  // Whether memory is so short that all windows are to be flushed now.
  bool MemoryAsksForFlush(TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(round_mu_) LOCKS_EXCLUDED(mu_);
  absl::Status Flush(TimeMs window_start, std::shared_ptr<const StoppedSeries> stopped = nullptr)
      EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status FlushStoppedWhenDue(TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  // Flushes them; *left is how many series left memory.
  absl::Status FlushStoppedSeries(StoppedSeries stopped, uint64_t* left)
      EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  // Merges the small generations of the windows in tiers_grown_, with so many merges at most.
  absl::Status KeepGenerationsFew(int merges_max) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  // The windows that the store has stopped series of, and that it does not cover yet.
  std::set<TimeMs> UncoveredWindows() const;
  // These and the head's, ascending.
  std::vector<TimeMs> WindowsToFlush() const;
  // Completes the flush and the merge that failed after their samples were in the store's files.
  absl::Status FinishPending() EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status RunFlush(WindowFlush* flush) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  // What `window` is merged into when that has ended before `ended_before`: itself, or a longer
  // one.
  WindowId MergeTarget(const WindowId& window, TimeMs ended_before) const;
  // The targets of all sealed windows, ascending.
  std::vector<SealedWindow> SealedWindows(TimeMs ended_before) const
      EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status MergeChosen(TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status Merge(const WindowId& window, uint32_t from = 0) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status RunMerge(WindowMerge* merge) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  absl::Status ForgetDeletes() EXCLUSIVE_LOCKS_REQUIRED(round_mu_);
  // What ends a step: its failure with its name, counted by `failures`.
  absl::Status Failed(const absl::Status& status, const WindowId& window, const char* step,
                      uint64_t CompactorStats::*failures) LOCKS_EXCLUDED(mu_);
  void LookAtDisk(TimeMs now) EXCLUSIVE_LOCKS_REQUIRED(round_mu_);

  const CompactorOptions options_;
  Head* const head_;
  Store* const store_;
  Deletes* const deletes_;

  Mutex round_mu_;  // One round at a time.
  FlushPolicy policy_ GUARDED_BY(round_mu_);
  EarlyFlush early_flush_ GUARDED_BY(round_mu_);
  MergePolicy merge_policy_ GUARDED_BY(round_mu_);
  StoppedPolicy stopped_policy_ GUARDED_BY(round_mu_);
  // The windows that stopped series were flushed of and whose generations may be too many.
  std::set<TimeMs> tiers_grown_ GUARDED_BY(round_mu_);
  std::unique_ptr<WindowFlush> pending_ GUARDED_BY(round_mu_);
  std::unique_ptr<WindowMerge> pending_merge_ GUARDED_BY(round_mu_);
  std::optional<TimeMs> disk_looked_at_ GUARDED_BY(round_mu_);
  uint64_t owned_bytes_ GUARDED_BY(round_mu_) = 0;
  uint64_t log_bytes_ GUARDED_BY(round_mu_) = 0;

  std::atomic<bool> stop_{false};  // Written under mu_, so that the thread cannot miss it.

  mutable Mutex mu_;
  CondVar wake_;
  bool wake_requested_ GUARDED_BY(mu_) = false;
  CompactorStats stats_ GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_COMPACTOR_H_
