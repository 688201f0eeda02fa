// tsdb/head/head_series_set.h
//
// What one selector sees of the head: labels, locators of closed chunks and copies of open ones,
// taken under the commit lock and then read without any lock.
//
// Closed chunks are fetched when the first sample is asked for, in the order they lie in the chunk
// log, because series are read in fingerprint order, which has nothing to do with it. A selection
// too large for that is fetched in batches, by those who say what they will read, or read chunk by
// chunk.
//
// Thread safety: as SeriesSet. Lifetime: needs nothing of the head but its file system.
#ifndef HEARTH_TSDB_HEAD_HEAD_SERIES_SET_H_
#define HEARTH_TSDB_HEAD_HEAD_SERIES_SET_H_

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/byte_account.h"
#include "model/mutex.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/head/chunk_log.h"
#include "tsdb/head/late_samples.h"
#include "tsdb/head/locator_lists.h"
#include "tsdb/storage.h"

namespace hearth {

struct HeadSeriesSet : public SeriesSet {
  // What the set may hold of fetched chunks.
  static constexpr uint64_t kFetchBytesMax = uint64_t{16} << 20;
  // What a batch may hold.
  static constexpr uint64_t kBatchBytesMax = uint64_t{3} << 20;

  struct Entry {
    Fingerprint fingerprint;
    size_t labels_begin = 0;
    size_t chunks_begin = 0;
    size_t open_begin = 0;
    uint32_t labels_size = 0;
    uint32_t chunks = 0;
    uint32_t open_size = 0;
    ChunkMeta open;     // count 0: there is no open chunk in the range.
    uint32_t late = 0;  // 1 + index in late_; 0 = no late samples in the range.
  };
  // The late samples of one entry.
  struct Late {
    size_t chunks_begin = 0;  // In late_chunks_.
    size_t chunks = 0;
    size_t samples_begin = 0;  // In late_samples_: the buffer.
    size_t samples = 0;
  };

  size_t size() const override { return entries_.size(); }
  LabelsView labels(size_t i) const override {
    return LabelsView(
        std::string_view(labels_).substr(entries_[i].labels_begin, entries_[i].labels_size));
  }
  const Fingerprint& fingerprint(size_t i) const override { return entries_[i].fingerprint; }
  absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override;
  absl::Status Append(size_t i, TimeRange range, SampleColumns* columns) const override;
  absl::StatusOr<std::unique_ptr<SeriesBatch>> Fetch(
      std::span<const uint32_t> series) const override;

  // What the set holds besides entries and labels.
  size_t CopiedBytes() const {
    return (chunks_.size() + late_chunks_.size()) * sizeof(ChunkLocator) + open_.size() +
           late_samples_.size() * sizeof(Sample);
  }
  // Copies what `series` has in the range, for `entry`.
  void CopyLate(const LateSamples::Series& series, const LocatorLists& closed, TimeRange range,
                Entry* entry);
  // Merges late samples into *columns; the ones that are there stay.
  absl::Status ReadLate(const Entry& entry, TimeRange range, SampleColumns* columns) const;

  std::vector<Entry> entries_;  // Ascending by fingerprint.
  std::string labels_;
  std::vector<ChunkLocator> chunks_;  // Of one series ascending by time.
  std::string open_;                  // Bytes of the open chunks.
  std::vector<Late> late_;
  std::vector<ChunkLocator> late_chunks_;
  std::vector<Sample> late_samples_;
  ChunkLogView log_;
  ByteCharge bytes_;  // All of the above.
  ByteCharge fetch_bytes_;
  bool fetch_at_once_ = false;  // Set by Head::Select like all of the above.

 private:
  class Batch;

  // Appends the samples of an entry; payload_of(c) has the bytes of chunks_[c].
  template <typename PayloadOf>
  absl::Status AppendEntry(const Entry& entry, TimeRange range, PayloadOf payload_of,
                           SampleColumns* columns) const;
  // The same of the samples that came in order.
  template <typename PayloadOf>
  absl::Status AppendChunks(const Entry& entry, TimeRange range, PayloadOf payload_of,
                            SampleColumns* columns) const;
  // Fills frames_, once. The status is the same for everybody who asks.
  absl::Status FetchAll() const;
  absl::StatusOr<std::string_view> Payload(size_t chunk, const Fingerprint& fingerprint,
                                           std::string* storage) const;

  // Constant once fetched_ is true.
  mutable std::string frames_;
  mutable std::vector<size_t> places_;  // Of chunks_ in frames_.
  mutable std::atomic<bool> fetched_{false};
  mutable Mutex fetch_mu_;
  mutable absl::Status fetch_status_ GUARDED_BY(fetch_mu_);
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_HEAD_SERIES_SET_H_
