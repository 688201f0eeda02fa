#include "api/v1/ast_json.h"
#include "api/v1/envelope.h"
#include "api/v1/handlers.h"
#include "api/v1/parameters.h"
#include "model/text.h"
#include "query/parse/parser.h"
#include "query/parse/pretty.h"

namespace hearth {
namespace {

absl::StatusOr<promql::ExprPtr> ParseQueryParam(const ApiCall& call) {
  absl::StatusOr<promql::ExprPtr> expr =
      promql::ParseExpr(call.params.Get("query"), call.deps.parser);
  if (!expr.ok()) return InvalidParameter("query", FromAbsl(expr.status().message()));
  return expr;
}

}  // namespace

http::Response HandleFormatQuery(const ApiCall& call) {
  const absl::StatusOr<promql::ExprPtr> expr = ParseQueryParam(call);
  if (!expr.ok()) return ErrorResponse(expr.status());
  const absl::StatusOr<std::string> text = promql::Pretty(**expr);
  if (!text.ok()) return ErrorResponse(text.status());
  Envelope envelope;
  envelope.data().String(*text);
  return envelope.Finish();
}

http::Response HandleParseQuery(const ApiCall& call) {
  const absl::StatusOr<promql::ExprPtr> expr = ParseQueryParam(call);
  if (!expr.ok()) return ErrorResponse(expr.status());
  Envelope envelope;
  WriteAst(**expr, &envelope.data());
  return envelope.Finish();
}

}  // namespace hearth
