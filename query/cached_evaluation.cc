#include "query/cached_evaluation.h"

#include <memory>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/cache/step_locality.h"

namespace hearth::promql {
namespace {

EvaluatedSteps ToSteps(StepEvaluator::Evaluated* evaluated) {
  return {.grid = evaluated->grid,
          .looks_ahead = evaluated->looks_ahead,
          .series = std::move(evaluated->result.series),
          .record = std::move(evaluated->record)};
}

StepEvaluator::Evaluated ToResult(EvaluatedSteps steps, std::string_view query) {
  StepEvaluator::Evaluated evaluated{
      .grid = steps.grid, .looks_ahead = steps.looks_ahead, .record = std::move(steps.record)};
  evaluated.result.type = ValueType::kRangeVector;
  evaluated.result.series = std::move(steps.series);
  evaluated.record.notes.Render(query, &evaluated.result.warnings, &evaluated.result.infos);
  return evaluated;
}

}  // namespace

bool CachedEvaluation::Suits(const QueryRequest& request, const QueryTimes& times, const Expr& tree,
                             const Queryable& storage) {
  return !request.instant() && !request.no_cache && times.end - times.start >= times.step &&
         IsStepLocal(tree) && storage.ChangesSince(0).has_value();
}

// The text as it was written, because annotations have places in it.
std::string CachedEvaluation::Key() const {
  const TimeMs phase = (times_.start % times_.step + times_.step) % times_.step;
  return StrCat(times_.step, " ", phase, " ", WantedGrid().count, " ", times_.lookback_delta, " ",
                evaluator_->request().query);
}

Grid CachedEvaluation::WantedGrid() const {
  return {.start = times_.start,
          .step = times_.step,
          .count = static_cast<size_t>((times_.end - times_.start) / times_.step) + 1};
}

absl::StatusOr<std::optional<EvaluatedSteps>> CachedEvaluation::FromCache(
    const CachedResult& cached, TimeMs from, const Expr& tree, bool* computed,
    QueryStats* stats) const {
  const Grid wanted = WantedGrid();
  const CachedResult::Steps steps = cached.Holding(wanted, from);
  if (steps.count == 0) return std::nullopt;
  if (steps.count == wanted.count) return cached.Join(steps, nullptr, evaluator_->account());
  *computed = true;
  QueryTimes rest = times_;
  rest.start = wanted.at(steps.count);
  HEARTH_ASSIGN_OR_RETURN(StepEvaluator::Evaluated evaluated,
                          evaluator_->Run(tree.Clone(), rest, /*by_step=*/true, stats));
  // What has changed meanwhile is seen by these steps and not by those of the cache.
  const StorageChanges changes = *evaluator_->storage().ChangesSince(cached.moment());
  if (cached.Holding(wanted, changes.from).count < steps.count) return std::nullopt;
  EvaluatedSteps late = ToSteps(&evaluated);
  return cached.Join(steps, &late, evaluator_->account());
}

absl::StatusOr<StepEvaluator::Evaluated> CachedEvaluation::Run(ExprPtr tree, QueryStats* stats) {
  const std::string key = Key();
  const ResultCache::Found found = cache_->Find(key);
  const uint64_t then = found.result == nullptr ? 0 : found.result->moment();
  const StorageChanges changes = *evaluator_->storage().ChangesSince(then);
  const auto keep = [&](const EvaluatedSteps& result) {
    if (!CachedResult::MayKeep(result)) return;
    cache_->Keep(key, std::make_shared<const CachedResult>(result, changes.now));
  };
  if (found.result != nullptr) {
    bool computed = false;
    HEARTH_ASSIGN_OR_RETURN(std::optional<EvaluatedSteps> joined,
                            FromCache(*found.result, changes.from, *tree, &computed, stats));
    if (joined) {
      cache_->CountHit();
      const absl::Status counted = joined->record.samples.FinishAll();
      NoteSamples(joined->record.samples, stats);
      HEARTH_RETURN_IF_ERROR(counted);
      if (computed) keep(*joined);
      return ToResult(*std::move(joined), evaluator_->request().query);
    }
  }
  cache_->CountMiss();
  HEARTH_ASSIGN_OR_RETURN(
      StepEvaluator::Evaluated whole,
      evaluator_->Run(std::move(tree), times_, /*by_step=*/found.worth_keeping, stats));
  if (!found.worth_keeping) return whole;
  EvaluatedSteps steps = ToSteps(&whole);
  keep(steps);
  return ToResult(std::move(steps), evaluator_->request().query);
}

}  // namespace hearth::promql
