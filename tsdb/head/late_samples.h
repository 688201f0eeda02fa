// tsdb/head/late_samples.h
//
// LateSamples: what the head keeps of late samples, those older than the last one of their series.
// Few series ever have any, so this is a table beside the series (MemSeries::has_late tells which
// have a row): a buffer of samples sorted by time, and the locators of the late chunks that full
// buffers became.
//
// Thread safety: none; the head's commit lock guards it.
#ifndef HEARTH_TSDB_HEAD_LATE_SAMPLES_H_
#define HEARTH_TSDB_HEAD_LATE_SAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "model/sample.h"
#include "tsdb/head/locator_lists.h"

namespace hearth {

class LateSamples {
 public:
  struct Series {
    std::vector<Sample> buffer;  // Ascending by time, without duplicates.
    LocatorLists::List closed = 0;
    uint32_t wal_segment = 0;  // Of the buffer's first sample to arrive; 0 while it is empty.

    bool empty() const { return buffer.empty() && closed == 0; }
    // Whether the buffer has samples in `range`.
    bool Holds(TimeRange range) const;
  };

  // Null when the series has none.
  const Series* Find(uint32_t slot) const {
    const auto it = series_.find(slot);
    return it == series_.end() ? nullptr : &it->second;
  }
  Series* Find(uint32_t slot) {
    const auto it = series_.find(slot);
    return it == series_.end() ? nullptr : &it->second;
  }
  // The pointer lives until another row is made.
  Series* FindOrAdd(uint32_t slot) { return &series_[slot]; }
  // The row must be empty().
  void Erase(uint32_t slot) { series_.erase(slot); }

  // Inserts into the row's buffer. False when the time is there already: nothing changes.
  bool Insert(Sample sample, Series* row);
  // Empties the buffer and gives its memory back.
  std::vector<Sample> TakeBuffer(Series* row);

  // The slots whose buffers are at least as large as the average; closing them frees half of the
  // memory or more.
  std::vector<uint32_t> Largest() const;

  // The slots whose buffers were begun in an earlier WAL segment.
  std::vector<uint32_t> BegunBefore(uint32_t wal_segment) const;

  // Of the buffers.
  size_t bytes() const { return buffer_bytes_; }
  size_t samples() const { return samples_; }
  size_t buffers() const { return buffers_; }

 private:
  static constexpr size_t kFirstSamples = 4;

  absl::flat_hash_map<uint32_t, Series> series_;  // By slot.
  size_t buffer_bytes_ = 0;
  size_t samples_ = 0;
  size_t buffers_ = 0;  // That are not empty.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_LATE_SAMPLES_H_
