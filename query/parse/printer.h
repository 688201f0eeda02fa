// query/parse/printer.h
//
// The parts of an expression's text, which the one-line and the many-line form share.
//
// Thread safety: pure functions; a Printer belongs to one thread.
#ifndef HEARTH_QUERY_PARSE_PRINTER_H_
#define HEARTH_QUERY_PARSE_PRINTER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "query/parse/ast.h"

namespace hearth::promql {

// How many bytes each node takes on one line.
using TextLengths = std::unordered_map<const Expr*, size_t>;

// Appends the text on one line. `lengths` (may be null) gets that of `expr` and of every node
// below it.
void Print(const Expr& expr, std::string* out, TextLengths* lengths = nullptr);

// `sum by (job) `, without the arguments; no space when there is no grouping.
void PrintAggregateHead(const AggregateExpr& aggregate, std::string* out);
// True when the left side is an infinite number before `^`. It prints as kBareInfinity: a sign
// would apply to the whole power when the text is parsed.
bool HasBareInfinity(const BinaryExpr& binary);
inline constexpr std::string_view kBareInfinity = "Inf";
// `== bool on (job) group_left ()`
void PrintOperator(const BinaryExpr& binary, std::string* out);
// `[5m:1m] @ 10.000 offset 1m`
void PrintSubqueryTimes(const SubqueryExpr& subquery, std::string* out);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_PRINTER_H_
