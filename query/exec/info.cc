#include "query/exec/info.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/exec/series_map.h"

namespace hearth::promql {
namespace {

// The labels by which an info series belongs to a target, as in Prometheus.
constexpr std::array<std::string_view, 2> kIdentifyingLabels = {"instance", "job"};

class Info : public VectorOperator {
 public:
  Info(VectorPtr base, VectorPtr info, const VectorSelector& selector)
      : VectorOperator(base->grid()), base_(std::move(base)), info_(std::move(info)) {
    for (const Matcher& matcher : selector.matchers) {
      if (matcher.name() == kMetricNameLabel) {
        name_matchers_.push_back(matcher);
        continue;
      }
      data_labels_.insert(matcher.name());
      requires_info_ = requires_info_ || !matcher.MatchesEmpty();
    }
  }

  absl::Status PrepareSeries(QueryContext* ctx) override {
    HEARTH_RETURN_IF_ERROR(base_->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(info_->Prepare(ctx));
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(),
                             {base_->node(), info_->node()});
    std::vector<StepColumn> base_columns;
    ByteCharge inputs(&ctx->bytes);
    HEARTH_RETURN_IF_ERROR(Materialise(*base_, ctx, &base_columns, &inputs));
    HEARTH_RETURN_IF_ERROR(Materialise(*info_, ctx, &info_times_, &inputs));
    GroupInfoSeries();
    for (size_t i = 0; i < base_columns.size(); ++i) {
      HEARTH_RETURN_IF_ERROR(ctx->limits.Check("expression evaluation"));
      HEARTH_RETURN_IF_ERROR(Enrich(base_->series()[i], base_columns[i]));
    }
    info_times_.clear();
    map_.Build(std::move(outputs_), &series_);
    return absl::OkStatus();
  }

  absl::Status ComputeColumn(size_t i, Worker*, StepColumn* out) const override {
    return map_.Column(i, out, [&](size_t output, StepColumn* column) {
      *column = columns_[output];
      return absl::OkStatus();
    });
  }

 private:
  // The info series of one target, by metric name.
  using Target = std::map<std::string, std::vector<uint32_t>, std::less<>>;
  // One info series for each name of a target; kNone where none has a sample.
  using Choice = std::vector<uint32_t>;
  static constexpr uint32_t kNone = UINT32_MAX;

  // Empty when the series has none of the identifying labels.
  static std::string Identity(LabelsView labels) {
    std::string bytes;
    for (std::string_view name : kIdentifyingLabels) {
      if (labels.Has(name)) AppendCanonicalLabel(name, labels.Get(name), &bytes);
    }
    return bytes;
  }

  void GroupInfoSeries() {
    for (size_t i = 0; i < info_->series().size(); ++i) {
      const LabelsView labels = info_->series()[i].labels;
      targets_[Identity(labels)][std::string(labels.MetricName())].push_back(
          static_cast<uint32_t>(i));
    }
  }

  // Info series themselves stay as they are.
  bool IsInfoSeries(LabelsView labels) const {
    return std::all_of(
        name_matchers_.begin(), name_matchers_.end(),
        [&labels](const Matcher& matcher) { return matcher.Matches(labels.MetricName()); });
  }

  absl::Status Enrich(const SeriesMeta& base, const StepColumn& column) {
    if (IsInfoSeries(base.labels)) {
      HEARTH_RETURN_IF_ERROR(bytes_.Add(ColumnBytes(1, steps())));
      outputs_.push_back(base);
      columns_.push_back(column);
      return absl::OkStatus();
    }
    static const Target kNoTarget;
    const std::string identity = Identity(base.labels);
    const auto found = targets_.find(identity);
    const Target& target = identity.empty() || found == targets_.end() ? kNoTarget : found->second;
    // Steps with the same info series make one output.
    std::map<Choice, StepColumn> by_choice;
    for (size_t step = 0; step < steps(); ++step) {
      if (!column.ok[step]) continue;
      Choice choice;
      bool any = false;
      for (const auto& [name, members] : target) {
        HEARTH_ASSIGN_OR_RETURN(const uint32_t newest, Newest(members, step));
        choice.push_back(newest);
        any = any || newest != kNone;
      }
      if (!any && requires_info_) continue;
      StepColumn& out = by_choice[std::move(choice)];
      if (out.steps() == 0) {
        HEARTH_RETURN_IF_ERROR(bytes_.Add(ColumnBytes(1, steps())));
        out.Reset(steps());
      }
      out.Set(step, column.v[step]);
    }
    for (auto& [choice, out] : by_choice) {
      HEARTH_ASSIGN_OR_RETURN(SeriesMeta meta, WithInfo(base, choice));
      outputs_.push_back(meta);
      columns_.push_back(std::move(out));
    }
    return absl::OkStatus();
  }

  // The one with the newest sample, since the labels of a target change by a new series.
  absl::StatusOr<uint32_t> Newest(const std::vector<uint32_t>& members, size_t step) const {
    uint32_t newest = kNone;
    for (uint32_t i : members) {
      if (!info_times_[i].ok[step]) continue;
      const double time = info_times_[i].v[step];
      if (newest != kNone && time == info_times_[newest].v[step]) return Duplicate(newest, i, time);
      if (newest == kNone || time > info_times_[newest].v[step]) newest = i;
    }
    return newest;
  }

  absl::Status Duplicate(uint32_t a, uint32_t b, double seconds) const {
    const auto ms = static_cast<TimeMs>(std::llround(seconds * 1000));
    return absl::FailedPreconditionError(StrCat(
        "found duplicate series for info metric: existing ", PlainText(info_->series()[a].labels),
        " @ ", ms, ", new ", PlainText(info_->series()[b].labels), " @ ", ms));
  }

  absl::StatusOr<SeriesMeta> WithInfo(const SeriesMeta& base, const Choice& choice) {
    LabelsBuilder added;
    for (uint32_t i : choice) {
      if (i == kNone) continue;
      for (const Label& label : info_->series()[i].labels) {
        if (label.name == kMetricNameLabel) continue;
        if (!data_labels_.empty() && data_labels_.find(label.name) == data_labels_.end()) continue;
        if (base.labels.Has(label.name)) continue;
        const std::string_view known = added.Get(label.name);
        if (!known.empty() && known != label.value) {
          return absl::FailedPreconditionError(StrCat("conflicting label: ", label.name));
        }
        added.Set(label.name, label.value);
      }
    }
    if (added.empty()) return base;
    LabelsBuilder labels(base.labels);
    added.ForEach([&](std::string_view name, std::string_view value) { labels.Set(name, value); });
    SeriesMeta meta = base;
    meta.labels = arena_.Add(labels.Build());
    meta.fingerprint = meta.labels.Fingerprint();
    HEARTH_RETURN_IF_ERROR(bytes_.Add(meta.labels.bytes().size()));
    return meta;
  }

  const VectorPtr base_, info_;
  std::vector<Matcher> name_matchers_;
  std::set<std::string, std::less<>> data_labels_;  // Only these are added; empty = all.
  bool requires_info_ = false;             // A matcher wants a label that info alone can give.
  std::vector<StepColumn> info_times_;     // During Prepare.
  std::map<std::string, Target> targets_;  // By Identity.
  std::vector<SeriesMeta> outputs_;        // During Prepare.
  std::vector<StepColumn> columns_;        // One for each output.
  LabelArena arena_;
  SeriesMap map_;
};

}  // namespace

VectorPtr NewInfo(VectorPtr base, VectorPtr info, const VectorSelector& selector) {
  return std::make_unique<Info>(std::move(base), std::move(info), selector);
}

}  // namespace hearth::promql
