// tsdb/head/head.h
//
// Head: the recent, appendable part of the database. It takes samples (NewAppender), answers
// queries about them (Select and the label calls), hands whole windows to the compactor
// (BeginFlush, EndFlush) and comes back after a crash (Open replays chunk log and WAL). A sample's
// way through it is told in ARCHITECTURE.md, "The life of a sample".
//
// Thread safety: every method may be called from any thread; BeginFlush/EndFlush pairs from one
// thread at a time. The commit lock is held by Commit from the judgement of its samples to their
// application, by Select while it copies chunk ends, by BeginFlush while it closes chunks. Lock
// order: delete lock -> checkpoint lock -> commit lock -> series table -> label index -> WAL /
// group commit.
#ifndef HEARTH_TSDB_HEAD_HEAD_H_
#define HEARTH_TSDB_HEAD_HEAD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/matcher.h"
#include "model/memory_budget.h"
#include "model/metadata.h"
#include "tsdb/change_log.h"
#include "tsdb/deletes/delete_list.h"
#include "tsdb/file_system.h"
#include "tsdb/head/flush_window.h"
#include "tsdb/head/head_stats.h"
#include "tsdb/head/left_series.h"
#include "tsdb/head/stopped_series.h"
#include "tsdb/lsn.h"
#include "tsdb/storage.h"
#include "tsdb/window.h"

namespace hearth {

struct HeadOptions {
  FileSystem* fs = nullptr;      // Borrowed; outlives the head.
  const Clock* clock = nullptr;  // Borrowed; outlives the head.
  ChangeLog* changes = nullptr;  // Hears of commits and deletes. Borrowed; may be null.
  std::string wal_dir;           // Created when missing.
  std::string chunks_dir;        // Created when missing.
  // Where damaged segments get a second name; created when needed. Empty = nowhere.
  std::string quarantine_dir;

  TimeMs window_ms = kDefaultWindowMs;
  TimeMs retention_ms = 0;  // Samples older than this are kTooOld; 0 = no limit.
  TimeMs max_ahead_ms = 10 * 60 * 1000;
  // How much older than its series' last sample a sample may be; 0 = such samples are refused.
  TimeMs out_of_order_window_ms = kDefaultOutOfOrderWindowMs;
  // Of the buffers of late samples, all series together.
  size_t late_buffer_bytes = size_t{32} << 20;
  // A series without data that was not used for this long is forgotten by the next EndFlush.
  TimeMs forget_after_ms = 15 * 60 * 1000;
  uint64_t max_series = 0;  // 0 = no limit.
  // Asked before a series is made and before samples are taken. Borrowed; null = there is room.
  MemoryBudget* memory = nullptr;
  size_t max_metadata = 100'000;
  // A counter's start becomes a sample of value zero, when it is newer than everything its series
  // has and at most an hour older than the sample that tells it.
  bool start_zeros = false;
  uint64_t max_exemplars = 0;  // In memory, of all series together; 0 = none are kept.

  uint64_t wal_segment_bytes = uint64_t{64} << 20;  // See WalOptions::segment_bytes.
  // Past this a checkpoint closes the chunks that were opened in the oldest segments, until the WAL
  // is smaller or has four segments.
  uint64_t max_wal_bytes = uint64_t{256} << 20;
  uint64_t chunk_segment_bytes = uint64_t{64} << 20;
  int64_t wal_sync_interval_ms = 1000;  // 0 = sync before each acknowledgement.
};

// What the store has already: asked during Open only.
struct FlushCoverage {
  // The LSN up to which window `start` is in the store; 0 when it has nothing of it.
  std::function<Lsn(TimeMs window_start)> flushed_lsn;
  // The series that were flushed by themselves.
  LeftSeries left;
  // The largest LSN that the store knows of. New records are numbered above it, also when the WAL
  // is gone.
  Lsn max_lsn = 0;
  // What must not come back. May be null. Its LSNs count for max_lsn.
  std::shared_ptr<const DeleteList> deletes;
};

class Head : public Appendable {
 public:
  // Opens the directories, replays what `coverage` does not have, and starts a new WAL segment.
  // Damage is skipped and counted (stats().replay), never an error; errors are those of the file
  // system.
  static absl::StatusOr<std::unique_ptr<Head>> Open(HeadOptions options,
                                                    const FlushCoverage& coverage);
  ~Head() override;  // No appender, series set or FlushWindow may be left. Syncs the WAL.

  std::unique_ptr<Appender> NewAppender() override;

  // One set for each request, as Querier::Select has it: all of the same moment. Series without a
  // chunk in the range are left out. The sets stay readable through flushes; they must not outlive
  // the head. What they hold is charged to `account`, which may be null.
  absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
      std::span<const SelectRequest> requests, ByteAccount* account = nullptr) const;

  // As in Querier. With matchers, or for Series, a series counts when it has a chunk in the range;
  // without, every name or value in memory counts when the head overlaps the range.
  absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery& query) const;
  absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view name,
                                                       const LabelQuery& query) const;
  absl::StatusOr<std::vector<Labels>> Series(const LabelQuery& query) const;

  // The label index remembers so great a part (0 to 1) of what it may of matchers.
  void ShrinkCaches(double share);
  // Grows with every change that the answer of such a label call may show, samples left aside.
  uint64_t LabelsVersion(const LabelScope& scope) const;

  // Starts of the windows that have samples here, ascending.
  std::vector<TimeMs> Windows() const;
  // From the first sample to the last, to the precision of a chunk; empty() when there is none.
  TimeRange Range() const;
  // The same, unless that has to wait for a commit.
  std::optional<TimeRange> TryRange() const;

  // Closes the window's open chunks, rolls WAL and chunk log, and returns what the window holds.
  // Everything stays readable in the head. The series that have no chunk in it are absent. Errors:
  // kUnavailable when the logs cannot be rolled (nothing changed).
  absl::StatusOr<FlushWindow> BeginFlush(TimeMs window_start);
  // The series that nobody has written to for long enough: see stopped_series.h. Not more than
  // `idle_max_ms` (at least kIdleFloorMs), which cuts what is waited for. Commits wait while a few
  // thousand series are looked at.
  StoppedSeries FindStopped(TimeMs idle_max_ms = kIdleLimitMs,
                            Patience patience = Patience::kUsual) const;
  // What those of the series hold of the window that have not been written to since they were
  // found. Nothing is closed or rolled; waits until the WAL is durable up to lsn(). Errors:
  // kUnavailable when it cannot be (nothing changed).
  absl::StatusOr<FlushWindow> BeginFlush(TimeMs window_start, const StoppedSeries& stopped);

  // To be called when the window's data and (window_start, flush.lsn()) are durable in the store
  // (for stopped series: the same of each of them): drops the chunks that `flush` lists (chunks of
  // the same window that came later stay), forgets series that are idle and empty, and deletes WAL
  // and chunk-log segments that nothing needs. Stopped series that nobody wrote to meanwhile leave
  // memory with the last of their chunks. Leave it out to give the flush up: nothing is lost. Also
  // drops windows that have left the retention: BeginFlush and EndFlush without writing anything
  // between them.
  absl::Status EndFlush(const FlushWindow& flush);

  // Sets a segment of the chunk log aside, as a replay does with a damaged one: to be called before
  // EndFlush may delete it. The path in the quarantine; kFailedPrecondition without a quarantine.
  absl::StatusOr<std::string> SetAsideChunks(uint32_t segment);

  // Changes HeadOptions::out_of_order_window_ms for later commits.
  void SetOutOfOrderWindow(TimeMs window_ms);

  // Writes the closed chunks that wait in memory for the WAL's sync, which no commit may come after
  // to do. Closes late buffers that were begun before the current WAL segment, syncs the chunk log
  // and deletes the WAL segments that only hold what is in it. When the WAL has grown past its
  // bound, chunks are closed early for that. Cheap when there is nothing to do.
  absl::Status Checkpoint();

  // Deletes the samples in `range` (not empty) of the series that satisfy one of the matcher sets.
  // Calls record(lsn) once, which must make the delete durable under this LSN: no WAL record has
  // it, what was written before lies below and what comes after above. When it fails, nothing is
  // deleted and its error is the answer. Afterwards the head has nothing of what was deleted, also
  // in FlushWindows to come, and takes samples for the same times. Not for the sets and
  // FlushWindows that exist already. Cost: the commit lock is held while the postings are looked up
  // and the open chunks are closed, then for a few series at a time.
  absl::Status Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range,
                      absl::FunctionRef<absl::Status(Lsn lsn)> record);
  // No record in WAL and chunk log has a smaller LSN, nor has one that a power cut might bring
  // back: deletes up to it are not needed to replay them. Syncs the two directories.
  absl::StatusOr<Lsn> OldestLoggedLsn() const;

  // Gives the segments of WAL and chunk log second names in two directories, which exist and are
  // empty: whoever opens those has every sample that was committed before the call. link_deletes()
  // is called at the same moment as far as deletes go. Errors: kUnavailable when the logs cannot be
  // rolled, others of the file system; some links may be there then.
  absl::Status LinkLogs(const std::string& wal_dir, const std::string& chunks_dir,
                        absl::FunctionRef<absl::Status()> link_deletes);

  // As in ExemplarQueryable. Which exemplars are kept: tsdb/exemplars/exemplar_store.h.
  std::vector<SeriesExemplars> SelectExemplars(std::span<const std::vector<Matcher>> matcher_sets,
                                               TimeRange range) const;
  // Changes HeadOptions::max_exemplars.
  void SetMaxExemplars(uint64_t max);

  // What UpdateMetadata has told, sorted by metric family.
  std::vector<std::pair<std::string, Metadata>> MetadataEntries() const;

  HeadStats Stats() const;

  // Moves open chunks to the chunk log that take more than `kept_bytes` of memory each, and late
  // buffers: a locator of some 28 bytes is left of each. For when memory is short; the more chunks
  // a series has, the more its reading costs.
  void CloseOpenChunks(size_t kept_bytes);
  // What a flush of all that is here takes while it runs, about. Cheap.
  uint64_t FlushBytes() const;
  // Forgets the series without data that were not used for HeadOptions::forget_after_ms, or for
  // five minutes when memory is short, as EndFlush does.
  void ForgetUnused();
  size_t series_count() const;
  // Calls visit(label, how many series have it) for each distinct label of the series in memory.
  // Under the index' lock: must be quick.
  void ForEachLabel(absl::FunctionRef<void(const Label& label, size_t series)> visit) const;
  // Bytes of memory by metric name: series, labels, postings, chunks and locators, about. What
  // series share is divided among them. Costs a fraction of a microsecond a series.
  std::vector<std::pair<std::string, uint64_t>> MemoryByMetric() const;

  // Blocks until everything that was committed is durable, and writes the closed chunks. For a
  // clean stop, a snapshot and tests.
  absl::Status SyncWal();

  class Impl;  // tsdb/head/head_impl.h; nobody else's business.

 private:
  explicit Head(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_H_
