// api/v1/ast_json.h
//
// A PromQL tree as JSON, in the shape that Prometheus' /api/v1/parse_query has and its user
// interface draws: one object a node, told apart by "type", keys in alphabetical order.
//
// Thread safety: pure function.
#ifndef HEARTH_API_V1_AST_JSON_H_
#define HEARTH_API_V1_AST_JSON_H_

#include "api/v1/json_writer.h"
#include "query/parse/ast.h"

namespace hearth {

// Writes one value. Durations are milliseconds; one that is an expression shows as 0, as there.
void WriteAst(const promql::Expr& expr, JsonWriter* json);

}  // namespace hearth

#endif  // HEARTH_API_V1_AST_JSON_H_
