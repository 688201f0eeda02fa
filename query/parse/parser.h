// query/parse/parser.h
//
// PromQL text to a typed tree. The grammar is Prometheus 3's, by recursive descent over one token of lookahead.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_PARSE_PARSER_H_
#define HEARTH_QUERY_PARSE_PARSER_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/matcher.h"
#include "query/parse/ast.h"

namespace hearth::promql {

// What --enable-feature switches on.
struct ParserOptions {
  bool experimental_functions = false;
  bool extended_range_selectors = false;  // anchored, smoothed
  bool fill_modifiers = false;
  bool start_timestamps = false;  // start_timestamp()
};

// Limits: a query longer than 1 MiB or nested deeper than 500 levels is refused. Errors are kInvalidArgument and read
// `1:7: parse error: …`, line and column counted from one, in Prometheus' words.
absl::StatusOr<ExprPtr> ParseExpr(std::string_view query, const ParserOptions& options = {});

// A series selector without modifiers, as match[] takes it: `up{job="x"}`.
absl::StatusOr<std::vector<Matcher>> ParseMetricSelector(std::string_view selector);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_PARSER_H_
