// tsdb/head/head_impl.h
//
// The inside of Head, shared by its source files only: head.cc (life, stats), head_commit.cc (the
// write path), head_late.cc (late samples on that path), head_select.cc (the read path),
// head_exemplars.cc, head_flush.cc, head_stopped.cc (series that leave early), head_checkpoint.cc,
// head_inventory.cc, head_delete.cc, head_snapshot.cc, head_replay.cc.
#ifndef HEARTH_TSDB_HEAD_HEAD_IMPL_H_
#define HEARTH_TSDB_HEAD_HEAD_IMPL_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/mutex.h"
#include "model/text.h"
#include "tsdb/chunk/encode_samples.h"
#include "tsdb/exemplars/exemplar_store.h"
#include "tsdb/head/chunk_arena.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/head/head.h"
#include "tsdb/head/label_index.h"
#include "tsdb/head/late_samples.h"
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

// An exemplar waiting for its commit.
struct BufferedExemplar {
  SeriesRef ref;
  Exemplar exemplar;
};

// What an appender has gathered for a commit.
struct CommitBatch {
  std::vector<BufferedSample> samples;
  std::vector<uint32_t> start_zeros;  // Ascending: which samples are zeros where a counter
                                      // began: left out uncounted unless they are new.
  std::vector<BufferedExemplar> exemplars;

  bool IsStartZero(uint32_t i) const {
    return !start_zeros.empty() && std::binary_search(start_zeros.begin(), start_zeros.end(), i);
  }
  // Keeps the capacity.
  void Clear() {
    samples.clear();
    start_zeros.clear();
    exemplars.clear();
  }
};

// The refused sample of a commit that comes first in it.
struct FirstRefused {
  uint32_t index = UINT32_MAX;
  AppendOutcome outcome = AppendOutcome::kAppended;  // Until there is one.

  void Note(uint32_t i, AppendOutcome what) {
    if (IsRefusal(what) && i < index) *this = {i, what};
  }
};

class Head::Impl {
 public:
  explicit Impl(HeadOptions head_options)
      : options(std::move(head_options)),
        out_of_order_window_ms(options.out_of_order_window_ms),
        exemplars(options.max_exemplars) {}

  // head_commit.cc
  absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels);
  absl::StatusOr<CommitResult> Commit(const CommitBatch& commit) LOCKS_EXCLUDED(commit_mu);
  void NoteUnsupported(size_t samples) LOCKS_EXCLUDED(commit_mu);
  // Empty when the series is gone.
  Labels LabelsOf(SeriesRef ref) const LOCKS_EXCLUDED(commit_mu);
  // Appends an accepted sample to its series. Closes the open chunk before, when the sample is of
  // another window, and after, when it is full.
  void Apply(uint32_t slot, MemSeries* series, Sample sample, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Gives the open chunk back; the last sample stays known. It must have samples.
  void FreeOpenChunk(MemSeries* series) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Moves the open chunk to the chunk log. It must have samples.
  void CloseChunk(uint32_t slot, MemSeries* series, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // WriteDurableChunks when much has gathered: sees to it that the WAL is synced, so that more can
  // be written soon; waits for that where very much has.
  void HastenChunks() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Writes the closed chunks that only hold what the WAL durably has, or tries to.
  void WriteDurableChunks() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Writes all closed chunks, the WAL's records before them. Commits wait for the disk: SyncWal
  // beforehand leaves it little to do.
  absl::Status WriteAllChunks() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // As Head::SyncWal.
  absl::Status SyncWal() LOCKS_EXCLUDED(commit_mu);
  // Up to which LSN the WAL is durable.
  Lsn DurableLsn() const;

  // head_late.cc
  // Puts a late sample into its series' buffer, unless its time is there already.
  void InsertLate(uint32_t slot, MemSeries* series, Sample sample)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Moves the late buffer of a series that has_late to the chunk log: at once, or when it has a
  // chunk's worth. `lsn`: every late sample of the series in a record up to it has been inserted.
  void CloseLate(uint32_t slot, MemSeries* series, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void CloseLateIfFull(uint32_t slot, MemSeries* series, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Lists a late chunk that is in the chunk log.
  void InsertLateChunk(uint32_t slot, const ChunkLocator& locator)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Of a series that has_late: gives the row back when there is nothing in it.
  void ForgetLateIfEmpty(uint32_t slot, MemSeries* series) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Closes the largest late buffers while all together exceed their bound.
  void KeepLateBounded(Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // head_exemplars.cc
  // Takes an exemplar that the WAL has. On the thread that makes the series.
  void ReplayExemplar(uint32_t slot, const Exemplar& exemplar);

  // head_checkpoint.cc
  absl::Status Checkpoint() LOCKS_EXCLUDED(commit_mu, checkpoint_mu);
  // Makes every closed chunk outlive a power cut.
  absl::Status SyncChunkLog() LOCKS_EXCLUDED(commit_mu, checkpoint_mu);
  // The same for some files: without a lock, or for a replay under the commit lock.
  static std::vector<absl::Status> SyncFiles(std::span<const ChunkLog::Unsynced> files);
  absl::Status NoteSynced(std::span<const ChunkLog::Unsynced> files,
                          std::span<const absl::Status> synced) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // The WAL segment of the open chunk's first sample. No chunk stays open for 65536 segments.
  uint32_t OpenSegmentOf(const MemSeries& series) const EXCLUSIVE_LOCKS_REQUIRED(commit_mu) {
    return applying_segment - static_cast<uint16_t>(applying_segment - series.open_segment);
  }

  // head_replay.cc
  absl::Status Replay(const FlushCoverage& coverage) LOCKS_EXCLUDED(commit_mu);

  // head_delete.cc
  TimeRange Range() const EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  absl::Status Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range,
                      absl::FunctionRef<absl::Status(Lsn)> record) LOCKS_EXCLUDED(commit_mu);
  absl::StatusOr<Lsn> OldestLoggedLsn() const LOCKS_EXCLUDED(commit_mu);
  // Takes a chunk that was never open into chunk log and lists. `lsn`: as ChunkLog::Append.
  void AppendClosed(ChunkLogRecordType type, uint32_t slot, MemSeries* series,
                    const EncodedChunk& chunk, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // head_memory.cc
  void CloseOpenChunks(size_t kept_bytes) LOCKS_EXCLUDED(commit_mu);
  uint64_t FlushBytes() const;
  std::vector<std::pair<std::string, uint64_t>> MemoryByMetric() const LOCKS_EXCLUDED(commit_mu);

  // head_inventory.cc
  // The payload that names the WAL's segments but the current one and those in `but`; *named is
  // which.
  std::string EncodeInventory(const std::vector<uint32_t>& but, std::vector<uint32_t>* named) const
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Puts the inventory in front of the first records of a segment.
  void BeginWithInventory(std::vector<WalRecord>* records) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Takes segments that are about to be deleted out of the inventory, durably: else they would be
  // missed. A failure is ignored, for a full disk is helped by deleting.
  void NoteDeletion(const std::vector<uint32_t>& segments) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

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
  // From when on a series must have been used to be kept.
  TimeMs ForgetBefore() const;
  // Forgets those of the series, which have no samples, that were not used since; slots ascend.
  void Forget(std::span<const uint32_t> slots, uint32_t used_before_s)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // head_stopped.cc
  StoppedSeries FindStopped(TimeMs idle_max_ms, Patience patience) const LOCKS_EXCLUDED(commit_mu);
  absl::StatusOr<FlushWindow> BeginFlush(TimeMs window_start, const StoppedSeries& stopped)
      LOCKS_EXCLUDED(commit_mu);

  TimeMs WindowOf(TimeMs t) const { return WindowStart(t, options.window_ms); }
  // The oldest time that is inside the retention.
  TimeMs OldestKept(TimeMs now_ms) const {
    return options.retention_ms == 0 ? std::numeric_limits<TimeMs>::min()
                                     : now_ms - options.retention_ms;
  }
  uint32_t NowSeconds() const { return static_cast<uint32_t>(options.clock->NowMs() / 1000); }

  const HeadOptions options;
  std::atomic<TimeMs> out_of_order_window_ms;

  // Own synchronisation. Order: commit_mu -> table -> labels.
  SeriesTable table;
  LabelIndex labels;
  ExemplarStore exemplars;
  std::atomic<uint64_t> exemplars_dropped{0};

  // Deletes, and flushes as they begin and end. Before checkpoint_mu.
  Mutex delete_mu;
  Mutex checkpoint_mu;  // Before commit_mu: one checkpoint, one sync of the chunk log at a time.
  mutable Mutex commit_mu;
  std::unique_ptr<WalWriter>
      wal;  // The pointer is set by Open; see WalWriter for what the commit lock guards.
  // Of a replay: whether the WAL's end, which a kill may leave in memory only, is durable.
  std::shared_future<absl::Status> found_wal_synced;
  std::unique_ptr<ChunkLog> chunk_log GUARDED_BY(commit_mu);
  ChunkArena arena GUARDED_BY(commit_mu);
  LocatorLists closed GUARDED_BY(commit_mu);
  LateSamples late GUARDED_BY(commit_mu);
  WindowChunks window_chunks GUARDED_BY(commit_mu);
  WalCoverage wal_coverage GUARDED_BY(commit_mu);
  // The WAL segment of the samples that are being applied.
  uint32_t applying_segment GUARDED_BY(commit_mu) = 0;
  Lsn last_delete_lsn GUARDED_BY(commit_mu) = 0;  // Of this process; 0 = there was none.
  // When the replay ended, in seconds: a series is not stopped because nobody could write to it.
  uint32_t opened_s GUARDED_BY(commit_mu) = 0;
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
  // The newest record of type kSegments: its segment, what it names, its bytes while they are being
  // written.
  uint32_t inventory_segment GUARDED_BY(commit_mu) = 0;
  std::vector<uint32_t> inventory GUARDED_BY(commit_mu);
  std::string inventory_payload GUARDED_BY(commit_mu);
  // Counters of HeadStats.
  HeadStats counted GUARDED_BY(commit_mu);
  // Scratch of Commit, kept for its memory.
  RecordBatch batch GUARDED_BY(commit_mu);
  TouchedWindows touched GUARDED_BY(commit_mu){options.window_ms};
  std::vector<uint32_t> accepted GUARDED_BY(commit_mu);  // Indexes into the commit's samples.
  std::vector<uint32_t> late_candidates GUARDED_BY(commit_mu);  // Likewise, in JudgeLate's order.
  std::vector<uint32_t> late_accepted GUARDED_BY(commit_mu);    // Of them.
  std::vector<uint32_t> new_in_wal GUARDED_BY(commit_mu);       // Slots.
  std::vector<uint32_t> accepted_exemplars GUARDED_BY(commit_mu);  // Indexes.

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
  // Whether a part of a chunk was left, and written again.
  bool DeleteFrom(SeriesRef ref, TimeRange range, const DeleteStart& start, const ChunkLogView& log)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Takes the chunks that the delete reaches off the list. Returns what is left of them.
  std::vector<EncodedChunk> TakeDeleted(const MemSeries& series, TimeRange range,
                                        const DeleteStart& start, const ChunkLogView& log,
                                        LocatorLists::List* list)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Sets a series' last sample to that of its newest closed chunk, or to none.
  void LearnLast(MemSeries* series) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  static bool HasNoSamples(const MemSeries& series) {
    return series.closed == 0 && series.state.count == 0 && !series.has_late;
  }
  // Notes what a series has in the window, when it has something.
  void List(uint32_t slot, TimeRange window, FlushWindow* flush)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Puts what was listed in the order of labels. Only who flushes forgets series, so they stay.
  void Order(FlushWindow* flush) const;
  // Takes what was flushed of a series out of memory.
  void Drop(const FlushWindow& flush, const FlushWindow::Series& entry, uint32_t slot,
            MemSeries* series) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // By how much a series has passed its idle limit, or `idle_max_ms` when that is shorter; nothing
  // when it has not stopped.
  std::optional<TimeMs> StoppedFor(const MemSeries& series, TimeMs idle_max_ms,
                                   Patience patience) const EXCLUSIVE_LOCKS_REQUIRED(commit_mu);

  // The steps of Commit.
  AppendOutcome Judge(const MemSeries& series, uint32_t generation,
                      std::span<const BufferedSample> samples, Sample sample,
                      TimeRange allowed) const EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Leaves those that may be taken as late samples to JudgeLate.
  void JudgeAll(const CommitBatch& commit, TimeRange allowed, FirstRefused* refused,
                CommitResult* result) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Of a sample that is older than its series' last one: kAppended when it is near enough.
  AppendOutcome JudgeLateness(const MemSeries& series, std::span<const BufferedSample> samples,
                              TimeMs t) const EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void JudgeLate(std::span<const BufferedSample> samples, FirstRefused* refused,
                 CommitResult* result) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Those of `accepted` whose series has late candidates.
  std::vector<uint32_t> AcceptedBesideLate(std::span<const BufferedSample> samples) const
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void TellFirstRefused(std::span<const BufferedSample> samples, const FirstRefused& refused,
                        CommitResult* result) const EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  WalRef RefInWal(uint32_t slot, MemSeries* series) EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Closes the late buffers that were begun in an earlier segment than the current one: they fill
  // slowly, and would keep the WAL for long.
  void CloseOldLate() LOCKS_EXCLUDED(commit_mu);
  // Closes the chunks that were opened in the segment.
  void CloseWhatBeganIn(uint32_t segment) LOCKS_EXCLUDED(commit_mu);
  // Keeps a WAL segment to about one window, so that history which is pushed quickly leaves the
  // disk with its windows.
  void RollWithTheWindow() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  absl::StatusOr<Lsn> WriteWal() EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void ApplyAll(std::span<const BufferedSample> samples, uint32_t now_s, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void ApplyLate(std::span<const BufferedSample> samples, uint32_t now_s, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  // Puts those that are taken into the batch.
  void JudgeExemplars(std::span<const BufferedExemplar> buffered, CommitResult* result)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  void ApplyExemplars(std::span<const BufferedExemplar> buffered)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  ChunkLocator LogChunk(ChunkLogRecordType type, uint32_t slot, MemSeries* series,
                        const ChunkMeta& meta, std::string_view bytes, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
  absl::StatusOr<Lsn> CommitLocked(const CommitBatch& commit, TimeMs now_ms, CommitResult* result)
      EXCLUSIVE_LOCKS_REQUIRED(commit_mu);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_IMPL_H_
