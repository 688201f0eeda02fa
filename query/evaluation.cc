#include "query/evaluation.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "model/status.h"
#include "query/exec/build.h"
#include "query/exec/operator.h"
#include "query/exec/streaming.h"
#include "query/functions/extended_window.h"

namespace hearth::promql {
namespace {

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

void TakeHistograms(const SampleColumns& samples, WindowEnds ends, ResultSeries* out) {
  const std::vector<TimeMs>& t = samples.histogram_t;
  const auto begin = std::upper_bound(t.begin(), t.end(), ends.start) - t.begin();
  const auto end = std::upper_bound(t.begin(), t.end(), ends.end) - t.begin();
  out->histogram_t.assign(t.begin() + begin, t.begin() + end);
  out->histograms.assign(samples.histograms.begin() + begin, samples.histograms.begin() + end);
}

// The samples of one window; of an anchored or smoothed one the floats, with the values at its
// ends.
void TakeWindow(const RangeSource& source, const SampleColumns& samples, WindowEnds ends,
                ResultSeries* series) {
  std::vector<Sample>* const out = &series->floats;
  const std::vector<TimeMs>& t = samples.t;
  const auto index_after = [&t](TimeMs time) {
    return static_cast<uint32_t>(std::upper_bound(t.begin(), t.end(), time) - t.begin());
  };
  uint32_t begin = index_after(ends.start), end = index_after(ends.end);
  if (source.mode() == SelectorMode::kPlain) {
    out->reserve(end - begin);
    for (uint32_t i = begin; i < end; ++i) out->push_back({t[i], samples.v[i]});
    TakeHistograms(samples, ends, series);
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

void Collect(const Grid& grid, const StepColumn& column, ResultSeries* series) {
  series->floats.reserve(column.CountPresent());
  for (size_t step = 0; step < column.steps(); ++step) {
    if (column.ok[step]) series->floats.push_back({grid.at(step), column.v[step]});
  }
  for (const StepHistogram& h : column.histograms) {
    series->histogram_t.push_back(grid.at(h.step));
    series->histograms.push_back(h.histogram);
  }
}

bool HasNoPoint(const ResultSeries& series) {
  return series.floats.empty() && series.histograms.empty();
}

void SortByLabels(std::vector<ResultSeries>* series) {
  std::sort(series->begin(), series->end(),
            [](const ResultSeries& a, const ResultSeries& b) { return a.labels < b.labels; });
}

absl::Status CheckDistinct(const std::vector<ResultSeries>& series) {
  for (size_t i = 1; i < series.size(); ++i) {
    if (series[i].labels == series[i - 1].labels) {
      return absl::FailedPreconditionError("vector cannot contain metrics with the same labelset");
    }
  }
  return absl::OkStatus();
}

size_t BytesOf(const ResultSeries& series) {
  return sizeof(series) + series.labels.bytes().size() + series.floats.capacity() * sizeof(Sample) +
         series.histogram_t.capacity() * sizeof(TimeMs) + HistogramBytes(series.histograms);
}

}  // namespace

absl::StatusOr<QueryResult> Evaluation::Run(const Queryable& storage, QueryStats* stats) {
  OperatorTrace* const trace = ctx_->trace.get();
  if (trace == nullptr) return Measured(storage, &stats->timings);
  trace->Begin("query", request_.query);
  absl::StatusOr<QueryResult> result = Measured(storage, &stats->timings);
  trace->End(result.ok() ? static_cast<int64_t>(result->series.size()) : 0,
             static_cast<int64_t>(plan_.grid.count));
  // While the sets are there.
  stats->explanation = {.root = trace->Explain()};
  return result;
}

absl::StatusOr<QueryResult> Evaluation::Measured(const Queryable& storage, QueryTimings* timings) {
  Stopwatch watch;
  absl::Status status = Select(storage);
  timings->prepare_s = watch.Lap();
  HEARTH_RETURN_IF_ERROR(status);
  status = Evaluate();
  timings->inner_eval_s = watch.Lap();
  HEARTH_RETURN_IF_ERROR(status);
  if (result_.type == ValueType::kRangeVector) {
    SortByLabels(&result_.series);
    timings->result_sort_s = watch.Lap();
    if (request_.instant()) HEARTH_RETURN_IF_ERROR(CheckDistinct(result_.series));
  }
  HEARTH_RETURN_IF_ERROR(ctx_->limits.Check("expression evaluation"));
  ctx_->notes.Render(request_.query, &result_.warnings, &result_.infos);
  return std::move(result_);
}

// All selectors at once: they see the same commits.
absl::Status Evaluation::Select(const Queryable& storage) {
  OperatorTrace* const trace = ctx_->trace.get();
  if (trace == nullptr || plan_.requests.empty()) return SelectSeries(storage);
  trace->Begin("find series", "");
  const absl::Status status = SelectSeries(storage);
  size_t found = 0;
  for (const auto& set : ctx_->sets) found += set->size();
  trace->End(static_cast<int64_t>(found), 0);
  return status;
}

absl::Status Evaluation::SelectSeries(const Queryable& storage) {
  if (plan_.requests.empty()) return absl::OkStatus();
  HEARTH_ASSIGN_OR_RETURN(querier_, storage.NewQuerier(plan_.range));
  querier_->ChargeTo(&ctx_->bytes);
  HEARTH_ASSIGN_OR_RETURN(ctx_->sets, querier_->Select(plan_.requests));
  return ctx_->limits.Check("expression evaluation");
}

absl::Status Evaluation::Evaluate() {
  const Expr& expr = WithoutParens(*plan_.tree);
  switch (expr.type) {
    case ValueType::kString:
      result_.type = ValueType::kString;
      result_.string = As<StringLiteral>(expr).value;
      return absl::OkStatus();
    case ValueType::kScalar:
      return Scalar();
    case ValueType::kRangeVector:
      return RangeVector();
    default:
      return Vector();
  }
}

absl::Status Evaluation::Scalar() {
  HEARTH_ASSIGN_OR_RETURN(const ScalarPtr op, BuildScalar(*plan_.root, plan_.grid, *ctx_));
  HEARTH_RETURN_IF_ERROR(op->Prepare(ctx_));
  HEARTH_RETURN_IF_ERROR(ctx_->samples.Finish(op->node()));
  if (request_.instant()) {
    result_.type = ValueType::kScalar;
    result_.scalar = op->values()[0];
    return absl::OkStatus();
  }
  result_.type = ValueType::kRangeVector;
  HEARTH_RETURN_IF_ERROR(
      ctx_->bytes.Charge(static_cast<int64_t>(plan_.grid.count * sizeof(Sample))));
  ResultSeries& series = result_.series.emplace_back();
  for (size_t step = 0; step < plan_.grid.count; ++step) {
    series.floats.push_back({plan_.grid.at(step), op->values()[step]});
  }
  return absl::OkStatus();
}

absl::Status Evaluation::Vector() {
  result_.type = request_.instant() ? ValueType::kInstantVector : ValueType::kRangeVector;
  HEARTH_ASSIGN_OR_RETURN(VectorPtr op, BuildVector(*plan_.root, plan_.grid, *ctx_));
  if (ctx_->delayed_name_removal) op = NewNameRemoval(std::move(op));
  HEARTH_RETURN_IF_ERROR(op->Prepare(ctx_));
  HEARTH_RETURN_IF_ERROR(
      ctx_->bytes.Charge(static_cast<int64_t>(op->series().size() * 2 * sizeof(ResultSeries))));
  std::vector<ResultSeries> all(op->series().size());
  HEARTH_RETURN_IF_ERROR(
      ForEachColumn(*op, ctx_, [&](size_t, size_t i, Worker*, StepColumn* column) -> absl::Status {
        Collect(op->grid(), *column, &all[i]);
        return ctx_->bytes.Charge(static_cast<int64_t>(BytesOf(all[i])));
      }));
  for (uint32_t i : op->DisplayOrder()) {
    if (HasNoPoint(all[i])) continue;
    const LabelsView labels = op->series()[i].labels;
    HEARTH_RETURN_IF_ERROR(ctx_->bytes.Charge(static_cast<int64_t>(labels.bytes().size())));
    all[i].labels = Labels(labels);
    result_.series.push_back(std::move(all[i]));
  }
  return absl::OkStatus();
}

// The samples of a range selector or subquery as they are.
absl::Status Evaluation::RangeVector() {
  result_.type = ValueType::kRangeVector;
  HEARTH_ASSIGN_OR_RETURN(const RangePtr source, BuildRange(*plan_.root, *ctx_));
  HEARTH_RETURN_IF_ERROR(source->Prepare(ctx_));
  const CountNode node = source->holds_samples()
                             ? source->node()
                             : ctx_->samples.Add(CountRule::kLeaf, ReadRule::kResults, 1, {});
  const TimeMs end = source->WindowEnd(request_.start_ms);
  const TimeMs after = end - source->range_ms();
  Worker worker(ctx_);
  Scratch scratch;
  LabelNames names(source->series(), ctx_->delayed_name_removal);
  std::vector<uint32_t> order(source->series().size());
  std::iota(order.begin(), order.end(), 0);
  source->Expect(order, &worker);
  for (size_t i = 0; i < source->series().size(); ++i) {
    HEARTH_RETURN_IF_ERROR(source->Read(i, &worker, &scratch));
    HEARTH_RETURN_IF_ERROR(worker.Charge(&scratch));
    ResultSeries series;
    TakeWindow(*source, scratch.samples, {.start = after, .end = end}, &series);
    if (HasNoPoint(series)) continue;
    if (!source->holds_samples()) {
      int64_t count = static_cast<int64_t>(series.floats.size());
      for (const HistogramPtr& histogram : series.histograms) count += SamplesOf(*histogram);
      HEARTH_RETURN_IF_ERROR(ctx_->samples.CountLeaf(node, count));
    }
    series.labels = names.Of(i);
    HEARTH_RETURN_IF_ERROR(ctx_->bytes.Charge(static_cast<int64_t>(BytesOf(series))));
    result_.series.push_back(std::move(series));
  }
  worker.Finish();
  return ctx_->samples.Finish(node);
}

}  // namespace hearth::promql
