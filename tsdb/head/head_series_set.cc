// The late samples of a HeadSeriesSet.
#include "tsdb/head/head_series_set.h"

#include <algorithm>

#include "model/status.h"
#include "tsdb/merge_columns.h"

namespace hearth {

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
