#include "query/exec/histogram_buckets.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "model/status.h"
#include "model/text.h"
#include "query/exec/series_map.h"
#include "query/parse/literals.h"

namespace hearth::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";

bool ParseBound(std::string_view le, double* bound) {
  return absl::SimpleAtod(ToAbsl(le), bound) && !std::isnan(*bound);
}

// `1.0`, `0.25`, `NaN`, `+Inf`: a number with a point, as OpenMetrics writes it.
std::string LabelText(double v) {
  std::string text = ShortNumberText(v);
  const bool plain = text.find_first_of(".eIN") == std::string::npos;
  return plain ? text + ".0" : text;
}

// Where the arguments stand, for annotations.
struct ArgumentPositions {
  PositionRange vector, monotonicity;
  std::vector<PositionRange> params;
};

class HistogramBuckets : public VectorOperator {
 public:
  // With `quantile_label` the kernel runs for each parameter alone, whose value becomes that label;
  // it does so in Prepare, since which series there are follows from the values.
  HistogramBuckets(VectorPtr child, const FunctionSpec* function, std::vector<ScalarPtr> params,
                   ArgumentPositions positions, std::optional<std::string> quantile_label)
      : VectorOperator(child->grid()),
        child_(std::move(child)),
        function_(function),
        params_(std::move(params)),
        positions_(std::move(positions)),
        quantile_label_(std::move(quantile_label)) {}

  absl::Status PrepareSeries(QueryContext* ctx) override {
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
      HEARTH_RETURN_IF_ERROR(bytes_.Add(sizeof(SeriesMeta) + 2 * histogram.labels.bytes().size()));
      histograms.push_back(histogram);
    }
    map_.Build(std::move(histograms), &series_);
    std::vector<CountNode> inputs;
    for (const ScalarPtr& param : params_) inputs.push_back(param->node());
    inputs.push_back(child_->node());
    node_ = ctx->samples.Add(CountRule::kStepped, ReadRule::kNothing, steps(), std::move(inputs));
    if (quantile_label_) HEARTH_RETURN_IF_ERROR(ComputeQuantiles(ctx));
    return NoteArguments(ctx);
  }

  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    if (quantile_label_) return;  // Computed already.
    std::vector<uint32_t> children;
    for (const uint32_t histogram : series) {
      for (const uint32_t source : SourcesByBound(histogram)) children.push_back(inputs_[source]);
    }
    child_->Expect(children, worker);
  }

  absl::Status ComputeColumn(size_t i, Worker* worker, StepColumn* out) const override {
    if (quantile_label_) {
      return quantiles_.Column(i, out, [this](size_t k, StepColumn* column) {
        column->Reset(steps());
        for (const auto& [step, v] : points_[k]) column->Set(step, v);
        return absl::OkStatus();
      });
    }
    out->Reset(steps());
    std::vector<double> args(params_.size());
    return ForEachStep(i, worker, [&](size_t step, std::vector<Bucket>* buckets) {
      for (size_t k = 0; k < args.size(); ++k) args[k] = params_[k]->values()[step];
      ForcedMonotonicity forced;
      out->Set(step, function_->kernel.buckets(buckets, args, &forced));
      return forced;
    });
  }

 private:
  using Points = std::vector<std::pair<uint32_t, double>>;  // Step and value.

  std::vector<uint32_t> SourcesByBound(size_t histogram) const {
    std::vector<uint32_t> sources(map_.sources(histogram).begin(), map_.sources(histogram).end());
    std::stable_sort(sources.begin(), sources.end(),
                     [&](uint32_t a, uint32_t b) { return bounds_[a] < bounds_[b]; });
    return sources;
  }

  // Calls fn(step, buckets) for each step at which the histogram has any; what it returns is noted.
  template <typename Fn>
  absl::Status ForEachStep(size_t histogram, Worker* worker, Fn fn) const {
    // The buckets' columns, by bound.
    const std::vector<uint32_t> sources = SourcesByBound(histogram);
    std::vector<StepColumn> columns(sources.size());
    for (size_t k = 0; k < sources.size(); ++k) {
      HEARTH_RETURN_IF_ERROR(child_->Column(inputs_[sources[k]], worker, &columns[k]));
    }
    const std::string_view name = child_->series()[inputs_[sources[0]]].labels.MetricName();
    std::vector<Bucket> buckets;
    for (size_t step = 0; step < steps(); ++step) {
      buckets.clear();
      for (size_t k = 0; k < sources.size(); ++k) {
        if (columns[k].ok[step]) buckets.push_back({bounds_[sources[k]], columns[k].v[step]});
      }
      if (buckets.empty()) continue;
      ForcedMonotonicity forced = fn(step, &buckets);
      if (forced.count == 0) continue;
      forced.mint = forced.maxt = grid().at(step);
      worker->notes.Monotonicity(name, positions_.monotonicity, forced);
    }
    return absl::OkStatus();
  }

  // One series for each histogram and each text that a parameter's value takes.
  absl::Status ComputeQuantiles(QueryContext* ctx) {
    Worker worker(ctx);
    std::vector<SeriesMeta> listed;
    for (size_t h = 0; h < series_.size(); ++h) {
      HEARTH_RETURN_IF_ERROR(worker.Tick());
      for (size_t k = 0; k < params_.size(); ++k) {
        std::map<uint64_t, Points> by_value;  // By the value's bits: NaN is a key too.
        size_t points = 0;
        // The buckets are read again for each parameter, and counted once.
        worker.uncounted = k > 0;
        HEARTH_RETURN_IF_ERROR(ForEachStep(h, &worker, [&](size_t step, std::vector<Bucket>* in) {
          const double q = params_[k]->values()[step];
          ForcedMonotonicity forced;
          by_value[std::bit_cast<uint64_t>(q)].emplace_back(
              static_cast<uint32_t>(step), function_->kernel.buckets(in, {&q, 1}, &forced));
          ++points;
          return forced;
        }));
        HEARTH_RETURN_IF_ERROR(bytes_.Add(points * sizeof(Points::value_type)));
        for (auto& [bits, values] : by_value) {
          SeriesMeta meta = series_[h];
          const std::string text = LabelText(std::bit_cast<double>(bits));
          meta.labels = arena_.Add(LabelsBuilder(meta.labels).Set(*quantile_label_, text).Build());
          meta.fingerprint = meta.labels.Fingerprint();
          HEARTH_RETURN_IF_ERROR(bytes_.Add(2 * sizeof(SeriesMeta) + meta.labels.bytes().size()));
          listed.push_back(meta);
          points_.push_back(std::move(values));
        }
      }
    }
    quantiles_.Build(std::move(listed), &series_);
    worker.Finish();
    return absl::OkStatus();
  }

  // Warnings that do not come of computing: quantiles out of range, series without a usable le.
  absl::Status NoteArguments(QueryContext* ctx) const {
    for (size_t k = 0; function_->quantile_param && k < params_.size(); ++k) {
      for (double q : params_[k]->values()) {
        if (!(q >= 0 && q <= 1)) ctx->notes.InvalidQuantile(q, positions_.params[k]);
      }
    }
    Worker worker(ctx);
    StepColumn column;
    for (size_t i : bad_) {
      // A series without samples causes no warning.
      HEARTH_RETURN_IF_ERROR(child_->Column(i, &worker, &column));
      if (column.CountPresent() == 0) continue;
      const LabelsView labels = child_->series()[i].labels;
      ctx->notes.Add(Note::kBadBucketLabel, positions_.vector, {labels.Get(kBucketLabel)},
                     labels.MetricName());
    }
    worker.Finish();
    return absl::OkStatus();
  }

  const VectorPtr child_;
  const FunctionSpec* const function_;
  const std::vector<ScalarPtr> params_;
  const ArgumentPositions positions_;
  const std::optional<std::string> quantile_label_;
  std::vector<size_t> inputs_;  // Series of the child that are buckets…
  std::vector<double> bounds_;  // …and their upper bounds.
  std::vector<size_t> bad_;     // The others.
  LabelArena arena_;
  SeriesMap map_;               // From buckets to histograms.
  std::vector<Points> points_;  // With a label: one for each histogram, parameter and value…
  SeriesMap quantiles_;         // …from which come the series.
};

}  // namespace

VectorPtr NewHistogramBuckets(VectorPtr child, const FunctionSpec* function,
                              std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos) {
  ArgumentPositions positions{
      .vector = arg_pos.back(), .monotonicity = arg_pos.back(), .params = {}};
  arg_pos.pop_back();
  positions.params = std::move(arg_pos);
  return std::make_unique<HistogramBuckets>(std::move(child), function, std::move(params),
                                            std::move(positions), std::nullopt);
}

VectorPtr NewHistogramQuantiles(VectorPtr child, const FunctionSpec* function,
                                std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos,
                                std::string label) {
  // Prometheus says of the label that counts had to be made ascending.
  ArgumentPositions positions{.vector = arg_pos[0], .monotonicity = arg_pos[1], .params = {}};
  positions.params.assign(arg_pos.begin() + 2, arg_pos.end());
  return std::make_unique<HistogramBuckets>(std::move(child), function, std::move(params),
                                            std::move(positions), std::move(label));
}

}  // namespace hearth::promql
