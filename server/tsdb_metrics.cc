#include "server/tsdb_metrics.h"

#include <memory>

#include "model/status.h"

namespace hearth {
namespace {

using metrics::MetricKind;

double Outcome(const DbStats& stats, AppendOutcome outcome) {
  return static_cast<double>(stats.head.samples[static_cast<size_t>(outcome)]);
}

double Number(uint64_t value) { return static_cast<double>(value); }

struct Row {
  const char* name;
  const char* help;
  MetricKind kind;
  double (*value)(const DbStats&);
};

constexpr Row kRows[] = {
    {"prometheus_tsdb_head_series", "Total number of series in the head.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.series); }},
    {"prometheus_tsdb_head_chunks", "Total number of chunks in the head.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.chunks); }},
    {"prometheus_tsdb_head_series_created_total", "Total number of series created in the head.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.series_created); }},
    {"prometheus_tsdb_head_series_removed_total", "Total number of series removed from the head.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.series_removed); }},
    {"prometheus_tsdb_head_chunks_storage_size_bytes", "Size of the chunk log.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.chunk_log_bytes); }},
    {"prometheus_tsdb_head_min_time", "Minimum time bound of the head, in milliseconds.",
     MetricKind::kGauge,
     [](const DbStats& s) {
       return s.head.range.empty() ? 0.0 : static_cast<double>(s.head.range.mint);
     }},
    {"prometheus_tsdb_head_max_time", "Maximum timestamp of the head, in milliseconds.",
     MetricKind::kGauge,
     [](const DbStats& s) {
       return s.head.range.empty() ? 0.0 : static_cast<double>(s.head.range.maxt);
     }},
    {"prometheus_tsdb_lowest_timestamp", "Lowest timestamp stored, in milliseconds.",
     MetricKind::kGauge,
     [](const DbStats& s) { return s.range.empty() ? 0.0 : static_cast<double>(s.range.mint); }},
    {"prometheus_tsdb_out_of_order_samples_total",
     "Total number of out of order samples refused because none are taken.", MetricKind::kCounter,
     [](const DbStats& s) { return Outcome(s, AppendOutcome::kOutOfOrder); }},
    {"prometheus_tsdb_out_of_bound_samples_total",
     "Total number of samples refused for being ahead of the clock.", MetricKind::kCounter,
     [](const DbStats& s) { return Outcome(s, AppendOutcome::kTooFarInFuture); }},
    {"prometheus_tsdb_too_old_samples_total",
     "Total number of samples refused for being before the out-of-order window or the retention.",
     MetricKind::kCounter, [](const DbStats& s) { return Outcome(s, AppendOutcome::kTooOld); }},
    {"prometheus_tsdb_wal_storage_size_bytes", "Size of the write-ahead log.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.wal_bytes); }},
    {"prometheus_tsdb_wal_segment_current", "Number of the WAL segment being written.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.head.wal_current_segment); }},
    {"prometheus_tsdb_wal_writes_failed_total", "Total number of failed WAL writes.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.wal_failures); }},
    {"prometheus_tsdb_wal_corruptions_total", "Total number of bytes of logs skipped as damaged.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.replay.skipped_bytes); }},
    {"hearth_tsdb_log_damaged_segments_total",
     "Segments of WAL and chunk log in which damage was found, at the start or by a flush.",
     MetricKind::kCounter,
     [](const DbStats& s) {
       return Number(s.head.replay.damaged_segments + s.compactor.damaged_segments);
     }},
    {"hearth_tsdb_log_missing_segments_total",
     "Segments of WAL and chunk log that should have been there at the start and were not, or lost "
     "their end.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.replay.missing_segments); }},
    {"hearth_tsdb_damaged_chunks_total",
     "Chunks that a flush left out because they could not be read.", MetricKind::kCounter,
     [](const DbStats& s) { return Number(s.compactor.damaged_chunks); }},
    {"prometheus_tsdb_checkpoint_creations_total",
     "Total number of checkpoints: WAL segments that went because the chunk log has what they "
     "held.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.checkpoints); }},
    {"prometheus_tsdb_checkpoint_creations_failed_total", "Total number of failed checkpoints.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.failed_checkpoints); }},
    {"prometheus_tsdb_data_replay_duration_seconds", "Time taken to replay the data on disk.",
     MetricKind::kGauge,
     [](const DbStats& s) { return static_cast<double>(s.head.replay.duration_ms) / 1000; }},
    {"prometheus_tsdb_mmap_chunks_total", "Total number of chunks found in the chunk log at start.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.replay.chunks); }},
    {"prometheus_tsdb_blocks_loaded", "Number of sealed windows (generations) that queries read.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.store.generations); }},
    {"prometheus_tsdb_storage_blocks_bytes", "Bytes of sealed data, index included.",
     MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.store.sample_bytes + s.store.index_bytes); }},
    {"prometheus_tsdb_compactions_total", "Total number of windows flushed.", MetricKind::kCounter,
     [](const DbStats& s) { return Number(s.compactor.flushes); }},
    {"prometheus_tsdb_compactions_failed_total", "Total number of window flushes that failed.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.compactor.flush_failures); }},
    {"prometheus_tsdb_time_retentions_total", "Windows dropped because of the time limit.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.compactor.dropped_by_time); }},
    {"prometheus_tsdb_size_retentions_total", "Windows dropped because of the size limit.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.compactor.dropped_by_size); }},
    {"prometheus_tsdb_exemplar_exemplars_appended_total", "Total number of appended exemplars.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.exemplars.appended); }},
    {"prometheus_tsdb_exemplar_exemplars_in_storage",
     "Number of exemplars currently in circular storage.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.exemplars.kept); }},
    {"prometheus_tsdb_exemplar_series_with_exemplars_in_storage",
     "Number of series with exemplars currently in circular storage.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.exemplars.series); }},
    {"prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds",
     "The timestamp of the exemplar that has been in circular storage for longest.",
     MetricKind::kGauge,
     [](const DbStats& s) { return static_cast<double>(s.head.exemplars.oldest_t) / 1000; }},
    {"prometheus_tsdb_exemplar_out_of_order_exemplars_total",
     "Total number of exemplars refused for being out of order.", MetricKind::kCounter,
     [](const DbStats& s) { return Number(s.head.exemplars.out_of_order); }},
    {"prometheus_tsdb_exemplar_max_exemplars",
     "Total number of exemplars the exemplar storage can store, resizeable.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.exemplars.max); }},
    {"hearth_tsdb_exemplars_dropped_total",
     "Exemplars that are not kept: without exemplar-storage, with too long labels, or of a series "
     "without samples.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.exemplars_dropped); }},
    {"hearth_tsdb_owned_bytes",
     "Bytes on disk that count for --storage.tsdb.retention.size: not those that a "
     "snapshot shares, nor quarantine and foreign files.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.compactor.owned_bytes); }},
    {"hearth_tsdb_merges_total", "Total number of sealed windows merged.", MetricKind::kCounter,
     [](const DbStats& s) { return Number(s.compactor.merges); }},
    {"hearth_tsdb_merges_failed_total", "Total number of merges of sealed windows that failed.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.compactor.merge_failures); }},
    {"hearth_tsdb_store_written_bytes_total",
     "Bytes of sorted files written by flushes and merges, samples and index.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.store.written_bytes); }},
    {"hearth_tsdb_logs_written_bytes_total", "Bytes written to the WAL and the chunk log.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.head.log_written_bytes); }},
    {"hearth_tsdb_tombstones", "Deletes whose samples are not all reclaimed yet.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.deletes); }},
    {"hearth_tsdb_quarantine_bytes", "Bytes of damaged parts that are kept aside.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.compactor.quarantine_bytes); }},
    {"hearth_tsdb_quarantine_expired_total",
     "Damaged parts that were deleted for their age or because of the quarantine's limit.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.compactor.quarantine_expired); }},
    {"hearth_tsdb_store_reads_total", "Bundles read from the store.", MetricKind::kCounter,
     [](const DbStats& s) { return Number(s.store.bundle_reads); }},
    {"hearth_tsdb_store_quarantined_total", "Files and windows set aside as damaged.",
     MetricKind::kCounter, [](const DbStats& s) { return Number(s.store.quarantined); }},
    {"hearth_tsdb_block_cache_bytes", "Bytes in use in the store's block cache.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.store.block_cache_bytes); }},
    {"hearth_tsdb_head_chunk_bytes", "Bytes of open chunks in memory.", MetricKind::kGauge,
     [](const DbStats& s) { return Number(s.head.chunk_bytes); }},
    {"hearth_tsdb_head_late_buffer_bytes", "Bytes of late samples that are not in a chunk yet.",
     MetricKind::kGauge, [](const DbStats& s) { return Number(s.head.late_buffer_bytes); }},
    {"hearth_tsdb_head_series_bytes", "Bytes of series, labels and postings in memory.",
     MetricKind::kGauge,
     [](const DbStats& s) {
       return Number(s.head.series_bytes + s.head.label_bytes + s.head.postings_bytes +
                     s.head.locator_bytes);
     }},
    {"hearth_tsdb_early_flushes_total",
     "How often all windows were flushed because memory was short.", MetricKind::kCounter,
     [](const DbStats& s) { return Number(s.compactor.early_flushes); }},
};

NamedCounts Ranked(const Cardinality::Ranking& ranking) {
  return NamedCounts(ranking.begin(), ranking.end());
}

}  // namespace

void RegisterTsdbMetrics(const std::shared_ptr<SharedStats>& shared, const DbOptions& options,
                         metrics::Registry* registry) {
  for (const Row& row : kRows) {
    registry->AddCallback(row.name, row.help, row.kind,
                          [shared, value = row.value](const metrics::Emit& emit) {
                            const std::shared_ptr<const DbStats> stats = shared->Get();
                            if (stats != nullptr) emit({}, value(*stats));
                          });
  }
  registry->AddCallback("prometheus_tsdb_head_samples_appended_total",
                        "Total number of appended samples.", MetricKind::kCounter,
                        [shared](const metrics::Emit& emit) {
                          const std::shared_ptr<const DbStats> stats = shared->Get();
                          if (stats == nullptr) return;
                          emit({{"type", "float"}}, Outcome(*stats, AppendOutcome::kAppended));
                          emit({{"type", "histogram"}}, 0);
                        });
  registry->AddCallback("prometheus_tsdb_head_out_of_order_samples_appended_total",
                        "Total number of appended out of order samples.", MetricKind::kCounter,
                        [shared](const metrics::Emit& emit) {
                          const std::shared_ptr<const DbStats> stats = shared->Get();
                          if (stats == nullptr) return;
                          emit({{"type", "float"}}, Number(stats->head.late_samples));
                          emit({{"type", "histogram"}}, 0);
                        });
  registry
      ->AddGauge("prometheus_tsdb_retention_limit_seconds",
                 "How long to retain samples; 0 = no limit.")
      ->Set(static_cast<double>(options.retention_ms) / 1000);
  registry
      ->AddGauge("prometheus_tsdb_retention_limit_bytes", "How many bytes to retain; 0 = no limit.")
      ->Set(static_cast<double>(options.retention_bytes));
}

absl::StatusOr<TsdbStatus> ReadTsdbStatus(const LateStorage<Db>& storage, size_t limit) {
  const Db* const db = storage.get();
  if (db == nullptr) return absl::UnavailableError("TSDB not ready");
  const DbStats stats = db->Stats();
  const Cardinality cardinality = db->CountSeries(limit);
  TsdbStatus status;
  status.series = static_cast<int64_t>(stats.head.series);
  status.label_pairs = static_cast<int64_t>(stats.head.label_pairs);
  status.chunks = static_cast<int64_t>(stats.head.chunks);
  status.min_time_ms = stats.head.range.empty() ? 0 : stats.head.range.mint;
  status.max_time_ms = stats.head.range.empty() ? 0 : stats.head.range.maxt;
  status.series_by_metric_name = Ranked(cardinality.series_by_metric);
  status.values_by_label_name = Ranked(cardinality.values_by_label);
  status.bytes_by_label_name = Ranked(cardinality.bytes_by_label);
  status.series_by_label_pair = Ranked(cardinality.series_by_label_pair);
  return status;
}

}  // namespace hearth
