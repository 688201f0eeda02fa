#include "query/parse/parser.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "model/status.h"
#include "model/text.h"
#include "query/parse/grammar.h"
#include "query/parse/type_check.h"

namespace hearth::promql {
namespace {

absl::Status CheckLength(std::string_view query) {
  if (query.size() <= kMaxQueryBytes) return absl::OkStatus();
  return ParseErrorAt(
      query, 0, StrCat("query is ", query.size(), " bytes long, the limit is ", kMaxQueryBytes));
}

}  // namespace

absl::StatusOr<ExprPtr> ParseExpr(std::string_view query, const ParserOptions& options) {
  HEARTH_RETURN_IF_ERROR(CheckLength(query));
  Grammar grammar(query, options);
  ExprPtr expr = grammar.WholeExpression();
  if (expr == nullptr) return grammar.error();
  HEARTH_RETURN_IF_ERROR(CheckTypes(query, expr.get()));
  return expr;
}

absl::StatusOr<std::vector<Matcher>> ParseMetricSelector(std::string_view selector) {
  HEARTH_RETURN_IF_ERROR(CheckLength(selector));
  Grammar grammar(selector, ParserOptions{});
  std::unique_ptr<VectorSelector> parsed = grammar.WholeSelector();
  if (parsed == nullptr) return grammar.error();
  return std::move(parsed->matchers);
}

}  // namespace hearth::promql
