// query/parse/type_check.h
//
// The second half of parsing: fills in the types that depend on children, checks arguments and
// operands, and brings vector matching into its final form (see BinaryExpr::matching).
//
// Thread safety: pure function.
#ifndef HEARTH_QUERY_PARSE_TYPE_CHECK_H_
#define HEARTH_QUERY_PARSE_TYPE_CHECK_H_

#include <string_view>

#include "absl/status/status.h"
#include "query/parse/ast.h"

namespace hearth::promql {

// `expr` is the tree of `query` as the grammar built it. On error (kInvalidArgument, the first one
// in Prometheus' order) the tree is not to be used.
absl::Status CheckTypes(std::string_view query, Expr* expr);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_TYPE_CHECK_H_
