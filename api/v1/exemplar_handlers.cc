#include <iterator>
#include <utility>

#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/status.h"
#include "query/parse/children.h"
#include "query/parse/parser.h"

namespace hearth {
namespace {

using MatcherSets = std::vector<std::vector<Matcher>>;

// The matchers of every selector in a query, whatever it does with them.
void CollectSelectors(const promql::Expr& expr, MatcherSets* sets) {
  if (expr.kind == promql::ExprKind::kVectorSelector) {
    sets->push_back(promql::As<promql::VectorSelector>(expr).matchers);
  } else if (expr.kind == promql::ExprKind::kMatrixSelector) {
    sets->push_back(promql::As<promql::MatrixSelector>(expr).selector->matchers);
  } else {
    promql::ForEachChild(expr, [&](const promql::Expr& child) { CollectSelectors(child, sets); });
  }
}

// Without a selector in the query there is nothing, not even an empty list.
absl::StatusOr<std::optional<std::vector<SeriesExemplars>>> SelectFor(const ApiCall& call) {
  HEARTH_ASSIGN_OR_RETURN(const TimeRange range, RangeParam(call.params));
  if (range.empty()) {
    return absl::InvalidArgumentError("end timestamp must not be before start timestamp");
  }
  HEARTH_ASSIGN_OR_RETURN(const promql::ExprPtr expr,
                          promql::ParseExpr(call.params.Get("query"), call.deps.parser));
  MatcherSets sets;
  CollectSelectors(*expr, &sets);
  if (sets.empty()) return std::nullopt;
  return call.deps.exemplars->SelectExemplars(sets, range);
}

}  // namespace

http::Response HandleQueryExemplars(const ApiCall& call) {
  const auto found = SelectFor(call);
  if (!found.ok()) return ErrorResponse(found.status());
  if (!found->has_value()) return EmptySuccess();
  Envelope envelope;
  JsonWriter& json = envelope.data().BeginArray();
  for (const SeriesExemplars& series : **found) {
    json.BeginObject().Key("seriesLabels").LabelSet(series.labels).Key("exemplars").BeginArray();
    for (const Exemplar& exemplar : series.exemplars) json.Item(exemplar);
    json.EndArray().EndObject();
  }
  json.EndArray();
  return envelope.Finish();
}

}  // namespace hearth
