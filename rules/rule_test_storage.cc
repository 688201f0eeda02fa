#include "rules/rule_test_storage.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "model/float_text.h"
#include "model/matcher.h"

namespace hearth {

size_t RuleTestStorage::Stored::LowerBound(TimeMs time) const {
  return static_cast<size_t>(std::lower_bound(t.begin(), t.end(), time) - t.begin());
}

bool RuleTestStorage::Stored::HasSampleIn(TimeRange range) const {
  const size_t i = LowerBound(range.mint);
  return i < t.size() && t[i] <= range.maxt;
}

AppendOutcome RuleTestStorage::Stored::Append(Sample sample) {
  if (!t.empty() && sample.t < t.back()) return AppendOutcome::kOutOfOrder;
  if (!t.empty() && sample.t == t.back()) {
    return SameBits(sample.v, v.back()) ? AppendOutcome::kDuplicate
                                        : AppendOutcome::kDuplicateTimestamp;
  }
  t.push_back(sample.t);
  v.push_back(sample.v);
  return AppendOutcome::kAppended;
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
    storage_->series_.push_back({Labels(labels), fingerprint, {}, {}});
    storage_->by_metric_[labels.MetricName()].push_back(&storage_->series_.back());
    ref.id = storage_->series_.size();
    return ref;
  }

  void Append(SeriesRef ref, Sample sample, TimeMs) override { pending_.push_back({ref, sample}); }
  void AppendHistogram(SeriesRef, TimeMs, const Histogram&, TimeMs) override { ++unsupported_; }
  // A rule gives neither exemplars nor metadata.
  void AppendExemplar(SeriesRef, const Exemplar&) override {}
  void UpdateMetadata(std::string_view, const Metadata&) override {}

  absl::StatusOr<CommitResult> Commit() override {
    CommitResult result;
    const auto count = [&](AppendOutcome outcome) -> uint64_t& {
      return result.counts[static_cast<size_t>(outcome)];
    };
    count(AppendOutcome::kUnsupported) = unsupported_;
    for (const auto& [ref, sample] : pending_) {
      RuleTestStorage::Stored& series = storage_->series_.at(ref.id - 1);
      const AppendOutcome outcome = series.Append(sample);
      ++count(outcome);
      if (IsRefusal(outcome) && !result.first_refusal)
        result.first_refusal = CommitResult::Refusal{outcome, series.labels, sample.t};
    }
    Rollback();
    return result;
  }

  void Rollback() override {
    pending_.clear();
    unsupported_ = 0;
  }

 private:
  RuleTestStorage* const storage_;
  std::vector<std::pair<SeriesRef, Sample>> pending_;
  uint64_t unsupported_ = 0;
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
      const Stored& series = *series_.at(i);
      const size_t begin = series.LowerBound(range.mint);
      const auto end = std::upper_bound(series.t.begin() + static_cast<ptrdiff_t>(begin),
                                        series.t.end(), range.maxt);
      columns->t.assign(series.t.begin() + static_cast<ptrdiff_t>(begin), end);
      columns->v.assign(series.v.begin() + static_cast<ptrdiff_t>(begin),
                        series.v.begin() + (end - series.t.begin()));
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
    for (size_t i = 0; i < series->t.size(); ++i) {
      if (IsStaleNaN(series->v[i])) continue;
      out << FixedFloatText(series->v[i]) << " @[" << series->t[i] << "]\n";
    }
  }
}

}  // namespace hearth
