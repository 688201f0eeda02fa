// rules/template/literals.h
//
// The written forms of strings and numbers, Go's: from text to value.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_TEMPLATE_LITERALS_H_
#define HEARTH_RULES_TEMPLATE_LITERALS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "rules/template/value.h"

namespace hearth::gotemplate {

// What stands between quotes (" or `), escapes resolved. "invalid syntax".
absl::StatusOr<std::string> Unquote(std::string_view quoted);

// 'x' as its code point. "invalid syntax", "malformed character constant: …".
absl::StatusOr<Value> ParseCharConstant(std::string_view quoted);

// A number as an untyped constant would become a variable: an int when it is written without a
// fraction and an exponent, else a float. nil when it is an integer between 2^63 and 2^64, which
// no int holds. Errors: "illegal number syntax: …", "integer overflow: …".
absl::StatusOr<Value> ParseNumber(std::string_view text);

// Go's strconv.ParseFloat, with its errors.
absl::StatusOr<double> ParseFloat(std::string_view text);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_LITERALS_H_
