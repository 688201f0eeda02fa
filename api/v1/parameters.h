// api/v1/parameters.h
//
// What API parameters look like as text. Errors are kInvalidArgument in Prometheus' words.
//
// Thread safety: pure functions.
#ifndef HEARTH_API_V1_PARAMETERS_H_
#define HEARTH_API_V1_PARAMETERS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "http/message.h"
#include "model/clock.h"
#include "model/matcher.h"
#include "model/sample.h"

namespace hearth {

// The parameters of the URL, preceded by those of an x-www-form-urlencoded body.
absl::StatusOr<http::Params> MergedParams(const http::Request& request);

// RFC 3339 or seconds as a float (rounded to milliseconds), or one of the two literals for the
// least and the greatest time.
absl::StatusOr<TimeMs> ParseTime(std::string_view text);
// Seconds as a float or a Prometheus duration (1h30m).
absl::StatusOr<TimeMs> ParseSecondsOrDuration(std::string_view text);

// The named parameter. TimeParam and LimitParam give `fallback` when it is absent or empty.
absl::StatusOr<TimeMs> TimeParam(const http::Params& params, std::string_view name,
                                 TimeMs fallback);
absl::StatusOr<std::optional<TimeMs>> DurationParam(const http::Params& params,
                                                    std::string_view name);
absl::StatusOr<size_t> LimitParam(const http::Params& params, size_t fallback = 0);
// `start` and `end`, by default all of time.
absl::StatusOr<TimeRange> RangeParam(const http::Params& params);
// One set of matchers for each `match[]`. `required`: at least one.
absl::StatusOr<std::vector<std::vector<Matcher>>> MatchParam(const http::Params& params,
                                                             bool required);

// `invalid parameter "start": …`
absl::Status InvalidParameter(std::string_view name, std::string_view why);

// "2026-11-20T11:17:42.5Z"; 0 is Go's zero time, "0001-01-01T00:00:00Z".
std::string FormatRfc3339(TimeMs t);
// Reverses the value encoding `U__a_2e_b` of names; other names come back as they are.
std::string UnescapeName(std::string_view name);

}  // namespace hearth

#endif  // HEARTH_API_V1_PARAMETERS_H_
