// tsdb/head/head_series_set.h
//
// What one selector sees of the head: labels, locators of closed chunks and copies of open ones,
// taken under the commit lock and then read without any lock.
//
// Thread safety: as SeriesSet. Lifetime: needs nothing of the head but its file system.
#ifndef HEARTH_TSDB_HEAD_HEAD_SERIES_SET_H_
#define HEARTH_TSDB_HEAD_HEAD_SERIES_SET_H_

#include <string>
#include <string_view>
#include <vector>

#include "tsdb/chunk/encoding.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/storage.h"

namespace hearth {

struct HeadSeriesSet : public SeriesSet {
  struct Entry {
    Fingerprint fingerprint;
    size_t labels_begin = 0;
    size_t chunks_begin = 0;
    size_t open_begin = 0;
    uint32_t labels_size = 0;
    uint32_t chunks = 0;
    uint32_t open_size = 0;
    ChunkMeta open;  // count 0: there is no open chunk in the range.
  };

  size_t size() const override { return entries_.size(); }
  LabelsView labels(size_t i) const override {
    return LabelsView(
        std::string_view(labels_).substr(entries_[i].labels_begin, entries_[i].labels_size));
  }
  const Fingerprint& fingerprint(size_t i) const override { return entries_[i].fingerprint; }
  absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override;

  std::vector<Entry> entries_;  // Ascending by fingerprint.
  std::string labels_;
  std::vector<ChunkLocator> chunks_;  // Of one series ascending by time.
  std::string open_;                  // Bytes of the open chunks.
  ChunkLogView log_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_SERIES_SET_H_
