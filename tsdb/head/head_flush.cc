// The compactor's side of the head: BeginFlush, EndFlush, and what may be deleted afterwards.
#include <algorithm>
#include <utility>

#include "model/status.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/kill_point.h"
#include "tsdb/merge_columns.h"
#include "tsdb/wal/segment.h"

namespace hearth {

namespace {

// How long a series may be unused when memory is short: as long as queries look back.
constexpr TimeMs kForgetSoonMs = 5 * 60 * 1000;

// Answers whether the error is damage, which is noted then.
bool NoteUnreadable(const ChunkLocator& locator, const absl::Status& status,
                    std::vector<UnreadableChunk>* unreadable) {
  if (!absl::IsDataLoss(status)) return false;
  unreadable->push_back({locator.range(), locator.count, locator.segment, status});
  return true;
}

}  // namespace

Labels FlushWindow::labels(size_t i) const {
  std::string bytes;
  head_labels_->AppendLabels(SeriesTable::SlotOf(SeriesRef{At(i).ref}), &bytes);
  return Labels(LabelsView(bytes));
}

absl::StatusOr<size_t> FlushWindow::ReadTwice(const Series& series, const ChunkLocator& locator,
                                              std::string* storage) const {
  const absl::StatusOr<size_t> payload = log_.Read(locator, series.fingerprint, storage);
  if (!absl::IsDataLoss(payload.status())) return payload;
  return log_.Read(locator, series.fingerprint, storage);
}

absl::Status FlushWindow::ReadChunks(size_t i, std::string* storage,
                                     std::vector<FlushChunk>* chunks,
                                     std::vector<UnreadableChunk>* unreadable) const {
  storage->clear();
  chunks->clear();
  const Series& series = At(i);
  if (series.late_chunks > 0) return ReadMerged(series, storage, chunks, unreadable);
  std::vector<size_t> payloads, sizes;
  for (uint32_t c = series.chunks_begin; c < series.chunks_begin + series.chunks; ++c) {
    const absl::StatusOr<size_t> payload = ReadTwice(series, chunks_[c], storage);
    if (!payload.ok()) {
      if (!NoteUnreadable(chunks_[c], payload.status(), unreadable)) return payload.status();
      continue;
    }
    payloads.push_back(*payload);
    sizes.push_back(chunks_[c].bytes);
    chunks->push_back({chunks_[c].meta(), std::string_view(), chunks_[c].segment});
  }
  // Only now *storage stays where it is.
  for (size_t c = 0; c < payloads.size(); ++c) {
    (*chunks)[c].bytes = std::string_view(*storage).substr(payloads[c], sizes[c]);
  }
  if (series.open != 0) {
    const Open& open = open_[series.open - 1];
    chunks->push_back({open.meta, OpenBytes(open)});
  }
  return absl::OkStatus();
}

absl::Status FlushWindow::ReadMerged(const Series& series, std::string* storage,
                                     std::vector<FlushChunk>* chunks,
                                     std::vector<UnreadableChunk>* unreadable) const {
  SampleColumns merged;
  const uint32_t late_begin = series.chunks_begin + series.chunks;
  for (uint32_t c = series.chunks_begin; c < late_begin + series.late_chunks; ++c) {
    if (c == late_begin && series.open != 0) {
      const Open& open = open_[series.open - 1];
      HEARTH_RETURN_IF_ERROR(DecodeChunk(open.meta, OpenBytes(open), TimeRange(), &merged));
    }
    const size_t first = merged.t.size();
    storage->clear();
    const absl::StatusOr<size_t> payload = ReadTwice(series, chunks_[c], storage);
    absl::Status status = payload.status();
    if (status.ok()) {
      status = DecodeChunk(chunks_[c].meta(), std::string_view(*storage).substr(*payload),
                           TimeRange(), &merged);
    }
    if (!status.ok()) {
      if (!NoteUnreadable(chunks_[c], status, unreadable)) return status;
      continue;
    }
    // A chunk that was in order comes first, so it wins.
    MergeTail(first, &merged);
  }
  storage->clear();
  std::vector<size_t> begins;
  for (size_t at = 0; at < merged.t.size(); at += kChunkSamples) {
    const size_t n = std::min<size_t>(kChunkSamples, merged.t.size() - at);
    begins.push_back(storage->size());
    chunks->push_back({EncodeXorChunk(std::span(merged.t).subspan(at, n),
                                      std::span(merged.v).subspan(at, n), storage),
                       std::string_view(), 0});
  }
  begins.push_back(storage->size());
  for (size_t c = 0; c < chunks->size(); ++c) {
    (*chunks)[c].bytes = std::string_view(*storage).substr(begins[c], begins[c + 1] - begins[c]);
  }
  return absl::OkStatus();
}

absl::StatusOr<FlushWindow> Head::Impl::BeginFlush(TimeMs window_start) {
  FlushWindow flush;
  flush.window_start_ = window_start;
  const TimeRange window = WindowRange(window_start, options.window_ms);
  // The chunk log's next segment will wait for this one to be synced, and commits with it: what can
  // be synced beforehand is. A failure is counted, and is the flush's business no further.
  SyncChunkLog().IgnoreError();
  {
    MutexLock delete_lock(&delete_mu);
    MutexLock lock(&commit_mu);
    const uint32_t slots = table.slot_end();
    for (uint32_t slot = 0; slot < slots; ++slot) {
      MemSeries& series = table.At(slot);
      if (series.state.count > 0 && window.Contains(series.mint))
        CloseChunk(slot, &series, wal->last_lsn());
      if (series.has_late && late.Find(slot)->Holds(window))
        CloseLate(slot, &series, wal->last_lsn());
    }
    // Rolled, so that what this flush covers can be deleted when it is done.
    HEARTH_RETURN_IF_ERROR(WriteAllChunks());
    HEARTH_RETURN_IF_ERROR(chunk_log->Roll());
    if (wal_coverage.Holds(wal->segment(), window_start)) HEARTH_RETURN_IF_ERROR(wal->Roll());
    flush.lsn_ = wal->last_lsn();
    flush.log_ = chunk_log->View();
    // Grown step by step they would be in memory twice.
    flush.series_.reserve(table.size());
    flush.chunks_.reserve(window_chunks.Count(window_start));
    for (uint32_t slot = 0; slot < slots; ++slot) List(slot, window, &flush);
  }
  Order(&flush);
  return flush;
}

void Head::Impl::Order(FlushWindow* flush) const {
  std::vector<uint32_t> slots;
  slots.reserve(flush->series_.size());
  for (const auto& series : flush->series_) {
    slots.push_back(SeriesTable::SlotOf(SeriesRef{series.ref}));
  }
  flush->order_ = labels.InMetricOrder(slots);
  flush->head_labels_ = &labels;
}

void Head::Impl::List(uint32_t slot, TimeRange window, FlushWindow* flush) {
  const MemSeries& series = table.At(slot);
  FlushWindow::Series entry;
  entry.chunks_begin = static_cast<uint32_t>(flush->chunks_.size());
  closed.ForEach(series.closed, [&](const ChunkLocator& locator) {
    if (!window.Contains(locator.mint)) return;
    flush->chunks_.push_back(locator);
    entry.samples += locator.count;
    ++entry.chunks;
  });
  std::reverse(flush->chunks_.begin() + entry.chunks_begin, flush->chunks_.end());
  if (series.has_late) {
    closed.ForEach(late.Find(slot)->closed, [&](const ChunkLocator& locator) {
      if (!window.Contains(locator.mint)) return;
      flush->chunks_.push_back(locator);
      entry.samples += locator.count;
      ++entry.late_chunks;
    });
  }
  const XorState& state = series.state;
  if (state.count > 0 && window.Contains(series.mint)) {
    flush->open_.push_back({{series.mint, state.t, state.count, ChunkEncoding::kXor},
                            flush->open_bytes_.size(),
                            XorBytes(state)});
    flush->open_bytes_.append(series.chunk, XorBytes(state));
    entry.open = static_cast<uint32_t>(flush->open_.size());
    entry.samples += state.count;
  }
  if (entry.chunks + entry.late_chunks + entry.open == 0) return;
  entry.fingerprint = series.fingerprint;
  entry.ref = table.RefOf(slot).id;
  flush->series_.push_back(entry);
}

void Head::Impl::Drop(const FlushWindow& flush, const FlushWindow::Series& entry, uint32_t slot,
                      MemSeries* series) {
  const TimeRange window = WindowRange(flush.window_start_, options.window_ms);
  const ChunkPlace last = flush.LastPlace(entry);
  // The analysis does not see that a lambda runs under the lock of the function around it.
  const auto flushed = [&](const ChunkLocator& locator) NO_THREAD_SAFETY_ANALYSIS {
    if (!window.Contains(locator.mint) || locator.place() > last) return false;
    chunk_log->Release(locator);
    window_chunks.Remove(flush.window_start_);
    return true;
  };
  closed.RemoveIf(&series->closed, flushed);
  if (series->has_late) {
    closed.RemoveIf(&late.Find(slot)->closed, flushed);
    ForgetLateIfEmpty(slot, series);
  }
  if (entry.open == 0) return;
  // Samples that came since, and what a delete has left of it, stay: the store has a part twice.
  const ChunkMeta& open = flush.open_[entry.open - 1].meta;
  const XorState& state = series->state;
  const bool same = state.count == open.count && series->mint == open.mint && state.t == open.maxt;
  if (!same || last_delete_lsn > flush.lsn_) return;
  FreeOpenChunk(series);
  window_chunks.Remove(flush.window_start_);
}

absl::Status Head::Impl::EndFlush(const FlushWindow& flush) {
  MutexLock delete_lock(&delete_mu);
  MutexLock lock(&commit_mu);
  std::vector<uint32_t> empty;
  for (const FlushWindow::Series& entry : flush.series_) {
    const SeriesRef ref{entry.ref};
    const uint32_t slot = SeriesTable::SlotOf(ref);
    MemSeries& series = table.At(slot);
    // A series with chunks is never forgotten, so the reference still holds unless this flush ended
    // before.
    if (series.generation != SeriesTable::GenerationOf(ref)) continue;
    Drop(flush, entry, slot, &series);
    if (flush.stopped_ && HasNoSamples(series)) empty.push_back(slot);
  }
  if (flush.stopped_) {
    std::sort(empty.begin(), empty.end());
    Forget(empty, flush.begun_s_);
    PassKillPoint(KillPoint::kStoppedLeft);
  } else {
    wal_coverage.NoteFlushed(flush.window_start_, flush.lsn_);
    ForgetIdle(ForgetBefore());
  }
  absl::Status status = chunk_log->DeleteUnused();
  status.Update(DeleteWalSegments());
  return status;
}

TimeMs Head::Impl::ForgetBefore() const {
  const bool short_of_memory =
      options.memory != nullptr && options.memory->AtLeast(MemoryPressure::kFlush);
  const TimeMs unused_ms =
      short_of_memory ? std::min(options.forget_after_ms, kForgetSoonMs) : options.forget_after_ms;
  return options.clock->NowMs() - unused_ms;
}

void Head::Impl::ForgetIdle(TimeMs used_before_ms) {
  std::vector<uint32_t> empty;
  const uint32_t slots = table.slot_end();
  for (uint32_t slot = 0; slot < slots; ++slot) {
    if (HasNoSamples(table.At(slot))) empty.push_back(slot);
  }
  Forget(empty, static_cast<uint32_t>(std::clamp<TimeMs>(used_before_ms / 1000, 0, UINT32_MAX)));
}

void Head::Impl::Forget(std::span<const uint32_t> slots, uint32_t used_before_s) {
  table.RemoveIdle(slots, used_before_s,
                   [&](const std::vector<uint32_t>& removed) NO_THREAD_SAFETY_ANALYSIS {
                     labels.Remove(removed);
                     counted.series_removed += removed.size();
                   });
}

absl::Status Head::Impl::DeleteWalSegments() {
  const TimeMs oldest = OldestKept(options.clock->NowMs());
  const TimeMs first_kept = options.retention_ms == 0 ? oldest : WindowOf(oldest);
  absl::Status status;
  const std::vector<uint32_t> unneeded = wal_coverage.Deletable(wal->segment(), first_kept);
  NoteDeletion(unneeded);
  for (const uint32_t number : unneeded) {
    const absl::Status removed = options.fs->Remove(SegmentPath(options.wal_dir, number));
    if (removed.ok() || absl::IsNotFound(removed)) {
      wal_coverage.Forget(number);
      PassKillPoint(KillPoint::kWalSegmentDeleted);
    } else {
      status.Update(removed);
    }
  }
  return status;
}

}  // namespace hearth
