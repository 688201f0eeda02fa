#include "query/exec/range_function.h"

#include <utility>

#include "model/status.h"
#include "query/exec/series_map.h"
#include "query/functions/extended_window.h"

namespace hearth::promql {
namespace {

bool LooksLikeCounter(std::string_view name) {
  for (std::string_view suffix : {"_total", "_sum", "_count", "_bucket"}) {
    if (name.ends_with(suffix)) return true;
  }
  return false;
}

class RangeFunction : public VectorOperator {
 public:
  RangeFunction(const Grid& grid, const FunctionSpec* function, RangePtr source,
                std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos,
                std::shared_ptr<SharedColumns> shared)
      : VectorOperator(grid),
        function_(function),
        source_(std::move(source)),
        params_(std::move(params)),
        arg_pos_(std::move(arg_pos)),
        shared_(std::move(shared)),
        kernel_(KernelFor(function->kernel, source_->mode())) {}

  absl::Status Prepare(QueryContext* ctx) override {
    for (const ScalarPtr& param : params_) {
      HEARTH_RETURN_IF_ERROR(param->Prepare(ctx));
      param_columns_.push_back(param->values());
    }
    HEARTH_RETURN_IF_ERROR(source_->Prepare(ctx));
    if (shared_ != nullptr) shared_->Prepare(source_->series().size(), steps());
    for (size_t step = 0; step < steps(); ++step) {
      times_.push_back(grid().at(step));
      window_end_.push_back(source_->WindowEnd(times_.back()));
    }
    if (function_->metric_name == MetricNameRule::kKeep) {
      map_.BuildIdentity(source_->series(), &series_);
      return absl::OkStatus();
    }
    std::vector<SeriesMeta> changed;
    changed.reserve(source_->series().size());
    for (const SeriesMeta& meta : source_->series()) {
      changed.push_back(DropName(meta, ctx->delayed_name_removal, &arena_));
    }
    map_.Build(std::move(changed), &series_);
    return absl::OkStatus();
  }

  absl::Status Column(size_t i, Worker* worker, StepColumn* out) const override {
    return map_.Column(
        i, out, [&](size_t input, StepColumn* column) { return Compute(input, worker, column); });
  }

 private:
  static WindowFn KernelFor(const Kernel& kernel, SelectorMode mode) {
    return mode == SelectorMode::kAnchored   ? kernel.anchored
           : mode == SelectorMode::kSmoothed ? kernel.smoothed
                                             : kernel.window;
  }

  absl::Status Compute(size_t input, Worker* worker, StepColumn* out) const {
    if (const SharedColumns::Entry* kept = shared_ == nullptr ? nullptr : shared_->Take(input)) {
      *out = kept->column;
      return Count(input, kept->samples, kept->in_windows, *out, worker);
    }
    ScratchLease scratch(worker);
    HEARTH_RETURN_IF_ERROR(source_->Read(input, worker, &*scratch));
    out->Reset(steps());
    FindWindows(&*scratch);
    const auto samples = static_cast<int64_t>(scratch->samples.t.size());
    if (samples > 0) {
      const WindowInput in{.t = scratch->samples.t,
                           .v = scratch->samples.v,
                           .start_t = scratch->samples.start_t,
                           .begin = scratch->begin,
                           .end = scratch->end,
                           .window_end = window_end_,
                           .times = times_,
                           .range_ms = source_->range_ms(),
                           .params = param_columns_,
                           .arg_pos = arg_pos_,
                           .notes = &worker->notes,
                           .edges = &scratch->edges,
                           .mode = source_->mode(),
                           .metric_name = source_->series()[input].labels.MetricName()};
      kernel_(in, out);
    }
    if (shared_ != nullptr) shared_->Keep(input, *out, samples, scratch->in_windows);
    return Count(input, samples, scratch->in_windows, *out, worker);
  }

  // What a series costs and has to be said of it, whoever computed its column.
  absl::Status Count(size_t input, int64_t samples, int64_t in_windows, const StepColumn& column,
                     Worker* worker) const {
    if (source_->counts_samples()) worker->samples_read += in_windows;
    HEARTH_RETURN_IF_ERROR(worker->ctx->account.Pass(samples));
    const auto present = static_cast<int64_t>(column.CountPresent());
    if (function_->counter && present > 0) {
      const std::string_view name = source_->series()[input].labels.MetricName();
      if (!name.empty() && !LooksLikeCounter(name)) {
        worker->notes.Add(Note::kPossibleNonCounter, arg_pos_[0], {name});
      }
    }
    return worker->ctx->account.Hold(present);
  }

  // The samples of each step's window. Series that were scraped together have the same timestamps
  // and share them.
  void FindWindows(Scratch* scratch) const {
    const std::vector<TimeMs>& t = scratch->samples.t;
    if (scratch->owner == this && scratch->t == t) return;
    scratch->owner = this;
    scratch->t = t;
    scratch->begin.resize(steps());
    scratch->end.resize(steps());
    scratch->in_windows = 0;
    scratch->edges.known = false;
    uint32_t begin = 0, end = 0;
    for (size_t step = 0; step < steps(); ++step) {
      const TimeMs last = window_end_[step], after = last - source_->range_ms();
      while (end < t.size() && t[end] <= last) ++end;
      while (begin < end && t[begin] <= after) ++begin;
      scratch->begin[step] = begin;
      scratch->end[step] = end;
      if (source_->mode() != SelectorMode::kPlain) {
        const Reach reach = source_->reach();
        const WindowEnds ends{
            .start = after, .end = last, .smoothed = source_->mode() == SelectorMode::kSmoothed};
        ReachOut(t, ends, reach.before, reach.after, &scratch->begin[step], &scratch->end[step]);
      }
      scratch->in_windows += scratch->end[step] - scratch->begin[step];
    }
  }

  const FunctionSpec* const function_;
  const RangePtr source_;
  const std::vector<ScalarPtr> params_;
  const std::vector<PositionRange> arg_pos_;
  const std::shared_ptr<SharedColumns> shared_;  // Null when it cannot stand in the query twice.
  const WindowFn kernel_;
  std::vector<TimeMs> times_, window_end_;
  ParamColumns param_columns_;
  LabelArena arena_;
  SeriesMap map_;
};

}  // namespace

VectorPtr NewRangeFunction(const Grid& grid, const FunctionSpec* function, RangePtr source,
                           std::vector<ScalarPtr> params, std::vector<PositionRange> arg_pos,
                           std::shared_ptr<SharedColumns> shared) {
  return std::make_unique<RangeFunction>(grid, function, std::move(source), std::move(params),
                                         std::move(arg_pos), std::move(shared));
}

}  // namespace hearth::promql
