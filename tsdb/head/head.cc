#include "tsdb/head/head.h"

#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/head/damage_report.h"
#include "tsdb/head/head_appender.h"
#include "tsdb/head/head_impl.h"

namespace hearth {

Head::Head(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Head::~Head() = default;

absl::StatusOr<std::unique_ptr<Head>> Head::Open(HeadOptions options,
                                                 const FlushCoverage& coverage) {
  // A locator holds a chunk's length in 32 bits of milliseconds.
  if (options.window_ms <= 0 || options.window_ms > std::numeric_limits<uint32_t>::max()) {
    return absl::InvalidArgumentError(StrCat("window of ", options.window_ms, " ms"));
  }
  auto impl = std::make_unique<Impl>(std::move(options));
  HEARTH_RETURN_IF_ERROR(impl->Replay(coverage));
  return std::unique_ptr<Head>(new Head(std::move(impl)));
}

std::unique_ptr<Appender> Head::NewAppender() { return std::make_unique<HeadAppender>(*impl_); }

std::vector<TimeMs> Head::Windows() const {
  MutexLock lock(&impl_->commit_mu);
  return impl_->window_chunks.Starts();
}

TimeRange Head::Range() const {
  MutexLock lock(&impl_->commit_mu);
  return impl_->Range();
}
std::optional<TimeRange> Head::TryRange() const {
  if (!impl_->commit_mu.TryLock()) return std::nullopt;
  const TimeRange range = impl_->Range();
  impl_->commit_mu.Unlock();
  return range;
}
TimeRange Head::Impl::Range() const {
  const std::vector<TimeMs> starts = window_chunks.Starts();
  if (starts.empty()) return TimeRange{0, -1};
  const TimeMs last = WindowRange(starts.back(), options.window_ms).maxt;
  return TimeRange{starts.front(), std::min(max_time, last)};
}

absl::StatusOr<FlushWindow> Head::BeginFlush(TimeMs window_start) {
  return impl_->BeginFlush(window_start);
}
StoppedSeries Head::FindStopped(TimeMs idle_max_ms, Patience patience) const {
  return impl_->FindStopped(idle_max_ms, patience);
}
absl::StatusOr<FlushWindow> Head::BeginFlush(TimeMs window_start, const StoppedSeries& stopped) {
  return impl_->BeginFlush(window_start, stopped);
}
absl::Status Head::EndFlush(const FlushWindow& flush) { return impl_->EndFlush(flush); }

absl::Status Head::Checkpoint() { return impl_->Checkpoint(); }

absl::StatusOr<std::string> Head::SetAsideChunks(uint32_t segment) {
  const HeadOptions& options = impl_->options;
  if (options.quarantine_dir.empty()) return absl::FailedPreconditionError("no quarantine");
  return DamageReport(options.fs, options.quarantine_dir)
      .SetAside(ChunkLogToReport(options.chunks_dir), segment);
}

void Head::SetOutOfOrderWindow(TimeMs window_ms) {
  impl_->out_of_order_window_ms.store(window_ms, std::memory_order_relaxed);
}

absl::Status Head::Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range,
                          absl::FunctionRef<absl::Status(Lsn)> record) {
  return impl_->Delete(matcher_sets, range, record);
}
absl::StatusOr<Lsn> Head::OldestLoggedLsn() const { return impl_->OldestLoggedLsn(); }
absl::Status Head::LinkLogs(const std::string& wal_dir, const std::string& chunks_dir,
                            absl::FunctionRef<absl::Status()> link_deletes) {
  return impl_->LinkLogs(wal_dir, chunks_dir, link_deletes);
}

std::vector<std::pair<std::string, Metadata>> Head::MetadataEntries() const {
  std::vector<std::pair<std::string, Metadata>> entries;
  {
    MutexLock lock(&impl_->metadata_mu);
    entries.assign(impl_->metadata.begin(), impl_->metadata.end());
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return entries;
}

HeadStats Head::Stats() const {
  HeadStats stats;
  {
    MutexLock lock(&impl_->commit_mu);
    stats = impl_->counted;
    stats.chunks = impl_->window_chunks.total();
    stats.chunk_bytes = impl_->arena.bytes();
    stats.locator_bytes = impl_->closed.bytes();
    stats.late_buffered_samples = impl_->late.samples();
    stats.late_buffer_bytes = impl_->late.bytes();
    stats.wal_bytes = impl_->wal_coverage.bytes();
    stats.wal_segments = impl_->wal_coverage.segments();
    stats.wal_current_segment = impl_->wal->segment();
    stats.chunk_log_bytes = impl_->chunk_log->bytes();
    stats.log_written_bytes = impl_->wal->written_bytes() + impl_->chunk_log->written_bytes();
    stats.chunk_log_segments = impl_->chunk_log->segment_count();
    stats.chunk_log_pending_bytes = impl_->chunk_log->pending_bytes();
    stats.chunk_log_failures = impl_->chunk_log->failures();
    stats.last_lsn = impl_->wal->last_lsn();
    stats.wal_failures = impl_->wal->failures();
  }
  {
    MutexLock lock(&impl_->metadata_mu);
    stats.metadata_dropped = impl_->metadata_dropped;
  }
  stats.range = Range();
  stats.series = impl_->table.size();
  stats.series_created = impl_->table.added();
  stats.series_bytes = impl_->table.bytes();
  const LabelIndex::Bytes index = impl_->labels.bytes();
  stats.label_bytes = index.labels;
  stats.postings_bytes = index.postings;
  stats.label_pairs = impl_->labels.pair_count();
  stats.label_names = impl_->labels.name_count();
  stats.exemplars = impl_->exemplars.Stats();
  stats.exemplars_dropped = impl_->exemplars_dropped.load(std::memory_order_relaxed);
  stats.wal_syncs = impl_->wal->syncs();
  return stats;
}

void Head::CloseOpenChunks(size_t kept_bytes) { impl_->CloseOpenChunks(kept_bytes); }
uint64_t Head::FlushBytes() const { return impl_->FlushBytes(); }
void Head::ForgetUnused() {
  MutexLock delete_lock(&impl_->delete_mu);
  MutexLock lock(&impl_->commit_mu);
  impl_->ForgetIdle(impl_->ForgetBefore());
}
size_t Head::series_count() const { return impl_->table.size(); }
void Head::ForEachLabel(absl::FunctionRef<void(const Label&, size_t)> visit) const {
  impl_->labels.ForEachPair(visit);
}
std::vector<std::pair<std::string, uint64_t>> Head::MemoryByMetric() const {
  return impl_->MemoryByMetric();
}

absl::Status Head::SyncWal() {
  const absl::Status status = impl_->SyncWal();
  MutexLock lock(&impl_->commit_mu);
  impl_->WriteDurableChunks();
  return status;
}

}  // namespace hearth
