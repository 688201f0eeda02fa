// Coming back: chunk log first (what is closed), then the WAL (what is not).
//
// A WAL sample is skipped when the store has it (its record's LSN is covered for its window), when
// it lies inside a closed chunk of its series, or when it is not newer than the open chunk.
// Everything else is applied as a live append would. So replaying twice gives the same, and a chunk
// that was lost from the chunk log is made again from the WAL, as far as that has it, between its
// neighbours.
//
// When the chunk log is whole, the newest closed chunk of a series tells that everything before it
// is closed too, and the reader's thread leaves that out (InChunks). When it is not, each sample is
// compared with the chunks that are there (NextClosed).
#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "model/status.h"
#include "tsdb/head/damage_report.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/head/replay_coverage.h"
#include "tsdb/head/replay_deletes.h"
#include "tsdb/head/wal_reader.h"
#include "tsdb/kill_point.h"
#include "tsdb/wal/newest_mark.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

constexpr TimeMs kMinTime = std::numeric_limits<TimeMs>::min();
constexpr TimeMs kMaxTime = std::numeric_limits<TimeMs>::max();
constexpr size_t kPrefetchAhead = 8;

// The closed chunk of a series that replay meets next, in time.
struct NextClosed {
  TimeRange range{kMinTime, kMinTime};  // {kMaxTime, kMaxTime} = there is none.
};

class Replayer {
 public:
  Replayer(Head::Impl& head, const FlushCoverage& coverage)
      : head_(head),
        coverage_(coverage.flushed_lsn, &coverage.left, head.options.window_ms,
                  head.OldestKept(head.options.clock->NowMs())),
        deletes_(coverage.deletes) {}

  // Tells the lock analysis that the head's commit lock, which the caller holds, is the one meant
  // below.
  void AssertLocked() const ABSL_ASSERT_EXCLUSIVE_LOCK(head_.commit_mu) {}

  absl::Status ChunkLogRecords() EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // `marked_newest`: as the directory says, to be missed when it is not among the numbers.
  absl::Status WalSegments(const std::vector<uint32_t>& numbers, uint32_t marked_newest)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // Brings every series' last sample up to date.
  void Finish() EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);

  Lsn max_lsn() const { return max_lsn_; }
  const ReplayStats& stats() const { return stats_; }
  // The segments that the WAL's inventory names and that are not there, or not to their end.
  void FindMissing(const WalContents& contents) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // Whether the store, or the retention, stands for all of a segment.
  bool StoreHas(const WalSegmentNote& note);
  // Logs what could not be read, and sets those segments aside before they can be deleted.
  void ReportDamage();
  // Whether chunks stand in for others whose segments nobody wants any more.
  bool rewrote_chunks() const { return rewrote_chunks_; }

 private:
  bool TakeChunk(const ChunkLog::Found& chunk) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  void EndLateClosing();
  bool TakeInOrderChunk(uint32_t slot, const ChunkLocator& locator)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  InChunks WhatIsInChunks() EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // SeriesTable::kNoSlot when the label bytes are not canonical. For the reader's thread too.
  uint32_t SlotFor(const Fingerprint& fingerprint, LabelsView labels);
  // Makes room for the slot in what is kept by slot.
  void Enter(uint32_t slot);
  void NoteContents(const WalContents& contents) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);

  void Apply(const WalBatch& batch) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  void Prefetch(const WalBatch& batch, size_t i) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  void TakeSample(uint32_t slot, Sample sample, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  void TakeLate(uint32_t slot, Sample sample) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // Closes the late buffers that the record up to `lsn` has filled.
  void CloseLate(Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // Moves series' NextClosed on to what `t` meets, and closes the open chunk when a closed one lies
  // between.
  void Advance(uint32_t slot, MemSeries* series, TimeMs t, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);

  Head::Impl& head_;
  ReplayCoverage coverage_;
  ReplayDeletes deletes_;
  Lsn max_lsn_ = 0;
  ReplayStats stats_;
  bool chunk_log_whole_ = true;
  bool rewrote_chunks_ = false;
  std::vector<SegmentDamage> wal_damage_, chunk_log_damage_;
  std::vector<MissingSegment> missing_;
  // The newest segment of each log, when that one is gone; else 0.
  uint32_t missing_newest_wal_ = 0, missing_newest_chunks_ = 0;
  std::vector<NextClosed> next_closed_;   // By slot.
  std::vector<bool> last_value_unknown_;  // By slot: the last sample is known by its time only.
  // By slot, of series with late chunks: these stand for the late samples up to here.
  absl::flat_hash_map<uint32_t, Lsn> late_closed_lsn_;
  // A late buffer closes into a chunk for each window, and they lie together. They stand for its
  // samples once another chunk follows: the end of the log may have lost the last of them.
  struct LateClosing {
    Fingerprint fingerprint;
    uint32_t slot;
    Lsn lsn;
  };
  std::optional<LateClosing> late_closing_;
  std::vector<uint32_t> late_slots_;  // Of the record in hand.
};

uint32_t Replayer::SlotFor(const Fingerprint& fingerprint, LabelsView labels) {
  // Asked for once a series and segment, so a second look at the bytes is cheap; only a new series
  // needs it.
  SeriesRef known;
  head_.table.Find({&fingerprint, 1}, 0, {&known, 1});
  if (known) return SeriesTable::SlotOf(known);
  if (labels.empty() || !IsCanonical(labels.bytes())) return SeriesTable::kNoSlot;
  return head_.table
      .FindOrAdd(fingerprint, 0, 0,
                 [&](uint32_t s) {
                   head_.labels.Add(s, labels);
                   if (!deletes_.empty()) deletes_.NoteSeries(s, labels);
                 })
      .slot;
}

void Replayer::Enter(uint32_t slot) {
  if (slot < next_closed_.size()) [[likely]]
    return;
  next_closed_.resize(slot + 1);
  last_value_unknown_.resize(slot + 1);
}

void Replayer::EndLateClosing() {
  if (!late_closing_) return;
  Lsn& closed = late_closed_lsn_[late_closing_->slot];
  closed = std::max(closed, late_closing_->lsn);
  late_closing_.reset();
}

bool Replayer::TakeChunk(const ChunkLog::Found& chunk) {
  const bool goes_on = late_closing_ && chunk.late && late_closing_->lsn == chunk.lsn &&
                       late_closing_->fingerprint == chunk.fingerprint;
  if (!goes_on) EndLateClosing();
  const ChunkLocator& locator = chunk.locator;
  const TimeRange window = coverage_.WindowOf(locator.mint);
  if (coverage_.Covered(locator.maxt(), chunk.lsn) || locator.maxt() > window.maxt) return false;
  if (!coverage_.left().empty() &&
      LeftSeries::Covers(coverage_.left().Of(chunk.fingerprint), window.mint, chunk.lsn)) {
    return false;
  }
  if (*chunk.note == ChunkLog::kNoNote) *chunk.note = SlotFor(chunk.fingerprint, chunk.labels);
  const uint32_t slot = *chunk.note;
  if (slot == SeriesTable::kNoSlot) return false;
  Enter(slot);
  if (!deletes_.empty() && deletes_.OfChunk(slot, chunk) != ReplayDeletes::Fate::kKeep) {
    return false;
  }
  if (chunk.late) {
    head_.InsertLateChunk(slot, locator);
    late_closing_ = LateClosing{chunk.fingerprint, slot, chunk.lsn};
  } else if (!TakeInOrderChunk(slot, locator)) {
    return false;
  }
  head_.window_chunks.Add(window.mint);
  return true;
}

bool Replayer::TakeInOrderChunk(uint32_t slot, const ChunkLocator& locator) {
  MemSeries& series = head_.table.At(slot);
  bool overlaps = false;
  head_.closed.ForEach(series.closed, [&](const ChunkLocator& other) {
    overlaps = overlaps || other.range().Overlaps(locator.range());
  });
  if (overlaps) return false;
  head_.closed.Insert(locator, &series.closed);
  head_.max_time = std::max(head_.max_time, locator.maxt());
  series.state.t = std::max(series.has_last ? series.state.t : kMinTime, locator.maxt());
  series.has_last = true;
  last_value_unknown_[slot] = true;
  return true;
}

absl::Status Replayer::ChunkLogRecords() {
  ChunkLogReplay found;
  HEARTH_ASSIGN_OR_RETURN(
      head_.chunk_log,
      ChunkLog::Open(
          {.fs = head_.options.fs,
           .dir = head_.options.chunks_dir,
           .segment_bytes = head_.options.chunk_segment_bytes},
          [&](const ChunkLog::Found& chunk) NO_THREAD_SAFETY_ANALYSIS { return TakeChunk(chunk); },
          &found));
  stats_.chunk_segments = found.segments;
  stats_.chunks = found.chunks;
  stats_.skipped_bytes += found.skipped_bytes;
  stats_.torn_tail_bytes += found.torn_tail_bytes;
  chunk_log_whole_ = found.whole;
  missing_newest_chunks_ = found.missing_newest;
  chunk_log_damage_ = found.damage.damage();
  max_lsn_ = std::max(max_lsn_, found.max_lsn);
  if (deletes_.empty()) return absl::OkStatus();
  rewrote_chunks_ = deletes_.any_partial();
  for (const uint32_t slot : deletes_.Rewrite(&head_)) last_value_unknown_[slot] = true;
  return absl::OkStatus();
}

InChunks Replayer::WhatIsInChunks() {
  InChunks in_chunks;
  if (!chunk_log_whole_) return in_chunks;
  in_chunks.before.assign(next_closed_.size(), kMinTime);
  for (uint32_t slot = 0; slot < next_closed_.size(); ++slot) {
    const MemSeries& series = head_.table.At(slot);
    if (series.closed != 0) in_chunks.before[slot] = series.state.t;
  }
  in_chunks.late_lsn = late_closed_lsn_;
  return in_chunks;
}

absl::Status Replayer::WalSegments(const std::vector<uint32_t>& numbers, uint32_t marked_newest) {
  if (numbers.empty() || marked_newest > numbers.back()) missing_newest_wal_ = marked_newest;
  WalReader::IsDeleted is_deleted;
  if (!deletes_.empty()) {
    is_deleted = [this](uint32_t slot, TimeMs t, Lsn lsn) {
      return deletes_.Deleted(slot, t, lsn);
    };
  }
  WalReader::TakeExemplar take_exemplar;
  if (head_.exemplars.enabled()) {
    take_exemplar = [this](uint32_t slot, const Exemplar& exemplar) {
      head_.ReplayExemplar(slot, exemplar);
    };
  }
  WalReader reader(
      head_.options.fs, head_.options.wal_dir, numbers, &coverage_, WhatIsInChunks(),
      [this](const Fingerprint& fingerprint, LabelsView labels) {
        return SlotFor(fingerprint, labels);
      },
      std::move(is_deleted), std::move(take_exemplar));
  while (const WalBatch* batch = reader.Next()) Apply(*batch);
  NoteContents(reader.contents());
  return reader.status();
}

void Replayer::NoteContents(const WalContents& contents) {
  for (const WalContents::Segment& segment : contents.segments) {
    head_.wal_coverage.NoteSegment(segment.number, segment.bytes);
    head_.wal_coverage.NoteSeries(segment.number, segment.series);
    head_.wal_coverage.NoteSamples(segment.number, {}, segment.first_lsn);
    for (const auto& [window, lsn] : segment.windows) {
      head_.wal_coverage.NoteSamples(segment.number, {window}, lsn);
    }
  }
  for (const auto& [window, lsn] : coverage_.windows()) {
    head_.wal_coverage.NoteFlushed(window, lsn);
  }
  max_lsn_ = std::max(max_lsn_, contents.max_lsn);
  stats_.wal_segments = contents.segments.size();
  stats_.wal_records = contents.records;
  stats_.wal_samples = contents.samples;
  stats_.unknown_ref_samples = contents.unknown_ref_samples;
  stats_.skipped_bytes += contents.skipped_bytes;
  stats_.torn_tail_bytes += contents.torn_tail_bytes;
  wal_damage_ = contents.damage;
  FindMissing(contents);
}

void Replayer::FindMissing(const WalContents& contents) {
  for (const WalSegmentNote& note : contents.inventory) {
    head_.inventory.push_back(note.segment);
    const auto found = std::find_if(contents.segments.begin(), contents.segments.end(),
                                    [&](const auto& s) { return s.number == note.segment; });
    const bool there = found != contents.segments.end();
    if ((there && found->last_lsn >= note.last_lsn) || StoreHas(note)) continue;
    missing_.push_back({note, there, there ? found->last_lsn : 0});
  }
}

bool Replayer::StoreHas(const WalSegmentNote& note) {
  constexpr int kMaxWindows = 10'000;
  TimeMs t = note.times.mint;
  for (int i = 0; i < kMaxWindows; ++i) {
    if (!coverage_.Covered(t, note.last_lsn)) return false;
    const TimeMs last = coverage_.WindowOf(t).maxt;
    if (last >= note.times.maxt) return true;
    t = last + 1;
  }
  return false;
}

void Replayer::ReportDamage() {
  DamageReport report(head_.options.fs, head_.options.quarantine_dir);
  report.Add(WalToReport(head_.options.wal_dir), wal_damage_);
  report.AddMissing(WalToReport(head_.options.wal_dir), missing_);
  report.AddMissingNewest(WalToReport(head_.options.wal_dir), missing_newest_wal_);
  report.Add(ChunkLogToReport(head_.options.chunks_dir), chunk_log_damage_);
  report.AddMissingNewest(ChunkLogToReport(head_.options.chunks_dir), missing_newest_chunks_);
  report.Finish();
  stats_.damaged_segments = report.damaged();
  stats_.missing_segments = report.missing();
}

void Replayer::Prefetch(const WalBatch& batch, size_t i) {
  if (i + 2 * kPrefetchAhead < batch.items.size()) {
    head_.table.Prefetch(batch.items[i + 2 * kPrefetchAhead].slot);
  }
  if (i + kPrefetchAhead < batch.items.size()) {
    const uint32_t ahead = batch.items[i + kPrefetchAhead].slot;
    const MemSeries& series = head_.table.At(ahead);
    __builtin_prefetch(series.chunk + series.state.bits / 8, 1);
    if (ahead < next_closed_.size()) __builtin_prefetch(&next_closed_[ahead]);
  }
}

void Replayer::Apply(const WalBatch& batch) {
  size_t i = 0;
  for (const WalBatch::Record& record : batch.records) {
    head_.applying_segment = record.segment;
    for (; i < record.end; ++i) {
      Prefetch(batch, i);
      const WalBatch::Item& item = batch.items[i];
      if (record.late) {
        TakeLate(item.slot, {item.t, item.v});
      } else {
        TakeSample(item.slot, {item.t, item.v}, record.lsn);
      }
    }
    if (record.late) CloseLate(record.lsn);
  }
}

void Replayer::TakeLate(uint32_t slot, Sample sample) {
  head_.InsertLate(slot, &head_.table.At(slot), sample);
  late_slots_.push_back(slot);
  ++stats_.replayed_samples;
}

void Replayer::CloseLate(Lsn lsn) {
  for (const uint32_t slot : late_slots_) {
    head_.CloseLateIfFull(slot, &head_.table.At(slot), lsn);
  }
  late_slots_.clear();
  head_.KeepLateBounded(lsn);
}

void Replayer::TakeSample(uint32_t slot, Sample sample, Lsn lsn) {
  MemSeries& series = head_.table.At(slot);
  Enter(slot);
  NextClosed& next = next_closed_[slot];
  if (sample.t > next.range.maxt) Advance(slot, &series, sample.t, lsn);
  if (sample.t >= next.range.mint && next.range.mint != kMaxTime) {
    // Inside a closed chunk. The last sample's value is learnt on the way.
    if (series.state.count == 0 && sample.t == series.state.t) {
      series.state.v_bits = std::bit_cast<uint64_t>(sample.v);
      last_value_unknown_[slot] = false;
    }
    return;
  }
  if (series.state.count > 0 && sample.t <= series.state.t) return;
  head_.Apply(slot, &series, sample, lsn);
  last_value_unknown_[slot] = false;
  ++stats_.replayed_samples;
}

void Replayer::Advance(uint32_t slot, MemSeries* series, TimeMs t, Lsn lsn) {
  bool between = false;
  TimeRange next{kMaxTime, kMaxTime};
  head_.closed.ForEach(series->closed, [&](const ChunkLocator& locator) {
    // From the newest to the oldest: the last one that does not end before `t` is the next.
    if (locator.maxt() >= t) {
      next = locator.range();
    } else {
      between = between || (series->state.count > 0 && locator.mint > series->state.t);
    }
  });
  next_closed_[slot].range = next;
  if (between) head_.CloseChunk(slot, series, lsn);
}

void Replayer::Finish() {
  std::string storage;
  SampleColumns columns;
  const ChunkLogView log = head_.chunk_log->View();
  for (uint32_t slot = 0; slot < next_closed_.size(); ++slot) {
    MemSeries& series = head_.table.At(slot);
    if (series.closed == 0) continue;
    if (series.state.count > 0 && head_.closed.Newest(series.closed).mint > series.state.t) {
      head_.CloseChunk(slot, &series, max_lsn_);
    }
    const ChunkLocator& newest = head_.closed.Newest(series.closed);
    const bool behind = newest.maxt() > series.state.t;
    if (series.state.count > 0 || (!behind && !last_value_unknown_[slot])) continue;
    // A chunk made by this replay has left its last sample in the state, so what is read here was
    // on disk before.
    series.state.t = newest.maxt();
    storage.clear();
    columns.Clear();
    const absl::StatusOr<size_t> payload = log.Read(newest, series.fingerprint, &storage);
    if (payload.ok() && DecodeChunk(newest.meta(), std::string_view(storage).substr(*payload),
                                    TimeRange(), &columns)
                            .ok()) {
      series.state.v_bits = std::bit_cast<uint64_t>(columns.v.back());
    }
  }
}

absl::Status SyncSegment(FileSystem& fs, const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, fs.OpenRead(path));
  return file->Sync();
}

}  // namespace

absl::Status Head::Impl::Replay(const FlushCoverage& coverage) {
  const auto start = std::chrono::steady_clock::now();
  HEARTH_RETURN_IF_ERROR(options.fs->MakeDirs(options.wal_dir));
  HEARTH_RETURN_IF_ERROR(options.fs->MakeDirs(options.chunks_dir));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers,
                          ListSegments(*options.fs, options.wal_dir));
  HEARTH_ASSIGN_OR_RETURN(const uint32_t marked_newest, MarkedNewest(*options.fs, options.wal_dir));
  const uint32_t newest = std::max(marked_newest, numbers.empty() ? 0 : numbers.back());
  // After a kill the page cache may be all that has the WAL's end. What comes later must not reach
  // the disk before it.
  // By value: after an error the sync may outlast this call.
  const std::string last_segment =
      numbers.empty() ? "" : SegmentPath(options.wal_dir, numbers.back());
  const auto sync = [fs = options.fs, last_segment] {
    return last_segment.empty() ? absl::OkStatus() : SyncSegment(*fs, last_segment);
  };
  found_wal_synced = std::async(std::launch::async, sync).share();
  MutexLock lock(&commit_mu);
  Replayer replayer(*this, coverage);
  replayer.AssertLocked();
  HEARTH_RETURN_IF_ERROR(replayer.ChunkLogRecords());
  HEARTH_RETURN_IF_ERROR(replayer.WalSegments(numbers, marked_newest));
  replayer.Finish();
  replayer.ReportDamage();
  counted.replay = replayer.stats();
  counted.replay.wal_synced = found_wal_synced.get();
  HEARTH_ASSIGN_OR_RETURN(
      wal, WalWriter::Open({.fs = options.fs,
                            .dir = options.wal_dir,
                            .segment_bytes = options.wal_segment_bytes,
                            .sync_interval_ms = options.wal_sync_interval_ms,
                            .first_segment = newest + 1,
                            .next_lsn = std::max(replayer.max_lsn(), coverage.max_lsn) + 1}));
  opened_s = NowSeconds();
  // Series of which everything is in the store already.
  ForgetIdle(std::numeric_limits<TimeMs>::max());
  absl::Status synced = chunk_log->Flush();  // Kept in memory and tried again when it fails.
  if (synced.ok() && replayer.rewrote_chunks()) {
    const std::vector<ChunkLog::Unsynced> files = chunk_log->UnsyncedFiles();
    synced = NoteSynced(files, SyncFiles(files));
  }
  // Else the segments are kept until the next flush ends.
  if (synced.ok()) HEARTH_RETURN_IF_ERROR(chunk_log->DeleteUnused());
  HEARTH_RETURN_IF_ERROR(DeleteWalSegments());
  counted.replay.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                   std::chrono::steady_clock::now() - start)
                                   .count();
  PassKillPoint(KillPoint::kReplayed);
  return absl::OkStatus();
}

}  // namespace hearth
