#include "tsdb/fake_storage.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "model/counter_reset.h"
#include "model/text.h"

namespace hearth {
namespace {

bool HasSampleIn(const FakeStorage::Series& series, TimeRange range) {
  const auto it = series.samples.lower_bound(range.mint);
  return it != series.samples.end() && it->first <= range.maxt;
}

bool SameValue(const FakeStorage::Value& a, const FakeStorage::Value& b) {
  if (a.index() != b.index()) return false;
  if (const double* v = std::get_if<double>(&a)) return SameBits(*v, std::get<double>(b));
  return SameData(std::get<Histogram>(a), std::get<Histogram>(b));
}

// Has a histogram that will stand at `t` say whether it counts on.
void SetHint(const std::map<TimeMs, FakeStorage::Value>& samples, TimeMs t,
             FakeStorage::Value* value) {
  auto* const histogram = std::get_if<Histogram>(value);
  if (histogram == nullptr) return;
  const auto it = samples.lower_bound(t);
  const Histogram* const previous =
      it == samples.begin() ? nullptr : std::get_if<Histogram>(&std::prev(it)->second);
  histogram->counter_reset_hint = HintBehind(previous, *histogram);
}

class FakeSeriesSet : public SeriesSet {
 public:
  FakeSeriesSet(std::vector<std::pair<Fingerprint, FakeStorage::Series>> series, TimeRange range)
      : series_(std::move(series)), range_(range) {}

  size_t size() const override { return series_.size(); }
  LabelsView labels(size_t i) const override { return series_.at(i).second.labels; }
  const hearth::Fingerprint& fingerprint(size_t i) const override { return series_.at(i).first; }

  absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override {
    columns->Clear();
    if (range.empty()) return absl::OkStatus();
    if (range.mint < range_.mint || range.maxt > range_.maxt) {
      return absl::InternalError(StrCat("read of [", range.mint, ", ", range.maxt,
                                        "] ms outside the selected [", range_.mint, ", ",
                                        range_.maxt, "]"));
    }
    const auto& [labels, samples, starts] = series_.at(i).second;
    for (auto it = samples.lower_bound(range.mint); it != samples.end() && it->first <= range.maxt;
         ++it) {
      if (const double* v = std::get_if<double>(&it->second)) {
        columns->t.push_back(it->first);
        columns->v.push_back(*v);
        if (starts.empty()) continue;
        const auto start = starts.find(it->first);
        columns->start_t.push_back(start == starts.end() ? 0 : start->second);
      } else {
        columns->histogram_t.push_back(it->first);
        columns->histograms.push_back(
            std::make_shared<const Histogram>(std::get<Histogram>(it->second)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadTimes(size_t i, TimeRange range, SampleColumns* columns) const override {
    const absl::Status status = Read(i, range, columns);
    for (double& v : columns->v) {
      if (!IsStaleNaN(v)) v = 0;
    }
    return status;
  }

  // Some sets are read in batches, as large ones of a Db are.
  absl::StatusOr<std::unique_ptr<SeriesBatch>> Fetch(
      std::span<const uint32_t> series) const override;

 private:
  const std::vector<std::pair<Fingerprint, FakeStorage::Series>> series_;
  const TimeRange range_;
};

class FakeBatch : public SeriesBatch {
 public:
  FakeBatch(const FakeSeriesSet* set, std::span<const uint32_t> series)
      : set_(set), series_(series.begin(), series.end()) {}

  size_t size() const override { return series_.size(); }
  absl::Status Read(size_t k, TimeRange range, SampleColumns* columns) const override {
    return set_->Read(series_.at(k), range, columns);
  }
  absl::Status ReadTimes(size_t k, TimeRange range, SampleColumns* columns) const override {
    return set_->ReadTimes(series_.at(k), range, columns);
  }
  absl::Status Append(size_t k, TimeRange range, SampleColumns* columns) const override {
    return set_->Append(series_.at(k), range, columns);
  }

 private:
  const FakeSeriesSet* const set_;
  const std::vector<uint32_t> series_;
};

absl::StatusOr<std::unique_ptr<SeriesBatch>> FakeSeriesSet::Fetch(
    std::span<const uint32_t> series) const {
  constexpr size_t kBatch = 3;
  if (size() < kBatch) return nullptr;
  return std::make_unique<FakeBatch>(this, series.first(std::min(series.size(), kBatch)));
}

}  // namespace

class FakeQuerier : public Querier {
 public:
  explicit FakeQuerier(const FakeStorage* storage) : storage_(storage) {}

  absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
      std::span<const SelectRequest> requests) override {
    MutexLock lock(&storage_->mu_);
    std::vector<std::unique_ptr<SeriesSet>> sets;
    for (const SelectRequest& request : requests) {
      std::vector<std::pair<Fingerprint, FakeStorage::Series>> found;
      for (const auto& [fingerprint, series] : storage_->series_) {
        if (MatchesAll(request.matchers, series.labels) && HasSampleIn(series, request.range)) {
          found.emplace_back(fingerprint, series);
        }
      }
      sets.push_back(std::make_unique<FakeSeriesSet>(std::move(found), request.range));
    }
    return sets;
  }

  absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery& query) override {
    std::set<std::string> names;
    for (const Labels& labels : Matching(query)) {
      for (const Label label : labels) names.emplace(label.name);
    }
    return Cut(names, query.limit);
  }

  absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view name,
                                                       const LabelQuery& query) override {
    std::set<std::string> values;
    for (const Labels& labels : Matching(query)) {
      if (labels.Has(name)) values.emplace(labels.Get(name));
    }
    return Cut(values, query.limit);
  }

  absl::StatusOr<std::vector<Labels>> Series(const LabelQuery& query) override {
    return Cut(Matching(query), query.limit);
  }

 private:
  std::set<Labels> Matching(const LabelQuery& query) const {
    MutexLock lock(&storage_->mu_);
    std::set<Labels> found;
    for (const auto& [fingerprint, series] : storage_->series_) {
      const bool matches = query.matcher_sets.empty() ||
                           std::any_of(query.matcher_sets.begin(), query.matcher_sets.end(),
                                       [&labels = series.labels](const auto& matchers) {
                                         return MatchesAll(matchers, labels);
                                       });
      if (matches && HasSampleIn(series, query.range)) found.insert(series.labels);
    }
    return found;
  }

  template <typename T>
  static std::vector<T> Cut(const std::set<T>& all, size_t limit) {
    std::vector<T> out(all.begin(), all.end());
    if (limit > 0 && out.size() > limit) out.resize(limit);
    return out;
  }

  const FakeStorage* const storage_;
};

class FakeAppender : public Appender {
 public:
  explicit FakeAppender(FakeStorage* storage) : storage_(storage) {}

  void Find(std::span<const Fingerprint> fingerprints, std::span<SeriesRef> refs) override {
    MutexLock lock(&storage_->mu_);
    for (size_t i = 0; i < fingerprints.size(); ++i) {
      const auto it = storage_->ref_of_.find(fingerprints[i]);
      refs[i] = it == storage_->ref_of_.end() ? SeriesRef{} : it->second;
    }
  }

  absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels) override {
    if (labels.empty()) return absl::InvalidArgumentError("a series needs at least one label");
    MutexLock lock(&storage_->mu_);
    const Fingerprint fingerprint = labels.Fingerprint();
    if (storage_->series_.size() >= storage_->series_max_ &&
        !storage_->ref_of_.contains(fingerprint)) {
      return absl::UnavailableError("no memory");
    }
    SeriesRef& ref = storage_->ref_of_[fingerprint];
    if (!ref) {
      ref.id = storage_->next_ref_++;
      storage_->refs_[ref.id] = fingerprint;
    }
    storage_->series_.try_emplace(fingerprint, FakeStorage::Series{Labels(labels), {}, {}});
    return ref;
  }

  void Append(SeriesRef ref, Sample sample, TimeMs start_timestamp_ms) override {
    pending_.push_back({ref, sample.t, sample.v, start_timestamp_ms});
  }
  void AppendHistogram(SeriesRef ref, TimeMs t, const Histogram& histogram,
                       TimeMs start_timestamp_ms) override {
    pending_.push_back({ref, t, histogram, start_timestamp_ms});
  }
  void AppendExemplar(SeriesRef, const Exemplar& exemplar) override {
    exemplars_.push_back(exemplar);
  }
  void UpdateMetadata(std::string_view metric_family, const Metadata& metadata) override {
    metadata_[std::string(metric_family)] = metadata;
  }

  absl::StatusOr<CommitResult> Commit() override {
    MutexLock lock(&storage_->mu_);
    CommitResult result;
    for (Pending& sample : pending_) {
      const AppendOutcome outcome = Store(sample);
      ++result.counts[static_cast<size_t>(outcome)];
      if (IsRefusal(outcome) && !result.first_refusal) {
        const auto it = storage_->refs_.find(sample.ref.id);
        Labels labels =
            it == storage_->refs_.end() ? Labels() : storage_->series_.at(it->second).labels;
        result.first_refusal = CommitResult::Refusal{outcome, std::move(labels), sample.t};
      }
    }
    for (const auto& [family, metadata] : metadata_) storage_->metadata_[family] = metadata;
    storage_->exemplars_.insert(storage_->exemplars_.end(), exemplars_.begin(), exemplars_.end());
    Rollback();
    return result;
  }

  void Rollback() override {
    pending_.clear();
    exemplars_.clear();
    metadata_.clear();
  }

 private:
  struct Pending {
    SeriesRef ref;
    TimeMs t;
    FakeStorage::Value value;
    TimeMs start = 0;
  };

  AppendOutcome Store(Pending& sample) EXCLUSIVE_LOCKS_REQUIRED(storage_->mu_) {
    const auto it = storage_->refs_.find(sample.ref.id);
    if (it == storage_->refs_.end()) return AppendOutcome::kSeriesGone;
    auto& [labels, samples, starts] = storage_->series_.at(it->second);
    if (!samples.empty() && sample.t <= samples.rbegin()->first) {
      if (sample.t < samples.rbegin()->first) return AppendOutcome::kOutOfOrder;
      return SameValue(samples.rbegin()->second, sample.value) ? AppendOutcome::kDuplicate
                                                               : AppendOutcome::kDuplicateTimestamp;
    }
    SetHint(samples, sample.t, &sample.value);
    samples.emplace_hint(samples.end(), sample.t, std::move(sample.value));
    if (sample.start != 0) starts[sample.t] = sample.start;
    storage_->changes_.NoteFrom(sample.t);
    return AppendOutcome::kAppended;
  }

  FakeStorage* const storage_;
  std::vector<Pending> pending_;
  std::vector<Exemplar> exemplars_;
  std::map<std::string, Metadata> metadata_;
};

std::unique_ptr<Appender> FakeStorage::NewAppender() {
  return std::make_unique<FakeAppender>(this);
}

absl::StatusOr<std::unique_ptr<Querier>> FakeStorage::NewQuerier(TimeRange) const {
  return std::unique_ptr<Querier>(std::make_unique<FakeQuerier>(this));
}

void FakeStorage::Put(LabelsView labels, TimeMs t, Value value, TimeMs start_timestamp_ms) {
  MutexLock lock(&mu_);
  const Fingerprint fingerprint = labels.Fingerprint();
  SeriesRef& ref = ref_of_[fingerprint];
  if (!ref) {
    ref.id = next_ref_++;
    refs_[ref.id] = fingerprint;
  }
  Series& series = series_.try_emplace(fingerprint, Series{Labels(labels), {}, {}}).first->second;
  SetHint(series.samples, t, &value);
  series.samples.insert_or_assign(t, std::move(value));
  if (start_timestamp_ms != 0) series.starts[t] = start_timestamp_ms;
  changes_.NoteFrom(t);
}

std::optional<Fingerprint> FakeStorage::LabelStamp(const LabelScope& /*scope*/) const {
  MutexLock lock(&mu_);
  return label_stamp_;
}

void FakeStorage::SetLabelStamp(std::optional<Fingerprint> stamp) {
  MutexLock lock(&mu_);
  label_stamp_ = stamp;
}

void FakeStorage::LimitSeries(size_t max) {
  MutexLock lock(&mu_);
  series_max_ = max;
}

void FakeStorage::Clear() {
  MutexLock lock(&mu_);
  series_.clear();
  refs_.clear();
  ref_of_.clear();
  metadata_.clear();
  exemplars_.clear();
  changes_.NoteEverything();
}

std::map<Fingerprint, FakeStorage::Series> FakeStorage::Snapshot() const {
  MutexLock lock(&mu_);
  return series_;
}

std::map<std::string, Metadata> FakeStorage::metadata() const {
  MutexLock lock(&mu_);
  return metadata_;
}

std::vector<Exemplar> FakeStorage::exemplars() const {
  MutexLock lock(&mu_);
  return exemplars_;
}

}  // namespace hearth
