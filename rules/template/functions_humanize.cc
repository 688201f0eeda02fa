// Numbers as people read them. Four significant digits.
#include <cmath>

#include "model/text.h"
#include "rules/template/fmt_field.h"
#include "rules/template/function.h"
#include "rules/template/literals.h"

namespace hearth::gotemplate {
namespace {

using Args = std::span<const Value>;

constexpr std::string_view kLarge[] = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::string_view kSmall[] = {"m", "u", "n", "p", "f", "a", "z", "y"};
constexpr std::string_view kBinary[] = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};

std::string FourDigits(double v) {
  std::string out;
  AppendFloat({.precision = 4}, v, 'g', &out);
  return out;
}

// Divides by `factor` until `v` is below it, at most eight times.
std::string ScaledDown(double v, double factor, std::span<const std::string_view> prefixes) {
  std::string_view prefix;
  for (const std::string_view next : prefixes) {
    if (std::fabs(v) < factor) break;
    prefix = next;
    v /= factor;
  }
  return StrCat(FourDigits(v), prefix);
}

// Multiplies by a thousand until `v` is at least one, at most eight times.
std::string ScaledUp(double v) {
  std::string_view prefix;
  for (const std::string_view next : kSmall) {
    if (std::fabs(v) >= 1) break;
    prefix = next;
    v *= 1000;
  }
  return StrCat(FourDigits(v), prefix);
}

std::string HumanizeText(double v) {
  if (v == 0 || !std::isfinite(v)) return FourDigits(v);
  return std::fabs(v) >= 1 ? ScaledDown(v, 1000, kLarge) : ScaledUp(v);
}

std::string Humanize1024Text(double v) {
  if (std::fabs(v) <= 1 || !std::isfinite(v)) return FourDigits(v);
  return ScaledDown(v, 1024, kBinary);
}

// From a minute on, whole seconds: `1d 2h 3m 4s`.
std::string HumanizeDurationText(double v) {
  if (!std::isfinite(v)) return FourDigits(v);
  if (v == 0) return FourDigits(v) + "s";
  if (std::fabs(v) < 1) return ScaledUp(v) + "s";
  const std::string_view sign = v < 0 ? "-" : "";
  v = std::fabs(v);
  // What Go's conversion gives on amd64 when the number is too large.
  const int64_t whole = v < 0x1p63 ? static_cast<int64_t>(v) : INT64_MIN;
  const int64_t seconds = whole % 60;
  const int64_t minutes = whole / 60 % 60;
  const int64_t hours = whole / 3600 % 24;
  const int64_t days = whole / 86400;
  if (days != 0) return StrCat(sign, days, "d ", hours, "h ", minutes, "m ", seconds, "s");
  if (hours != 0) return StrCat(sign, hours, "h ", minutes, "m ", seconds, "s");
  if (minutes != 0) return StrCat(sign, minutes, "m ", seconds, "s");
  return StrCat(sign, FourDigits(v), "s");
}

std::string HumanizePercentageText(double v) { return FourDigits(v * 100) + "%"; }

template <std::string (*kText)(double)>
absl::StatusOr<Value> OfFloat(CallContext&, Args args) {
  const absl::StatusOr<double> v = ConvertToFloat(args[0]);
  if (!v.ok()) return v.status();
  return Value::String(kText(*v));
}

constexpr FunctionSpec kHumanizeFunctions[] = {
    {.name = "humanize", .params = kOneAny, .kernel = &OfFloat<&HumanizeText>},
    {.name = "humanize1024", .params = kOneAny, .kernel = &OfFloat<&Humanize1024Text>},
    {.name = "humanizeDuration", .params = kOneAny, .kernel = &OfFloat<&HumanizeDurationText>},
    {.name = "humanizePercentage", .params = kOneAny, .kernel = &OfFloat<&HumanizePercentageText>},
};

}  // namespace

absl::StatusOr<double> ConvertToFloat(const Value& value) {
  switch (value.kind()) {
    case Kind::kFloat:
      return value.number();
    case Kind::kInt:
      return static_cast<double>(value.integer());
    case Kind::kString:
      return ParseFloat(value.text());
    default:
      return absl::InvalidArgumentError(StrCat("can't convert ", TypeName(value), " to float"));
  }
}

std::span<const FunctionSpec> HumanizeFunctions() { return kHumanizeFunctions; }

}  // namespace hearth::gotemplate
