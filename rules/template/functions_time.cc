// Times and durations, and the methods that templates call on them.
#include <cmath>

#include "model/labels.h"
#include "model/text.h"
#include "rules/template/duration_literal.h"
#include "rules/template/fmt_field.h"
#include "rules/template/function.h"
#include "rules/template/time_text.h"

namespace hearth::gotemplate {
namespace {

using Args = std::span<const Value>;

// Seconds as a time. Prometheus counts in nanoseconds and keeps milliseconds.
absl::StatusOr<TimeMs> SecondsToTime(double seconds) {
  if (!std::isfinite(seconds)) return absl::InvalidArgumentError("value is NaN or Inf");
  const double ns = seconds * 1e9;
  if (ns > 0x1p63 || ns < -0x1p63) {
    return absl::InvalidArgumentError(
        StrCat(FloatText(seconds),
               " cannot be represented as a nanoseconds timestamp since it overflows int64"));
  }
  // 2^63 itself passes the check above, and becomes the smallest number on amd64.
  return (ns < 0x1p63 ? static_cast<int64_t>(ns) : INT64_MIN) / 1'000'000;
}

absl::StatusOr<Value> ToTime(CallContext&, Args args) {
  const absl::StatusOr<double> seconds = ConvertToFloat(args[0]);
  if (!seconds.ok()) return seconds.status();
  const absl::StatusOr<TimeMs> time = SecondsToTime(*seconds);
  if (!time.ok()) return time.status();
  return Value::Time(*time);
}

absl::StatusOr<Value> HumanizeTimestamp(CallContext&, Args args) {
  const absl::StatusOr<double> seconds = ConvertToFloat(args[0]);
  if (!seconds.ok()) return seconds.status();
  if (!std::isfinite(*seconds)) return Value::String(FloatText(*seconds));
  const absl::StatusOr<TimeMs> time = SecondsToTime(*seconds);
  if (!time.ok()) return time.status();
  return Value::String(TimeText(*time));
}

absl::StatusOr<Value> ToDuration(CallContext&, Args args) {
  const absl::StatusOr<double> seconds = ConvertToFloat(args[0]);
  if (!seconds.ok()) return seconds.status();
  const double ns = *seconds * 1e9;
  return Value::Duration(ns >= -0x1p63 && ns < 0x1p63 ? static_cast<int64_t>(ns) : INT64_MIN);
}

absl::StatusOr<Value> Now(CallContext& context, Args) {
  return Value::Float(static_cast<double>(context.environment.now_ms) / 1000.0);
}

absl::StatusOr<Value> ParseDuration(CallContext&, Args args) {
  const absl::StatusOr<int64_t> ns = ParseDurationNs(args[0].text());
  if (!ns.ok()) return ns.status();
  return Value::Float(static_cast<double>(*ns) / 1e9);
}

constexpr FunctionSpec kTimeFunctions[] = {
    {.name = "humanizeTimestamp", .params = kOneAny, .kernel = &HumanizeTimestamp},
    {.name = "now", .kernel = &Now},
    {.name = "parseDuration", .params = kOneString, .kernel = &ParseDuration},
    {.name = "toDuration", .params = kOneAny, .kernel = &ToDuration},
    {.name = "toTime", .params = kOneAny, .kernel = &ToTime},
};

template <auto kField>
absl::StatusOr<Value> CivilField(CallContext&, Args args) {
  return Value::Int(ToCivil(args[0].integer()).*kField);
}

absl::StatusOr<Value> Month(CallContext&, Args args) {
  return Value::String(std::string(MonthName(ToCivil(args[0].integer()).month)));
}

absl::StatusOr<Value> Weekday(CallContext&, Args args) {
  return Value::String(std::string(WeekdayName(ToCivil(args[0].integer()).weekday)));
}

absl::StatusOr<Value> Format(CallContext&, Args args) {
  return Value::String(FormatTime(args[0].integer(), args[1].text()));
}

absl::StatusOr<Value> TimeString(CallContext&, Args args) {
  return Value::String(TimeText(args[0].integer()));
}

absl::StatusOr<Value> Unix(CallContext&, Args args) {
  const int64_t ms = args[0].integer();
  return Value::Int(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
}

absl::StatusOr<Value> Milliseconds(CallContext&, Args args) {
  return Value::Int(args[0].integer());
}

absl::StatusOr<Value> Itself(CallContext&, Args args) { return args[0]; }

absl::StatusOr<Value> DurationString(CallContext&, Args args) {
  return Value::String(DurationText(args[0].integer()));
}

template <int64_t kUnitNs>
absl::StatusOr<Value> WholeUnits(CallContext&, Args args) {
  return Value::Int(args[0].integer() / kUnitNs);
}

template <int64_t kUnitNs>
absl::StatusOr<Value> Units(CallContext&, Args args) {
  const int64_t ns = args[0].integer();
  return Value::Float(static_cast<double>(ns / kUnitNs) +
                      static_cast<double>(ns % kUnitNs) / static_cast<double>(kUnitNs));
}

constexpr MethodSpec kTimeMethods[] = {
    {Kind::kTime, {.name = "Day", .kernel = &CivilField<&CivilTime::day>}},
    {Kind::kTime, {.name = "Format", .params = kOneString, .kernel = &Format}},
    {Kind::kTime, {.name = "Hour", .kernel = &CivilField<&CivilTime::hour>}},
    {Kind::kTime, {.name = "Minute", .kernel = &CivilField<&CivilTime::minute>}},
    {Kind::kTime, {.name = "Month", .kernel = &Month}},
    {Kind::kTime, {.name = "Second", .kernel = &CivilField<&CivilTime::second>}},
    {Kind::kTime, {.name = "String", .kernel = &TimeString}},
    {Kind::kTime, {.name = "UTC", .kernel = &Itself}},
    {Kind::kTime, {.name = "Unix", .kernel = &Unix}},
    {Kind::kTime, {.name = "UnixMilli", .kernel = &Milliseconds}},
    {Kind::kTime, {.name = "Weekday", .kernel = &Weekday}},
    {Kind::kTime, {.name = "Year", .kernel = &CivilField<&CivilTime::year>}},
    {Kind::kTime, {.name = "YearDay", .kernel = &CivilField<&CivilTime::year_day>}},
    {Kind::kDuration, {.name = "Hours", .kernel = &Units<3'600'000'000'000>}},
    {Kind::kDuration, {.name = "Microseconds", .kernel = &WholeUnits<1'000>}},
    {Kind::kDuration, {.name = "Milliseconds", .kernel = &WholeUnits<1'000'000>}},
    {Kind::kDuration, {.name = "Minutes", .kernel = &Units<60'000'000'000>}},
    {Kind::kDuration, {.name = "Nanoseconds", .kernel = &WholeUnits<1>}},
    {Kind::kDuration, {.name = "Seconds", .kernel = &Units<1'000'000'000>}},
    {Kind::kDuration, {.name = "String", .kernel = &DurationString}},
};

}  // namespace

std::span<const FunctionSpec> TimeFunctions() { return kTimeFunctions; }
std::span<const MethodSpec> TimeMethods() { return kTimeMethods; }

}  // namespace hearth::gotemplate
