#include "rules/rule_test_storage.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "model/counter_reset.h"
#include "model/float_text.h"
#include "model/histogram.h"
#include "model/matcher.h"
#include "query/notation/histogram_text.h"

namespace hearth {

namespace {

// The indexes of the times in `range`: [first, second).
std::pair<ptrdiff_t, ptrdiff_t> IndexesIn(const std::vector<TimeMs>& t, TimeRange range) {
  const auto begin = std::lower_bound(t.begin(), t.end(), range.mint);
  return {begin - t.begin(), std::upper_bound(begin, t.end(), range.maxt) - t.begin()};
}

bool HasTimeIn(const std::vector<TimeMs>& t, TimeRange range) {
  const auto [begin, end] = IndexesIn(t, range);
  return begin < end;
}

// Those of one kind.
template <typename Value>
void CopyRange(const std::vector<TimeMs>& t, const std::vector<Value>& values, TimeRange range,
               std::vector<TimeMs>* t_out, std::vector<Value>* values_out) {
  const auto [begin, end] = IndexesIn(t, range);
  t_out->assign(t.begin() + begin, t.begin() + end);
  values_out->assign(values.begin() + begin, values.begin() + end);
}

}  // namespace

bool RuleTestStorage::Stored::HasSampleIn(TimeRange range) const {
  return !range.empty() && (HasTimeIn(samples.t, range) || HasTimeIn(samples.histogram_t, range));
}

bool RuleTestStorage::Stored::LastIsHistogram() const {
  if (samples.histogram_t.empty()) return false;
  return samples.t.empty() || samples.histogram_t.back() > samples.t.back();
}

AppendOutcome RuleTestStorage::Stored::Judge(TimeMs t) const {
  const std::vector<TimeMs>& times = LastIsHistogram() ? samples.histogram_t : samples.t;
  if (times.empty() || t > times.back()) return AppendOutcome::kAppended;
  return t < times.back() ? AppendOutcome::kOutOfOrder : AppendOutcome::kDuplicateTimestamp;
}

AppendOutcome RuleTestStorage::Stored::Append(Sample sample) {
  const AppendOutcome outcome = Judge(sample.t);
  if (outcome == AppendOutcome::kAppended) {
    samples.t.push_back(sample.t);
    samples.v.push_back(sample.v);
    return outcome;
  }
  const bool same = outcome == AppendOutcome::kDuplicateTimestamp && !LastIsHistogram() &&
                    SameBits(sample.v, samples.v.back());
  return same ? AppendOutcome::kDuplicate : outcome;
}

AppendOutcome RuleTestStorage::Stored::Append(TimeMs t, const Histogram& histogram) {
  const AppendOutcome outcome = Judge(t);
  const Histogram* const last = LastIsHistogram() ? samples.histograms.back().get() : nullptr;
  if (outcome == AppendOutcome::kAppended) {
    auto stored = std::make_shared<Histogram>(histogram);
    stored->counter_reset_hint = HintBehind(last, histogram);
    samples.histogram_t.push_back(t);
    samples.histograms.push_back(std::move(stored));
    return outcome;
  }
  const bool same = outcome == AppendOutcome::kDuplicateTimestamp && last != nullptr &&
                    SameData(histogram, *last);
  return same ? AppendOutcome::kDuplicate : outcome;
}

class RuleTestAppender : public Appender {
 public:
  explicit RuleTestAppender(RuleTestStorage* storage) : storage_(storage) {}

  void Find(std::span<const Fingerprint> fingerprints, std::span<SeriesRef> refs) override {
    for (size_t i = 0; i < fingerprints.size(); ++i) {
      const auto it = storage_->refs_.find(fingerprints[i]);
      refs[i] = it == storage_->refs_.end() ? SeriesRef{} : it->second;
    }
  }

  absl::StatusOr<SeriesRef> FindOrCreate(LabelsView labels) override {
    if (labels.empty()) return absl::InvalidArgumentError("a series needs at least one label");
    const Fingerprint fingerprint = labels.Fingerprint();
    SeriesRef& ref = storage_->refs_[fingerprint];
    if (ref) return ref;
    storage_->series_.push_back({Labels(labels), fingerprint, {}});
    storage_->by_metric_[labels.MetricName()].push_back(&storage_->series_.back());
    ref.id = storage_->series_.size();
    return ref;
  }

  void Append(SeriesRef ref, Sample sample, TimeMs) override {
    pending_.push_back({ref, sample, std::nullopt});
  }
  void AppendHistogram(SeriesRef ref, TimeMs t, const Histogram& histogram, TimeMs) override {
    pending_.push_back({ref, {t, 0}, histogram});
  }
  // A rule gives neither exemplars nor metadata.
  void AppendExemplar(SeriesRef, const Exemplar&) override {}
  void UpdateMetadata(std::string_view, const Metadata&) override {}

  absl::StatusOr<CommitResult> Commit() override {
    CommitResult result;
    for (const auto& [ref, sample, histogram] : pending_) {
      RuleTestStorage::Stored& series = storage_->series_.at(ref.id - 1);
      const AppendOutcome outcome =
          histogram ? series.Append(sample.t, *histogram) : series.Append(sample);
      ++result.counts[static_cast<size_t>(outcome)];
      if (IsRefusal(outcome) && !result.first_refusal)
        result.first_refusal = CommitResult::Refusal{outcome, series.labels, sample.t};
    }
    Rollback();
    return result;
  }

  void Rollback() override { pending_.clear(); }

 private:
  struct Pending {
    SeriesRef ref;
    Sample sample;
    std::optional<Histogram> histogram;  // Instead of sample.v.
  };

  RuleTestStorage* const storage_;
  std::vector<Pending> pending_;
};

class RuleTestQuerier : public Querier {
 public:
  explicit RuleTestQuerier(const RuleTestStorage* storage) : storage_(storage) {}

  absl::StatusOr<std::vector<std::unique_ptr<SeriesSet>>> Select(
      std::span<const SelectRequest> requests) override {
    std::vector<std::unique_ptr<SeriesSet>> sets;
    for (const SelectRequest& request : requests) {
      std::vector<const Stored*> found = Matching(request.matchers, request.range);
      std::sort(found.begin(), found.end(),
                [](const Stored* a, const Stored* b) { return a->fingerprint < b->fingerprint; });
      sets.push_back(std::make_unique<Set>(std::move(found)));
    }
    return sets;
  }

  absl::StatusOr<std::vector<std::string>> LabelNames(const LabelQuery& query) override {
    std::set<std::string> names;
    for (const Labels& labels : MatchingLabels(query)) {
      for (const Label label : labels) names.emplace(label.name);
    }
    return Cut(names, query.limit);
  }

  absl::StatusOr<std::vector<std::string>> LabelValues(std::string_view name,
                                                       const LabelQuery& query) override {
    std::set<std::string> values;
    for (const Labels& labels : MatchingLabels(query)) {
      if (labels.Has(name)) values.emplace(labels.Get(name));
    }
    return Cut(values, query.limit);
  }

  absl::StatusOr<std::vector<Labels>> Series(const LabelQuery& query) override {
    return Cut(MatchingLabels(query), query.limit);
  }

 private:
  using Stored = RuleTestStorage::Stored;

  class Set : public SeriesSet {
   public:
    explicit Set(std::vector<const Stored*> series) : series_(std::move(series)) {}
    size_t size() const override { return series_.size(); }
    LabelsView labels(size_t i) const override { return series_.at(i)->labels; }
    const hearth::Fingerprint& fingerprint(size_t i) const override {
      return series_.at(i)->fingerprint;
    }
    absl::Status Read(size_t i, TimeRange range, SampleColumns* columns) const override {
      columns->Clear();
      if (range.empty()) return absl::OkStatus();
      const SampleColumns& all = series_.at(i)->samples;
      CopyRange(all.t, all.v, range, &columns->t, &columns->v);
      CopyRange(all.histogram_t, all.histograms, range, &columns->histogram_t,
                &columns->histograms);
      return absl::OkStatus();
    }

   private:
    const std::vector<const Stored*> series_;
  };

  std::vector<const Stored*> Matching(const std::vector<Matcher>& matchers, TimeRange range) const {
    std::vector<const Stored*> found;
    const auto consider = [&](const Stored& series) {
      if (MatchesAll(matchers, series.labels) && series.HasSampleIn(range))
        found.push_back(&series);
    };
    const auto name = std::find_if(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
      return matcher.name() == kMetricNameLabel && matcher.op() == MatchOp::kEqual;
    });
    if (name == matchers.end()) {
      for (const Stored& series : storage_->series_) consider(series);
    } else if (const auto it = storage_->by_metric_.find(name->value());
               it != storage_->by_metric_.end()) {
      for (const Stored* series : it->second) consider(*series);
    }
    return found;
  }

  std::set<Labels> MatchingLabels(const LabelQuery& query) const {
    std::set<Labels> labels;
    const auto add = [&](const std::vector<Matcher>& matchers) {
      for (const Stored* series : Matching(matchers, query.range)) labels.insert(series->labels);
    };
    if (query.matcher_sets.empty()) add({});
    for (const std::vector<Matcher>& matchers : query.matcher_sets) add(matchers);
    return labels;
  }

  template <typename T>
  static std::vector<T> Cut(const std::set<T>& all, size_t limit) {
    std::vector<T> out(all.begin(), all.end());
    if (limit > 0 && out.size() > limit) out.resize(limit);
    return out;
  }

  const RuleTestStorage* const storage_;
};

std::unique_ptr<Appender> RuleTestStorage::NewAppender() {
  return std::make_unique<RuleTestAppender>(this);
}

absl::StatusOr<std::unique_ptr<Querier>> RuleTestStorage::NewQuerier(TimeRange) const {
  return std::make_unique<RuleTestQuerier>(this);
}

void RuleTestStorage::Dump(std::ostream& out) const {
  std::vector<const Stored*> sorted;
  for (const Stored& series : series_) sorted.push_back(&series);
  std::sort(sorted.begin(), sorted.end(),
            [](const Stored* a, const Stored* b) { return a->labels < b->labels; });
  for (const Stored* series : sorted) {
    out << series->labels.ToString() << " =>\n";
    const SampleColumns& samples = series->samples;
    for (size_t i = 0; i < samples.t.size(); ++i) {
      if (IsStaleNaN(samples.v[i])) continue;
      out << FixedFloatText(samples.v[i]) << " @[" << samples.t[i] << "]\n";
    }
    for (size_t i = 0; i < samples.histogram_t.size(); ++i) {
      if (samples.histograms[i]->stale()) continue;
      out << promql::HistogramText(*samples.histograms[i]) << " @[" << samples.histogram_t[i]
          << "]\n";
    }
  }
}

}  // namespace hearth
