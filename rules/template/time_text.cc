#include "rules/template/time_text.h"

#include <algorithm>
#include <chrono>

namespace hearth::gotemplate {
namespace {

constexpr std::string_view kMonths[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
constexpr std::string_view kWeekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};

std::string Padded(int64_t value, int width, char fill = '0') {
  std::string text = std::to_string(value < 0 ? -value : value);
  if (static_cast<int>(text.size()) < width) {
    text.insert(0, static_cast<size_t>(width) - text.size(), fill);
  }
  return value < 0 ? "-" + text : text;
}

std::string Short(std::string_view name) { return std::string(name.substr(0, 3)); }

// One element of a layout, and what stands in its place.
struct Element {
  std::string_view text;
  std::string (*write)(const CivilTime& t);
};

int Hour12(const CivilTime& t) { return t.hour % 12 == 0 ? 12 : t.hour % 12; }

// Where one text begins another, the longer stands first.
constexpr Element kElements[] = {
    {"January", [](const CivilTime& t) { return std::string(MonthName(t.month)); }},
    {"Jan", [](const CivilTime& t) { return Short(MonthName(t.month)); }},
    {"Monday", [](const CivilTime& t) { return std::string(WeekdayName(t.weekday)); }},
    {"Mon", [](const CivilTime& t) { return Short(WeekdayName(t.weekday)); }},
    {"MST", [](const CivilTime&) { return std::string("UTC"); }},
    {"2006", [](const CivilTime& t) { return Padded(t.year, 4); }},
    {"_2006", [](const CivilTime& t) { return "_" + Padded(t.year, 4); }},
    {"__2", [](const CivilTime& t) { return Padded(t.year_day, 3, ' '); }},
    {"_2", [](const CivilTime& t) { return Padded(t.day, 2, ' '); }},
    {"002", [](const CivilTime& t) { return Padded(t.year_day, 3); }},
    {"01", [](const CivilTime& t) { return Padded(t.month, 2); }},
    {"02", [](const CivilTime& t) { return Padded(t.day, 2); }},
    {"03", [](const CivilTime& t) { return Padded(Hour12(t), 2); }},
    {"04", [](const CivilTime& t) { return Padded(t.minute, 2); }},
    {"05", [](const CivilTime& t) { return Padded(t.second, 2); }},
    {"06", [](const CivilTime& t) { return Padded(((t.year % 100) + 100) % 100, 2); }},
    {"15", [](const CivilTime& t) { return Padded(t.hour, 2); }},
    {"1", [](const CivilTime& t) { return std::to_string(t.month); }},
    {"2", [](const CivilTime& t) { return std::to_string(t.day); }},
    {"3", [](const CivilTime& t) { return std::to_string(Hour12(t)); }},
    {"4", [](const CivilTime& t) { return std::to_string(t.minute); }},
    {"5", [](const CivilTime& t) { return std::to_string(t.second); }},
    {"PM", [](const CivilTime& t) { return std::string(t.hour >= 12 ? "PM" : "AM"); }},
    {"pm", [](const CivilTime& t) { return std::string(t.hour >= 12 ? "pm" : "am"); }},
    {"-07:00:00", [](const CivilTime&) { return std::string("+00:00:00"); }},
    {"-07:00", [](const CivilTime&) { return std::string("+00:00"); }},
    {"-070000", [](const CivilTime&) { return std::string("+000000"); }},
    {"-0700", [](const CivilTime&) { return std::string("+0000"); }},
    {"-07", [](const CivilTime&) { return std::string("+00"); }},
    {"Z07:00:00", [](const CivilTime&) { return std::string("Z"); }},
    {"Z07:00", [](const CivilTime&) { return std::string("Z"); }},
    {"Z070000", [](const CivilTime&) { return std::string("Z"); }},
    {"Z0700", [](const CivilTime&) { return std::string("Z"); }},
    {"Z07", [](const CivilTime&) { return std::string("Z"); }},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `.000` and `.999` (or with a comma) are a fraction where no digit follows: its length, else 0.
size_t FractionLength(std::string_view rest) {
  if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',')) return 0;
  if (rest[1] != '0' && rest[1] != '9') return 0;
  const size_t end = std::min(rest.find_first_not_of(rest[1], 1), rest.size());
  return end < rest.size() && IsDigit(rest[end]) ? 0 : end;
}

std::string FractionText(std::string_view layout, const CivilTime& t) {
  std::string digits = Padded(t.millisecond, 3) + "000000";
  digits.resize(std::min(layout.size() - 1, digits.size()));
  digits.resize(layout.size() - 1, '0');
  if (layout[1] == '9') {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return "";
  }
  return layout[0] + digits;
}

const Element* FindElement(std::string_view rest) {
  for (const Element& element : kElements) {
    if (!rest.starts_with(element.text)) continue;
    // "Jan" and "Mon" in the middle of another word are that word.
    const bool name = element.text == "Jan" || element.text == "Mon";
    if (name && rest.size() > 3 && rest[3] >= 'a' && rest[3] <= 'z') continue;
    return &element;
  }
  return nullptr;
}

}  // namespace

std::string_view MonthName(int month) { return kMonths[month - 1]; }
std::string_view WeekdayName(int weekday) { return kWeekdays[weekday]; }

CivilTime ToCivil(TimeMs ms) {
  constexpr int64_t kDayMs = 86'400'000;
  const int64_t days = ms / kDayMs - (ms % kDayMs < 0 ? 1 : 0);
  const int64_t rest = ms - days * kDayMs;
  const std::chrono::sys_days date{std::chrono::days{days}};
  const std::chrono::year_month_day civil{date};
  const std::chrono::sys_days new_year{civil.year() / std::chrono::January / 1};
  CivilTime t{};
  t.year = static_cast<int>(civil.year());
  t.month = static_cast<int>(static_cast<unsigned>(civil.month()));
  t.day = static_cast<int>(static_cast<unsigned>(civil.day()));
  t.year_day = static_cast<int>((date - new_year).count()) + 1;
  t.weekday = static_cast<int>(std::chrono::weekday{date}.c_encoding());
  t.hour = static_cast<int>(rest / 3'600'000);
  t.minute = static_cast<int>(rest / 60'000 % 60);
  t.second = static_cast<int>(rest / 1000 % 60);
  t.millisecond = static_cast<int>(rest % 1000);
  return t;
}

std::string TimeText(TimeMs ms) { return FormatTime(ms, "2006-01-02 15:04:05.999 -0700 MST"); }

std::string FormatTime(TimeMs ms, std::string_view layout) {
  const CivilTime t = ToCivil(ms);
  std::string out;
  while (!layout.empty()) {
    if (const size_t length = FractionLength(layout)) {
      out += FractionText(layout.substr(0, length), t);
      layout.remove_prefix(length);
    } else if (const Element* element = FindElement(layout)) {
      out += element->write(t);
      layout.remove_prefix(element->text.size());
    } else {
      out += layout[0];
      layout.remove_prefix(1);
    }
  }
  return out;
}

std::string DurationText(int64_t ns) {
  if (ns == 0) return "0s";
  uint64_t rest = ns < 0 ? 0 - static_cast<uint64_t>(ns) : static_cast<uint64_t>(ns);
  // `rest` in units of 10^-digits of what `unit` names, without trailing zeros.
  const auto decimal = [](uint64_t value, int digits, std::string_view unit) {
    uint64_t scale = 1;
    for (int i = 0; i < digits; ++i) scale *= 10;
    std::string text = std::to_string(value / scale);
    if (value % scale != 0) {
      std::string fraction = std::to_string(value % scale);
      fraction.insert(0, static_cast<size_t>(digits) - fraction.size(), '0');
      while (fraction.back() == '0') fraction.pop_back();
      text += "." + fraction;
    }
    return text.append(unit);
  };
  const std::string sign = ns < 0 ? "-" : "";
  if (rest < 1'000) return sign + decimal(rest, 0, "ns");
  if (rest < 1'000'000) return sign + decimal(rest, 3, "µs");
  if (rest < 1'000'000'000) return sign + decimal(rest, 6, "ms");
  const uint64_t minutes = rest / 60'000'000'000;
  rest %= 60'000'000'000;
  std::string out = sign;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + decimal(rest, 9, "s");
}

}  // namespace hearth::gotemplate
