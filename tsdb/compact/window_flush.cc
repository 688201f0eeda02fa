#include "tsdb/compact/window_flush.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"
#include "tsdb/kill_point.h"
#include "tsdb/store/generation_writer.h"

namespace hearth {

namespace {

// Indexes of the window's series in (metric, labels) order.
std::vector<uint32_t> InMetricOrder(const FlushWindow& flush) {
  struct Entry {
    std::string_view metric;
    uint32_t index;
  };
  std::vector<Entry> entries;
  entries.reserve(flush.size());
  for (uint32_t i = 0; i < flush.size(); ++i) entries.push_back({flush.labels(i).MetricName(), i});
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    const int by_metric = a.metric.compare(b.metric);
    return by_metric != 0 ? by_metric < 0
                          : Compare(flush.labels(a.index), flush.labels(b.index)) < 0;
  });
  std::vector<uint32_t> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back(entry.index);
  return order;
}

// Leaves out the chunks that do not decode to what they claim. Returns how many.
size_t DropUnreadable(std::vector<ChunkView>* chunks) {
  return std::erase_if(*chunks, [](const ChunkView& chunk) {
    SampleColumns columns;
    const absl::Status status = DecodeChunk(chunk.meta, chunk.bytes, chunk.meta.range(), &columns);
    return !status.ok() || columns.t.size() != chunk.meta.count;
  });
}

}  // namespace

absl::Status WindowFlush::Run() {
  if (!ingested_) {
    HEARTH_ASSIGN_OR_RETURN(flush_, head_->BeginFlush(window_.start));
    PassKillPoint(KillPoint::kFlushBegun);
    counts_ = {};
    HEARTH_RETURN_IF_ERROR(WriteAndIngest());
    ingested_ = true;
    PassKillPoint(KillPoint::kFlushIngested);
  }
  if (!published_ && info_) HEARTH_RETURN_IF_ERROR(store_->Publish(*info_));
  published_ = true;
  PassKillPoint(KillPoint::kFlushPublished);
  const absl::Status ended = head_->EndFlush(*flush_);
  PassKillPoint(KillPoint::kFlushEnded);
  return ended;
}

absl::Status WindowFlush::Discard() {
  HEARTH_ASSIGN_OR_RETURN(const FlushWindow flush, head_->BeginFlush(window_.start));
  return head_->EndFlush(flush);
}

absl::Status WindowFlush::WriteAndIngest() {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<GenerationWriter> writer,
                          GenerationWriter::Create(store_->scratch_path(),
                                                   store_->NextGeneration(window_), store_->env()));
  std::string storage;
  std::vector<FlushChunk> chunks;
  std::vector<ChunkView> views;
  for (const uint32_t i : InMetricOrder(*flush_)) {
    if (stop_->load(std::memory_order_relaxed)) return absl::CancelledError("stopping");
    const absl::Status read = flush_->ReadChunks(i, &storage, &chunks);
    if (!read.ok() && !absl::IsDataLoss(read)) return read;
    views.clear();
    for (const FlushChunk& chunk : chunks) views.push_back({chunk.meta, chunk.bytes});
    absl::Status added = absl::OkStatus();
    if (!views.empty()) added = writer->Add(flush_->labels(i), flush_->fingerprint(i), views);
    if (absl::IsDataLoss(added)) {
      counts_.damaged_chunks += DropUnreadable(&views);
      added = views.empty() ? absl::OkStatus()
                            : writer->Add(flush_->labels(i), flush_->fingerprint(i), views);
    }
    if (!read.ok()) {
      ++counts_.damaged_chunks;
      spdlog::error("flush of window {}: {}: {}", window_.start, flush_->labels(i).ToString(),
                    read.ToString());
    }
    HEARTH_RETURN_IF_ERROR(added);
    PassKillPoint(KillPoint::kFlushSeriesAdded);
  }
  if (writer->series() == 0) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(const SealedFiles files,
                          writer->Finish({.lsn = flush_->lsn(), .deletes_lsn = flush_->lsn()}));
  PassKillPoint(KillPoint::kFlushWritten);
  HEARTH_RETURN_IF_ERROR(store_->Ingest(files));
  info_ = files.info;
  counts_.series = files.info.series;
  counts_.samples = files.info.samples;
  return absl::OkStatus();
}

}  // namespace hearth
