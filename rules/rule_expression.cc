#include "rules/rule_expression.h"

#include <utility>

#include "model/status.h"
#include "query/parse/parser.h"

namespace hearth {

absl::StatusOr<std::vector<RuleSample>> QueryVector(const promql::Engine& engine,
                                                    const std::string& expr, TimeMs t,
                                                    const std::function<bool()>& cancelled,
                                                    std::shared_ptr<const promql::Expr> parsed) {
  promql::QueryRequest request;
  request.query = expr;
  request.parsed = std::move(parsed);
  request.start_ms = request.end_ms = t;
  request.cancelled = cancelled;
  request.client = "rules";
  HEARTH_ASSIGN_OR_RETURN(promql::QueryResult result, engine.Execute(request));
  std::vector<RuleSample> samples;
  switch (result.type) {
    case promql::ValueType::kScalar:
      samples.push_back({Labels(), result.scalar, nullptr});
      return samples;
    case promql::ValueType::kInstantVector:
      samples.reserve(result.series.size());
      for (promql::ResultSeries& series : result.series) {
        if (!series.histograms.empty()) {
          samples.push_back({std::move(series.labels), 0, std::move(series.histograms.front())});
        } else if (!series.floats.empty()) {
          samples.push_back({std::move(series.labels), series.floats.front().v, nullptr});
        }
      }
      return samples;
    default:
      return absl::InvalidArgumentError("rule result is not a vector or scalar");
  }
}

absl::StatusOr<RuleExpression> RuleExpression::Parse(std::string_view text,
                                                     const promql::ParserOptions& options) {
  HEARTH_ASSIGN_OR_RETURN(promql::ExprPtr tree, promql::ParseExpr(text, options));
  std::string canonical = promql::ToString(*tree);
  HEARTH_ASSIGN_OR_RETURN(tree, promql::ParseExpr(canonical, options));
  return RuleExpression(std::move(canonical), std::move(tree));
}

}  // namespace hearth
