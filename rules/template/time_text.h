// rules/template/time_text.h
//
// Times and durations as Go writes them. All times are UTC.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_TEMPLATE_TIME_TEXT_H_
#define HEARTH_RULES_TEMPLATE_TIME_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "model/clock.h"

namespace hearth::gotemplate {

struct CivilTime {
  int64_t year;
  int month;     // 1–12
  int day;       // 1–31
  int year_day;  // 1–366
  int weekday;   // 0 = Sunday
  int hour;
  int minute;
  int second;
  int millisecond;
};
CivilTime ToCivil(TimeMs ms);

std::string_view MonthName(int month);      // 1 = January
std::string_view WeekdayName(int weekday);  // 0 = Sunday

// time.Time's String: `2015-06-23 13:19:44.128 +0000 UTC`.
std::string TimeText(TimeMs ms);

// time.Time's Format: `layout` shows how Mon Jan 2 15:04:05 MST 2006 would be written.
std::string FormatTime(TimeMs ms, std::string_view layout);

// time.Duration's String: `1h2m5.25s`, `1.5ms`, `0s`.
std::string DurationText(int64_t ns);

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_TIME_TEXT_H_
