#include "query/engine.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/exec/build.h"
#include "query/exec/operator.h"
#include "query/exec/streaming.h"
#include "query/functions/extended_window.h"
#include "query/plan/plan.h"
#include "query/query_gate.h"

namespace hearth::promql {
namespace {

// More helpers than this find nothing to do: there are kShards tasks.
int HelperThreads(int configured) {
  const int threads =
      configured > 0 ? configured : static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(threads - 1, 0, static_cast<int>(kShards) - 1);
}

// One evaluation, from plan to result.
class Evaluation {
 public:
  Evaluation(const Plan& plan, const QueryRequest& request, QueryContext* ctx)
      : plan_(plan), request_(request), ctx_(ctx) {}

  absl::StatusOr<QueryResult> Run(const Queryable& storage) {
    HEARTH_RETURN_IF_ERROR(Select(storage));
    const Expr& expr = WithoutParens(*plan_.tree);
    absl::Status status;
    switch (expr.type) {
      case ValueType::kString:
        result_.type = ValueType::kString;
        result_.string = As<StringLiteral>(expr).value;
        break;
      case ValueType::kScalar:
        status = Scalar();
        break;
      case ValueType::kRangeVector:
        status = RangeVector();
        break;
      default:
        status = Vector();
    }
    HEARTH_RETURN_IF_ERROR(status);
    HEARTH_RETURN_IF_ERROR(ctx_->limits.Check("expression evaluation"));
    ctx_->notes.Render(request_.query, &result_.warnings, &result_.infos);
    result_.stats = {.samples_read = ctx_->samples_read, .peak_samples = ctx_->account.peak()};
    return std::move(result_);
  }

 private:
  // All selectors at once: they see the same commits.
  absl::Status Select(const Queryable& storage) {
    if (plan_.requests.empty()) return absl::OkStatus();
    HEARTH_ASSIGN_OR_RETURN(querier_, storage.NewQuerier(plan_.range));
    HEARTH_ASSIGN_OR_RETURN(ctx_->sets, querier_->Select(plan_.requests));
    return ctx_->limits.Check("expression evaluation");
  }

  absl::Status Scalar() {
    HEARTH_ASSIGN_OR_RETURN(const ScalarPtr op, BuildScalar(*plan_.root, plan_.grid, *ctx_));
    HEARTH_RETURN_IF_ERROR(op->Prepare(ctx_));
    if (request_.instant()) {
      result_.type = ValueType::kScalar;
      result_.scalar = op->values()[0];
      return absl::OkStatus();
    }
    HEARTH_RETURN_IF_ERROR(ctx_->account.Hold(static_cast<int64_t>(op->values().size())));
    result_.type = ValueType::kRangeVector;
    ResultSeries& series = result_.series.emplace_back();
    for (size_t step = 0; step < plan_.grid.count; ++step) {
      series.floats.push_back({plan_.grid.at(step), op->values()[step]});
    }
    return absl::OkStatus();
  }

  absl::Status Vector() {
    result_.type = request_.instant() ? ValueType::kInstantVector : ValueType::kRangeVector;
    HEARTH_ASSIGN_OR_RETURN(VectorPtr op, BuildVector(*plan_.root, plan_.grid, *ctx_));
    if (ctx_->delayed_name_removal) op = NewNameRemoval(std::move(op));
    HEARTH_RETURN_IF_ERROR(op->Prepare(ctx_));
    std::vector<ResultSeries> all(op->series().size());
    HEARTH_RETURN_IF_ERROR(
        ForEachColumn(*op, ctx_, [&](size_t, size_t i, Worker*, StepColumn* column) {
          Collect(op->grid(), *column, &all[i]);
          return absl::OkStatus();
        }));
    for (uint32_t i : op->DisplayOrder()) {
      if (all[i].floats.empty()) continue;
      all[i].labels = Labels(op->series()[i].labels);
      result_.series.push_back(std::move(all[i]));
    }
    if (!request_.instant()) SortByLabels();
    return absl::OkStatus();
  }

  static void Collect(const Grid& grid, const StepColumn& column, ResultSeries* series) {
    series->floats.reserve(column.CountPresent());
    for (size_t step = 0; step < column.steps(); ++step) {
      if (column.ok[step]) series->floats.push_back({grid.at(step), column.v[step]});
    }
  }

  // The samples of a range selector or subquery as they are.
  absl::Status RangeVector() {
    result_.type = ValueType::kRangeVector;
    HEARTH_ASSIGN_OR_RETURN(const RangePtr source, BuildRange(*plan_.root, *ctx_));
    HEARTH_RETURN_IF_ERROR(source->Prepare(ctx_));
    const TimeMs end = source->WindowEnd(request_.start_ms);
    const TimeMs after = end - source->range_ms();
    Worker worker(ctx_);
    Scratch scratch;
    LabelNames names(source->series(), ctx_->delayed_name_removal);
    for (size_t i = 0; i < source->series().size(); ++i) {
      HEARTH_RETURN_IF_ERROR(source->Read(i, &worker, &scratch));
      ResultSeries series;
      TakeWindow(*source, scratch.samples, {.start = after, .end = end}, &series.floats);
      if (series.floats.empty()) continue;
      HEARTH_RETURN_IF_ERROR(ctx_->account.Hold(static_cast<int64_t>(series.floats.size())));
      worker.samples_read += static_cast<int64_t>(series.floats.size());
      series.labels = names.Of(i);
      result_.series.push_back(std::move(series));
    }
    ctx_->notes.Merge(worker.notes);
    ctx_->samples_read += worker.samples_read;
    SortByLabels();
    return CheckDistinct();
  }

  // The samples of one window; of an anchored or smoothed one with the values at its ends.
  static void TakeWindow(const RangeSource& source, const SampleColumns& samples, WindowEnds ends,
                         std::vector<Sample>* out) {
    const std::vector<TimeMs>& t = samples.t;
    const auto index_after = [&t](TimeMs time) {
      return static_cast<uint32_t>(std::upper_bound(t.begin(), t.end(), time) - t.begin());
    };
    uint32_t begin = index_after(ends.start), end = index_after(ends.end);
    if (source.mode() == SelectorMode::kPlain) {
      for (uint32_t i = begin; i < end; ++i) out->push_back({t[i], samples.v[i]});
      return;
    }
    ends.smoothed = source.mode() == SelectorMode::kSmoothed;
    ReachOut(t, ends, source.reach().before, source.reach().after, &begin, &end);
    const auto window = ExtendWindow(t, samples.v, begin, end, ends);
    if (!window) return;
    out->push_back({ends.start, window->left});
    for (uint32_t i = window->begin; i < window->end; ++i) out->push_back({t[i], samples.v[i]});
    out->push_back({ends.end, window->right});
  }

  // The final labels of a range vector's series.
  class LabelNames {
   public:
    LabelNames(const std::vector<SeriesMeta>& series, bool delayed)
        : series_(series), delayed_(delayed) {}
    Labels Of(size_t i) const {
      LabelsBuilder builder(series_[i].labels);
      if (delayed_ && series_[i].drop_name) {
        for (std::string_view name : {"__name__", "__type__", "__unit__"}) builder.Del(name);
      }
      return builder.Build();
    }

   private:
    const std::vector<SeriesMeta>& series_;
    const bool delayed_;
  };

  void SortByLabels() {
    std::sort(result_.series.begin(), result_.series.end(),
              [](const ResultSeries& a, const ResultSeries& b) { return a.labels < b.labels; });
  }

  absl::Status CheckDistinct() const {
    for (size_t i = 1; i < result_.series.size(); ++i) {
      if (result_.series[i].labels == result_.series[i - 1].labels) {
        return absl::FailedPreconditionError(
            "vector cannot contain metrics with the same labelset");
      }
    }
    return absl::OkStatus();
  }

  const Plan& plan_;
  const QueryRequest& request_;
  QueryContext* const ctx_;
  std::unique_ptr<Querier> querier_;
  QueryResult result_;
};

// Times so far out that arithmetic on them could overflow hold no samples.
constexpr TimeMs kTimeLimit = TimeMs{1} << 60;

absl::Status CheckRequest(const QueryRequest& request) {
  if (request.step_ms < 0) return absl::InvalidArgumentError("query step must not be negative");
  if (request.end_ms < request.start_ms) {
    return absl::InvalidArgumentError("end timestamp must not be before start time");
  }
  if (request.instant() && request.start_ms != request.end_ms) {
    return absl::InvalidArgumentError("zero query step");
  }
  if (std::max(std::abs(request.start_ms), std::abs(request.end_ms)) > kTimeLimit ||
      request.start_ms == std::numeric_limits<TimeMs>::min()) {
    return absl::InvalidArgumentError("query time out of range");
  }
  return absl::OkStatus();
}

}  // namespace

class Engine::Impl {
 public:
  Impl(const Queryable* storage, const Clock* clock, EngineOptions engine_options)
      : options(std::move(engine_options)),
        subquery_step_ms(options.default_subquery_step_ms),
        gate(std::max(options.max_concurrency, 1)),
        storage_(storage),
        clock_(clock),
        pool_(HelperThreads(options.threads)) {}

  absl::StatusOr<QueryResult> Execute(const QueryRequest& request) {
    HEARTH_RETURN_IF_ERROR(CheckRequest(request));
    const TimeMs timeout =
        std::min(request.timeout_ms.value_or(options.timeout_ms), options.timeout_ms);
    const QueryLimits limits{.max_samples = options.max_samples,
                             .deadline = clock_->NowMs() + timeout,
                             .clock = clock_,
                             .cancelled = request.cancelled};
    HEARTH_ASSIGN_OR_RETURN(ExprPtr tree, ParseExpr(request.query, options.parser));
    if (!request.instant() && tree->type != ValueType::kScalar &&
        tree->type != ValueType::kInstantVector) {
      return absl::InvalidArgumentError(
          StrCat("invalid expression type \"", ValueTypeText(tree->type),
                 "\" for range query, must be Scalar or instant Vector"));
    }
    HEARTH_RETURN_IF_ERROR(gate.Enter(limits));
    struct Leaver {
      QueryGate* gate;
      ~Leaver() { gate->Leave(); }
    } leaver{&gate};
    return Evaluate(request, std::move(tree), limits);
  }

  const EngineOptions options;
  std::atomic<TimeMs> subquery_step_ms;
  QueryGate gate;

 private:
  absl::StatusOr<QueryResult> Evaluate(const QueryRequest& request, ExprPtr tree,
                                       const QueryLimits& limits) {
    const QueryTimes times{
        .start = request.start_ms,
        .end = request.end_ms,
        .step = request.step_ms,
        .lookback_delta = request.lookback_delta_ms.value_or(options.lookback_delta_ms),
        .default_subquery_step = subquery_step_ms.load()};
    if (request.step_ms > 0 && (request.end_ms - request.start_ms) / request.step_ms >=
                                   std::max<int64_t>(options.max_samples, kMinSteps)) {
      return absl::ResourceExhaustedError(
          "query processing would load too many samples into memory in query execution");
    }
    HEARTH_ASSIGN_OR_RETURN(const Plan plan, MakePlan(std::move(tree), times));
    QueryContext ctx(limits, &pool_);
    ctx.times = times;
    ctx.delayed_name_removal = options.delayed_name_removal;
    ctx.use_start_timestamps = options.use_start_timestamps;
    return Evaluation(plan, request, &ctx).Run(*storage_);
  }

  // Columns are allocated by steps, so a range query of more steps than this and max_samples is
  // refused at once.
  static constexpr int64_t kMinSteps = 1'000'000;

  const Queryable* const storage_;
  const Clock* const clock_;
  ShardPool pool_;
};

Engine::Engine(const Queryable* storage, const Clock* clock, EngineOptions options)
    : impl_(std::make_unique<Impl>(storage, clock, std::move(options))) {}
Engine::~Engine() = default;

absl::StatusOr<QueryResult> Engine::Execute(const QueryRequest& request) const {
  return impl_->Execute(request);
}
void Engine::SetDefaultSubqueryStep(TimeMs step_ms) { impl_->subquery_step_ms = step_ms; }
const EngineOptions& Engine::options() const { return impl_->options; }
int Engine::running() const { return impl_->gate.running(); }

}  // namespace hearth::promql
