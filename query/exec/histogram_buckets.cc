#include "query/exec/histogram_buckets.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/numbers.h"
#include "model/status.h"
#include "model/text.h"
#include "query/exec/series_map.h"

namespace hearth::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";

bool ParseBound(std::string_view le, double* bound) {
  return absl::SimpleAtod(ToAbsl(le), bound) && !std::isnan(*bound);
}

class HistogramBuckets : public VectorOperator {
 public:
  HistogramBuckets(VectorPtr child, const FunctionSpec* function, std::vector<ScalarPtr> params,
                   std::vector<PositionRange> arg_pos)
      : VectorOperator(child->grid()),
        child_(std::move(child)),
        function_(function),
        params_(std::move(params)),
        arg_pos_(std::move(arg_pos)) {}

  absl::Status Prepare(QueryContext* ctx) override {
    for (const ScalarPtr& param : params_) HEARTH_RETURN_IF_ERROR(param->Prepare(ctx));
    HEARTH_RETURN_IF_ERROR(child_->Prepare(ctx));
    std::vector<SeriesMeta> histograms;
    for (size_t i = 0; i < child_->series().size(); ++i) {
      const SeriesMeta& meta = child_->series()[i];
      double bound = 0;
      if (!ParseBound(meta.labels.Get(kBucketLabel), &bound)) {
        bad_.push_back(i);
        continue;
      }
      inputs_.push_back(i);
      bounds_.push_back(bound);
      SeriesMeta histogram = meta;
      histogram.labels = arena_.Add(LabelsBuilder(meta.labels).Del(kBucketLabel).Build());
      histogram = DropName(histogram, ctx->delayed_name_removal, &arena_);
      histogram.fingerprint = histogram.labels.Fingerprint();
      histograms.push_back(histogram);
    }
    map_.Build(std::move(histograms), &series_);
    return NoteArguments(ctx);
  }

  absl::Status Column(size_t i, Worker* worker, StepColumn* out) const override {
    out->Reset(steps());
    // The buckets' columns, by bound.
    std::vector<uint32_t> sources(map_.sources(i).begin(), map_.sources(i).end());
    std::stable_sort(sources.begin(), sources.end(),
                     [&](uint32_t a, uint32_t b) { return bounds_[a] < bounds_[b]; });
    std::vector<StepColumn> columns(sources.size());
    for (size_t k = 0; k < sources.size(); ++k) {
      HEARTH_RETURN_IF_ERROR(child_->Column(inputs_[sources[k]], worker, &columns[k]));
    }
    const std::string_view name = child_->series()[inputs_[sources[0]]].labels.MetricName();
    std::vector<Bucket> buckets;
    std::vector<double> args(params_.size());
    for (size_t step = 0; step < steps(); ++step) {
      buckets.clear();
      for (size_t k = 0; k < sources.size(); ++k) {
        if (columns[k].ok[step]) buckets.push_back({bounds_[sources[k]], columns[k].v[step]});
      }
      if (buckets.empty()) continue;
      for (size_t k = 0; k < args.size(); ++k) args[k] = params_[k]->values()[step];
      ForcedMonotonicity forced;
      out->Set(step, function_->kernel.buckets(&buckets, args, &forced));
      if (forced.count > 0) {
        forced.mint = forced.maxt = grid().at(step);
        worker->notes.Monotonicity(name, arg_pos_.back(), forced);
      }
    }
    return absl::OkStatus();
  }

 private:
  // Warnings that do not come of computing: quantiles out of range, series without a usable le.
  absl::Status NoteArguments(QueryContext* ctx) const {
    if (function_->quantile_param) {
      for (double q : params_[0]->values()) {
        if (!(q >= 0 && q <= 1)) ctx->notes.InvalidQuantile(q, arg_pos_[0]);
      }
    }
    Worker worker(ctx);
    StepColumn column;
    for (size_t i : bad_) {
      // A series without samples causes no warning.
      HEARTH_RETURN_IF_ERROR(child_->Column(i, &worker, &column));
      if (column.CountPresent() == 0) continue;
      const LabelsView labels = child_->series()[i].labels;
      ctx->notes.BadBucketLabel(labels.MetricName(), labels.Get(kBucketLabel), arg_pos_.back());
    }
    ctx->samples_read += worker.samples_read;
    return absl::OkStatus();
  }

  const VectorPtr child_;
  const FunctionSpec* const function_;
  const std::vector<ScalarPtr> params_;
  const std::vector<PositionRange> arg_pos_;
  std::vector<size_t> inputs_;  // Series of the child that are buckets…
  std::vector<double> bounds_;  // …and their upper bounds.
  std::vector<size_t> bad_;     // The others.
  LabelArena arena_;
  SeriesMap map_;
};

}  // namespace

VectorPtr NewHistogramBuckets(VectorPtr child, const FunctionSpec* function,
                              std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos) {
  return std::make_unique<HistogramBuckets>(std::move(child), function, std::move(params),
                                            std::move(arg_pos));
}

}  // namespace hearth::promql
