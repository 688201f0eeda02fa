#include "config/duration.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth {
namespace {

struct DurationUnit {
  std::string_view name;
  int64_t ms;
  bool exact;  // Printed only when nothing is left over.
};
constexpr int64_t kDayMs = 24 * 3600 * 1000;
constexpr DurationUnit kDurationUnits[] = {
    {"y", 365 * kDayMs, true}, {"w", 7 * kDayMs, true}, {"d", kDayMs, false},
    {"h", 3600 * 1000, false}, {"m", 60 * 1000, false}, {"s", 1000, false},
    {"ms", 1, false},
};
// Go's time.Duration counts nanoseconds in 63 bits.
constexpr int64_t kMaxDurationMs = std::numeric_limits<int64_t>::max() / 1'000'000;

constexpr std::string_view kByteUnits[] = {"B", "K", "M", "G", "T", "P", "E"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status InvalidDuration(std::string_view text) {
  std::string message = "not a valid duration string: ";
  AppendQuoted(text, &message);
  return absl::InvalidArgumentError(message);
}

// The power of 1024 that `unit` stands for, -1 when unknown.
int ByteUnitPower(std::string_view unit) {
  if (unit == "B") return 0;
  for (int power = 1; power < 7; ++power) {
    if (unit.substr(0, 1) != kByteUnits[power]) continue;
    if (unit.substr(1) == "B" || unit.substr(1) == "iB") return power;
  }
  return -1;
}

}  // namespace

absl::StatusOr<TimeMs> ParseDuration(std::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("empty duration string");
  if (text == "0") return 0;
  std::string_view rest = text;
  size_t next_unit = 0;
  TimeMs total = 0;
  while (!rest.empty()) {
    size_t digits = 0;
    while (digits < rest.size() && IsDigit(rest[digits])) ++digits;
    size_t letters = digits;
    while (letters < rest.size() && !IsDigit(rest[letters])) ++letters;
    const std::string_view unit = rest.substr(digits, letters - digits);
    while (next_unit < std::size(kDurationUnits) && kDurationUnits[next_unit].name != unit)
      ++next_unit;
    if (digits == 0 || next_unit == std::size(kDurationUnits)) return InvalidDuration(text);
    int64_t count = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + digits, count);
    const int64_t unit_ms = kDurationUnits[next_unit].ms;
    if (parsed.ec != std::errc() || count > kMaxDurationMs / unit_ms ||
        total > kMaxDurationMs - count * unit_ms) {
      return absl::InvalidArgumentError("duration out of range");
    }
    total += count * unit_ms;
    ++next_unit;
    rest.remove_prefix(letters);
  }
  return total;
}

std::string FormatDuration(TimeMs ms) {
  if (ms == 0) return "0s";
  std::string out;
  if (ms < 0) {
    out = "-";
    ms = -ms;
  }
  for (const DurationUnit& unit : kDurationUnits) {
    if (unit.exact && ms % unit.ms != 0) continue;
    if (ms < unit.ms) continue;
    StrAppend(&out, ms / unit.ms, unit.name);
    ms %= unit.ms;
  }
  return out;
}

absl::StatusOr<int64_t> ParseBytes(std::string_view text) {
  std::string_view rest = text;
  double sign = 1;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    if (rest[0] == '-') sign = -1;
    rest.remove_prefix(1);
  }
  if (rest == "0") return 0;
  if (rest.empty()) return absl::InvalidArgumentError(StrCat("units: invalid ", text));
  double total = 0;
  while (!rest.empty()) {
    size_t end = 0;
    while (end < rest.size() && (IsDigit(rest[end]) || rest[end] == '.')) ++end;
    double number = 0;
    const auto parsed =
        std::from_chars(rest.data(), rest.data() + end, number, std::chars_format::fixed);
    if (end == 0 || parsed.ec != std::errc() || parsed.ptr != rest.data() + end) {
      return absl::InvalidArgumentError(StrCat("units: invalid ", text));
    }
    size_t unit_end = end;
    while (unit_end < rest.size() && !IsDigit(rest[unit_end]) && rest[unit_end] != '.') ++unit_end;
    const std::string_view unit = rest.substr(end, unit_end - end);
    const int power = ByteUnitPower(unit);
    if (power < 0)
      return absl::InvalidArgumentError(StrCat("units: unknown unit ", unit, " in ", text));
    total += number * std::ldexp(1.0, 10 * power);
    rest.remove_prefix(unit_end);
  }
  if (total >= 9.2e18)
    return absl::InvalidArgumentError(StrCat("units: invalid ", text, ": too large"));
  return static_cast<int64_t>(sign * total);
}

std::string FormatBytes(int64_t bytes) {
  if (bytes == 0) return "0B";
  std::string out = bytes < 0 ? "-" : "";
  uint64_t rest = bytes < 0 ? -static_cast<uint64_t>(bytes) : static_cast<uint64_t>(bytes);
  for (int power = 6; power >= 0; --power) {
    const uint64_t unit = uint64_t{1} << (10 * power);
    if (rest < unit) continue;
    StrAppend(&out, rest / unit, kByteUnits[power], power > 0 ? "iB" : "");
    rest %= unit;
  }
  return out;
}

absl::StatusOr<TimeMs> ParseTimestamp(std::string_view text) {
  double seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) {
    constexpr double kMaxSeconds = 1e15;
    if (std::abs(seconds) < kMaxSeconds)
      return static_cast<TimeMs>(std::llround(seconds * 1000));
  } else if (absl::Time time;
             absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, nullptr)) {
    return absl::ToUnixMillis(time);
  }
  std::string message = "cannot parse ";
  AppendQuoted(text, &message);
  return absl::InvalidArgumentError(message + " to a valid timestamp");
}

}  // namespace hearth
