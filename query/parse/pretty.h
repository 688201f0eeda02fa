// query/parse/pretty.h
//
// An expression over several lines, byte for byte as Prometheus' Pretty() writes it: a node whose
// text is longer than a hundred bytes is split at its arguments or its operator, two spaces a
// level; selectors, numbers and strings stay whole. Comments are gone.
//
// Thread safety: pure function.
#ifndef HEARTH_QUERY_PARSE_PRETTY_H_
#define HEARTH_QUERY_PARSE_PRETTY_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "query/parse/ast.h"

namespace hearth::promql {

inline constexpr size_t kPrettyBytesMax = size_t{16} << 20;

// `expr` as the parser gives it. Parsing the result gives the same tree. Indentation multiplies
// what deep queries take: a result longer than kPrettyBytesMax is refused (kResourceExhausted).
absl::StatusOr<std::string> Pretty(const Expr& expr);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_PRETTY_H_
