// Coming back: chunk log first (what is closed), then the WAL (what is not).
//
// A WAL sample is skipped when the store has it (its record's LSN is covered for its window), when
// it lies inside a closed chunk of its series, or when it is not newer than the open chunk.
// Everything else is applied as a live append would. So replaying twice gives the same, and a chunk
// that was lost from the chunk log is made again from the WAL, between its neighbours.
#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "model/status.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/kill_point.h"
#include "tsdb/wal/frame.h"
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
  Replayer(Head::Impl& head, const FlushCoverage& coverage) : head_(head), coverage_(coverage) {
    oldest_kept_ = head.OldestKept(head.options.clock->NowMs());
  }

  // Tells the lock analysis that the head's commit lock, which the caller holds, is the one meant
  // below.
  void AssertLocked() const ABSL_ASSERT_EXCLUSIVE_LOCK(head_.commit_mu) {}

  absl::Status ChunkLogRecords() EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  absl::Status WalSegments(const std::vector<uint32_t>& numbers)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // Brings every series' last sample up to date.
  void Finish() EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);

  Lsn max_lsn() const { return max_lsn_; }
  const ReplayStats& stats() const { return stats_; }

 private:
  bool TakeChunk(const Fingerprint& fingerprint, LabelsView labels, Lsn lsn,
                 const ChunkLocator& locator) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  absl::Status WalSegment(uint32_t number) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  void SeriesRecord(std::string_view payload, uint64_t file_size);
  void SamplesRecord(std::string_view payload, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  void TakeSample(uint32_t slot, Sample sample, Lsn lsn) EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // Moves series' NextClosed on to what `t` meets, and closes the open chunk when a closed one lies
  // between.
  void Advance(uint32_t slot, MemSeries* series, TimeMs t, Lsn lsn)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu);
  // SeriesTable::kNoSlot when the label bytes are not canonical.
  uint32_t SlotFor(const Fingerprint& fingerprint, LabelsView labels);
  // True when the store has the window up to `lsn`, or nobody wants it any more.
  bool Covered(TimeMs t, Lsn lsn);

  Head::Impl& head_;
  const FlushCoverage& coverage_;
  TimeMs oldest_kept_;
  Lsn max_lsn_ = 0;
  ReplayStats stats_;
  std::vector<NextClosed> next_closed_;   // By slot.
  std::vector<bool> last_value_unknown_;  // By slot: the last sample is known by its time only.
  std::vector<uint32_t> slot_of_ref_;     // Of the segment in hand.
  std::vector<WalSeries> series_;
  std::vector<WalSample> samples_;
  TouchedWindows touched_{head_.options.window_ms};
  // What Covered found out last, and before.
  TimeRange window_{0, -1};
  Lsn window_lsn_ = 0;
  absl::flat_hash_map<TimeMs, Lsn> window_lsns_;
};

bool Replayer::Covered(TimeMs t, Lsn lsn) {
  if (!window_.Contains(t)) {
    window_ = WindowRange(head_.WindowOf(t), head_.options.window_ms);
    const auto [it, added] = window_lsns_.try_emplace(window_.mint, 0);
    if (added) it->second = coverage_.flushed_lsn ? coverage_.flushed_lsn(window_.mint) : 0;
    window_lsn_ = it->second;
  }
  return lsn <= window_lsn_ || t < oldest_kept_;
}

uint32_t Replayer::SlotFor(const Fingerprint& fingerprint, LabelsView labels) {
  // Asked for once a series and segment, so a second look at the bytes is cheap; only a new series
  // needs it.
  SeriesRef known;
  head_.table.Find({&fingerprint, 1}, 0, {&known, 1});
  if (!known && (labels.empty() || !IsCanonical(labels.bytes()))) return SeriesTable::kNoSlot;
  const uint32_t slot =
      head_.table.FindOrAdd(fingerprint, 0, 0, [&](uint32_t s) { head_.labels.Add(s, labels); })
          .slot;
  if (slot != SeriesTable::kNoSlot && slot >= next_closed_.size()) {
    next_closed_.resize(slot + 1);
    last_value_unknown_.resize(slot + 1);
  }
  return slot;
}

bool Replayer::TakeChunk(const Fingerprint& fingerprint, LabelsView labels, Lsn lsn,
                         const ChunkLocator& locator) {
  const TimeMs window = head_.WindowOf(locator.mint);
  if (Covered(locator.maxt(), lsn) || head_.WindowOf(locator.maxt()) != window) return false;
  const uint32_t slot = SlotFor(fingerprint, labels);
  if (slot == SeriesTable::kNoSlot) return false;
  MemSeries& series = head_.table.At(slot);
  bool overlaps = false;
  head_.closed.ForEach(series.closed, [&](const ChunkLocator& other) {
    overlaps = overlaps || other.range().Overlaps(locator.range());
  });
  if (overlaps) return false;
  head_.closed.Insert(locator, &series.closed);
  head_.window_chunks.Add(window);
  head_.max_time = std::max(head_.max_time, locator.maxt());
  series.state.t = std::max(series.has_last ? series.state.t : kMinTime, locator.maxt());
  series.has_last = true;
  last_value_unknown_[slot] = true;
  return true;
}

absl::Status Replayer::ChunkLogRecords() {
  ChunkLogReplay found;
  HEARTH_ASSIGN_OR_RETURN(head_.chunk_log,
                          ChunkLog::Open(
                              {.fs = head_.options.fs,
                               .dir = head_.options.chunks_dir,
                               .segment_bytes = head_.options.chunk_segment_bytes},
                              [&](const Fingerprint& fingerprint, LabelsView labels, Lsn lsn,
                                  const ChunkLocator& locator) NO_THREAD_SAFETY_ANALYSIS {
                                return TakeChunk(fingerprint, labels, lsn, locator);
                              },
                              &found));
  stats_.chunk_segments = found.segments;
  stats_.chunks = found.chunks;
  stats_.skipped_bytes += found.skipped_bytes;
  stats_.torn_tail_bytes += found.torn_tail_bytes;
  max_lsn_ = std::max(max_lsn_, found.max_lsn);
  return absl::OkStatus();
}

absl::Status Replayer::WalSegments(const std::vector<uint32_t>& numbers) {
  for (const uint32_t number : numbers) HEARTH_RETURN_IF_ERROR(WalSegment(number));
  for (const auto& [window, lsn] : window_lsns_) head_.wal_coverage.NoteFlushed(window, lsn);
  return absl::OkStatus();
}

absl::Status Replayer::WalSegment(uint32_t number) {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                          head_.options.fs->OpenRead(SegmentPath(head_.options.wal_dir, number)));
  HEARTH_ASSIGN_OR_RETURN(FrameScanner scanner, FrameScanner::Open(kWalKind, file.get()));
  ++stats_.wal_segments;
  head_.wal_coverage.NoteSegment(number, scanner.file_size());
  slot_of_ref_.clear();
  Frame frame;
  for (;;) {
    HEARTH_ASSIGN_OR_RETURN(const bool more, scanner.Next(&frame));
    if (!more) break;
    ++stats_.wal_records;
    max_lsn_ = std::max(max_lsn_, frame.lsn);
    switch (static_cast<WalRecordType>(frame.type)) {
      case WalRecordType::kSeries:
        SeriesRecord(frame.payload, scanner.file_size());
        break;
      case WalRecordType::kSamples:
        touched_.Clear();
        SamplesRecord(frame.payload, frame.lsn);
        head_.wal_coverage.NoteSamples(number, touched_.starts(), frame.lsn);
        break;
      case WalRecordType::kHistograms:
      case WalRecordType::kStartTimestamps:
      case WalRecordType::kExemplars:
      case WalRecordType::kMetadata:
      case WalRecordType::kDeletes:
        // Not written by this version.
        break;
    }
  }
  for (const SkippedBytes& skipped : scanner.skipped()) {
    (skipped.at_end ? stats_.torn_tail_bytes : stats_.skipped_bytes) += skipped.bytes;
  }
  return absl::OkStatus();
}

void Replayer::SeriesRecord(std::string_view payload, uint64_t file_size) {
  if (!DecodeSeries(payload, &series_).ok()) {
    stats_.skipped_bytes += payload.size();
    return;
  }
  for (const WalSeries& series : series_) {
    // Dense numbers: a segment cannot bind more of them than it has bytes.
    if (series.ref >= file_size) continue;
    if (series.ref >= slot_of_ref_.size())
      slot_of_ref_.resize(series.ref + 1, SeriesTable::kNoSlot);
    slot_of_ref_[series.ref] = SlotFor(FingerprintOf(series.labels), LabelsView(series.labels));
  }
}

void Replayer::SamplesRecord(std::string_view payload, Lsn lsn) {
  if (!DecodeSamples(payload, &samples_).ok()) {
    stats_.skipped_bytes += payload.size();
    return;
  }
  stats_.wal_samples += samples_.size();
  const auto slot_of = [&](const WalSample& sample) {
    return sample.ref < slot_of_ref_.size() ? slot_of_ref_[sample.ref] : SeriesTable::kNoSlot;
  };
  for (size_t i = 0; i < samples_.size(); ++i) {
    if (i + 2 * kPrefetchAhead < samples_.size()) {
      const uint32_t ahead = slot_of(samples_[i + 2 * kPrefetchAhead]);
      if (ahead != SeriesTable::kNoSlot) head_.table.Prefetch(ahead);
    }
    if (i + kPrefetchAhead < samples_.size()) {
      const uint32_t ahead = slot_of(samples_[i + kPrefetchAhead]);
      if (ahead != SeriesTable::kNoSlot) {
        const MemSeries& series = head_.table.At(ahead);
        __builtin_prefetch(series.chunk + series.state.bits / 8, 1);
        __builtin_prefetch(&next_closed_[ahead]);
      }
    }
    const WalSample& sample = samples_[i];
    touched_.Touch(sample.t);
    if (Covered(sample.t, lsn)) continue;
    const uint32_t slot = slot_of(sample);
    if (slot == SeriesTable::kNoSlot) {
      ++stats_.unknown_ref_samples;
    } else {
      TakeSample(slot, {sample.t, sample.v}, lsn);
    }
  }
}

void Replayer::TakeSample(uint32_t slot, Sample sample, Lsn lsn) {
  MemSeries& series = head_.table.At(slot);
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

}  // namespace

absl::Status Head::Impl::Replay(const FlushCoverage& coverage) {
  const auto start = std::chrono::steady_clock::now();
  HEARTH_RETURN_IF_ERROR(options.fs->MakeDirs(options.wal_dir));
  HEARTH_RETURN_IF_ERROR(options.fs->MakeDirs(options.chunks_dir));
  HEARTH_ASSIGN_OR_RETURN(const std::vector<uint32_t> numbers,
                          ListSegments(*options.fs, options.wal_dir));
  MutexLock lock(&commit_mu);
  Replayer replayer(*this, coverage);
  replayer.AssertLocked();
  HEARTH_RETURN_IF_ERROR(replayer.ChunkLogRecords());
  HEARTH_RETURN_IF_ERROR(replayer.WalSegments(numbers));
  replayer.Finish();
  chunk_log->Flush().IgnoreError();  // Kept in memory and tried again when it fails.
  counted.replay = replayer.stats();
  HEARTH_ASSIGN_OR_RETURN(
      wal, WalWriter::Open({.fs = options.fs,
                            .dir = options.wal_dir,
                            .segment_bytes = options.wal_segment_bytes,
                            .sync_interval_ms = options.wal_sync_interval_ms,
                            .first_segment = numbers.empty() ? 1 : numbers.back() + 1,
                            .next_lsn = std::max(replayer.max_lsn(), coverage.max_lsn) + 1}));
  // Series of which everything is in the store already.
  ForgetIdle(std::numeric_limits<TimeMs>::max());
  HEARTH_RETURN_IF_ERROR(chunk_log->DeleteUnused());
  HEARTH_RETURN_IF_ERROR(DeleteWalSegments());
  counted.replay.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                   std::chrono::steady_clock::now() - start)
                                   .count();
  PassKillPoint(KillPoint::kReplayed);
  return absl::OkStatus();
}

}  // namespace hearth
