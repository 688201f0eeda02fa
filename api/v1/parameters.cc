#include "api/v1/parameters.h"

#include <charconv>
#include <cmath>
#include <ctime>
#include <limits>

#include "absl/time/time.h"
#include "config/duration.h"
#include "http/url.h"
#include "model/status.h"
#include "model/text.h"
#include "query/parse/parser.h"

namespace hearth {
namespace {

// What Prometheus' clients send for "from the beginning" and "to the end".
constexpr std::string_view kMinTimeText = "-292273086-05-16T16:47:06Z";
constexpr std::string_view kMaxTimeText = "292277025-08-18T07:12:54.999999999Z";
constexpr TimeMs kMinTimeMs = (std::numeric_limits<int64_t>::min() / 1000 + 62135596801) * 1000;
constexpr TimeMs kMaxTimeMs =
    (std::numeric_limits<int64_t>::max() / 1000 - 62135596801) * 1000 + 999;
constexpr double kSecondsMax = 9e15;  // What fits in int64 milliseconds.

std::optional<double> ParseFloat(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

absl::Status CannotParse(std::string_view text, std::string_view kind) {
  std::string quoted;
  AppendQuoted(text.substr(0, 200), &quoted);
  return absl::InvalidArgumentError(StrCat("cannot parse ", quoted, " to a valid ", kind));
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xc0 | code >> 6));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | code >> 12));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | code >> 18));
    out->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

}  // namespace

absl::Status InvalidParameter(std::string_view name, std::string_view why) {
  return absl::InvalidArgumentError(StrCat("invalid parameter \"", name, "\": ", why));
}

absl::StatusOr<http::Params> MergedParams(const http::Request& request) {
  const std::string_view type = request.headers.Get("Content-Type");
  if (request.body.empty() || !http::EqualsIgnoreCase(type.substr(0, type.find(';')),
                                                      "application/x-www-form-urlencoded")) {
    return request.query;
  }
  HEARTH_ASSIGN_OR_RETURN(http::Params params, http::ParseQuery(request.body));
  for (const auto& [name, value] : request.query) params.Add(name, value);
  return params;
}

absl::StatusOr<TimeMs> ParseTime(std::string_view text) {
  if (const std::optional<double> seconds = ParseFloat(text)) {
    if (!(std::abs(*seconds) < kSecondsMax)) return CannotParse(text, "timestamp");
    double whole = 0;
    const double fraction = std::modf(*seconds, &whole);
    return static_cast<TimeMs>(whole) * 1000 + static_cast<TimeMs>(std::round(fraction * 1000));
  }
  absl::Time time;
  // RFC 3339 alone: absl's parser also takes the words infinite-past and infinite-future.
  if (!text.empty() && text.front() >= '0' && text.front() <= '9' &&
      absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, nullptr)) {
    if (text != kMaxTimeText) return absl::ToUnixMillis(time);
  }
  if (text == kMinTimeText) return kMinTimeMs;
  if (text == kMaxTimeText) return kMaxTimeMs;
  return CannotParse(text, "timestamp");
}

absl::StatusOr<TimeMs> ParseSecondsOrDuration(std::string_view text) {
  if (const std::optional<double> seconds = ParseFloat(text)) {
    if (!(std::abs(*seconds) < 9.2e9)) {
      return absl::InvalidArgumentError(
          StrCat(FromAbsl(CannotParse(text, "duration").message()), ". It overflows int64"));
    }
    return static_cast<TimeMs>(std::trunc(*seconds * 1000));
  }
  const absl::StatusOr<TimeMs> duration = ParseDuration(text);
  return duration.ok() ? duration : CannotParse(text, "duration");
}

absl::StatusOr<TimeMs> TimeParam(const http::Params& params, std::string_view name,
                                 TimeMs fallback) {
  const std::string_view text = params.Get(name);
  if (text.empty()) return fallback;
  const absl::StatusOr<TimeMs> time = ParseTime(text);
  if (!time.ok()) return InvalidParameter(name, FromAbsl(time.status().message()));
  return time;
}

absl::StatusOr<std::optional<TimeMs>> DurationParam(const http::Params& params,
                                                    std::string_view name) {
  const std::string_view text = params.Get(name);
  if (text.empty()) return std::optional<TimeMs>();
  const absl::StatusOr<TimeMs> duration = ParseSecondsOrDuration(text);
  if (!duration.ok()) return InvalidParameter(name, FromAbsl(duration.status().message()));
  return std::optional<TimeMs>(*duration);
}

absl::StatusOr<size_t> LimitParam(const http::Params& params, size_t fallback) {
  const std::string_view text = params.Get("limit");
  if (text.empty()) return fallback;
  int64_t limit = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return InvalidParameter("limit", StrCat("\"", text.substr(0, 50), "\" is not an integer"));
  }
  if (limit < 0) return InvalidParameter("limit", "limit must be non-negative");
  return static_cast<size_t>(limit);
}

absl::StatusOr<TimeRange> RangeParam(const http::Params& params) {
  TimeRange range;
  HEARTH_ASSIGN_OR_RETURN(range.mint, TimeParam(params, "start", kMinTimeMs));
  HEARTH_ASSIGN_OR_RETURN(range.maxt, TimeParam(params, "end", kMaxTimeMs));
  return range;
}

absl::StatusOr<std::vector<std::vector<Matcher>>> MatchParam(const http::Params& params,
                                                             bool required) {
  std::vector<std::vector<Matcher>> sets;
  for (const std::string_view selector : params.GetAll("match[]")) {
    absl::StatusOr<std::vector<Matcher>> matchers = promql::ParseMetricSelector(selector);
    if (!matchers.ok()) return InvalidParameter("match[]", FromAbsl(matchers.status().message()));
    bool selective = false;
    for (const Matcher& matcher : *matchers) selective |= !matcher.MatchesEmpty();
    if (!selective) {
      return InvalidParameter("match[]", "match[] must contain at least one non-empty matcher");
    }
    sets.push_back(*std::move(matchers));
  }
  if (required && sets.empty()) {
    return absl::InvalidArgumentError("no match[] parameter provided");
  }
  return sets;
}

std::string FormatRfc3339(TimeMs t) {
  if (t == 0) return "0001-01-01T00:00:00Z";
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", absl::FromUnixMillis(t), absl::UTCTimeZone());
}

std::string UnescapeName(std::string_view name) {
  if (name.substr(0, 3) != "U__") return std::string(name);
  std::string out;
  for (std::string_view rest = name.substr(3); !rest.empty();) {
    if (rest.front() != '_') {
      out.push_back(rest.front());
      rest.remove_prefix(1);
      continue;
    }
    if (rest.substr(0, 2) == "__") {
      out.push_back('_');
      rest.remove_prefix(2);
      continue;
    }
    const size_t end = rest.find('_', 1);
    uint32_t code = 0;
    if (end == std::string_view::npos || end > 7) return std::string(name);
    const auto result = std::from_chars(rest.data() + 1, rest.data() + end, code, 16);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (result.ec != std::errc() || result.ptr != rest.data() + end || code > 0x10ffff ||
        surrogate) {
      return std::string(name);
    }
    AppendUtf8(code, &out);
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace hearth
