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

// Takes the chunks that do not decode to what they claim out of *chunks and adds them to
// *unreadable.
void DropUnreadable(std::vector<FlushChunk>* chunks, std::vector<UnreadableChunk>* unreadable) {
  std::erase_if(*chunks, [&](const FlushChunk& chunk) {
    SampleColumns columns;
    absl::Status status = DecodeChunk(chunk.meta, chunk.bytes, chunk.meta.range(), &columns);
    if (status.ok() && columns.t.size() == chunk.meta.count) return false;
    if (status.ok()) status = absl::DataLossError("the chunk has another number of samples");
    unreadable->push_back({chunk.meta.range(), chunk.meta.count, chunk.segment, std::move(status)});
    return true;
  });
}

}  // namespace

absl::Status WindowFlush::Run() {
  if (!ingested_) {
    HEARTH_ASSIGN_OR_RETURN(flush_, Begin());
    PassKillPoint(KillPoint::kFlushBegun);
    counts_ = {};
    HEARTH_RETURN_IF_ERROR(WriteAndIngest());
    ingested_ = true;
    PassKillPoint(KillPoint::kFlushIngested);
  }
  if (!published_) HEARTH_RETURN_IF_ERROR(Publish());
  published_ = true;
  PassKillPoint(KillPoint::kFlushPublished);
  const absl::Status ended = head_->EndFlush(*flush_);
  PassKillPoint(KillPoint::kFlushEnded);
  return ended;
}

absl::StatusOr<FlushWindow> WindowFlush::Begin() {
  return stopped_ == nullptr ? head_->BeginFlush(window_.start)
                             : head_->BeginFlush(window_.start, *stopped_);
}

absl::Status WindowFlush::Publish() {
  if (info_) return store_->Publish(*info_);
  // Stopped series may have taken all there was of the window before.
  return stopped_ == nullptr ? store_->NoteCovered(window_, flush_->lsn()) : absl::OkStatus();
}

absl::Status WindowFlush::Discard() {
  HEARTH_ASSIGN_OR_RETURN(const FlushWindow flush, head_->BeginFlush(window_.start));
  return head_->EndFlush(flush);
}

void WindowFlush::NoteUnreadable(LabelsView labels, const std::vector<UnreadableChunk>& chunks) {
  for (const UnreadableChunk& chunk : chunks) {
    ++counts_.damaged_chunks;
    if (chunk.segment != 0) damaged_segments_.insert(chunk.segment);
    if (counts_.damaged_chunks > kMaxLines) continue;
    spdlog::error("flush of window {}: {} samples of {}, times [{}, {}], are lost: {}",
                  window_.start, chunk.samples, labels.ToString(), chunk.times.mint,
                  chunk.times.maxt, FromAbsl(chunk.status.message()));
  }
}

void WindowFlush::SetDamagedAside() {
  if (counts_.damaged_chunks > kMaxLines) {
    spdlog::error("flush of window {}: and {} more chunks are lost", window_.start,
                  counts_.damaged_chunks - kMaxLines);
  }
  for (const uint32_t segment : damaged_segments_) {
    const absl::StatusOr<std::string> aside = head_->SetAsideChunks(segment);
    spdlog::error("flush of window {}: chunk log segment {} is damaged; {}", window_.start, segment,
                  aside.ok() ? StrCat("set aside as \"", *aside, "\"")
                             : StrCat("not set aside: ", FromAbsl(aside.status().message())));
  }
  counts_.damaged_segments = damaged_segments_.size();
}

absl::Status WindowFlush::AddSeries(size_t i, GenerationWriter* writer) {
  std::vector<UnreadableChunk> unreadable;
  HEARTH_RETURN_IF_ERROR(flush_->ReadChunks(i, &storage_, &chunks_, &unreadable));
  const auto add = [&]() -> absl::Status {
    if (chunks_.empty()) return absl::OkStatus();
    views_.clear();
    for (const FlushChunk& chunk : chunks_) views_.push_back({chunk.meta, chunk.bytes});
    HEARTH_RETURN_IF_ERROR(writer->Add(flush_->labels(i), flush_->fingerprint(i), views_));
    if (stopped_ != nullptr) writer->Cover(window_.start, flush_->lsn());
    return absl::OkStatus();
  };
  absl::Status added = add();
  if (absl::IsDataLoss(added)) {
    DropUnreadable(&chunks_, &unreadable);
    added = add();
  }
  NoteUnreadable(flush_->labels(i), unreadable);
  return added;
}

absl::Status WindowFlush::WriteAndIngest() {
  if (flush_->size() == 0) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<GenerationWriter> writer,
                          GenerationWriter::Create(store_->scratch_path(),
                                                   store_->NextGeneration(window_), store_->env()));
  damaged_segments_.clear();
  for (size_t i = 0; i < flush_->size(); ++i) {
    if (stop_->load(std::memory_order_relaxed)) return absl::CancelledError("stopping");
    HEARTH_RETURN_IF_ERROR(AddSeries(i, writer.get()));
    PassKillPoint(KillPoint::kFlushSeriesAdded);
  }
  SetDamagedAside();
  if (writer->series() == 0) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(const SealedFiles files,
                          writer->Finish({.lsn = stopped_ == nullptr ? flush_->lsn() : 0,
                                          .deletes_lsn = flush_->lsn()}));
  PassKillPoint(KillPoint::kFlushWritten);
  HEARTH_RETURN_IF_ERROR(store_->Ingest(files));
  info_ = files.info;
  counts_.series = files.info.series;
  counts_.samples = files.info.samples;
  return absl::OkStatus();
}

}  // namespace hearth
