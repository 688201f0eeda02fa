// Functions of time: time, timestamp, and the parts of a date in UTC.
#include <cstdint>
#include <limits>

#include "absl/time/civil_time.h"
#include "query/functions/families.h"

namespace hearth::promql {
namespace {

// Seconds since the epoch to a civil time, as Prometheus' language converts: what does not fit into
// 64 bits is the smallest number, and years before its calendar's first come round at the other
// end.
absl::CivilSecond Civil(double seconds) {
  constexpr int64_t kFirstSecond = -9'223'372'028'741'760'000;  // Year -292277022400, March.
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  const bool fits = seconds >= -0x1p63 && seconds < 0x1p63;
  const int64_t whole = fits ? static_cast<int64_t>(seconds) : kMin;
  const absl::CivilSecond epoch(1970);
  if (whole >= kFirstSecond) return epoch + whole;
  // 2^64 seconds later.
  return epoch + (whole - kMin) + std::numeric_limits<int64_t>::max() + 1;
}

template <double (*F)(absl::CivilSecond)>
void DatePart(const ElementInput&, StepColumn* column) {
  for (size_t i = 0; i < column->steps(); ++i) {
    if (column->ok[i]) column->v[i] = F(Civil(column->v[i]));
  }
}

double Minute(absl::CivilSecond t) { return t.minute(); }
double Hour(absl::CivilSecond t) { return t.hour(); }
double DayOfMonth(absl::CivilSecond t) { return t.day(); }
double DayOfYear(absl::CivilSecond t) { return absl::GetYearDay(absl::CivilDay(t)); }
double DayOfWeek(absl::CivilSecond t) {
  // absl's week starts on Monday = 0, Prometheus' on Sunday = 0.
  return (static_cast<int>(absl::GetWeekday(absl::CivilDay(t))) + 1) % 7;
}
double DaysInMonth(absl::CivilSecond t) {
  const absl::CivilMonth month(t);
  return static_cast<double>(absl::CivilDay(month + 1) - absl::CivilDay(month));
}
double Month(absl::CivilSecond t) { return t.month(); }
double Year(absl::CivilSecond t) { return static_cast<double>(t.year()); }

double Seconds(TimeMs t) { return static_cast<double>(t) / 1000; }
double Time(const StepInfo& step, std::span<const double>) { return Seconds(step.t); }
double Start(const StepInfo& step, std::span<const double>) { return Seconds(step.query_start); }
double End(const StepInfo& step, std::span<const double>) { return Seconds(step.query_end); }
double Step(const StepInfo& step, std::span<const double>) { return Seconds(step.query_step); }
double Range(const StepInfo& step, std::span<const double>) {
  return Seconds(step.query_end - step.query_start);
}

// A part of a date: of time() when the argument is left out.
constexpr FunctionSpec Date(std::string_view name, ElementFn fn, std::string_view summary,
                            std::string_view example) {
  return {.name = name,
          .args = kVectorArg,
          .variadic = 1,
          .default_arg = DefaultArg::kVectorOfTime,
          .step_invariant = false,
          .kernel = {.shape = Shape::kElementwise, .element = fn},
          .summary = summary,
          .example = example};
}

constexpr FunctionSpec QueryScalar(std::string_view name, ScalarFn fn, bool step_local,
                                   std::string_view summary, std::string_view example) {
  return {.name = name,
          .returns = ValueType::kScalar,
          .experimental = true,
          .step_invariant = false,
          .step_local = step_local,
          .kernel = {.shape = Shape::kStepScalar, .scalar = fn},
          .summary = summary,
          .example = example};
}

constexpr FunctionSpec kFunctions[] = {
    Date("day_of_month", &DatePart<DayOfMonth>, "Day of the month, 1 to 31.", "day_of_month()"),
    Date("day_of_week", &DatePart<DayOfWeek>, "Day of the week, 0 to 6 from Sunday.",
         "day_of_week() == 0"),
    Date("day_of_year", &DatePart<DayOfYear>, "Day of the year, 1 to 366.", "day_of_year()"),
    Date("days_in_month", &DatePart<DaysInMonth>, "Number of days of the month, 28 to 31.",
         "days_in_month() - day_of_month()"),
    QueryScalar("end", &End, /*step_local=*/false, "Last evaluation time of the query, in seconds.",
                "end()"),
    Date("hour", &DatePart<Hour>, "Hour of the day, 0 to 23.", "hour() >= 8"),
    Date("minute", &DatePart<Minute>, "Minute of the hour, 0 to 59.", "minute()"),
    Date("month", &DatePart<Month>, "Month of the year, 1 to 12.", "month()"),
    QueryScalar("range", &Range, /*step_local=*/false,
                "Length of the query's time range, in seconds.", "range()"),
    QueryScalar("start", &Start, /*step_local=*/false,
                "First evaluation time of the query, in seconds.", "start()"),
    QueryScalar("step", &Step, /*step_local=*/true, "Step of the query, in seconds.", "step()"),
    {.name = "start_timestamp",
     .args = kVectorArg,
     .experimental = true,
     .needs_start_timestamps = true,
     .step_invariant = false,
     .kernel = {.shape = Shape::kStartTimestamp},
     .summary = "When the counter of each sample began, in seconds; 0 = unknown.",
     .example = "start_timestamp(http_requests_total)"},
    {.name = "time",
     .returns = ValueType::kScalar,
     .step_invariant = false,
     .kernel = {.shape = Shape::kStepScalar, .scalar = &Time},
     .summary = "Evaluation time in seconds since the epoch.",
     .example = "time() - process_start_time_seconds"},
    {.name = "timestamp",
     .args = kVectorArg,
     .step_invariant = false,
     .kernel = {.shape = Shape::kTimestamp},
     .summary = "Time of each sample in seconds; of the evaluation when the argument is computed.",
     .example = "time() - timestamp(up)"},
    Date("year", &DatePart<Year>, "Year.", "year()"),
};

}  // namespace

std::span<const FunctionSpec> TimeFunctions() { return kFunctions; }

}  // namespace hearth::promql
