#include "query/engine.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "query/cache/result_cache.h"
#include "query/cached_evaluation.h"
#include "query/engine_metrics.h"
#include "query/evaluation.h"
#include "query/exec/operator.h"
#include "query/parse/children.h"
#include "query/plan/plan.h"
#include "query/query_gate.h"
#include "query/step_evaluator.h"

namespace hearth::promql {
namespace {

// More helpers than this find nothing to do: there are kShards tasks.
int HelperThreads(int configured) {
  const int threads =
      configured > 0 ? configured : static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(threads - 1, 0, static_cast<int>(kShards) - 1);
}

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

int64_t CountNodes(const Expr& expr) {
  int64_t count = 1;
  ForEachChild(expr, [&count](const Expr& child) { count += CountNodes(child); });
  return count;
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
        metrics_(options.registry, options.max_concurrency),
        all_queries_(std::make_shared<ByteAccount>("--query.max-total-bytes",
                                                   options.max_total_bytes, options.memory)),
        pool_(HelperThreads(options.threads)),
        // Names that are removed at the end are decided on for the query as a whole.
        cache_(options.cache_bytes > 0 && !options.delayed_name_removal
                   ? std::make_unique<ResultCache>(options.cache_bytes, all_queries_.get(),
                                                   options.registry)
                   : nullptr) {}

  absl::StatusOr<QueryResult> Execute(const QueryRequest& request) {
    HEARTH_RETURN_IF_ERROR(CheckRequest(request));
    const TimeMs timeout =
        std::min(request.timeout_ms.value_or(options.timeout_ms), options.timeout_ms);
    const QueryLimits limits{.max_samples = options.max_samples,
                             .deadline = clock_->NowMs() + timeout,
                             .clock = clock_,
                             .cancelled = request.cancelled};
    HEARTH_ASSIGN_OR_RETURN(ExprPtr tree, TreeOf(request));
    if (!request.instant() && tree->type != ValueType::kScalar &&
        tree->type != ValueType::kInstantVector) {
      return absl::InvalidArgumentError(
          StrCat("invalid expression type \"", ValueTypeText(tree->type),
                 "\" for range query, must be Scalar or instant Vector"));
    }
    metrics_.Began();
    Stopwatch watch;
    QueryStats stats;
    absl::StatusOr<QueryResult> result = Admit(request, std::move(tree), limits, &stats);
    stats.timings.total_s = watch.Lap();
    metrics_.Ended(stats);
    if (options.observer != nullptr) options.observer->Ended(request, stats, result.status());
    if (result.ok()) result->stats = std::move(stats);
    return result;
  }

  int64_t held_bytes() const { return all_queries_->held(); }
  // Null: nothing is kept.
  ResultCache* cache() const { return cache_.get(); }

  const EngineOptions options;
  std::atomic<TimeMs> subquery_step_ms;
  QueryGate gate;

 private:
  // The plan changes it, so it is a copy.
  absl::StatusOr<ExprPtr> TreeOf(const QueryRequest& request) const {
    if (request.parsed != nullptr) return request.parsed->Clone();
    return ParseExpr(request.query, options.parser);
  }

  // Waits for a place among the running queries.
  absl::StatusOr<QueryResult> Admit(const QueryRequest& request, ExprPtr tree,
                                    const QueryLimits& limits, QueryStats* stats) {
    Stopwatch watch;
    const absl::Status admitted = gate.Enter(limits, request.client);
    stats->timings.queue_s = watch.Lap();
    HEARTH_RETURN_IF_ERROR(admitted);
    QueryObserver* const observer = options.observer;
    const size_t token = observer == nullptr ? 0 : observer->Entered(request);
    absl::StatusOr<QueryResult> result = Evaluate(request, std::move(tree), limits, stats);
    stats->timings.eval_s = watch.Lap();
    if (observer != nullptr) observer->Left(token);
    gate.Leave();
    return result;
  }

  absl::StatusOr<QueryResult> Evaluate(const QueryRequest& request, ExprPtr tree,
                                       const QueryLimits& limits, QueryStats* stats) {
    const QueryTimes times{
        .start = request.start_ms,
        .end = request.end_ms,
        .step = request.step_ms,
        .lookback_delta = request.lookback_delta_ms.value_or(options.lookback_delta_ms),
        .default_subquery_step = subquery_step_ms.load()};
    if (request.step_ms > 0 && (request.end_ms - request.start_ms) / request.step_ms >=
                                   std::max<int64_t>(options.max_samples, kMinSteps)) {
      return TooManySamples();
    }
    auto memory = std::make_shared<QueryMemory>(options.max_query_bytes, all_queries_);
    HEARTH_RETURN_IF_ERROR(memory->account.Charge(static_cast<int64_t>(request.query.size()) +
                                                  CountNodes(*tree) * kNodeBytes));
    const bool by_step = options.per_step_stats && request.stats_by_step;
    const StepEvaluator evaluator({.storage = storage_,
                                   .request = &request,
                                   .limits = &limits,
                                   .pool = &pool_,
                                   .account = &memory->account,
                                   .delayed_name_removal = options.delayed_name_removal,
                                   .use_start_timestamps = options.use_start_timestamps});
    absl::StatusOr<StepEvaluator::Evaluated> evaluated =
        !by_step && cache_ != nullptr && CachedEvaluation::Suits(request, times, *tree, *storage_)
            ? CachedEvaluation(cache_.get(), &evaluator, times).Run(std::move(tree), stats)
            : evaluator.Run(std::move(tree), times, by_step, stats);
    stats->peak_bytes = memory->account.peak();
    if (request.explain) CompleteExplanation(times, stats);
    HEARTH_RETURN_IF_ERROR(evaluated.status());
    if (by_step) stats->reads_by_step = evaluated->record.samples.ReadsByStep();
    evaluated->result.memory = std::move(memory);
    return std::move(evaluated->result);
  }

  // Steps that no operator computed came from the cache.
  static void CompleteExplanation(const QueryTimes& times, QueryStats* stats) {
    if (!stats->explanation) stats->explanation.emplace();
    Explanation& explanation = *stats->explanation;
    explanation.steps = times.step == 0 ? 1 : (times.end - times.start) / times.step + 1;
    explanation.cached_steps = explanation.steps - (explanation.root ? explanation.root->steps : 0);
  }

  // Columns are allocated by steps, so a range query of more steps than this and max_samples is
  // refused at once.
  static constexpr int64_t kMinSteps = 1'000'000;
  // What an expression takes in tree, plan and operators, as measured on a tree of 2^17 selectors.
  static constexpr int64_t kNodeBytes = 1000;

  const Queryable* const storage_;
  const Clock* const clock_;
  EngineMetrics metrics_;
  const std::shared_ptr<ByteAccount> all_queries_;
  ShardPool pool_;
  const std::unique_ptr<ResultCache> cache_;  // Null: nothing is kept.
};

Engine::Engine(const Queryable* storage, const Clock* clock, EngineOptions options)
    : impl_(std::make_unique<Impl>(storage, clock, std::move(options))) {}
Engine::~Engine() = default;

absl::StatusOr<QueryResult> Engine::Execute(const QueryRequest& request) const {
  return impl_->Execute(request);
}
void Engine::SetDefaultSubqueryStep(TimeMs step_ms) { impl_->subquery_step_ms = step_ms; }
const EngineOptions& Engine::options() const { return impl_->options; }
int64_t Engine::held_bytes() const { return impl_->held_bytes(); }
int Engine::running() const { return impl_->gate.running(); }
int Engine::waiting() const { return impl_->gate.waiting(); }
int64_t Engine::cache_bytes() const {
  return impl_->cache() == nullptr ? 0 : impl_->cache()->bytes();
}
int64_t Engine::ShrinkCache(int64_t bytes) {
  return impl_->cache() == nullptr ? 0 : impl_->cache()->Shrink(bytes);
}

}  // namespace hearth::promql
