#include "tsdb/merged_series_set.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "model/status.h"
#include "tsdb/merge_columns.h"

namespace hearth {

namespace {

constexpr size_t kFetchedTogether = 512;

}  // namespace

// Joins by fingerprint while it collects.
class MergedSeriesSet::Builder {
 public:
  Builder(MergedSeriesSet* set, const SelectRequest& request, const DeleteList& deletes)
      : set_(set),
        request_(request),
        matchers_key_(SelectionCache::KeyOf(request.matchers)),
        deletes_(deletes) {}

  absl::Status AddHead() {
    const SeriesSet& head = *set_->head_;
    HEARTH_RETURN_IF_ERROR(Charge(head.size() * kSeriesBytes));
    by_fingerprint_.reserve(head.size());
    for (uint32_t i = 0; i < head.size(); ++i) {
      by_fingerprint_.emplace(head.fingerprint(i), set_->series_.size());
      set_->series_.push_back({.fingerprint = head.fingerprint(i), .head = i});
    }
    return absl::OkStatus();
  }

  absl::Status AddGeneration(std::unique_ptr<GenerationReader> reader) {
    HEARTH_ASSIGN_OR_RETURN(const SelectionPtr selection, Place(*reader));
    const Postings& ids = selection->ids;
    if (ids.empty()) return absl::OkStatus();
    DeleteMask mask;
    if (!deletes_.empty()) {
      HEARTH_ASSIGN_OR_RETURN(mask, DeleteMask::Of(deletes_, reader->deletes_lsn(),
                                                   reader->info().range, *reader, ids));
    }
    const auto source = static_cast<uint32_t>(set_->sources_.size());
    for (uint32_t i = 0; i < ids.size(); ++i) {
      part_series_.push_back(places_[i]);
      set_->parts_.push_back({source, ids[i], i});
    }
    set_->sources_.push_back({std::move(reader), selection, std::move(mask)});
    return absl::OkStatus();
  }

  void Finish() {
    GroupParts();
    std::sort(set_->series_.begin(), set_->series_.end(),
              [](const Series& a, const Series& b) { return a.fingerprint < b.fingerprint; });
  }

 private:
  // Of a series and of a part, in the set and in the indexes of this builder.
  static constexpr size_t kSeriesBytes = sizeof(Series) + 48;
  static constexpr size_t kPartBytes =
      2 * sizeof(Part) + sizeof(size_t) + sizeof(uint32_t) + sizeof(hearth::Fingerprint);

  absl::Status Charge(size_t bytes) { return set_->bytes_.Add(bytes); }

  // Finds a generation's series and their places_. What the generation before had needs no look.
  absl::StatusOr<SelectionPtr> Place(const GenerationReader& reader) {
    std::vector<size_t> places;
    absl::Status charged;
    bool read = false;
    HEARTH_ASSIGN_OR_RETURN(
        const SelectionPtr selection,
        reader.Select(
            request_.matchers, matchers_key_, placed_,
            [&](size_t series) { return Charge(series * kPartBytes); },
            [&](size_t, const hearth::Fingerprint& fingerprint, LabelsView labels) {
              if (!charged.ok()) return;
              const auto [it, added] =
                  by_fingerprint_.try_emplace(fingerprint, set_->series_.size());
              if (added) charged = AddSeries(fingerprint, labels);
              places.push_back(it->second);
            },
            &read));
    HEARTH_RETURN_IF_ERROR(charged);
    if (read) {
      places_ = std::move(places);
    } else if (selection != placed_) {
      HEARTH_RETURN_IF_ERROR(PlaceKnown(*selection, reader));
    }
    placed_ = selection;
    return selection;
  }

  // Reads the labels of the series that are met for the first time.
  absl::Status PlaceKnown(const Selection& selection, const GenerationReader& reader) {
    places_.resize(selection.ids.size());
    Postings unknown;
    std::vector<size_t> at;
    for (size_t i = 0; i < selection.ids.size(); ++i) {
      const auto it = by_fingerprint_.find(selection.fingerprints[i]);
      if (it != by_fingerprint_.end()) {
        places_[i] = it->second;
      } else {
        unknown.push_back(selection.ids[i]);
        at.push_back(i);
      }
    }
    absl::Status charged;
    HEARTH_RETURN_IF_ERROR(reader.ReadSeries(
        unknown, [&](size_t i, const hearth::Fingerprint& fingerprint, LabelsView labels) {
          if (!charged.ok()) return;
          places_[at[i]] = set_->series_.size();
          by_fingerprint_.emplace(fingerprint, set_->series_.size());
          charged = AddSeries(fingerprint, labels);
        }));
    return charged;
  }

  absl::Status AddSeries(const hearth::Fingerprint& fingerprint, LabelsView labels) {
    HEARTH_RETURN_IF_ERROR(Charge(labels.bytes().size() + kSeriesBytes));
    set_->series_.push_back({.fingerprint = fingerprint,
                             .labels_size = static_cast<uint32_t>(labels.bytes().size()),
                             .labels_begin = set_->labels_.size()});
    set_->labels_.append(labels.bytes());
    return absl::OkStatus();
  }

  // Counting sort of the parts by series; a series' parts stay in order of generation.
  void GroupParts() {
    std::vector<Series>& series = set_->series_;
    for (const size_t s : part_series_) ++series[s].parts_end;
    size_t begin = 0;
    for (Series& s : series) {
      s.parts_begin = begin;
      begin += s.parts_end;
      s.parts_end = s.parts_begin;
    }
    std::vector<Part> grouped(set_->parts_.size());
    for (size_t i = 0; i < grouped.size(); ++i) {
      grouped[series[part_series_[i]].parts_end++] = set_->parts_[i];
    }
    set_->parts_ = std::move(grouped);
  }

  MergedSeriesSet* const set_;
  const SelectRequest& request_;
  const hearth::Fingerprint matchers_key_;
  const DeleteList& deletes_;
  absl::flat_hash_map<hearth::Fingerprint, size_t> by_fingerprint_;
  std::vector<size_t> part_series_;  // The series of each part.
  SelectionPtr placed_;              // Of the last generation,
  std::vector<size_t> places_;       // and the series of each of its ids.
};

absl::StatusOr<std::unique_ptr<MergedSeriesSet>> MergedSeriesSet::Create(
    const SelectRequest& request, std::unique_ptr<SeriesSet> head, const Store* store,
    const StoreVersion& version, const DeleteList& deletes, ByteAccount* account,
    uint64_t fetch_bytes_max) {
  auto set = std::unique_ptr<MergedSeriesSet>(new MergedSeriesSet());
  set->head_ = std::move(head);
  set->bytes_ = ByteCharge(account);
  {
    MutexLock lock(&set->fetch_mu_);
    set->fetch_bytes_ = ByteCharge(account);
    set->fetch_room_ = fetch_bytes_max;
  }
  Builder builder(set.get(), request, deletes);
  HEARTH_RETURN_IF_ERROR(builder.AddHead());
  for (const std::shared_ptr<Generation>& generation : version.generations) {
    if (!generation->info.range.Overlaps(request.range)) continue;
    HEARTH_RETURN_IF_ERROR(
        builder.AddGeneration(std::make_unique<GenerationReader>(store, generation)));
  }
  builder.Finish();
  const double bytes = set->ExpectedBundleBytes();
  set->in_batches_ = bytes > static_cast<double>(fetch_bytes_max);
  if (bytes > static_cast<double>(store->options().block_cache_bytes)) {
    set->batch_blocks_ = BlockUse::kOnce;
  }
  return set;
}

double MergedSeriesSet::ExpectedBundleBytes() const {
  // Of a sample; noisy floats take four times as much, idle counters a tenth.
  constexpr double kSampleBytes = 2;
  double samples = 0;
  for (const Source& source : sources_) {
    const GenerationInfo& info = source.reader->info();
    samples += static_cast<double>(source.selection->ids.size()) *
               static_cast<double>(info.samples) / static_cast<double>(info.series);
  }
  return samples * kSampleBytes;
}

LabelsView MergedSeriesSet::labels(size_t i) const {
  const Series& series = series_[i];
  if (series.head != kNotInHead) return head_->labels(series.head);
  return LabelsView(std::string_view(labels_).substr(series.labels_begin, series.labels_size));
}

absl::Status MergedSeriesSet::FetchOnce() const {
  if (fetched_.load(std::memory_order_acquire)) return absl::OkStatus();
  MutexLock lock(&fetch_mu_);
  if (fetched_.load(std::memory_order_relaxed) || !fetch_status_.ok()) return fetch_status_;
  fetch_status_ = FetchAll();
  fetched_.store(fetch_status_.ok(), std::memory_order_release);
  return fetch_status_;
}

std::string_view MergedSeriesSet::Keep(std::string_view bundle) const {
  constexpr size_t kBlockBytes = size_t{128} << 10;
  if (bundle.size() > fetch_room_) return {};
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < bundle.size()) {
    const size_t bytes = std::max(kBlockBytes, bundle.size());
    if (!fetch_bytes_.Add(bytes).ok()) {
      fetch_room_ = 0;
      return {};
    }
    blocks_.emplace_back().reserve(bytes);
  }
  fetch_room_ -= bundle.size();
  std::string& block = blocks_.back();
  block.append(bundle);
  return std::string_view(block).substr(block.size() - bundle.size());
}

absl::Status MergedSeriesSet::FetchAll() const {
  for (Source& source : sources_) {
    const Postings& ids = source.selection->ids;
    source.bundles.resize(ids.size());
    // In runs, so that what there is no room for is hardly read.
    for (size_t begin = 0; begin < ids.size() && fetch_room_ > 0; begin += kFetchedTogether) {
      const size_t count = std::min(kFetchedTogether, ids.size() - begin);
      HEARTH_RETURN_IF_ERROR(source.reader->ReadBundles(
          PostingsView(ids).subspan(begin, count),
          [&](size_t i, std::string_view bundle) { source.bundles[begin + i] = Keep(bundle); }));
    }
  }
  return absl::OkStatus();
}

absl::Status MergedSeriesSet::ReadPart(const Part& part, std::string_view bundle, TimeRange range,
                                       SampleParts parts, SampleColumns* columns) const {
  const Source& source = sources_[part.reader];
  if (!source.reader->info().range.Overlaps(range)) return absl::OkStatus();
  const size_t first = columns->t.size();
  HEARTH_RETURN_IF_ERROR(bundle.empty()
                             ? source.reader->ReadSamples(part.id, range, columns, parts)
                             : source.reader->DecodeSamples(bundle, range, columns, parts));
  if (!source.mask.empty()) RemoveRanges(source.mask.ranges(part.bundle), first, columns);
  MergeTail(first, columns);
  return absl::OkStatus();
}

absl::Status MergedSeriesSet::ReadParts(size_t i, TimeRange range, SampleParts parts,
                                        SampleColumns* columns) const {
  columns->Clear();
  const Series& series = series_[i];
  const bool fetched = !in_batches_ && series.parts_begin != series.parts_end;
  if (fetched) HEARTH_RETURN_IF_ERROR(FetchOnce());
  for (size_t p = series.parts_begin; p < series.parts_end; ++p) {
    const Part& part = parts_[p];
    const std::string_view bundle =
        fetched ? sources_[part.reader].bundles[part.bundle] : std::string_view();
    HEARTH_RETURN_IF_ERROR(ReadPart(part, bundle, range, parts, columns));
  }
  if (series.head != kNotInHead) {
    const size_t first = columns->t.size(), first_histogram = columns->histogram_t.size();
    HEARTH_RETURN_IF_ERROR(head_->Append(series.head, range, columns));
    MergeTails(first, first_histogram, columns);
  }
  CountSamples(*columns);
  return absl::OkStatus();
}

std::optional<SeriesReads> MergedSeriesSet::reads() const {
  SeriesReads all{.samples = samples_.load(std::memory_order_relaxed)};
  for (const Source& source : sources_) {
    const SeriesReads reads = source.reader->reads();
    all.bundles += reads.bundles;
    all.bundle_bytes += reads.bundle_bytes;
    all.cached_blocks += reads.cached_blocks;
    all.read_blocks += reads.read_blocks;
  }
  return all;
}

}  // namespace hearth
