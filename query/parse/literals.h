// query/parse/literals.h
//
// The written forms of numbers, durations and strings: from a token's text to a value and back.
// Also used where configuration or scripts share PromQL's notations.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_PARSE_LITERALS_H_
#define HEARTH_QUERY_PARSE_LITERALS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/clock.h"

namespace hearth::promql {

// `12`, `0x1f`, `0755` (octal), `1_000`, `.5`, `1e-3`, `Inf`, `nan`. Errors (kInvalidArgument)
// carry Go's strconv texts.
absl::StatusOr<double> ParseNumber(std::string_view text);

// `1h30m`, `500ms`, `0`: units y w d h m s ms in this order, each at most once. In milliseconds, at
// most 2^63-1 nanoseconds.
absl::StatusOr<TimeMs> ParseDurationMs(std::string_view text);

// The canonical text: `1h30m`, `0s`. Weeks and years only where they divide exactly. `ms` >= 0.
std::string DurationText(TimeMs ms);

// Removes the quotes (", ' or `) and resolves the escapes of a string that the lexer has accepted.
std::string Unquote(std::string_view quoted);

// The shortest text that gives the same number back, as Go's %g has it; FixedFloatText
// (model/float_text.h) is the one without exponents.
std::string ShortNumberText(double v);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_PARSE_LITERALS_H_
