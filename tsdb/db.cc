#include "tsdb/db.h"

#include <algorithm>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/merged_querier.h"
#include "tsdb/sealed_coverage.h"
#include "tsdb/snapshot.h"
#include "tsdb/space_reserve.h"

namespace hearth {

absl::StatusOr<std::unique_ptr<Db>> Db::Open(DbOptions options) {
  auto db = std::unique_ptr<Db>(new Db(std::move(options)));
  HEARTH_ASSIGN_OR_RETURN(db->directory_, DataDirectory::Open(db->options_.path, db->options_.fs));
  HEARTH_ASSIGN_OR_RETURN(db->deletes_,
                          Deletes::Open({.fs = db->options_.fs,
                                         .directory = db->directory_->root(),
                                         .quarantine_path = db->directory_->quarantine()}));
  HEARTH_RETURN_IF_ERROR(db->OpenStoreWithReserve());
  HEARTH_RETURN_IF_ERROR(db->OpenHead());
  db->StartCompactor();
  return db;
}

absl::Status Db::OpenStore() {
  HEARTH_ASSIGN_OR_RETURN(store_, Store::Open({.path = directory_->store(),
                                               .scratch_path = directory_->flush(),
                                               .quarantine_path = directory_->quarantine(),
                                               .block_cache_bytes = options_.block_cache_bytes,
                                               .env = options_.rocks_env}));
  return absl::OkStatus();
}

absl::Status Db::OpenStoreWithReserve() {
  const SpaceReserve reserve(options_.fs, directory_->reserve());
  absl::Status opened = OpenStore();
  if (absl::IsUnavailable(opened) || absl::IsResourceExhausted(opened)) {
    spdlog::warn("{}; trying again with the space that was kept for it",
                 FromAbsl(opened.message()));
    reserve.Release();
    opened = OpenStore();
  }
  // Before the head can take the space.
  reserve.Refill();
  return opened;
}

absl::Status Db::OpenHead() {
  const std::vector<GenerationInfo> catalogue = store_->Catalogue();
  FlushCoverage coverage;
  coverage.deletes = deletes_->list();
  coverage.max_lsn = coverage.deletes->last_lsn;
  coverage.flushed_lsn = [&](TimeMs start) {
    return FlushedLsn(catalogue, start, options_.window_ms);
  };
  coverage.left = ReadLeftSeries(*store_, options_.window_ms);
  for (const GenerationInfo& info : catalogue) {
    coverage.max_lsn =
        std::max<Lsn>({coverage.max_lsn, info.lsn, info.deletes_lsn, info.series_lsn});
  }
  HEARTH_ASSIGN_OR_RETURN(head_,
                          Head::Open({.fs = options_.fs,
                                      .clock = options_.clock,
                                      .changes = &changes_,
                                      .wal_dir = directory_->wal(),
                                      .chunks_dir = directory_->chunks(),
                                      .quarantine_dir = directory_->quarantine(),
                                      .window_ms = options_.window_ms,
                                      .retention_ms = options_.retention_ms,
                                      .out_of_order_window_ms = options_.out_of_order_window_ms,
                                      .max_series = options_.max_series,
                                      .memory = options_.memory,
                                      .start_zeros = options_.start_zeros,
                                      .max_exemplars = options_.max_exemplars,
                                      .wal_segment_bytes = options_.wal_segment_bytes,
                                      .max_wal_bytes = options_.max_wal_bytes,
                                      .chunk_segment_bytes = options_.chunk_segment_bytes,
                                      .wal_sync_interval_ms = options_.wal_sync_interval_ms},
                                     coverage));
  return absl::OkStatus();
}

void Db::StartCompactor() {
  compactor_ = std::make_unique<Compactor>(
      CompactorOptions{
          .clock = options_.clock,
          .changes = &changes_,
          .policy = {.window_ms = options_.window_ms},
          .merged_window_ms = MergedWindowMs(options_.window_ms, options_.retention_ms),
          .retention = {.time_ms = options_.retention_ms, .bytes = options_.retention_bytes},
          .quarantine = options_.quarantine,
          .wal_path = directory_->wal(),
          .chunks_path = directory_->chunks(),
          .store_path = directory_->store(),
          .quarantine_path = directory_->quarantine(),
          .max_log_bytes = options_.max_log_bytes,
          .memory = options_.memory,
          .round_interval = options_.compactor_interval},
      head_.get(), store_.get(), deletes_.get());
  if (options_.compactor_interval.count() == 0) return;
  compactor_->Start();
  checkpointer_ = std::make_unique<Checkpointer>(head_.get(), options_.compactor_interval);
}

Db::~Db() { Close().IgnoreError(); }

absl::Status Db::Close() {
  if (compactor_ == nullptr && head_ == nullptr) return absl::OkStatus();
  if (compactor_ != nullptr) compactor_->Stop();
  compactor_.reset();
  checkpointer_.reset();
  absl::Status status = absl::OkStatus();
  if (head_ != nullptr) status = head_->SyncWal();
  head_.reset();
  store_.reset();
  deletes_.reset();
  directory_.reset();
  return status;
}

std::unique_ptr<Appender> Db::NewAppender() { return head_->NewAppender(); }

absl::StatusOr<std::unique_ptr<Querier>> Db::NewQuerier(TimeRange /*range*/) const {
  return std::make_unique<MergedQuerier>(head_.get(), store_.get(), deletes_.get());
}

std::optional<Fingerprint> Db::LabelStamp(const LabelScope& scope) const {
  return StampLabels(*head_, *store_, *deletes_, scope);
}

absl::StatusOr<std::vector<SeriesExemplars>> Db::SelectExemplars(
    std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) const {
  return head_->SelectExemplars(matcher_sets, range);
}

void Db::SetMaxExemplars(uint64_t max) { head_->SetMaxExemplars(max); }

void Db::SetOutOfOrderWindow(TimeMs window_ms) { head_->SetOutOfOrderWindow(window_ms); }

absl::Status Db::Flush() { return compactor_->FlushAll(); }
absl::StatusOr<uint64_t> Db::FlushStopped(TimeMs idle_ms) {
  return compactor_->FlushStopped(idle_ms);
}
absl::Status Db::Merge() { return compactor_->MergeAll(); }
void Db::CancelCompaction() { compactor_->RequestStop(); }

absl::Status Db::CompactAll() {
  HEARTH_RETURN_IF_ERROR(compactor_->FlushAll());
  return compactor_->MergeAll();
}

absl::StatusOr<std::string> Db::Snapshot(bool skip_head) {
  MutexLock lock(&snapshot_mu_);
  return CreateSnapshot({.fs = options_.fs,
                         .directory = directory_.get(),
                         .head = head_.get(),
                         .store = store_.get()},
                        options_.clock->NowMs(), skip_head);
}

absl::Status Db::Delete(std::span<const std::vector<Matcher>> matcher_sets, TimeRange range) {
  if (matcher_sets.empty() || range.empty()) return absl::OkStatus();
  return head_->Delete(matcher_sets, range, [&](Lsn lsn) {
    std::vector<DeleteRecord> records;
    for (const std::vector<Matcher>& matchers : matcher_sets) {
      records.push_back({lsn, matchers, range});
    }
    return deletes_->Add(std::move(records));
  });
}

void Db::Wake() { compactor_->Wake(); }
absl::Status Db::Compact() { return compactor_->RunRound(); }

std::vector<std::pair<std::string, Metadata>> Db::MetadataEntries() const {
  return head_->MetadataEntries();
}

Cardinality Db::CountSeries(size_t limit) const {
  CardinalityCounter counter(limit);
  head_->ForEachLabel(
      [&](const Label& label, size_t series) { counter.Add(label.name, label.value, series); });
  return counter.Finish(head_->series_count());
}

std::vector<SealedPart> Db::SealedParts() const {
  std::vector<SealedPart> parts;
  const std::shared_ptr<const StoreVersion> version = store_->version();
  for (const auto& generation : version->generations) {
    parts.push_back({generation->Info(), generation->bytes});
  }
  return parts;
}

absl::Status Db::VerifySealed(const GenerationId& id) const { return store_->Verify(id); }

DbStats Db::Stats() const {
  DbStats stats{.head = head_->Stats(),
                .store = store_->Stats(),
                .deletes = deletes_->list()->records.size(),
                .compactor = compactor_->Stats(),
                .range = head_->Range()};
  for (const GenerationInfo& info : store_->Catalogue()) {
    if (stats.range.empty()) stats.range = info.range;
    stats.range.mint = std::min(stats.range.mint, info.range.mint);
    stats.range.maxt = std::max(stats.range.maxt, info.range.maxt);
  }
  return stats;
}

}  // namespace hearth
