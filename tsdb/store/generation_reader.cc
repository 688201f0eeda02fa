#include "tsdb/store/generation_reader.h"

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "rocksdb/iterator.h"
#include "tsdb/store/bundle.h"
#include "tsdb/store/database.h"
#include "tsdb/store/postings_codec.h"
#include "tsdb/store/segment.h"
#include "tsdb/store/series_record.h"

namespace hearth {

namespace {

using store_format::IndexKind;

// Columns of shared times that a reader keeps; each has at most 4096 times.
constexpr size_t kTimesKept = 256;
// Up to this many entries further on, stepping is cheaper than seeking.
constexpr uint32_t kStepsInsteadOfSeek = 8;

// Reading the labels of one series costs about as much as decoding so many ids of postings, of one
// label or of all labels that a series has. So a small selection is asked for its labels, and for a
// large one the labels are asked whether they meet it.
constexpr uint64_t kIdsPerRecord = 128;
constexpr uint64_t kLabelsOfASeries = 8;

// Everything that starts with `prefix`, in key order.
class PrefixScan {
 public:
  PrefixScan(const Database& database, StoreFamily family, BlockUse use, std::string prefix)
      : begin_(std::move(prefix)),
        end_(AfterPrefix(begin_)),
        begin_slice_(begin_),
        end_slice_(end_),
        it_(database.NewIterator(family, use, &begin_slice_, &end_slice_)) {}

  rocksdb::Iterator& it() { return *it_; }
  // What follows the prefix.
  std::string_view Suffix() const { return FromSlice(it_->key()).substr(begin_.size()); }
  std::string_view Value() const { return FromSlice(it_->value()); }
  absl::Status status() const { return FromRocks(it_->status(), "read from the index"); }

 private:
  const std::string begin_, end_;
  const rocksdb::Slice begin_slice_, end_slice_;
  const std::unique_ptr<rocksdb::Iterator> it_;
};

}  // namespace

absl::Status GenerationReader::Checked(absl::Status status) const {
  if (absl::IsDataLoss(status)) store_->ReportDamage(generation_->info.id, status);
  return status;
}

absl::Status GenerationReader::All(Postings* out) const {
  out->resize(generation_->info.series);
  std::iota(out->begin(), out->end(), 0);
  return absl::OkStatus();
}

absl::Status GenerationReader::Of(std::string_view name, std::string_view value,
                                  Postings* out) const {
  out->clear();
  rocksdb::PinnableSlice bytes;
  const absl::Status status =
      store_->database().Get(kIndex, PostingsKey(generation_->prefix, name, value), &bytes);
  if (absl::IsNotFound(status)) return absl::OkStatus();
  HEARTH_RETURN_IF_ERROR(Checked(status));
  return Checked(DecodePostings(FromSlice(bytes), generation_->info.series, out));
}

absl::Status GenerationReader::OfValues(std::string_view name,
                                        absl::FunctionRef<bool(std::string_view value)> wanted,
                                        Postings* out) const {
  out->clear();
  PrefixScan scan(store_->database(), kIndex, use_, PostingsKeyPrefix(generation_->prefix, name));
  std::vector<Postings> found;
  for (scan.it().SeekToFirst(); scan.it().Valid(); scan.it().Next()) {
    if (!wanted(scan.Suffix())) continue;
    HEARTH_RETURN_IF_ERROR(
        Checked(DecodePostings(scan.Value(), generation_->info.series, &found.emplace_back())));
  }
  HEARTH_RETURN_IF_ERROR(Checked(scan.status()));
  if (found.size() == 1) {
    *out = std::move(found.front());
  } else {
    *out = Merge(std::vector<PostingsView>(found.begin(), found.end()));
  }
  return absl::OkStatus();
}

absl::Status GenerationReader::ForEachName(
    absl::FunctionRef<absl::Status(std::string_view)> fn) const {
  PrefixScan scan(store_->database(), kIndex, use_,
                  IndexKindPrefix(generation_->prefix, IndexKind::kLabelName));
  for (scan.it().SeekToFirst(); scan.it().Valid(); scan.it().Next()) {
    HEARTH_RETURN_IF_ERROR(fn(scan.Suffix()));
  }
  return Checked(scan.status());
}

absl::Status GenerationReader::ForEachValue(
    std::string_view name,
    absl::FunctionRef<absl::StatusOr<bool>(std::string_view, std::string_view)> fn) const {
  PrefixScan scan(store_->database(), kIndex, use_, PostingsKeyPrefix(generation_->prefix, name));
  for (scan.it().SeekToFirst(); scan.it().Valid(); scan.it().Next()) {
    HEARTH_ASSIGN_OR_RETURN(const bool go_on, fn(scan.Suffix(), scan.Value()));
    if (!go_on) break;
  }
  return Checked(scan.status());
}

absl::StatusOr<bool> GenerationReader::AnyOf(PostingsView among, std::string_view postings) const {
  Postings ids;
  HEARTH_RETURN_IF_ERROR(Checked(DecodePostings(postings, generation_->info.series, &ids)));
  return Intersects(among, ids);
}

absl::Status GenerationReader::LabelNames(MatcherSets matcher_sets, Wanted wanted,
                                          Found found) const {
  if (matcher_sets.empty()) {
    return ForEachName([&](std::string_view name) {
      if (wanted(name)) found(name);
      return absl::OkStatus();
    });
  }
  HEARTH_ASSIGN_OR_RETURN(const Postings among, SelectAnyPostings(*this, matcher_sets));
  if (among.size() < generation_->info.series * kLabelsOfASeries / kIdsPerRecord) {
    return ReadSeries(among, [&](size_t, const Fingerprint&, LabelsView labels) {
      for (const Label label : labels) {
        if (wanted(label.name)) found(label.name);
      }
    });
  }
  return ForEachName([&](std::string_view name) -> absl::Status {
    if (!wanted(name)) return absl::OkStatus();
    bool any = false;
    HEARTH_RETURN_IF_ERROR(ForEachValue(
        name, [&](std::string_view, std::string_view postings) -> absl::StatusOr<bool> {
          HEARTH_ASSIGN_OR_RETURN(any, AnyOf(among, postings));
          return !any;
        }));
    if (any) found(name);
    return absl::OkStatus();
  });
}

absl::Status GenerationReader::LabelValues(std::string_view name, MatcherSets matcher_sets,
                                           Wanted wanted, Found found) const {
  if (matcher_sets.empty()) {
    return ForEachValue(name, [&](std::string_view value, std::string_view) {
      if (wanted(value)) found(value);
      return true;
    });
  }
  HEARTH_ASSIGN_OR_RETURN(const Postings among, SelectAnyPostings(*this, matcher_sets));
  if (among.size() < generation_->info.series / kIdsPerRecord) {
    return ReadSeries(among, [&](size_t, const Fingerprint&, LabelsView labels) {
      const std::string_view value = labels.Get(name);
      if (!value.empty() && wanted(value)) found(value);
    });
  }
  return ForEachValue(
      name, [&](std::string_view value, std::string_view postings) -> absl::StatusOr<bool> {
        if (!wanted(value)) return true;
        HEARTH_ASSIGN_OR_RETURN(const bool any, AnyOf(among, postings));
        if (any) found(value);
        return true;
      });
}

absl::Status GenerationReader::ForEachMetric(
    absl::FunctionRef<void(std::string_view, uint32_t)> fn) const {
  Postings ids;
  return ForEachValue(
      kMetricNameLabel,
      [&](std::string_view metric, std::string_view postings) -> absl::StatusOr<bool> {
        ids.clear();
        HEARTH_RETURN_IF_ERROR(Checked(DecodePostings(postings, generation_->info.series, &ids)));
        if (!ids.empty()) fn(metric, ids.front());
        return true;
      });
}

template <typename KeyOf>
absl::Status GenerationReader::ReadById(
    int family, PostingsView ids, BlockUse use, KeyOf key_of,
    absl::FunctionRef<absl::Status(size_t, std::string_view)> fn) const {
  PrefixScan scan(store_->database(), static_cast<StoreFamily>(family), use, generation_->prefix);
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string key = key_of(generation_->prefix, ids[i]);
    if (i > 0 && ids[i] - ids[i - 1] <= kStepsInsteadOfSeek) {
      for (uint32_t step = ids[i - 1]; step < ids[i] && scan.it().Valid(); ++step) scan.it().Next();
    } else {
      scan.it().Seek(key);
    }
    if (!scan.it().Valid() || FromSlice(scan.it().key()) != key) {
      HEARTH_RETURN_IF_ERROR(Checked(scan.status()));
      return Checked(absl::DataLossError(StrCat("series ", ids[i], " of ", generation_->info.series,
                                                " is missing in ", ToString(info().id))));
    }
    HEARTH_RETURN_IF_ERROR(Checked(fn(i, scan.Value())));
  }
  return Checked(scan.status());
}

absl::Status GenerationReader::ReadSeries(PostingsView ids, SeriesFn fn) const {
  return ReadById(kIndex, ids, use_, &SeriesKey, [&](size_t i, std::string_view record) {
    Fingerprint fingerprint;
    const std::optional<LabelsView> labels =
        DecodeSeriesRecord(info().format, record, &fingerprint);
    if (!labels) {
      return absl::DataLossError(StrCat("labels of series ", ids[i], " in ", ToString(info().id),
                                        " do not have their fingerprint"));
    }
    fn(i, fingerprint, *labels);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<CoveredSeries>> GenerationReader::ReadCovered() const {
  std::vector<CoveredSeries> covered;
  if (info().series_lsn == 0) return covered;
  PrefixScan scan(store_->database(), kIndex, use_,
                  IndexKindPrefix(generation_->prefix, IndexKind::kCovered));
  for (scan.it().SeekToFirst(); scan.it().Valid(); scan.it().Next()) {
    const absl::StatusOr<TimeMs> window = ParseCoveredWindow(FromSlice(scan.it().key()));
    HEARTH_RETURN_IF_ERROR(Checked(window.status()));
    HEARTH_RETURN_IF_ERROR(
        Checked(DecodeSeriesCoverage(*window, scan.Value(), info().series, &covered)));
  }
  HEARTH_RETURN_IF_ERROR(Checked(scan.status()));
  return covered;
}

absl::StatusOr<std::vector<TimeMs>> GenerationReader::CoveredWindows() const {
  std::vector<TimeMs> windows;
  if (info().series_lsn == 0) return windows;
  PrefixScan scan(store_->database(), kIndex, use_,
                  IndexKindPrefix(generation_->prefix, IndexKind::kCovered));
  for (scan.it().SeekToFirst(); scan.it().Valid();) {
    const absl::StatusOr<TimeMs> window = ParseCoveredWindow(FromSlice(scan.it().key()));
    HEARTH_RETURN_IF_ERROR(Checked(window.status()));
    windows.push_back(*window);
    std::string of_window = CoveredKey(generation_->prefix, *window, 0);
    of_window.resize(of_window.size() - sizeof(uint32_t));
    scan.it().Seek(AfterPrefix(of_window));
  }
  HEARTH_RETURN_IF_ERROR(Checked(scan.status()));
  return windows;
}

absl::StatusOr<bool> GenerationReader::ReadCoveredBlock(TimeMs window_start, uint32_t block,
                                                        std::string* value) const {
  const std::string key = CoveredKey(generation_->prefix, window_start, block);
  PrefixScan scan(store_->database(), kIndex, use_, key);
  scan.it().SeekToFirst();
  const bool found = scan.it().Valid();
  if (found) value->assign(scan.Value());
  HEARTH_RETURN_IF_ERROR(Checked(scan.status()));
  return found;
}

absl::StatusOr<SelectionPtr> GenerationReader::Select(std::span<const Matcher> matchers,
                                                      const Fingerprint& matchers_key,
                                                      const SelectionPtr& neighbour, RoomFn room,
                                                      SeriesFn fn, bool* read) const {
  SelectionCache& cache = store_->selections();
  SelectionPtr known = cache.Find(generation_->serial, matchers_key);
  *read = known == nullptr;
  if (known != nullptr) {
    HEARTH_RETURN_IF_ERROR(room(known->ids.size()));
    return known;
  }
  Selection found;
  HEARTH_ASSIGN_OR_RETURN(found.ids, SelectPostings(*this, matchers));
  HEARTH_RETURN_IF_ERROR(room(found.ids.size()));
  found.ids.shrink_to_fit();
  found.fingerprints.reserve(found.ids.size());
  HEARTH_RETURN_IF_ERROR(
      ReadSeries(found.ids, [&](size_t i, const Fingerprint& fingerprint, LabelsView labels) {
        found.fingerprints.push_back(fingerprint);
        fn(i, fingerprint, labels);
      }));
  return cache.Insert(generation_->serial, matchers_key, std::move(found), neighbour);
}

absl::Status GenerationReader::ReadBundles(PostingsView ids, BlockUse use, BundleFn fn) const {
  store_->CountRead(ids.size());
  BundleReads::Scope scope(&reads_);
  return ReadById(kSamples, ids, use, &BundleKey, [&](size_t i, std::string_view bundle) {
    scope.CountBundle(bundle.size());
    fn(i, bundle);
    return absl::OkStatus();
  });
}

absl::Status GenerationReader::ReadSamples(uint32_t id, TimeRange range, SampleColumns* append_to,
                                           SampleParts parts) const {
  store_->CountRead(1);
  BundleReads::Scope scope(&reads_);
  rocksdb::PinnableSlice bundle;
  absl::Status status =
      store_->database().Get(kSamples, BundleKey(generation_->prefix, id), &bundle);
  if (absl::IsNotFound(status)) status = absl::DataLossError(status.message());
  HEARTH_RETURN_IF_ERROR(Checked(status));
  scope.CountBundle(bundle.size());
  return DecodeSamples(FromSlice(bundle), range, append_to, parts);
}

absl::Status GenerationReader::DecodeSamples(std::string_view bundle, TimeRange range,
                                             SampleColumns* append_to, SampleParts parts) const {
  static thread_local std::vector<Segment> segments;
  HEARTH_RETURN_IF_ERROR(Checked(DecodeBundle(info().id.window, bundle, &segments)));
  Times held;
  const auto shared = [&](uint32_t column) -> absl::StatusOr<std::span<const TimeMs>> {
    HEARTH_ASSIGN_OR_RETURN(held, SharedTimes(column));
    return std::span<const TimeMs>(*held);
  };
  for (const Segment& segment : segments) {
    if (!segment.meta.range().Overlaps(range)) continue;
    HEARTH_RETURN_IF_ERROR(Checked(DecodeSegment(segment, range, shared, append_to, parts)));
  }
  return absl::OkStatus();
}

absl::StatusOr<GenerationReader::Times> GenerationReader::SharedTimes(uint32_t column) const {
  {
    MutexLock lock(&times_mu_);
    const auto known = times_.find(column);
    if (known != times_.end()) return known->second;
  }
  rocksdb::PinnableSlice bytes;
  absl::Status status =
      store_->database().Get(kSamples, TimesKey(generation_->prefix, column), &bytes);
  if (absl::IsNotFound(status)) status = absl::DataLossError(status.message());
  HEARTH_RETURN_IF_ERROR(status);
  auto times = std::make_shared<std::vector<TimeMs>>();
  HEARTH_RETURN_IF_ERROR(DecodeSharedTimes(info().id.window, FromSlice(bytes), times.get()));
  MutexLock lock(&times_mu_);
  if (times_.size() >= kTimesKept) times_.clear();
  return times_.try_emplace(column, std::move(times)).first->second;
}

}  // namespace hearth
