// tsdb/merged_series_set.h
//
// The answer to one SelectRequest over everything: the head's series and those of each stored
// generation, joined by fingerprint. A series' parts are read in the order (window, generation),
// the head last; where two have a timestamp the earlier part wins. What deletes hide in a
// generation is left out as it is read; the head has nothing that is deleted.
//
// Bundles are fetched in one pass per generation when the first sample is asked for, in the order
// they lie on disk, because series are read in fingerprint order, which has nothing to do with it.
// Where they are too many, batches of series are fetched by those who say what they will read; what
// there is no room for is read one by one.
//
// Thread safety and order: as SeriesSet.
#ifndef HEARTH_TSDB_MERGED_SERIES_SET_H_
#define HEARTH_TSDB_MERGED_SERIES_SET_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/byte_account.h"
#include "model/mutex.h"
#include "tsdb/deletes/delete_list.h"
#include "tsdb/deletes/delete_mask.h"
#include "tsdb/storage.h"
#include "tsdb/store/generation_reader.h"
#include "tsdb/store/selection_cache.h"
#include "tsdb/store/store.h"

namespace hearth {

class MergedSeriesSet : public SeriesSet {
 public:
  static constexpr uint64_t kFetchBytesMax = uint64_t{16} << 20;

  // `head` is the head's answer to the same request, taken before `version`: what moves from the
  // head to the store in between is then seen twice, never not at all. `deletes` was taken before
  // `version` too. The store outlives the set.
  // What the set holds is charged to `account`, which may be null. `fetch_bytes_max` is what it may
  // hold of bundles that were fetched all at once, as far as the account has room for them.
  static absl::StatusOr<std::unique_ptr<MergedSeriesSet>> Create(
      const SelectRequest& request, std::unique_ptr<SeriesSet> head, const Store* store,
      const StoreVersion& version, const DeleteList& deletes, ByteAccount* account = nullptr,
      uint64_t fetch_bytes_max = kFetchBytesMax);

  size_t size() const override { return series_.size(); }
  LabelsView labels(size_t i) const override;
  const hearth::Fingerprint& fingerprint(size_t i) const override { return series_[i].fingerprint; }
  absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override {
    return ReadParts(i, range, SampleParts::kAll, columns);
  }
  absl::Status ReadTimes(size_t i, TimeRange range, SampleColumns* columns) const override {
    return ReadParts(i, range, SampleParts::kTimes, columns);
  }
  absl::StatusOr<std::unique_ptr<SeriesBatch>> Fetch(
      std::span<const uint32_t> series) const override;
  std::optional<SeriesReads> reads() const override;

 private:
  static constexpr uint32_t kNotInHead = 0xffffffff;

  struct Series {
    hearth::Fingerprint fingerprint;
    uint32_t head = kNotInHead;  // Index in head_.
    uint32_t labels_size = 0;    // Of series that the head does not have, in labels_.
    size_t labels_begin = 0;
    size_t parts_begin = 0;  // In parts_, up to the next series' begin.
    size_t parts_end = 0;
  };
  // A bundle of one series in one generation.
  struct Part {
    uint32_t reader = 0;
    uint32_t id = 0;
    uint32_t bundle = 0;  // Index among the reader's bundles.
  };
  // A generation with the selected bundles, once fetched.
  struct Source {
    std::unique_ptr<GenerationReader> reader;
    SelectionPtr selection;
    DeleteMask mask;                        // Of the selection's ids; empty as a rule.
    std::vector<std::string_view> bundles;  // In blocks_, one for each id; empty: not fetched.
  };
  class Builder;
  class Batch;

  MergedSeriesSet() = default;
  absl::Status ReadParts(size_t i, TimeRange range, SampleParts parts,
                         SampleColumns* columns) const;
  // Merges the samples of a part into *columns; `bundle` is empty where it has to be read.
  absl::Status ReadPart(const Part& part, std::string_view bundle, TimeRange range,
                        SampleParts parts, SampleColumns* columns) const;
  // Counts the samples of a column that is handed out.
  void CountSamples(const SampleColumns& columns) const {
    samples_.fetch_add(static_cast<int64_t>(columns.t.size() + columns.histogram_t.size()),
                       std::memory_order_relaxed);
  }
  double ExpectedBundleBytes() const;
  // Fills the sources' bundles, once. The status is the same for everybody who asks.
  absl::Status FetchOnce() const;
  absl::Status FetchAll() const EXCLUSIVE_LOCKS_REQUIRED(fetch_mu_);
  // A copy of the bundle's bytes in blocks_; empty when there is no room for it.
  std::string_view Keep(std::string_view bundle) const EXCLUSIVE_LOCKS_REQUIRED(fetch_mu_);

  // Constant after Create.
  std::unique_ptr<SeriesSet> head_;
  std::vector<Series> series_;  // Ascending by fingerprint.
  std::vector<Part> parts_;
  std::string labels_;
  ByteCharge bytes_;  // The lists above.
  // Series that fill a batch, as far as is known from those before; 0: nothing is.
  mutable std::atomic<size_t> batch_series_{0};
  // Blocks that the cache has no room for are not put there by batches.
  BlockUse batch_blocks_ = BlockUse::kAgain;
  bool in_batches_ = false;  // The bundles are too large to be fetched all at once.

  mutable std::atomic<int64_t> samples_{0};  // Handed out.

  // Constant once fetched_ is true.
  mutable std::vector<Source> sources_;
  mutable std::deque<std::string> blocks_;  // None ever grows beyond what was reserved.
  mutable std::atomic<bool> fetched_{false};
  mutable Mutex fetch_mu_;
  mutable absl::Status fetch_status_ GUARDED_BY(fetch_mu_);
  mutable ByteCharge fetch_bytes_ GUARDED_BY(fetch_mu_);   // Of blocks_.
  mutable uint64_t fetch_room_ GUARDED_BY(fetch_mu_) = 0;  // What they may still grow by.
};

}  // namespace hearth

#endif  // HEARTH_TSDB_MERGED_SERIES_SET_H_
