#include "query/step_evaluator.h"

#include <memory>
#include <utility>

#include "model/status.h"
#include "query/cache/step_locality.h"
#include "query/evaluation.h"

namespace hearth::promql {

void NoteSamples(const SampleLedger& samples, QueryStats* stats) {
  stats->samples_read = samples.TotalReads();
  stats->peak_samples = samples.peak();
}

absl::StatusOr<StepEvaluator::Evaluated> StepEvaluator::Run(ExprPtr tree, const QueryTimes& times,
                                                            bool by_step, QueryStats* stats) const {
  HEARTH_ASSIGN_OR_RETURN(const Plan plan, MakePlan(std::move(tree), times));
  QueryContext ctx(*settings_.limits, settings_.pool, settings_.account, plan.grid.count, by_step);
  ctx.times = times;
  ctx.delayed_name_removal = settings_.delayed_name_removal;
  ctx.use_start_timestamps = settings_.use_start_timestamps;
  if (settings_.request->explain) {
    ctx.trace = std::make_unique<OperatorTrace>(settings_.request->query);
  }
  absl::StatusOr<QueryResult> result =
      Evaluation(plan, *settings_.request, &ctx).Run(*settings_.storage, stats);
  NoteSamples(ctx.samples, stats);
  HEARTH_RETURN_IF_ERROR(result.status());
  return Evaluated{
      .result = *std::move(result),
      .grid = plan.grid,
      .looks_ahead = by_step ? LooksAhead(plan) : 0,
      .record = {std::move(ctx.samples), std::move(ctx.notes), std::move(ctx.dropped_names)}};
}

}  // namespace hearth::promql
