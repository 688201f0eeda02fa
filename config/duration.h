// config/duration.h
//
// Durations ("1h30m", "15s") and sizes ("512MB") in the notation of Prometheus' configuration and
// flags.
//
// Thread safety: pure functions.
#ifndef HEARTH_CONFIG_DURATION_H_
#define HEARTH_CONFIG_DURATION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/clock.h"

namespace hearth {

// "0", or numbers with the units y w d h m s ms, each at most once and in this order; a year is 365
// days. Never negative. kInvalidArgument: `empty duration string`, `not a valid duration string:
// "1x"`, `duration out of range`.
absl::StatusOr<TimeMs> ParseDuration(std::string_view text);

// The shortest such spelling, as Prometheus prints it: 0 is "0s", 90 s is "1m30s", 14 days are
// "2w", 15 days "15d".
std::string FormatDuration(TimeMs ms);

// A point in time: seconds since the epoch, fractions allowed, or RFC 3339. In milliseconds.
// kInvalidArgument: `cannot parse "x" to a valid timestamp`.
absl::StatusOr<TimeMs> ParseTimestamp(std::string_view text);

// "0", or numbers with the units B KB MB GB TB PB EB (or KiB …), each 1024 times the one before.
// May be negative. kInvalidArgument: `units: unknown unit  in 100`, `units: invalid x`.
absl::StatusOr<int64_t> ParseBytes(std::string_view text);

// "15MiB", "1GiB512MiB", "0B".
std::string FormatBytes(int64_t bytes);

}  // namespace hearth

#endif  // HEARTH_CONFIG_DURATION_H_
