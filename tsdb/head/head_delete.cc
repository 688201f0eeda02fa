// Deletes in the head. What a delete reaches here is taken out of memory before it is answered, so
// neither queries nor flushes have to look for it: the open chunks of the matching series are
// closed, which parts what was written before the delete from what comes after, and closed chunks
// are dropped or, where the delete covers only a part, written again without it. On disk the old
// records stay until their segments go; a replay tells them by their LSN (ReplayDeletes).
#include <algorithm>
#include <bit>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "model/status.h"
#include "tsdb/chunk/encode_samples.h"
#include "tsdb/head/head_impl.h"
#include "tsdb/head/replay_deletes.h"
#include "tsdb/kill_point.h"

namespace hearth {
namespace {

// Series that are rewritten in one hold of the commit lock.
constexpr size_t kSeriesPerLock = 64;

// The samples of `columns` in runs that no delete interrupts: a chunk must not reach over times
// that later samples may fill.
std::vector<EncodedChunk> EncodeRemainder(const SampleColumns& columns,
                                          std::span<const TimeRange> deleted) {
  std::vector<EncodedChunk> chunks;
  const auto between = [&](TimeMs a, TimeMs b) {
    return std::any_of(deleted.begin(), deleted.end(),
                       [&](const TimeRange& range) { return a < range.mint && range.maxt < b; });
  };
  for (size_t begin = 0, i = 1; begin < columns.t.size(); ++i) {
    if (i < columns.t.size() && !between(columns.t[i - 1], columns.t[i])) continue;
    for (EncodedChunk& chunk : EncodeSamples(std::span(columns.t).subspan(begin, i - begin),
                                             std::span(columns.v).subspan(begin, i - begin))) {
      chunks.push_back(std::move(chunk));
    }
    begin = i;
  }
  return chunks;
}

absl::Status DecodeFromLog(const ChunkLogView& log, const ChunkLocator& locator,
                           const Fingerprint& fingerprint, SampleColumns* columns) {
  std::string storage;
  columns->Clear();
  HEARTH_ASSIGN_OR_RETURN(const size_t payload, log.Read(locator, fingerprint, &storage));
  return DecodeChunk(locator.meta(), std::string_view(storage).substr(payload), locator.range(),
                     columns);
}

}  // namespace

void Head::Impl::AppendClosed(ChunkLogRecordType type, uint32_t slot, MemSeries* series,
                              const EncodedChunk& chunk, Lsn lsn) {
  const ChunkLocator locator = LogChunk(type, slot, series, chunk.meta, chunk.bytes, lsn);
  if (type == ChunkLogRecordType::kLateChunk) {
    InsertLateChunk(slot, locator);
  } else {
    closed.Insert(locator, &series->closed);
  }
  window_chunks.Add(WindowOf(chunk.meta.mint));
}

absl::StatusOr<Head::Impl::DeleteStart> Head::Impl::BeginDelete(
    std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) {
  DeleteStart start;
  MutexLock lock(&commit_mu);
  // Series may still be created, but no sample of theirs can be committed while the lock is held.
  std::vector<uint32_t> slots;
  for (const std::vector<Matcher>& matchers : matcher_sets) {
    HEARTH_RETURN_IF_ERROR(
        labels.Select(matchers, [&](uint32_t slot, std::string_view) { slots.push_back(slot); }));
  }
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  for (const uint32_t slot : slots) {
    MemSeries& series = table.At(slot);
    if (series.state.count > 0 && range.Overlaps({series.mint, series.state.t})) {
      CloseChunk(slot, &series, wal->last_lsn());
    }
    // Whatever its times are: what is written again of the late chunks stands for all late samples
    // up to the delete.
    if (series.has_late) CloseLate(slot, &series, wal->last_lsn());
    start.series.push_back(table.RefOf(slot));
  }
  WriteDurableChunks();
  start.end = chunk_log->End();
  start.lsn = wal->TakeLsn();
  last_delete_lsn = start.lsn;
  return start;
}

std::vector<EncodedChunk> Head::Impl::TakeDeleted(const MemSeries& series, TimeRange range,
                                                  const DeleteStart& start, const ChunkLogView& log,
                                                  LocatorLists::List* list) {
  SampleColumns columns;
  std::vector<EncodedChunk> remainders;
  // The analysis does not see that a lambda runs under the lock of the function around it.
  closed.RemoveIf(list, [&](const ChunkLocator& locator) NO_THREAD_SAFETY_ANALYSIS {
    if (!range.Overlaps(locator.range()) || locator.place() >= start.end) return false;
    if (!Covers({&range, 1}, locator.range())) {
      // A damaged chunk stays: whoever reads it is told, and the flush counts it.
      if (!DecodeFromLog(log, locator, series.fingerprint, &columns).ok()) return false;
      RemoveRanges({&range, 1}, 0, &columns);
      for (EncodedChunk& chunk : EncodeRemainder(columns, {&range, 1})) {
        remainders.push_back(std::move(chunk));
      }
    }
    chunk_log->Release(locator);
    window_chunks.Remove(WindowOf(locator.mint));
    return true;
  });
  return remainders;
}

bool Head::Impl::DeleteFrom(SeriesRef ref, TimeRange range, const DeleteStart& start,
                            const ChunkLogView& log) {
  const uint32_t slot = SeriesTable::SlotOf(ref);
  MemSeries& series = table.At(slot);
  if (series.generation != SeriesTable::GenerationOf(ref)) return false;
  const std::vector<EncodedChunk> remainders =
      TakeDeleted(series, range, start, log, &series.closed);
  for (const EncodedChunk& chunk : remainders) {
    AppendClosed(ChunkLogRecordType::kChunk, slot, &series, chunk, start.lsn);
  }
  std::vector<EncodedChunk> late_remainders;
  if (series.has_late) {
    late_remainders = TakeDeleted(series, range, start, log, &late.Find(slot)->closed);
    for (const EncodedChunk& chunk : late_remainders) {
      AppendClosed(ChunkLogRecordType::kLateChunk, slot, &series, chunk, start.lsn);
    }
    ForgetLateIfEmpty(slot, &series);
  }
  if (series.has_last && series.state.count == 0 && range.Contains(series.state.t)) {
    LearnLast(&series);
  }
  return !remainders.empty() || !late_remainders.empty();
}

void Head::Impl::LearnLast(MemSeries* series) {
  series->state = XorState();
  series->has_last = false;
  if (series->closed == 0) return;
  const ChunkLocator& newest = closed.Newest(series->closed);
  series->state.t = newest.maxt();
  series->has_last = true;
  SampleColumns columns;
  // It may be one that was written again just now.
  const absl::Status read = DecodeFromLog(chunk_log->View(), newest, series->fingerprint, &columns);
  if (read.ok() && !columns.v.empty()) {
    series->state.v_bits = std::bit_cast<uint64_t>(columns.v.back());
  }
}

absl::Status Head::Impl::Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range,
                                absl::FunctionRef<absl::Status(Lsn)> record) {
  // No flush may begin between the parting and the end: it would seal what is being deleted under
  // an LSN that says that deletes have been applied.
  MutexLock delete_lock(&delete_mu);
  // Queries see the series go one after the other.
  const auto note = [&] {
    if (options.changes != nullptr) options.changes->NoteFrom(range.mint);
  };
  note();
  const absl::Cleanup note_again = note;
  HEARTH_ASSIGN_OR_RETURN(const DeleteStart start, BeginDelete(matcher_sets, range));
  PassKillPoint(KillPoint::kDeleteParted);
  HEARTH_RETURN_IF_ERROR(record(start.lsn));
  PassKillPoint(KillPoint::kDeleteRecorded);
  bool rewritten = false;
  for (size_t i = 0; i < start.series.size();) {
    MutexLock lock(&commit_mu);
    const ChunkLogView log = chunk_log->View();
    const size_t end = std::min(start.series.size(), i + kSeriesPerLock);
    for (; i < end; ++i) rewritten = DeleteFrom(start.series[i], range, start, log) || rewritten;
    WriteDurableChunks();
  }
  // The WAL may have gone on the strength of the chunks that were replaced, and no flush ends
  // before this: then their segments may go.
  const absl::Status synced = rewritten ? SyncChunkLog() : absl::OkStatus();
  PassKillPoint(KillPoint::kDeleteApplied);
  MutexLock lock(&commit_mu);
  // A window of which nothing is left will not be flushed: its WAL is of no use any more.
  for (const TimeMs window : wal_coverage.Windows()) {
    if (!window_chunks.Holds(window)) wal_coverage.NoteFlushed(window, wal->last_lsn());
  }
  return synced;
}

absl::StatusOr<Lsn> Head::Impl::OldestLoggedLsn() const {
  Lsn oldest;
  {
    MutexLock lock(&commit_mu);
    oldest = std::min(wal_coverage.first_lsn(), chunk_log->first_lsn());
  }
  // Until then a power cut undoes the removal of segments.
  HEARTH_RETURN_IF_ERROR(options.fs->SyncDir(options.wal_dir));
  HEARTH_RETURN_IF_ERROR(options.fs->SyncDir(options.chunks_dir));
  return oldest;
}

void ReplayDeletes::NoteSeries(uint32_t slot, LabelsView labels) {
  for (const DeleteRecord& record : deletes_->records) {
    if (MatchesAll(record.matchers, labels)) of_slot_[slot].push_back(&record);
  }
}

bool ReplayDeletes::Deleted(uint32_t slot, TimeMs t, Lsn lsn) const {
  const auto it = of_slot_.find(slot);
  return it != of_slot_.end() &&
         std::any_of(it->second.begin(), it->second.end(), [&](const DeleteRecord* record) {
           return lsn < record->lsn && record->range.Contains(t);
         });
}

ReplayDeletes::Fate ReplayDeletes::OfChunk(uint32_t slot, const ChunkLog::Found& chunk) {
  const auto it = of_slot_.find(slot);
  if (it == of_slot_.end()) return Fate::kKeep;
  TimeRanges deleted;
  for (const DeleteRecord* const record : it->second) {
    if (chunk.lsn < record->lsn && record->range.Overlaps(chunk.locator.range())) {
      AddRange(record->range, &deleted);
    }
  }
  if (deleted.empty()) return Fate::kKeep;
  if (Covers(deleted, chunk.locator.range())) return Fate::kDrop;
  partial_.push_back({slot, chunk.locator, chunk.lsn, chunk.late, std::move(deleted)});
  return Fate::kRewrite;
}

std::vector<uint32_t> ReplayDeletes::Rewrite(Head::Impl* head) {
  std::vector<uint32_t> slots;
  const ChunkLogView log = head->chunk_log->View();
  SampleColumns columns;
  for (const Partial& partial : partial_) {
    MemSeries& series = head->table.At(partial.slot);
    if (!DecodeFromLog(log, partial.locator, series.fingerprint, &columns).ok()) continue;
    // What the delete wrote before the crash is there already, and so may be later samples. Of late
    // chunks a sample may be there twice: readers take one.
    TimeRanges left_out = partial.deleted;
    if (!partial.late) {
      head->closed.ForEach(series.closed,
                           [&](const ChunkLocator& other) { AddRange(other.range(), &left_out); });
    }
    RemoveRanges(left_out, 0, &columns);
    for (const EncodedChunk& chunk : EncodeRemainder(columns, left_out)) {
      head->max_time = std::max(head->max_time, chunk.meta.maxt);
      if (partial.late) {
        // Under its own LSN: the buffer of that time is all it stands for.
        head->AppendClosed(ChunkLogRecordType::kLateChunk, partial.slot, &series, chunk,
                           partial.lsn);
        continue;
      }
      head->AppendClosed(ChunkLogRecordType::kChunk, partial.slot, &series, chunk,
                         deletes_->last_lsn);
      if (!series.has_last || series.state.t < chunk.meta.maxt) {
        series.state.t = chunk.meta.maxt;
        series.has_last = true;
      }
      slots.push_back(partial.slot);
    }
  }
  partial_.clear();
  return slots;
}

}  // namespace hearth
