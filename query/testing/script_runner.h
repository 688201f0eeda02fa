// query/testing/script_runner.h
//
// Runs a PromQL script against an evaluator over a fake storage and says of each eval whether it
// passed. As Prometheus' runner does, each instant eval is run several times: as written; with
// every selector pinned by `@` and evaluated at five other times; and each of these as the middle
// step of a range query. All must agree. Testonly.
//
// Thread safety: one runner a thread.
#ifndef HEARTH_QUERY_TESTING_SCRIPT_RUNNER_H_
#define HEARTH_QUERY_TESTING_SCRIPT_RUNNER_H_

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/engine.h"
#include "query/parse/ast.h"
#include "query/testing/script.h"
#include "tsdb/storage.h"

namespace hearth::promql {

// What is under test: the engine, or the naive evaluator.
using Evaluator = std::function<absl::StatusOr<QueryResult>(const Queryable& storage,
                                                            const QueryRequest& request)>;

// The options that scripts assume: lookback 5m, subquery step 1m, 10 000 samples, delayed name
// removal, start timestamps, every feature of the parser.
EngineOptions ScriptEngineOptions();

struct EvalOutcome {
  int line = 0;
  std::string query;
  bool passed = false;
  std::string problem;      // Why it did not pass: what was expected and what came.
  bool histograms = false;  // Is about native histograms: see InvolvesHistograms.
};

// Runs everything, whatever fails on the way. An eval that stands on data which could not be loaded
// fails with that reason. kInvalidArgument when the script
// itself cannot be read.
absl::StatusOr<std::vector<EvalOutcome>> RunScript(std::string_view script,
                                                   const Evaluator& evaluator);

// Checks a result; empty when it is as expected. (script_compare.cc)
std::string CompareResult(const EvalCommand& eval, const QueryResult& result);
std::string CompareAnnotations(const EvalCommand& eval, const QueryResult& result);
bool TextMatches(const TextMatch& match, std::string_view text);
// Script equality of floats: to six digits; NaNs are equal, stale markers only to each other.
bool NearlyEqual(double a, double b);

// True when an eval is about native histograms: it expects one, its query selects one of
// `histogram_series` (those that hold native histograms now), or it uses a function or an operator
// that looks at nothing else. All other evals are of floats only. (histogram_evals.cc)
bool InvolvesHistograms(const EvalCommand& eval, const Expr& expr,
                        std::span<const Labels> histogram_series);

// The native histograms with custom buckets that load_with_nhcb makes of the classic histograms
// among `series`: one line for each, values at the same places. kInvalidArgument when buckets
// contradict each other. (custom_buckets.cc)
absl::StatusOr<std::vector<SeriesLine>> CustomBucketHistograms(
    const std::vector<SeriesLine>& series);

// True when the result of `expr` depends on the evaluation time by more than its selectors.
// (pin_time.cc)
bool DependsOnTime(const Expr& expr);
// Puts `@ at_ms` on everything that has none, and in the place of `@ start()` and `@ end()`.
void PinTime(TimeMs at_ms, Expr* expr);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_TESTING_SCRIPT_RUNNER_H_
