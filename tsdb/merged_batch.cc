// The batches of a MergedSeriesSet.
#include <algorithm>
#include <utility>

#include "model/status.h"
#include "tsdb/merge_columns.h"
#include "tsdb/merged_series_set.h"

namespace hearth {

namespace {

// What a batch's bundles may take, about, and how many series the first batch has, when it is not
// known yet how large theirs are.
constexpr uint64_t kBatchBytes = uint64_t{3} << 20;
constexpr size_t kFirstBatchSeries = 64;

}  // namespace

class MergedSeriesSet::Batch : public SeriesBatch {
 public:
  explicit Batch(const MergedSeriesSet* set) : set_(set), bytes_(set->bytes_.account()) {}

  // Takes the first of `series`, at most `limit`: fewer where the head has no room for more.
  absl::Status Fill(std::span<const uint32_t> series, size_t limit) {
    series = series.first(std::min(series.size(), limit));
    HEARTH_RETURN_IF_ERROR(FetchHead(&series));
    for (const uint32_t i : series) {
      series_.push_back({&set_->series_[i], kNotInHead, bundles_.size()});
      bundles_.resize(bundles_.size() + series_.back().series->parts_end -
                      series_.back().series->parts_begin);
    }
    uint32_t in_head = 0;
    for (Fetched& fetched : series_) {
      if (head_ != nullptr && fetched.series->head != kNotInHead) fetched.head = in_head++;
    }
    HEARTH_RETURN_IF_ERROR(
        bytes_.Add(series_.size() * sizeof(Fetched) +
                   bundles_.size() * (sizeof(std::string_view) + sizeof(Wanted))));
    return FetchBundles();
  }

  size_t size() const override { return series_.size(); }
  bool holds_head() const { return head_ != nullptr; }
  uint64_t bundle_bytes() const { return bundle_bytes_; }
  absl::Status Read(size_t k, TimeRange range, SampleColumns* columns) const override {
    columns->Clear();
    return AppendParts(k, range, SampleParts::kAll, columns);
  }
  absl::Status ReadTimes(size_t k, TimeRange range, SampleColumns* columns) const override {
    columns->Clear();
    return AppendParts(k, range, SampleParts::kTimes, columns);
  }
  absl::Status Append(size_t k, TimeRange range, SampleColumns* columns) const override {
    SampleColumns more;
    HEARTH_RETURN_IF_ERROR(Read(k, range, &more));
    columns->Append(more);
    return absl::OkStatus();
  }

 private:
  struct Fetched {
    const Series* series;
    uint32_t head;        // Its place in head_.
    size_t first_bundle;  // In bundles_.
  };
  // A bundle to be read, and its place in bundles_.
  struct Wanted {
    uint32_t reader, id;
    size_t place;
    auto operator<=>(const Wanted&) const = default;
  };

  // Cuts *series where the head's batch ends.
  absl::Status FetchHead(std::span<const uint32_t>* series) {
    std::vector<uint32_t> entries;
    for (const uint32_t i : *series) {
      if (set_->series_[i].head != kNotInHead) entries.push_back(set_->series_[i].head);
    }
    if (entries.empty()) return absl::OkStatus();
    HEARTH_ASSIGN_OR_RETURN(head_, set_->head_->Fetch(entries));
    if (head_ == nullptr) return absl::OkStatus();
    size_t taken = 0, in_head = 0;
    for (; taken < series->size(); ++taken) {
      if (set_->series_[(*series)[taken]].head == kNotInHead) continue;
      if (in_head++ == head_->size()) break;
    }
    *series = series->first(taken);
    return absl::OkStatus();
  }

  absl::Status FetchBundles() {
    if (!set_->in_batches_) return set_->FetchOnce();
    std::vector<Wanted> wanted;
    wanted.reserve(bundles_.size());
    for (const Fetched& fetched : series_) {
      for (size_t p = fetched.series->parts_begin; p < fetched.series->parts_end; ++p) {
        const Part& part = set_->parts_[p];
        wanted.push_back(
            {part.reader, part.id, fetched.first_bundle + p - fetched.series->parts_begin});
      }
    }
    std::sort(wanted.begin(), wanted.end());
    Postings ids;
    for (size_t begin = 0, end = 0; begin < wanted.size(); begin = end) {
      ids.clear();
      for (; end < wanted.size() && wanted[end].reader == wanted[begin].reader; ++end) {
        ids.push_back(wanted[end].id);
      }
      HEARTH_RETURN_IF_ERROR(set_->sources_[wanted[begin].reader].reader->ReadBundles(
          ids, set_->batch_blocks_, [&](size_t i, std::string_view bundle) {
            bundles_[wanted[begin + i].place] = Keep(bundle);
          }));
    }
    return absl::OkStatus();
  }

  // A copy in blocks_; empty when there is no room for it.
  std::string_view Keep(std::string_view bundle) {
    constexpr size_t kBlockBytes = size_t{128} << 10;
    if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < bundle.size()) {
      const size_t bytes = std::max(kBlockBytes, bundle.size());
      if (!bytes_.Add(bytes).ok()) return {};
      blocks_.emplace_back().reserve(bytes);
    }
    bundle_bytes_ += bundle.size();
    std::string& block = blocks_.back();
    block.append(bundle);
    return std::string_view(block).substr(block.size() - bundle.size());
  }

  absl::Status AppendParts(size_t k, TimeRange range, SampleParts parts,
                           SampleColumns* columns) const {
    const Fetched& fetched = series_[k];
    const Series& series = *fetched.series;
    for (size_t p = series.parts_begin; p < series.parts_end; ++p) {
      const Part& part = set_->parts_[p];
      const std::string_view bundle = set_->in_batches_
                                          ? bundles_[fetched.first_bundle + p - series.parts_begin]
                                          : set_->sources_[part.reader].bundles[part.bundle];
      HEARTH_RETURN_IF_ERROR(set_->ReadPart(part, bundle, range, parts, columns));
    }
    if (series.head != kNotInHead) {
      const size_t first = columns->t.size(), first_histogram = columns->histogram_t.size();
      HEARTH_RETURN_IF_ERROR(fetched.head == kNotInHead
                                 ? set_->head_->Append(series.head, range, columns)
                                 : head_->Append(fetched.head, range, columns));
      MergeTails(first, first_histogram, columns);
    }
    set_->CountSamples(*columns);
    return absl::OkStatus();
  }

  const MergedSeriesSet* const set_;
  std::unique_ptr<SeriesBatch> head_;  // Null: the set itself reads the head.
  std::vector<Fetched> series_;
  std::vector<std::string_view> bundles_;  // Of the series' parts.
  std::deque<std::string> blocks_;         // None ever grows beyond what was reserved.
  uint64_t bundle_bytes_ = 0;
  ByteCharge bytes_;
};

absl::StatusOr<std::unique_ptr<SeriesBatch>> MergedSeriesSet::Fetch(
    std::span<const uint32_t> series) const {
  size_t limit = series.size();
  if (in_batches_) {
    const size_t known = batch_series_.load(std::memory_order_relaxed);
    limit = known == 0 ? kFirstBatchSeries : known;
  }
  auto batch = std::make_unique<Batch>(this);
  HEARTH_RETURN_IF_ERROR(batch->Fill(series, limit));
  if (!in_batches_) {
    if (batch->holds_head()) return batch;
    return nullptr;
  }
  // The next one has as many as would have filled this one.
  const uint64_t of_one = batch->bundle_bytes() / batch->size() + 1;
  batch_series_.store(std::max<uint64_t>(kBatchBytes / of_one, 1), std::memory_order_relaxed);
  return batch;
}

}  // namespace hearth
