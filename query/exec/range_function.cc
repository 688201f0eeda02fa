#include "query/exec/range_function.h"

#include <algorithm>
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

  absl::Status PrepareSeries(QueryContext* ctx) override {
    for (const ScalarPtr& param : params_) {
      HEARTH_RETURN_IF_ERROR(param->Prepare(ctx));
      param_columns_.push_back(param->values());
    }
    HEARTH_RETURN_IF_ERROR(source_->Prepare(ctx));
    AddNode(ctx);
    if (shared_ != nullptr && !ctx->samples.by_step()) {
      shared_->Prepare(source_->series().size(), steps(), &ctx->bytes);
    }
    HEARTH_RETURN_IF_ERROR(bytes_.Add(steps() * 2 * sizeof(TimeMs)));
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
    HEARTH_RETURN_IF_ERROR(bytes_.Add(arena_.bytes()));
    if (ctx->samples.by_step()) {
      ctx->dropped_names.Begin();
      std::string name;
      for (const SeriesMeta& meta : source_->series()) {
        NameOf(meta.labels, &name);
        ctx->dropped_names.Note(name);
      }
    }
    map_.Build(std::move(changed), &series_);
    return absl::OkStatus();
  }

  absl::Status ComputeColumn(size_t i, Worker* worker, StepColumn* out) const override {
    const auto compute = [&](size_t input, StepColumn* column) {
      return Compute(input, worker, column);
    };
    // Prometheus has these series whole when it looks for two that are equal.
    return map_.Column(i, out, compute, Sharing::kNever);
  }

  void Expect(std::span<const uint32_t> series, Worker* worker) const override {
    source_->Expect(map_.SourcesOf(series), worker);
  }

 private:
  // Kernels run over so many samples (in windows) or steps at once, so that a query that was
  // cancelled ends soon. Splitting costs sliding kernels the samples of one window each time.
  static constexpr int64_t kSamplesAtOnce = int64_t{1} << 25;
  static constexpr size_t kStepsAtOnce = size_t{1} << 20;

  void AddNode(QueryContext* ctx) {
    std::vector<CountNode> inputs;
    if (source_->holds_samples()) inputs.push_back(source_->node());
    for (const ScalarPtr& param : params_) inputs.push_back(param->node());
    node_ = ctx->samples.Add(CountRule::kWindows,
                             source_->counts_samples() ? ReadRule::kWindows : ReadRule::kNothing,
                             steps(), std::move(inputs));
  }

  static WindowFn KernelFor(const Kernel& kernel, SelectorMode mode) {
    return mode == SelectorMode::kAnchored   ? kernel.anchored
           : mode == SelectorMode::kSmoothed ? kernel.smoothed
                                             : kernel.window;
  }

  absl::Status Compute(size_t input, Worker* worker, StepColumn* out) const {
    if (const SharedColumns::Entry* kept = shared_ == nullptr ? nullptr : shared_->Take(input)) {
      *out = kept->column;
      worker->TallyOf(node_).CountWindows(kept->in_windows, kept->largest_window,
                                          kept->last_window);
      NoteCounter(input, *out, worker);
      return absl::OkStatus();
    }
    ScratchLease scratch(worker);
    HEARTH_RETURN_IF_ERROR(source_->Read(input, worker, &*scratch));
    out->Reset(steps());
    FindWindows(&*scratch);
    HEARTH_RETURN_IF_ERROR(worker->Charge(&*scratch));
    if (scratch->largest_window > worker->ctx->limits.max_samples) return TooManySamples();
    HEARTH_RETURN_IF_ERROR(worker->Tick(scratch->in_windows));
    if (!scratch->samples.t.empty()) {
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
      if (scratch->in_windows <= kSamplesAtOnce && steps() <= kStepsAtOnce) {
        kernel_(in, out);
      } else {
        HEARTH_RETURN_IF_ERROR(RunInBlocks(in, worker, out));
      }
    }
    if (shared_ != nullptr) {
      shared_->Keep(input, *out, scratch->in_windows, scratch->largest_window,
                    scratch->last_window);
    }
    if (!worker->uncounted) {
      Tally& tally = worker->TallyOf(node_);
      tally.CountWindows(scratch->in_windows, scratch->largest_window, scratch->last_window);
      if (worker->ctx->samples.by_step()) tally.CountWindowSteps(scratch->begin, scratch->end);
    }
    NoteCounter(input, *out, worker);
    return absl::OkStatus();
  }

  // The kernel over some steps at a time, with the samples of their windows alone.
  absl::Status RunInBlocks(const WindowInput& all, Worker* worker, StepColumn* out) const {
    std::vector<uint32_t> begin, end;
    ParamColumns params(all.params.size());
    StepColumn block;
    for (size_t first = 0, last = 0; first < steps(); first = last) {
      HEARTH_RETURN_IF_ERROR(worker->ctx->limits.Check("expression evaluation"));
      for (int64_t samples = 0; last < steps() && last - first < kStepsAtOnce; ++last) {
        samples += all.end[last] - all.begin[last];
        if (samples > kSamplesAtOnce && last > first) break;
      }
      const size_t count = last - first, origin = all.begin[first];
      const size_t samples = all.end[last - 1] - origin;
      begin.resize(count);
      end.resize(count);
      for (size_t i = 0; i < count; ++i) {
        begin[i] = static_cast<uint32_t>(all.begin[first + i] - origin);
        end[i] = static_cast<uint32_t>(all.end[first + i] - origin);
      }
      for (size_t k = 0; k < params.size(); ++k) params[k] = all.params[k].subspan(first, count);
      WindowEdges edges;
      const WindowInput in{
          .t = all.t.subspan(origin, samples),
          .v = all.v.subspan(origin, samples),
          .start_t = all.start_t.empty() ? all.start_t : all.start_t.subspan(origin, samples),
          .begin = begin,
          .end = end,
          .window_end = all.window_end.subspan(first, count),
          .times = all.times.subspan(first, count),
          .range_ms = all.range_ms,
          .params = params,
          .arg_pos = all.arg_pos,
          .notes = all.notes,
          .edges = &edges,
          .mode = all.mode,
          .metric_name = all.metric_name};
      block.Reset(count);
      if (samples > 0) kernel_(in, &block);
      std::copy(block.v.begin(), block.v.end(), out->v.begin() + static_cast<ptrdiff_t>(first));
      std::copy(block.ok.begin(), block.ok.end(), out->ok.begin() + static_cast<ptrdiff_t>(first));
    }
    return absl::OkStatus();
  }

  void NoteCounter(size_t input, const StepColumn& column, Worker* worker) const {
    if (!function_->counter) return;
    const std::string_view name = source_->series()[input].labels.MetricName();
    if (name.empty() || LooksLikeCounter(name)) return;
    const auto last = std::find(column.ok.rbegin(), column.ok.rend(), 1);
    if (last == column.ok.rend()) return;
    // Below a subquery a step is not one of the query's.
    const auto step = static_cast<size_t>(column.ok.rend() - last) - 1;
    worker->notes.Add(Note::kPossibleNonCounter, arg_pos_[0], {name}, "",
                      source_->counts_samples() ? times_[step] : kUnknownStep);
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
    scratch->largest_window = scratch->last_window = 0;
    scratch->edges.known = scratch->edges.counted = false;
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
      scratch->last_window = scratch->end[step] - scratch->begin[step];
      scratch->largest_window = std::max(scratch->largest_window, scratch->last_window);
      scratch->in_windows += scratch->last_window;
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
