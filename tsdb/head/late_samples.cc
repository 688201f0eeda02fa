#include "tsdb/head/late_samples.h"

#include <algorithm>
#include <utility>

namespace hearth {

bool LateSamples::Series::Holds(TimeRange range) const {
  const auto at = std::lower_bound(buffer.begin(), buffer.end(), range.mint,
                                   [](const Sample& s, TimeMs t) { return s.t < t; });
  return at != buffer.end() && at->t <= range.maxt;
}

bool LateSamples::Insert(Sample sample, Series* row) {
  std::vector<Sample>& buffer = row->buffer;
  // Late samples mostly come in their own order too.
  auto at = buffer.end();
  if (!buffer.empty() && buffer.back().t >= sample.t) {
    at = std::lower_bound(buffer.begin(), buffer.end(), sample.t,
                          [](const Sample& s, TimeMs t) { return s.t < t; });
    if (at->t == sample.t) return false;
  }
  if (buffer.empty()) {
    ++buffers_;
    buffer.reserve(kFirstSamples);
    at = buffer.end();
    buffer_bytes_ += buffer.capacity() * sizeof(Sample);
  }
  const size_t capacity = buffer.capacity();
  buffer.insert(at, sample);
  buffer_bytes_ += (buffer.capacity() - capacity) * sizeof(Sample);
  ++samples_;
  return true;
}

std::vector<Sample> LateSamples::TakeBuffer(Series* row) {
  std::vector<Sample> taken = std::exchange(row->buffer, {});
  if (!taken.empty()) --buffers_;
  samples_ -= taken.size();
  buffer_bytes_ -= taken.capacity() * sizeof(Sample);
  row->wal_segment = 0;
  return taken;
}

std::vector<uint32_t> LateSamples::BegunBefore(uint32_t wal_segment) const {
  std::vector<uint32_t> slots;
  if (buffers_ == 0) return slots;
  for (const auto& [slot, row] : series_) {
    if (!row.buffer.empty() && row.wal_segment < wal_segment) slots.push_back(slot);
  }
  std::sort(slots.begin(), slots.end());
  return slots;
}

std::vector<uint32_t> LateSamples::Largest() const {
  std::vector<uint32_t> slots;
  for (const auto& [slot, row] : series_) {
    if (!row.buffer.empty() && row.buffer.capacity() * sizeof(Sample) * buffers_ >= buffer_bytes_) {
      slots.push_back(slot);
    }
  }
  // Neighbours in the chunk log, as they are in the WAL.
  std::sort(slots.begin(), slots.end());
  return slots;
}

}  // namespace hearth
