#include "query/testing/script_runner.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "model/status.h"
#include "model/text.h"
#include "query/parse/parser.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

class Runner {
 public:
  explicit Runner(const Evaluator& evaluator) : evaluator_(evaluator) {}

  absl::Status Load(const LoadCommand& load) {
    Put(load.series, load.step_ms);
    if (load.with_nhcb) {
      HEARTH_ASSIGN_OR_RETURN(const std::vector<SeriesLine> histograms,
                              CustomBucketHistograms(load.series));
      Put(histograms, load.step_ms);
    }
    return absl::OkStatus();
  }

  // Notes that data is missing until the next Clear.
  void Miss(std::string_view why) { missing_ = why; }

  void Clear() {
    storage_.Clear();
    histogram_series_.clear();
    missing_.clear();
  }

  // Empty when all runs of the eval are as expected. *histograms: see EvalOutcome.
  std::string Eval(const EvalCommand& eval, bool* histograms) {
    const absl::StatusOr<ExprPtr> expr = ParseExpr(eval.query, ScriptEngineOptions().parser);
    if (!expr.ok()) return std::string(expr.status().message());
    *histograms = InvolvesHistograms(eval, **expr, histogram_series_);
    if (!missing_.empty()) return missing_;
    if (!eval.instant) return RunOnce(eval, eval.query, eval.steps);
    const TimeMs t = eval.steps.start_ms;
    if (std::string problem = RunInstant(eval, eval.query, t); !problem.empty()) return problem;
    if (DependsOnTime(**expr)) return "";
    const ExprPtr pinned = (*expr)->Clone();
    PinTime(t, pinned.get());
    const std::string text = ToString(*pinned);
    const TimeMs other = t == 0 ? 1000 : t * 10;
    for (const TimeMs at : {-other, TimeMs{0}, t / 5, t, other}) {
      if (std::string problem = RunInstant(eval, text, at); !problem.empty()) {
        return StrCat("as ", text, " at ", at, " ms: ", problem);
      }
    }
    return "";
  }

 private:
  void Put(const std::vector<SeriesLine>& lines, TimeMs step_ms) {
    for (const SeriesLine& series : lines) {
      bool histograms = false;
      for (size_t i = 0; i < series.values.size(); ++i) {
        const SequenceValue& value = series.values[i];
        if (value.omitted) continue;
        const TimeMs t = static_cast<TimeMs>(i) * step_ms;
        if (value.histogram) {
          storage_.Put(series.labels, t, *value.histogram);
          histograms = true;
        } else {
          storage_.Put(series.labels, t, value.value, value.start ? t + *value.start : 0);
        }
      }
      if (histograms) histogram_series_.push_back(series.labels);
    }
  }

  std::string RunInstant(const EvalCommand& eval, const std::string& query, TimeMs t) {
    std::string problem = RunOnce(eval, query, {t, t, 0});
    if (!problem.empty()) return problem;
    if (eval.fail || eval.range_vector || eval.string) return "";
    for (const char* name : {"start()", "end()", "range()", "step()"}) {
      if (query.find(name) != std::string::npos) return "";
    }
    problem = CrossCheck(eval, query, t);
    return problem.empty() ? "" : StrCat("as a range query: ", problem);
  }

  std::string RunOnce(const EvalCommand& eval, const std::string& query, TimeSteps steps) {
    const absl::StatusOr<QueryResult> result = Execute(query, steps);
    if (!result.ok()) {
      const std::string_view message = FromAbsl(result.status().message());
      if (!eval.fail) return StrCat("failed: ", message);
      return TextMatches(*eval.fail, message) ? ""
                                              : StrCat("failed otherwise than expected: ", message);
    }
    if (eval.fail) return "did not fail";
    std::string problem = CompareAnnotations(eval, *result);
    return problem.empty() ? CompareResult(eval, *result) : problem;
  }

  // The middle one of three steps must be what the instant query gives.
  std::string CrossCheck(const EvalCommand& eval, const std::string& query, TimeMs t) {
    constexpr TimeMs kStep = 60'000;
    absl::StatusOr<QueryResult> matrix = Execute(query, {t - kStep, t + kStep, kStep});
    if (!matrix.ok()) return StrCat("failed: ", FromAbsl(matrix.status().message()));
    const bool sorted =
        std::is_sorted(matrix->series.begin(), matrix->series.end(),
                       [](const auto& a, const auto& b) { return a.labels < b.labels; });
    if (!sorted) return "the matrix is not sorted";
    if (eval.ordered) return "";
    QueryResult middle;
    middle.type = eval.scalar ? ValueType::kScalar : ValueType::kInstantVector;
    for (ResultSeries& series : matrix->series) {
      std::erase_if(series.floats, [t](const Sample& sample) { return sample.t != t; });
      for (size_t i = series.histograms.size(); i-- > 0;) {
        if (series.histogram_t[i] == t) continue;
        series.histogram_t.erase(series.histogram_t.begin() + static_cast<std::ptrdiff_t>(i));
        series.histograms.erase(series.histograms.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if (!series.floats.empty() || !series.histograms.empty())
        middle.series.push_back(std::move(series));
    }
    if (eval.scalar) {
      if (middle.series.size() != 1 || middle.series[0].floats.size() != 1)
        return "no scalar at the middle step";
      middle.scalar = middle.series[0].floats[0].v;
    }
    return CompareResult(eval, middle);
  }

  absl::StatusOr<QueryResult> Execute(const std::string& query, TimeSteps steps) {
    QueryRequest request;
    request.query = query;
    request.start_ms = steps.start_ms;
    request.end_ms = steps.end_ms;
    request.step_ms = steps.step_ms;
    return evaluator_(storage_, request);
  }

  const Evaluator& evaluator_;
  FakeStorage storage_;
  std::vector<Labels> histogram_series_;  // Those that hold native histograms.
  std::string missing_;                   // Why the data is not what the script wants.
};

}  // namespace

EngineOptions ScriptEngineOptions() {
  EngineOptions options;
  options.timeout_ms = 100'000;
  options.max_samples = 10'000;
  options.delayed_name_removal = true;
  options.use_start_timestamps = true;
  options.parser.experimental_functions = true;
  options.parser.extended_range_selectors = true;
  options.parser.fill_modifiers = true;
  options.parser.start_timestamps = true;
  return options;
}

absl::StatusOr<std::vector<EvalOutcome>> RunScript(std::string_view script,
                                                   const Evaluator& evaluator) {
  HEARTH_ASSIGN_OR_RETURN(const std::vector<ScriptCommand> commands, ParseScript(script));
  Runner runner(evaluator);
  std::vector<EvalOutcome> outcomes;
  for (const ScriptCommand& command : commands) {
    const bool eval_command = std::holds_alternative<EvalCommand>(command.what);
    if (!command.unsupported.empty() && !eval_command) {
      runner.Miss(command.unsupported);
      continue;
    }
    if (std::holds_alternative<ClearCommand>(command.what)) {
      runner.Clear();
    } else if (const auto* load = std::get_if<LoadCommand>(&command.what)) {
      HEARTH_RETURN_IF_ERROR(runner.Load(*load));
    } else {
      const auto& eval = std::get<EvalCommand>(command.what);
      EvalOutcome& outcome = outcomes.emplace_back();
      outcome.line = command.line;
      outcome.query = eval.query;
      // What this reader cannot do is arithmetic on histogram literals.
      outcome.histograms = !command.unsupported.empty();
      outcome.problem =
          outcome.histograms ? command.unsupported : runner.Eval(eval, &outcome.histograms);
      outcome.passed = outcome.problem.empty();
    }
  }
  return outcomes;
}

}  // namespace hearth::promql
