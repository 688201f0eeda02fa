// rules/template/duration_literal.h
//
// Prometheus' durations, negative ones too.
//
// Thread safety: a pure function.
#ifndef HEARTH_RULES_TEMPLATE_DURATION_LITERAL_H_
#define HEARTH_RULES_TEMPLATE_DURATION_LITERAL_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace hearth::gotemplate {

// `1h30m`, `-5m`, `0`: units y w d h m s ms in this order, each at most once. In nanoseconds.
// Errors are Prometheus': "not a valid duration string: …", "unknown unit …", "duration out of
// range".
absl::StatusOr<int64_t> ParseDurationNs(std::string_view text);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_DURATION_LITERAL_H_
