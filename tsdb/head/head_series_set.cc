// What a HeadSeriesSet reads. How it is filled: head_select.cc.
#include "tsdb/head/head_series_set.h"

#include <algorithm>

#include "model/status.h"
#include "tsdb/merge_columns.h"

namespace hearth {

absl::Status HeadSeriesSet::FetchAll() const {
  if (fetched_.load(std::memory_order_acquire)) return absl::OkStatus();
  MutexLock lock(&fetch_mu_);
  if (fetched_.load(std::memory_order_relaxed) || !fetch_status_.ok()) return fetch_status_;
  fetch_status_ = log_.ReadFrames(chunks_, &frames_, &places_);
  fetched_.store(fetch_status_.ok(), std::memory_order_release);
  return fetch_status_;
}

absl::StatusOr<std::string_view> HeadSeriesSet::Payload(size_t chunk,
                                                        const Fingerprint& fingerprint,
                                                        std::string* storage) const {
  if (fetch_at_once_) {
    HEARTH_RETURN_IF_ERROR(FetchAll());
    return ChunkLogView::Payload(chunks_[chunk], fingerprint,
                                 std::string_view(frames_).substr(places_[chunk]));
  }
  storage->clear();
  HEARTH_ASSIGN_OR_RETURN(const size_t payload, log_.Read(chunks_[chunk], fingerprint, storage));
  return std::string_view(*storage).substr(payload);
}

absl::Status HeadSeriesSet::Read(size_t i, TimeRange range, SampleColumns* columns) const {
  columns->Clear();
  return Append(i, range, columns);
}

absl::Status HeadSeriesSet::Append(size_t i, TimeRange range, SampleColumns* columns) const {
  const Entry& entry = entries_[i];
  std::string storage;
  const auto payload_of = [&](size_t chunk) { return Payload(chunk, entry.fingerprint, &storage); };
  return AppendEntry(entry, range, payload_of, columns);
}

template <typename PayloadOf>
absl::Status HeadSeriesSet::AppendEntry(const Entry& entry, TimeRange range, PayloadOf payload_of,
                                        SampleColumns* columns) const {
  if (entry.late == 0) return AppendChunks(entry, range, payload_of, columns);
  SampleColumns merged;
  HEARTH_RETURN_IF_ERROR(AppendChunks(entry, range, payload_of, &merged));
  HEARTH_RETURN_IF_ERROR(ReadLate(entry, range, &merged));
  columns->Append(merged);
  return absl::OkStatus();
}

template <typename PayloadOf>
absl::Status HeadSeriesSet::AppendChunks(const Entry& entry, TimeRange range, PayloadOf payload_of,
                                         SampleColumns* columns) const {
  for (size_t c = entry.chunks_begin; c < entry.chunks_begin + entry.chunks; ++c) {
    const ChunkLocator& locator = chunks_[c];
    if (!locator.range().Overlaps(range)) continue;
    HEARTH_ASSIGN_OR_RETURN(const std::string_view payload, payload_of(c));
    HEARTH_RETURN_IF_ERROR(DecodeChunk(locator.meta(), payload, range, columns));
  }
  if (entry.open.count == 0) return absl::OkStatus();
  return DecodeChunk(entry.open, std::string_view(open_).substr(entry.open_begin, entry.open_size),
                     range, columns);
}

// The frames of some entries' chunks.
class HeadSeriesSet::Batch : public SeriesBatch {
 public:
  explicit Batch(const HeadSeriesSet* set) : set_(set) {}

  // Takes the first of `series`, as many as there is room for.
  absl::Status Fill(std::span<const uint32_t> series, ByteAccount* account) {
    std::vector<ChunkLocator> locators;
    uint64_t bytes = 0;
    for (const uint32_t i : series) {
      const Entry& entry = set_->entries_[i];
      const std::span chunks = std::span(set_->chunks_).subspan(entry.chunks_begin, entry.chunks);
      uint64_t more = 0;
      for (const ChunkLocator& chunk : chunks) more += ChunkLogView::FrameBytes(chunk);
      if (!entries_.empty() && bytes + more > kBatchBytesMax) break;
      bytes += more;
      entries_.push_back({&entry, locators.size()});
      locators.insert(locators.end(), chunks.begin(), chunks.end());
    }
    bytes_ = ByteCharge(account);
    HEARTH_RETURN_IF_ERROR(bytes_.Add(bytes + locators.size() * sizeof(size_t)));
    return set_->log_.ReadFrames(locators, &frames_, &places_);
  }

  size_t size() const override { return entries_.size(); }
  absl::Status Read(size_t k, TimeRange range, SampleColumns* columns) const override {
    columns->Clear();
    return Append(k, range, columns);
  }
  absl::Status Append(size_t k, TimeRange range, SampleColumns* columns) const override {
    const Entry& entry = *entries_[k].entry;
    const auto payload_of = [&](size_t chunk) {
      const size_t place = places_[entries_[k].first_place + chunk - entry.chunks_begin];
      return ChunkLogView::Payload(set_->chunks_[chunk], entry.fingerprint,
                                   std::string_view(frames_).substr(place));
    };
    return set_->AppendEntry(entry, range, payload_of, columns);
  }

 private:
  struct Fetched {
    const Entry* entry;
    size_t first_place;  // In places_.
  };
  const HeadSeriesSet* const set_;
  std::vector<Fetched> entries_;
  std::string frames_;
  std::vector<size_t> places_;
  ByteCharge bytes_;
};

absl::StatusOr<std::unique_ptr<SeriesBatch>> HeadSeriesSet::Fetch(
    std::span<const uint32_t> series) const {
  if (fetch_at_once_ || chunks_.empty()) return nullptr;
  auto batch = std::make_unique<Batch>(this);
  HEARTH_RETURN_IF_ERROR(batch->Fill(series, bytes_.account()));
  return batch;
}

void HeadSeriesSet::CopyLate(const LateSamples::Series& series, const LocatorLists& closed,
                             TimeRange range, Entry* entry) {
  Late copy{.chunks_begin = late_chunks_.size(), .samples_begin = late_samples_.size()};
  closed.ForEach(series.closed, [&](const ChunkLocator& locator) {
    if (locator.range().Overlaps(range)) late_chunks_.push_back(locator);
  });
  for (const Sample& sample : series.buffer) {
    if (range.Contains(sample.t)) late_samples_.push_back(sample);
  }
  copy.chunks = late_chunks_.size() - copy.chunks_begin;
  copy.samples = late_samples_.size() - copy.samples_begin;
  if (copy.chunks + copy.samples == 0) return;
  late_.push_back(copy);
  entry->late = static_cast<uint32_t>(late_.size());
}

absl::Status HeadSeriesSet::ReadLate(const Entry& entry, TimeRange range,
                                     SampleColumns* columns) const {
  const Late& late = late_[entry.late - 1];
  std::string storage;
  for (size_t c = late.chunks_begin; c < late.chunks_begin + late.chunks; ++c) {
    const ChunkLocator& locator = late_chunks_[c];
    if (!locator.range().Overlaps(range)) continue;
    storage.clear();
    HEARTH_ASSIGN_OR_RETURN(const size_t payload, log_.Read(locator, entry.fingerprint, &storage));
    const size_t first = columns->t.size();
    HEARTH_RETURN_IF_ERROR(
        DecodeChunk(locator.meta(), std::string_view(storage).substr(payload), range, columns));
    MergeTail(first, columns);
  }
  const size_t first = columns->t.size();
  for (size_t s = late.samples_begin; s < late.samples_begin + late.samples; ++s) {
    if (!range.Contains(late_samples_[s].t)) continue;
    columns->t.push_back(late_samples_[s].t);
    columns->v.push_back(late_samples_[s].v);
  }
  MergeTail(first, columns);
  return absl::OkStatus();
}

}  // namespace hearth
