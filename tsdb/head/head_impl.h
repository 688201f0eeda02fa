// tsdb/head/head_impl.h
//
// The inside of Head, shared by its source files only: head.cc (life, stats), head_commit.cc (the
// write path), head_select.cc (the read path), head_flush.cc, head_delete.cc, head_replay.cc.
#ifndef HEARTH_TSDB_HEAD_HEAD_IMPL_H_
#define HEARTH_TSDB_HEAD_HEAD_IMPL_H_

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/mutex.h"
#include "model/text.h"
#include "tsdb/head/chunk_arena.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/head/head.h"
#include "tsdb/head/label_index.h"
#include "tsdb/head/locator_lists.h"
#include "tsdb/head/series_table.h"
#include "tsdb/head/windows.h"
#include "tsdb/wal/record_batch.h"
#include "tsdb/wal/wal_writer.h"

namespace hearth {

// Closed at this many samples: the chunk's cost is spread thin enough, and a query never decodes
// much beside its range.
inline constexpr uint16_t kChunkSamples = 120;
static_assert(kChunkSamples <= kMaxChunkSamples);
static_assert(XorMaxBytes(kChunkSamples) + kXorAppendSlack <= ChunkArena::kMaxBlockBytes);

// A sample waiting for its commit.
struct BufferedSample {
  SeriesRef ref;
  Sample sample;
};

class Head::Impl {
 public:
  explicit Impl(HeadOptions head_options) : options(std::move(head_options)) {}

  // head_commit.cc
  absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels);
  absl::StatusOr<CommitResult> Commit(std::span<const BufferedSample> samples)
      LOCKS_EXCLUDED(commit_mu);
  void NoteUnsupported(size_t samples) LOCKS_EXCLUDED(commit_mu);
  // Empty when the series is gone.
  Labels LabelsOf(SeriesRef ref) const LOCKS_EXCLUDED(commit_mu);
  // Appends an accepted sample to its series. Closes the open chunk before, when the sample is of
  // another window, and after, when it is full.
  void Apply(uint32_t slot, MemSeries* series, Sample sample, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Moves the open chunk to the chunk log. It must have samples.
  void CloseChunk(uint32_t slot, MemSeries* series, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // head_replay.cc
  absl::Status Replay(const FlushCoverage& coverage) LOCKS_EXCLUDED(commit_mu);

  // head_delete.cc
  absl::Status Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range,
                      absl::FunctionRef<absl::Status(Lsn)> record) LOCKS_EXCLUDED(commit_mu);
  Lsn OldestLoggedLsn() const LOCKS_EXCLUDED(commit_mu);
  // Takes a chunk that was never open into chunk log and lists. `lsn`: as ChunkLog::Append.
  void AppendClosed(uint32_t slot, MemSeries* series, const ChunkMeta& meta, std::string_view bytes,
                    Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // head_snapshot.cc
  absl::Status LinkLogs(const std::string& wal_dir, const std::string& chunks_dir,
                        absl::FunctionRef<absl::Status()> link_deletes) LOCKS_EXCLUDED(commit_mu);

  // head_flush.cc
  absl::StatusOr<FlushWindow> BeginFlush(TimeMs window_start) LOCKS_EXCLUDED(commit_mu);
  absl::Status EndFlush(const FlushWindow& flush) LOCKS_EXCLUDED(commit_mu);
  // Deletes WAL segments that nothing needs.
  absl::Status DeleteWalSegments() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Forgets series without chunks that were not used since `used_before_ms`.
  void ForgetIdle(TimeMs used_before_ms) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  TimeMs WindowOf(TimeMs t) const { return WindowStart(t, options.window_ms); }
  // The oldest time that is inside the retention.
  TimeMs OldestKept(TimeMs now_ms) const {
    return options.retention_ms == 0 ? std::numeric_limits<TimeMs>::min()
                                     : now_ms - options.retention_ms;
  }
  uint32_t NowSeconds() const { return static_cast<uint32_t>(options.clock->NowMs() / 1000); }

  const HeadOptions options;

  // Own synchronisation. Order: commit_mu -> table -> labels.
  SeriesTable table;
  LabelIndex labels;
  std::atomic<uint64_t> exemplars_dropped{0};

  Mutex delete_mu;  // Deletes, and flushes as they begin. Before commit_mu.
  mutable Mutex commit_mu;
  std::unique_ptr<WalWriter>
      wal;  // The pointer is set by Open; see WalWriter for what the commit lock guards.
  std::unique_ptr<ChunkLog> chunk_log GUARDED_BY(commit_mu);
  ChunkArena arena GUARDED_BY(commit_mu);
  LocatorLists closed GUARDED_BY(commit_mu);
  WindowChunks window_chunks GUARDED_BY(commit_mu);
  WalCoverage wal_coverage GUARDED_BY(commit_mu);
  TimeMs max_time GUARDED_BY(commit_mu) = std::numeric_limits<TimeMs>::min();
  // The WAL is rolled when max_time passes roll_at, which is set when a segment gets its first
  // samples.
  uint32_t roll_segment GUARDED_BY(commit_mu) = 0;
  TimeMs roll_at GUARDED_BY(commit_mu) = std::numeric_limits<TimeMs>::max();
  TimeRange last_window GUARDED_BY(commit_mu) = {
      0, -1};  // Of the last sample applied: saves divisions.
  // WalRefs of the current segment.
  uint32_t ref_segment GUARDED_BY(commit_mu) = 0;
  WalRef next_ref GUARDED_BY(commit_mu) = 0;
  // Counters of HeadStats.
  HeadStats counted GUARDED_BY(commit_mu);
  // Scratch of Commit, kept for its memory.
  RecordBatch batch GUARDED_BY(commit_mu);
  TouchedWindows touched GUARDED_BY(commit_mu){options.window_ms};
  std::vector<uint32_t> accepted GUARDED_BY(commit_mu);    // Indexes into the commit's samples.
  std::vector<uint32_t> new_in_wal GUARDED_BY(commit_mu);  // Slots.

  mutable Mutex metadata_mu;  // A leaf.
  StringMap<Metadata> metadata GUARDED_BY(metadata_mu);
  uint64_t metadata_dropped GUARDED_BY(metadata_mu) = 0;

 private:
  // The moment that parts what a delete hides from what comes after it.
  struct DeleteStart {
    std::vector<SeriesRef> series;  // Those that match.
    ChunkPlace end;                 // What was written before lies before it in the chunk log.
    Lsn lsn = 0;
  };
  absl::StatusOr<DeleteStart> BeginDelete(std::span<const std::vector<Matcher>> matcher_sets,
                                          TimeRange range) LOCKS_EXCLUDED(commit_mu);
  void DeleteFrom(SeriesRef ref, TimeRange range, const DeleteStart& start, const ChunkLogView& log)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Sets a series' last sample to that of its newest closed chunk, or to none. `last_kept`: the
  // last sample of the chunks that `log` does not have yet.
  void LearnLast(const std::optional<Sample>& last_kept, const ChunkLogView& log, MemSeries* series)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // The steps of Commit.
  AppendOutcome Judge(const MemSeries& series, uint32_t generation,
                      std::span<const BufferedSample> samples, Sample sample,
                      TimeRange allowed) const EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void JudgeAll(std::span<const BufferedSample> samples, TimeRange allowed, CommitResult* result)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  WalRef RefInWal(uint32_t slot, MemSeries* series) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Keeps a WAL segment to about one window, so that history which is pushed quickly leaves the
  // disk with its windows.
  void RollWithTheWindow() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  absl::StatusOr<Lsn> WriteWal() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void ApplyAll(std::span<const BufferedSample> samples, uint32_t now_s, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  absl::StatusOr<Lsn> CommitLocked(std::span<const BufferedSample> samples, TimeMs now_ms,
                                   CommitResult* result) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_IMPL_H_
