// The write path: HeadAppender and Head::Impl::Commit.
#include <bit>
#include <cstring>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/head/head_appender.h"
#include "tsdb/head/head_impl.h"

namespace hearth {
namespace {

// Series that are fetched from memory ahead of the one in hand.
constexpr size_t kPrefetchAhead = 8;
// When this much of the chunk log has gathered it is written as far as the WAL is durable, and the
// WAL is synced without waiting for its interval; when series close their chunks in step, at a
// window's end, commits come faster than that, and wait for it at the next size: once each, since
// its own record is durable from then on. They are refused when a chunk log that cannot be written
// has kept the last one in memory.
constexpr size_t kChunkLogFlushBytes = size_t{128} << 10;
constexpr size_t kChunkLogWaitBytes = size_t{256} << 10;
constexpr size_t kChunkLogPendingLimit = size_t{64} << 20;
// How far data goes past a window's end before the WAL is rolled: most of what belongs to the
// window is then in its segment.
constexpr TimeMs kRollSlackMs = 5 * 60 * 1000;
// What a new series takes beside the bytes of its labels (series_table.h), and what its flush will.
constexpr int64_t kNewSeriesBytes = 768;

}  // namespace

absl::StatusOr<SeriesRef> Head::Impl::FindOrCreate(LabelsView series_labels) {
  const Fingerprint fingerprint = series_labels.Fingerprint();
  if (options.memory != nullptr) {
    SeriesRef known;
    table.Find({&fingerprint, 1}, NowSeconds(), {&known, 1});
    if (known) return known;
    HEARTH_RETURN_IF_ERROR(options.memory->TakeForSeries(
        kNewSeriesBytes + static_cast<int64_t>(series_labels.bytes().size())));
  }
  const SeriesTable::Found found =
      table.FindOrAdd(fingerprint, NowSeconds(), options.max_series,
                      [&](uint32_t slot) { labels.Add(slot, series_labels); });
  if (found.slot == SeriesTable::kNoSlot) {
    return absl::ResourceExhaustedError(
        StrCat("series limit of ", options.max_series, " reached: ", series_labels.ToString()));
  }
  return found.ref;
}

AppendOutcome Head::Impl::Judge(const MemSeries& series, uint32_t generation,
                                std::span<const BufferedSample> samples, Sample sample,
                                TimeRange allowed) const {
  if (series.generation != generation) return AppendOutcome::kSeriesGone;
  if (sample.t > allowed.maxt) return AppendOutcome::kTooFarInFuture;
  if (sample.t < allowed.mint) return AppendOutcome::kTooOld;
  TimeMs last_t = series.state.t;
  uint64_t last_bits = series.state.v_bits;
  if (series.pending != 0) {
    last_t = samples[series.pending - 1].sample.t;
    last_bits = std::bit_cast<uint64_t>(samples[series.pending - 1].sample.v);
  } else if (!series.has_last) {
    return AppendOutcome::kAppended;
  }
  if (sample.t > last_t) return AppendOutcome::kAppended;
  if (sample.t < last_t) return AppendOutcome::kOutOfOrder;
  return last_bits == std::bit_cast<uint64_t>(sample.v) ? AppendOutcome::kDuplicate
                                                        : AppendOutcome::kDuplicateTimestamp;
}

WalRef Head::Impl::RefInWal(uint32_t slot, MemSeries* series) {
  if (series->wal_segment == wal->segment()) [[likely]]
    return series->wal_ref;
  if (ref_segment != wal->segment()) {
    ref_segment = wal->segment();
    next_ref = 0;
  }
  series->wal_segment = ref_segment;
  series->wal_ref = next_ref++;
  std::string bytes;
  labels.AppendLabels(slot, &bytes);
  batch.AddSeries(series->wal_ref, bytes);
  new_in_wal.push_back(slot);
  return series->wal_ref;
}

void Head::Impl::JudgeAll(const CommitBatch& commit, TimeRange allowed, FirstRefused* refused,
                          CommitResult* result) {
  const std::span<const BufferedSample> samples = commit.samples;
  const uint32_t slots = table.slot_end();
  for (size_t i = 0; i < samples.size(); ++i) {
    if (i + kPrefetchAhead < samples.size()) {
      const uint32_t ahead = SeriesTable::SlotOf(samples[i + kPrefetchAhead].ref);
      if (ahead < slots) table.Prefetch(ahead);
    }
    const auto& [ref, sample] = samples[i];
    const uint32_t slot = SeriesTable::SlotOf(ref);
    AppendOutcome outcome = AppendOutcome::kSeriesGone;
    if (slot < slots) {
      MemSeries& series = table.At(slot);
      outcome = Judge(series, SeriesTable::GenerationOf(ref), samples, sample, allowed);
      if (outcome != AppendOutcome::kAppended && commit.IsStartZero(static_cast<uint32_t>(i)))
          [[unlikely]] {
        continue;
      }
      if (outcome == AppendOutcome::kAppended) {
        series.pending = static_cast<uint32_t>(i + 1);
        accepted.push_back(static_cast<uint32_t>(i));
        touched.Touch(sample.t);
        batch.AddSample(RefInWal(slot, &series), sample.t, sample.v);
      } else if (outcome == AppendOutcome::kOutOfOrder) [[unlikely]] {
        outcome = JudgeLateness(series, samples, sample.t);
        if (outcome == AppendOutcome::kAppended) {
          late_candidates.push_back(static_cast<uint32_t>(i));
          continue;  // JudgeLate counts it.
        }
      }
    }
    ++result->counts[static_cast<size_t>(outcome)];
    if (IsRefusal(outcome)) [[unlikely]]
      refused->Note(static_cast<uint32_t>(i), outcome);
  }
}

void Head::Impl::TellFirstRefused(std::span<const BufferedSample> samples,
                                  const FirstRefused& refused, CommitResult* result) const {
  if (!IsRefusal(refused.outcome)) return;
  const auto& [ref, sample] = samples[refused.index];
  std::string bytes;
  if (refused.outcome != AppendOutcome::kSeriesGone) {
    labels.AppendLabels(SeriesTable::SlotOf(ref), &bytes);
  }
  result->first_refusal =
      CommitResult::Refusal{refused.outcome, Labels(LabelsView(bytes)), sample.t};
}

absl::StatusOr<Lsn> Head::Impl::WriteWal() {
  std::vector<WalRecord> records = batch.Records();
  if (inventory_segment != wal->segment()) BeginWithInventory(&records);
  absl::StatusOr<Lsn> lsn = wal->Append(records);
  if (lsn.ok()) {
    inventory_segment = wal->segment();
    wal_coverage.NoteSeries(wal->segment(), next_ref);
    applying_segment = wal->segment();
    wal_coverage.NoteSegment(wal->segment(), wal->segment_size());
    wal_coverage.NoteSamples(wal->segment(), touched.starts(), *lsn);
  } else {
    // Their series records did not reach the file.
    for (const uint32_t slot : new_in_wal) table.At(slot).wal_segment = 0;
  }
  return lsn;
}

void Head::Impl::ApplyAll(std::span<const BufferedSample> samples, uint32_t now_s, Lsn lsn) {
  TimeMs lowest = std::numeric_limits<TimeMs>::max();
  for (size_t i = 0; i < accepted.size(); ++i) {
    if (i + kPrefetchAhead < accepted.size()) {
      const MemSeries& ahead =
          table.At(SeriesTable::SlotOf(samples[accepted[i + kPrefetchAhead]].ref));
      __builtin_prefetch(ahead.chunk + ahead.state.bits / 8, 1);
    }
    const BufferedSample& buffered = samples[accepted[i]];
    const uint32_t slot = SeriesTable::SlotOf(buffered.ref);
    MemSeries& series = table.At(slot);
    series.pending = 0;
    series.used_s.store(now_s, std::memory_order_relaxed);
    lowest = std::min(lowest, buffered.sample.t);
    Apply(slot, &series, buffered.sample, lsn);
  }
  for (const uint32_t i : late_accepted) lowest = std::min(lowest, samples[i].sample.t);
  if (options.changes != nullptr) options.changes->NoteFrom(lowest);
  if (!late_accepted.empty()) ApplyLate(samples, now_s, lsn);
  if (chunk_log->pending_bytes() > 0) WriteDurableChunks();
}

void Head::Impl::Apply(uint32_t slot, MemSeries* series, Sample sample, Lsn lsn) {
  if (!last_window.Contains(sample.t))
    last_window = WindowRange(WindowOf(sample.t), options.window_ms);
  XorState& state = series->state;
  if (state.count > 0 && !last_window.Contains(series->mint)) CloseChunk(slot, series, lsn);
  if (state.count == 0) {
    series->chunk = arena.Allocate(1);
    series->chunk_steps = 1;
    series->mint = sample.t;
    series->open_segment = static_cast<uint16_t>(applying_segment);
    wal_coverage.NoteOpened(applying_segment);
    window_chunks.Add(last_window.mint);
  } else if (const size_t used = XorBytes(state);
             used + kXorAppendSlack > series->chunk_steps * ChunkArena::kStepBytes) {
    char* const larger = arena.Allocate(++series->chunk_steps);
    std::memcpy(larger, series->chunk, used);
    arena.Free(series->chunk);
    series->chunk = larger;
  }
  XorAppend(sample.t, sample.v, series->chunk, &state);
  series->has_last = true;
  max_time = std::max(max_time, sample.t);
  if (state.count == kChunkSamples) CloseChunk(slot, series, lsn);
}

void Head::Impl::CloseChunk(uint32_t slot, MemSeries* series, Lsn lsn) {
  const XorState& state = series->state;
  const ChunkMeta meta{series->mint, state.t, state.count, ChunkEncoding::kXor};
  closed.Insert(LogChunk(ChunkLogRecordType::kChunk, slot, series, meta,
                         {series->chunk, XorBytes(state)}, lsn),
                &series->closed);
  FreeOpenChunk(series);
}

void Head::Impl::FreeOpenChunk(MemSeries* series) {
  wal_coverage.NoteClosed(OpenSegmentOf(*series));
  arena.Free(series->chunk);
  series->chunk = nullptr;
  series->chunk_steps = 0;
  // The next sample is judged against it.
  series->state = XorState{.t = series->state.t, .v_bits = series->state.v_bits};
}

ChunkLocator Head::Impl::LogChunk(ChunkLogRecordType type, uint32_t slot, MemSeries* series,
                                  const ChunkMeta& meta, std::string_view bytes, Lsn lsn) {
  const ChunkLocator locator =
      chunk_log->Append(type, series->fingerprint, meta, bytes, lsn, &series->chunk_log_segment,
                        [&](std::string* out) { labels.AppendLabels(slot, out); });
  if (chunk_log->pending_bytes() >= kChunkLogFlushBytes) HastenChunks();
  return locator;
}

void Head::Impl::HastenChunks() {
  WriteDurableChunks();
  if (wal == nullptr || chunk_log->pending_bytes() < kChunkLogFlushBytes) return;
  if (chunk_log->pending_bytes() < kChunkLogWaitBytes) {
    wal->SyncSoon();
  } else {
    WriteAllChunks().IgnoreError();
  }
}

void Head::Impl::WriteDurableChunks() {
  // A failure keeps the chunks in memory and is counted; the next commit tries again.
  if (chunk_log->roll_waits()) {
    WriteAllChunks().IgnoreError();
  } else {
    chunk_log->Flush(DurableLsn()).IgnoreError();
  }
}

absl::Status Head::Impl::WriteAllChunks() {
  // A WAL that cannot be synced is past helping; the next commit is told.
  if (wal != nullptr) wal->WaitDurable(wal->last_lsn()).IgnoreError();
  return chunk_log->Flush();
}

absl::Status Head::Impl::SyncWal() {
  Lsn lsn;
  {
    MutexLock lock(&commit_mu);
    lsn = wal->last_lsn();
  }
  return wal->WaitDurable(lsn);
}

Lsn Head::Impl::DurableLsn() const {
  if (wal != nullptr) return wal->synced_lsn();
  found_wal_synced.wait();
  return std::numeric_limits<Lsn>::max();
}

void Head::Impl::RollWithTheWindow() {
  // A roll that fails is tried again by the next commit, whose Prepare tells the sender when
  // nothing can be written.
  if (roll_segment == wal->segment() && max_time >= roll_at) wal->Roll().IgnoreError();
}

absl::StatusOr<Lsn> Head::Impl::CommitLocked(const CommitBatch& commit, TimeMs now_ms,
                                             CommitResult* result) {
  const std::span<const BufferedSample> samples = commit.samples;
  RollWithTheWindow();
  HEARTH_RETURN_IF_ERROR(wal->Prepare());
  if (chunk_log->pending_bytes() >= kChunkLogPendingLimit) HEARTH_RETURN_IF_ERROR(WriteAllChunks());
  batch.Clear();
  touched.Clear();
  accepted.clear();
  late_candidates.clear();
  late_accepted.clear();
  new_in_wal.clear();
  accepted_exemplars.clear();
  FirstRefused refused;
  JudgeAll(commit, TimeRange{OldestKept(now_ms), now_ms + options.max_ahead_ms}, &refused, result);
  if (!late_candidates.empty()) JudgeLate(samples, &refused, result);
  TellFirstRefused(samples, refused, result);
  if (!commit.exemplars.empty()) JudgeExemplars(commit.exemplars, result);
  if (accepted.empty() && late_accepted.empty() && accepted_exemplars.empty()) {
    return wal->last_lsn();
  }
  absl::StatusOr<Lsn> lsn = WriteWal();
  if (lsn.ok()) {
    ApplyAll(samples, static_cast<uint32_t>(now_ms / 1000), *lsn);
    ApplyExemplars(commit.exemplars);
    if (roll_segment != wal->segment()) {
      roll_segment = wal->segment();
      roll_at =
          WindowEnd(WindowRange(WindowOf(max_time), options.window_ms).maxt, kRollSlackMs + 1);
    }
  } else {
    for (const uint32_t i : accepted) table.At(SeriesTable::SlotOf(samples[i].ref)).pending = 0;
  }
  return lsn;
}

absl::StatusOr<CommitResult> Head::Impl::Commit(const CommitBatch& commit) {
  CommitResult result;
  if (options.memory != nullptr) HEARTH_RETURN_IF_ERROR(options.memory->AllowWrite());
  const TimeMs now_ms = options.clock->NowMs();
  absl::StatusOr<Lsn> lsn;
  {
    MutexLock lock(&commit_mu);
    lsn = CommitLocked(commit, now_ms, &result);
    ++(lsn.ok() ? counted.commits : counted.failed_commits);
    if (lsn.ok()) {
      for (size_t i = 0; i < kAppendOutcomes; ++i) counted.samples[i] += result.counts[i];
    }
  }
  if (!lsn.ok()) return lsn.status();
  if (options.wal_sync_interval_ms == 0) {
    const absl::Status durable = wal->WaitDurable(*lsn);
    // The samples are visible, but they may not survive a power cut: the sender must try again, and
    // then finds them there.
    if (!durable.ok())
      return absl::UnavailableError(ToAbsl(StrCat("WAL: ", FromAbsl(durable.message()))));
  }
  return result;
}

void Head::Impl::NoteUnsupported(size_t samples) {
  MutexLock lock(&commit_mu);
  counted.samples[static_cast<size_t>(AppendOutcome::kUnsupported)] += samples;
}

Labels Head::Impl::LabelsOf(SeriesRef ref) const {
  std::string bytes;
  // The commit lock keeps the series from being forgotten in between.
  MutexLock lock(&commit_mu);
  const uint32_t slot = SeriesTable::SlotOf(ref);
  if (slot < table.slot_end() && table.At(slot).generation == SeriesTable::GenerationOf(ref)) {
    labels.AppendLabels(slot, &bytes);
  }
  return Labels(LabelsView(bytes));
}

void HeadAppender::Find(std::span<const Fingerprint> fingerprints, std::span<SeriesRef> refs) {
  impl_.table.Find(fingerprints, impl_.NowSeconds(), refs);
}

absl::StatusOr<SeriesRef> HeadAppender::FindOrCreate(LabelsView labels) {
  return impl_.FindOrCreate(labels);
}

void HeadAppender::AppendStartZero(SeriesRef ref, TimeMs t, TimeMs start_ms) {
  // As far as Prometheus' head takes samples behind its newest one.
  constexpr TimeMs kAgeMaxMs = 60 * 60 * 1000;
  if (!impl_.options.start_zeros || start_ms >= t || start_ms < t - kAgeMaxMs) return;
  buffered_.start_zeros.push_back(static_cast<uint32_t>(buffered_.samples.size()));
  buffered_.samples.push_back({ref, {start_ms, 0}});
}

void HeadAppender::AppendExemplar(SeriesRef ref, const Exemplar& exemplar) {
  // What is buffered is bounded by what labels may have.
  if (!impl_.exemplars.enabled() || !ExemplarStore::LabelsFit(exemplar.labels)) {
    impl_.exemplars_dropped.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  buffered_.exemplars.push_back({ref, exemplar});
}

void HeadAppender::AppendHistogram(SeriesRef ref, TimeMs t, const Histogram& histogram,
                                   TimeMs start_timestamp_ms) {
  unsupported_.push_back({ref, t});
}

void HeadAppender::UpdateMetadata(std::string_view metric_family, const Metadata& metadata) {
  MutexLock lock(&impl_.metadata_mu);
  const auto it = impl_.metadata.find(metric_family);
  if (it != impl_.metadata.end()) {
    if (!(it->second == metadata)) it->second = metadata;
  } else if (impl_.metadata.size() < impl_.options.max_metadata) {
    impl_.metadata.emplace(std::string(metric_family), metadata);
  } else {
    ++impl_.metadata_dropped;
  }
}

absl::StatusOr<CommitResult> HeadAppender::Commit() {
  absl::StatusOr<CommitResult> result = impl_.Commit(buffered_);
  if (result.ok() && !unsupported_.empty()) {
    result->counts[static_cast<size_t>(AppendOutcome::kUnsupported)] += unsupported_.size();
    impl_.NoteUnsupported(unsupported_.size());
    if (!result->first_refusal) {
      result->first_refusal = CommitResult::Refusal{
          AppendOutcome::kUnsupported, impl_.LabelsOf(unsupported_[0].ref), unsupported_[0].t};
    }
  }
  Rollback();
  return result;
}

void HeadAppender::Rollback() {
  buffered_.Clear();
  unsupported_.clear();
}

}  // namespace hearth
