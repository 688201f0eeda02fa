#include "tsdb/head/wal_reader.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "model/status.h"
#include "tsdb/wal/frame.h"
#include "tsdb/wal/segment.h"

namespace hearth {

WalReader::WalReader(FileSystem* fs, std::string dir, std::vector<uint32_t> numbers,
                     ReplayCoverage* coverage, InChunks in_chunks, SlotFor slot_for,
                     IsDeleted is_deleted, TakeExemplar take_exemplar)
    : fs_(fs),
      dir_(std::move(dir)),
      numbers_(std::move(numbers)),
      coverage_(coverage),
      in_chunks_(std::move(in_chunks)),
      slot_for_(std::move(slot_for)),
      is_deleted_(std::move(is_deleted)),
      take_exemplar_(std::move(take_exemplar)) {
  batch_ = &batches_[0];
  for (size_t i = 1; i < kBatches; ++i) free_.push_back(&batches_[i]);
  thread_ = std::thread([this] { Run(); });
}

WalReader::~WalReader() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

const WalBatch* WalReader::Next() {
  MutexLock lock(&mu_);
  if (taken_ != nullptr) {
    taken_->Clear();
    free_.push_back(std::exchange(taken_, nullptr));
    changed_.SignalAll();
  }
  while (full_.empty() && !ended_) changed_.Wait(&mu_);
  if (full_.empty()) return nullptr;
  taken_ = full_.front();
  full_.erase(full_.begin());
  return taken_;
}

bool WalReader::HandOver() {
  MutexLock lock(&mu_);
  full_.push_back(std::exchange(batch_, nullptr));
  changed_.SignalAll();
  while (free_.empty() && !stop_) changed_.Wait(&mu_);
  if (stop_) return false;
  batch_ = free_.back();
  free_.pop_back();
  return true;
}

void WalReader::Run() {
  for (const uint32_t number : numbers_) {
    status_ = ReadSegment(number);
    if (!status_.ok()) break;
  }
  contents_.damage = damage_.damage();
  MutexLock lock(&mu_);
  if (batch_ != nullptr && !batch_->records.empty()) full_.push_back(batch_);
  ended_ = true;
  changed_.SignalAll();
}

absl::Status WalReader::ReadSegment(uint32_t number) {
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                          fs_->OpenRead(SegmentPath(dir_, number)));
  HEARTH_ASSIGN_OR_RETURN(FrameScanner scanner, FrameScanner::Open(kWalKind, file.get()));
  contents_.segments.emplace_back();
  contents_.segments.back().number = number;
  contents_.segments.back().bytes = scanner.file_size();
  slot_of_ref_.clear();
  left_of_ref_.clear();
  left_.clear();
  lost_refs_end_ = 0;
  damage_.BeginSegment(number);
  Frame frame;
  for (;;) {
    HEARTH_ASSIGN_OR_RETURN(const bool more, scanner.Next(&frame));
    if (!more) break;
    damage_.Read(scanner);
    ++contents_.records;
    contents_.max_lsn = std::max(contents_.max_lsn, frame.lsn);
    contents_.segments.back().last_lsn = std::max(contents_.segments.back().last_lsn, frame.lsn);
    switch (static_cast<WalRecordType>(frame.type)) {
      case WalRecordType::kSeries:
        SeriesRecord(frame, scanner.file_size());
        break;
      case WalRecordType::kSamples:
      case WalRecordType::kLateSamples:
        SamplesRecord(frame.type == static_cast<uint8_t>(WalRecordType::kLateSamples), frame);
        if (batch_->items.size() >= kBatchItems && !HandOver()) {
          return absl::CancelledError("the replay was given up");
        }
        break;
      case WalRecordType::kSegments:
        // All or nothing: a malformed one leaves an empty list.
        if (!DecodeSegments(frame.payload, &contents_.inventory).ok()) Malformed(frame);
        break;
      case WalRecordType::kExemplars:
        ExemplarsRecord(frame);
        break;
      case WalRecordType::kHistograms:
      case WalRecordType::kStartTimestamps:
      case WalRecordType::kMetadata:
        // Not written by this version.
        break;
    }
  }
  for (const SkippedBytes& skipped : scanner.skipped()) {
    (skipped.at_end ? contents_.torn_tail_bytes : contents_.skipped_bytes) += skipped.bytes;
  }
  contents_.segments.back().series = static_cast<uint32_t>(slot_of_ref_.size());
  damage_.EndSegment(scanner, std::max<uint64_t>(slot_of_ref_.size(), lost_refs_end_));
  return absl::OkStatus();
}

void WalReader::Malformed(const Frame& frame) {
  contents_.skipped_bytes += frame.payload.size();
  damage_.Malformed(frame.offset, kFrameHeaderBytes + frame.payload.size());
}

void WalReader::LostSample(const WalSample& sample) {
  ++contents_.unknown_ref_samples;
  lost_refs_end_ = std::max(lost_refs_end_, uint64_t{sample.ref} + 1);
  damage_.LostLabels({sample.t, sample.t});
}

void WalReader::SeriesRecord(const Frame& frame, uint64_t file_size) {
  if (!DecodeSeries(frame.payload, &series_).ok()) {
    Malformed(frame);
    return;
  }
  for (const WalSeries& series : series_) {
    // Dense numbers: a segment cannot bind more of them than it has bytes.
    if (series.ref >= file_size) continue;
    if (series.ref >= slot_of_ref_.size()) slot_of_ref_.resize(series.ref + 1, kNoSlot);
    const Fingerprint fingerprint = FingerprintOf(series.labels);
    if (const auto entries = coverage_->left().Of(fingerprint); !entries.empty()) {
      left_.push_back({std::string(series.labels), entries});
      left_of_ref_.resize(std::max<size_t>(left_of_ref_.size(), series.ref + 1));
      left_of_ref_[series.ref] = static_cast<uint32_t>(left_.size());
      continue;
    }
    slot_of_ref_[series.ref] = slot_for_(fingerprint, LabelsView(series.labels));
  }
}

uint32_t WalReader::SlotOf(uint32_t ref) {
  if (ref >= slot_of_ref_.size()) return kNoSlot;
  uint32_t& slot = slot_of_ref_[ref];
  if (slot != kNoSlot) return slot;
  if (const Left* const left = LeftOf(ref)) {
    slot = slot_for_(FingerprintOf(left->labels), LabelsView(left->labels));
  }
  return slot;
}

void WalReader::ExemplarsRecord(const Frame& frame) {
  if (!take_exemplar_) return;
  if (!DecodeExemplars(frame.payload, &exemplars_).ok()) {
    Malformed(frame);
    return;
  }
  for (const WalExemplar& e : exemplars_) {
    const uint32_t slot = SlotOf(e.ref);
    if (slot != kNoSlot) take_exemplar_(slot, e.exemplar);
  }
}

bool WalReader::InClosedChunk(bool late, uint32_t slot, TimeMs t, Lsn lsn) const {
  if (!late) return slot < in_chunks_.before.size() && t < in_chunks_.before[slot];
  const auto closed = in_chunks_.late_lsn.find(slot);
  return closed != in_chunks_.late_lsn.end() && lsn <= closed->second;
}

void WalReader::SamplesRecord(bool late, const Frame& frame) {
  const Lsn lsn = frame.lsn;
  std::vector<WalBatch::Item>& items = batch_->items;
  const size_t before = items.size();
  WalContents::Segment& segment = contents_.segments.back();
  std::map<TimeMs, Lsn>& windows = segment.windows;
  segment.first_lsn = std::min(segment.first_lsn, lsn);
  TimeMs noted = std::numeric_limits<TimeMs>::max();  // No window starts there.
  size_t samples = 0;
  TimeRange times{std::numeric_limits<TimeMs>::max(), std::numeric_limits<TimeMs>::min()};
  SamplesDecoder in(frame.payload);
  for (WalSample sample; in.Next(&sample); ++samples) {
    times.mint = std::min(times.mint, sample.t);
    times.maxt = std::max(times.maxt, sample.t);
    if (const Left* const left = LeftOf(sample.ref)) {
      const TimeMs window_start = coverage_->WindowOf(sample.t).mint;
      if (LeftSeries::Covers(left->entries, window_start, lsn)) continue;
    }
    const uint32_t slot = SlotOf(sample.ref);
    if (is_deleted_ && slot != kNoSlot && is_deleted_(slot, sample.t, lsn)) continue;
    const TimeMs window = coverage_->WindowOf(sample.t).mint;
    if (window != noted) {
      noted = window;
      Lsn& largest = windows[window];
      largest = std::max(largest, lsn);
    }
    if (slot == kNoSlot) {
      if (!coverage_->Covered(sample.t, lsn)) LostSample(sample);
    } else if (!InClosedChunk(late, slot, sample.t, lsn) && !coverage_->Covered(sample.t, lsn)) {
      items.push_back({slot, sample.t, sample.v});
    }
  }
  if (in.malformed()) {
    Malformed(frame);
    items.resize(before);
    return;
  }
  if (!times.empty()) damage_.Neighbour(times);
  contents_.samples += samples;
  if (items.size() == before) return;
  batch_->records.push_back({items.size(), lsn, segment.number, late});
}

}  // namespace hearth
