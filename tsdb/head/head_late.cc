// The write path of late samples: judging, buffering, closing.
#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "tsdb/head/head_impl.h"
#include "tsdb/kill_point.h"

namespace hearth {
namespace {

// What the head holds of a series at a time. Late samples come in runs, so the chunk that was
// decoded last is kept.
class HeldSamples {
 public:
  explicit HeldSamples(const Head::Impl& head) : head_(head) {}

  void AssertLocked() const ABSL_ASSERT_EXCLUSIVE_LOCK(head_.commit_mu) {}

  // The bits of the sample at `t`. A chunk that cannot be read holds nothing: better a sample twice
  // than none.
  std::optional<uint64_t> BitsAt(uint32_t slot, TimeMs t)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu) {
    const MemSeries& series = head_.table.At(slot);
    std::optional<uint64_t> bits;
    if (series.state.count > 0 && TimeRange{series.mint, series.state.t}.Contains(t)) {
      // The open chunk has place 0, which no chunk of the log has.
      if (Enter(slot, 0, 0)) Decode(OpenMeta(series), {series.chunk, XorBytes(series.state)});
      bits = Find(t);
    }
    if (!bits) bits = BitsInLog(series.closed, slot, t);
    if (bits || !series.has_late) return bits;
    const LateSamples::Series* const late = head_.late.Find(slot);
    const auto at = std::lower_bound(late->buffer.begin(), late->buffer.end(), t,
                                     [](const Sample& s, TimeMs time) { return s.t < time; });
    if (at != late->buffer.end() && at->t == t) return std::bit_cast<uint64_t>(at->v);
    return BitsInLog(late->closed, slot, t);
  }

 private:
  static ChunkMeta OpenMeta(const MemSeries& series) {
    return {series.mint, series.state.t, series.state.count, ChunkEncoding::kXor};
  }

  // False when that chunk is the one at hand.
  bool Enter(uint32_t slot, uint32_t segment, uint32_t offset) {
    const std::tuple<uint32_t, uint32_t, uint32_t> place{slot, segment, offset};
    if (place_ == place) return false;
    place_ = place;
    columns_.Clear();
    return true;
  }
  void Decode(const ChunkMeta& meta, std::string_view bytes) {
    if (!DecodeChunk(meta, bytes, TimeRange(), &columns_).ok()) columns_.Clear();
  }
  std::optional<uint64_t> Find(TimeMs t) const {
    const auto at = std::lower_bound(columns_.t.begin(), columns_.t.end(), t);
    if (at == columns_.t.end() || *at != t) return std::nullopt;
    return std::bit_cast<uint64_t>(columns_.v[static_cast<size_t>(at - columns_.t.begin())]);
  }
  std::optional<uint64_t> BitsInLog(LocatorLists::List list, uint32_t slot, TimeMs t)
      EXCLUSIVE_LOCKS_REQUIRED(head_.commit_mu) {
    std::optional<uint64_t> bits;
    head_.closed.ForEach(list, [&](const ChunkLocator& locator) NO_THREAD_SAFETY_ANALYSIS {
      if (bits || !locator.range().Contains(t)) return;
      if (Enter(slot, locator.segment, locator.offset)) {
        if (!log_) log_ = head_.chunk_log->View();
        storage_.clear();
        const absl::StatusOr<size_t> payload =
            log_->Read(locator, head_.table.At(slot).fingerprint, &storage_);
        if (payload.ok()) Decode(locator.meta(), std::string_view(storage_).substr(*payload));
      }
      bits = Find(t);
    });
    return bits;
  }

  const Head::Impl& head_;
  std::optional<ChunkLogView> log_;
  std::tuple<uint32_t, uint32_t, uint32_t> place_{UINT32_MAX, 0, 0};  // Slot, segment, offset.
  SampleColumns columns_;
  std::string storage_;
};

}  // namespace

AppendOutcome Head::Impl::JudgeLateness(const MemSeries& series,
                                        std::span<const BufferedSample> samples, TimeMs t) const {
  const TimeMs window = out_of_order_window_ms.load(std::memory_order_relaxed);
  if (window <= 0) return AppendOutcome::kOutOfOrder;
  const TimeMs last = series.pending != 0 ? samples[series.pending - 1].sample.t : series.state.t;
  // Unsigned: the times may be further apart than a signed number can tell.
  const uint64_t behind = static_cast<uint64_t>(last) - static_cast<uint64_t>(t);
  return behind > static_cast<uint64_t>(window) ? AppendOutcome::kTooOld : AppendOutcome::kAppended;
}

std::vector<uint32_t> Head::Impl::AcceptedBesideLate(
    std::span<const BufferedSample> samples) const {
  const auto slot_of = [&](uint32_t i) { return SeriesTable::SlotOf(samples[i].ref); };
  std::vector<uint32_t> beside;
  const bool any = std::any_of(
      late_candidates.begin(), late_candidates.end(),
      [&](uint32_t i) NO_THREAD_SAFETY_ANALYSIS { return table.At(slot_of(i)).pending != 0; });
  if (!any) return beside;
  for (const uint32_t i : accepted) {
    const auto at = std::lower_bound(
        late_candidates.begin(), late_candidates.end(), slot_of(i),
        [&](uint32_t candidate, uint32_t slot) { return slot_of(candidate) < slot; });
    if (at != late_candidates.end() && slot_of(*at) == slot_of(i)) beside.push_back(i);
  }
  return beside;
}

void Head::Impl::JudgeLate(std::span<const BufferedSample> samples, FirstRefused* refused,
                           CommitResult* result) {
  // By series, time, and place in the commit: of several with one time the first is the one taken.
  const auto key = [&](uint32_t i) {
    return std::tuple(SeriesTable::SlotOf(samples[i].ref), samples[i].sample.t, i);
  };
  const auto before = [&](uint32_t a, uint32_t b) { return key(a) < key(b); };
  std::sort(late_candidates.begin(), late_candidates.end(), before);
  // What the commit takes of the same series is not in their chunks yet.
  std::vector<uint32_t> beside = AcceptedBesideLate(samples);
  std::sort(beside.begin(), beside.end(), before);
  HeldSamples held(*this);
  held.AssertLocked();
  const auto bits_at = [&](uint32_t slot, TimeMs t)
                           NO_THREAD_SAFETY_ANALYSIS -> std::optional<uint64_t> {
    const auto is_it = [&](uint32_t i) {
      return SeriesTable::SlotOf(samples[i].ref) == slot && samples[i].sample.t == t;
    };
    if (!late_accepted.empty() && is_it(late_accepted.back())) {
      return std::bit_cast<uint64_t>(samples[late_accepted.back()].sample.v);
    }
    const auto at =
        std::lower_bound(beside.begin(), beside.end(), std::tuple(slot, t, 0u),
                         [&](uint32_t i, const auto& wanted) { return key(i) < wanted; });
    if (at != beside.end() && is_it(*at)) return std::bit_cast<uint64_t>(samples[*at].sample.v);
    return held.BitsAt(slot, t);
  };
  for (const uint32_t i : late_candidates) {
    const auto& [ref, sample] = samples[i];
    const uint32_t slot = SeriesTable::SlotOf(ref);
    AppendOutcome outcome = AppendOutcome::kAppended;
    if (const std::optional<uint64_t> bits = bits_at(slot, sample.t)) {
      outcome = *bits == std::bit_cast<uint64_t>(sample.v) ? AppendOutcome::kDuplicate
                                                           : AppendOutcome::kDuplicateTimestamp;
    } else {
      late_accepted.push_back(i);
      touched.Touch(sample.t);
      batch.AddLateSample(RefInWal(slot, &table.At(slot)), sample.t, sample.v);
    }
    refused->Note(i, outcome);
    ++result->counts[static_cast<size_t>(outcome)];
  }
}

void Head::Impl::ApplyLate(std::span<const BufferedSample> samples, uint32_t now_s, Lsn lsn) {
  for (size_t i = 0; i < late_accepted.size(); ++i) {
    const auto& [ref, sample] = samples[late_accepted[i]];
    const uint32_t slot = SeriesTable::SlotOf(ref);
    MemSeries& series = table.At(slot);
    series.used_s.store(now_s, std::memory_order_relaxed);
    InsertLate(slot, &series, sample);
    // Not before the series' last sample of the commit is in: the chunk stands for all late samples
    // of the series up to its LSN.
    const bool last_of_series = i + 1 == late_accepted.size() ||
                                SeriesTable::SlotOf(samples[late_accepted[i + 1]].ref) != slot;
    if (last_of_series) CloseLateIfFull(slot, &series, lsn);
  }
  counted.late_samples += late_accepted.size();
  KeepLateBounded(lsn);
}

void Head::Impl::InsertLate(uint32_t slot, MemSeries* series, Sample sample) {
  LateSamples::Series* const row = late.FindOrAdd(slot);
  series->has_late = true;
  const TimeRange window = WindowRange(WindowOf(sample.t), options.window_ms);
  const bool window_known = row->Holds(window);
  if (row->buffer.empty()) {
    row->wal_segment = applying_segment;
    wal_coverage.NoteOpened(applying_segment);
  }
  if (late.Insert(sample, row) && !window_known) window_chunks.Add(window.mint);
}

void Head::Impl::InsertLateChunk(uint32_t slot, const ChunkLocator& locator) {
  table.At(slot).has_late = true;
  closed.Insert(locator, &late.FindOrAdd(slot)->closed);
}

void Head::Impl::ForgetLateIfEmpty(uint32_t slot, MemSeries* series) {
  if (!late.Find(slot)->empty()) return;
  late.Erase(slot);
  series->has_late = false;
}

void Head::Impl::CloseLateIfFull(uint32_t slot, MemSeries* series, Lsn lsn) {
  if (late.Find(slot)->buffer.size() >= kChunkSamples) CloseLate(slot, series, lsn);
}

void Head::Impl::KeepLateBounded(Lsn lsn) {
  while (late.bytes() > options.late_buffer_bytes) {
    for (const uint32_t slot : late.Largest()) CloseLate(slot, &table.At(slot), lsn);
  }
}

void Head::Impl::CloseLate(uint32_t slot, MemSeries* series, Lsn lsn) {
  LateSamples::Series* const row = late.Find(slot);
  if (row->buffer.empty()) return;
  wal_coverage.NoteClosed(row->wal_segment);
  const std::vector<Sample> samples = late.TakeBuffer(row);
  std::vector<TimeMs> t;
  std::vector<double> v;
  std::string bytes;
  TimeMs counted_window = std::numeric_limits<TimeMs>::min();
  for (size_t i = 0; i < samples.size();) {
    const TimeRange window = WindowRange(WindowOf(samples[i].t), options.window_ms);
    t.clear();
    v.clear();
    bytes.clear();
    for (; i < samples.size() && t.size() < kChunkSamples && samples[i].t <= window.maxt; ++i) {
      t.push_back(samples[i].t);
      v.push_back(samples[i].v);
    }
    const ChunkMeta meta = EncodeXorChunk(t, v, &bytes);
    closed.Insert(LogChunk(ChunkLogRecordType::kLateChunk, slot, series, meta, bytes, lsn),
                  &row->closed);
    // The buffer counted as one chunk of each of its windows.
    if (window.mint == counted_window) window_chunks.Add(window.mint);
    counted_window = window.mint;
  }
  PassKillPoint(KillPoint::kLateChunkClosed);
}

}  // namespace hearth
