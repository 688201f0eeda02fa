// Functions of one value: abs, ceil, trigonometry, clamp, round.
#include <cmath>
#include <limits>
#include <numbers>

#include "query/functions/families.h"

namespace hearth::promql {
namespace {

template <double (*F)(double)>
void Map(const ElementInput&, StepColumn* column) {
  for (size_t i = 0; i < column->steps(); ++i) {
    if (column->ok[i]) column->v[i] = F(column->v[i]);
  }
}

double Sign(double v) { return v > 0 ? 1 : v < 0 ? -1 : v; }
double ToDegrees(double v) { return v * 180 / std::numbers::pi; }
double ToRadians(double v) { return v * std::numbers::pi / 180; }

// Min and max as Go's math.Min and math.Max have them: an infinity in their direction wins over
// NaN, NaN over every other number, and of two zeros the one with the fitting sign.
double MinNaN(double a, double b) {
  constexpr double kLowest = -std::numeric_limits<double>::infinity();
  if (a == kLowest || b == kLowest) return kLowest;
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}
double MaxNaN(double a, double b) { return -MinNaN(-a, -b); }

void Clamp(const ElementInput& in, StepColumn* column) {
  for (size_t i = 0; i < column->steps(); ++i) {
    const double low = in.params[0][i], high = in.params[1][i];
    if (high < low) column->ok[i] = 0;  // An empty interval holds nothing.
    if (column->ok[i]) column->v[i] = MaxNaN(low, MinNaN(high, column->v[i]));
  }
}

void ClampMin(const ElementInput& in, StepColumn* column) {
  for (size_t i = 0; i < column->steps(); ++i) {
    if (column->ok[i]) column->v[i] = MaxNaN(in.params[0][i], column->v[i]);
  }
}

void ClampMax(const ElementInput& in, StepColumn* column) {
  for (size_t i = 0; i < column->steps(); ++i) {
    if (column->ok[i]) column->v[i] = MinNaN(in.params[0][i], column->v[i]);
  }
}

// To the nearest multiple of the second argument (1 when left out); halves go up. Multiplying by
// the inverse keeps results such as 0.1 exact that a division would not.
void Round(const ElementInput& in, StepColumn* column) {
  for (size_t i = 0; i < column->steps(); ++i) {
    if (!column->ok[i]) continue;
    const double inverse = 1.0 / (in.params.empty() ? 1.0 : in.params[0][i]);
    column->v[i] = std::floor(column->v[i] * inverse + 0.5) / inverse;
  }
}

double Pi(const StepInfo&, std::span<const double>) { return std::numbers::pi; }
double MinOf(const StepInfo&, std::span<const double> args) { return MinNaN(args[0], args[1]); }
double MaxOf(const StepInfo&, std::span<const double> args) { return MaxNaN(args[0], args[1]); }

constexpr Kernel Element(ElementFn fn) { return {.shape = Shape::kElementwise, .element = fn}; }

double Abs(double v) { return std::fabs(v); }
double Ceil(double v) { return std::ceil(v); }
double Floor(double v) { return std::floor(v); }
double Sqrt(double v) { return std::sqrt(v); }
double Exp(double v) { return std::exp(v); }
double Ln(double v) { return std::log(v); }
double Log2(double v) { return std::log2(v); }
double Log10(double v) { return std::log10(v); }
double Sin(double v) { return std::sin(v); }
double Cos(double v) { return std::cos(v); }
double Tan(double v) { return std::tan(v); }
double Asin(double v) { return std::asin(v); }
double Acos(double v) { return std::acos(v); }
double Atan(double v) { return std::atan(v); }
// Half an exponential far from zero, and so infinite as soon as the exponential is.
constexpr double kFar = 21;
double Cosh(double v) { return std::fabs(v) > kFar ? std::exp(std::fabs(v)) * 0.5 : std::cosh(v); }
double Sinh(double v) {
  return std::fabs(v) > kFar ? std::copysign(std::exp(std::fabs(v)) * 0.5, v) : std::sinh(v);
}
double Tanh(double v) { return std::tanh(v); }
double Asinh(double v) { return std::asinh(v); }
double Acosh(double v) { return std::acosh(v); }
double Atanh(double v) { return std::atanh(v); }

constexpr FunctionSpec kFunctions[] = {
    {.name = "abs",
     .args = kVectorArg,
     .kernel = Element(&Map<Abs>),
     .summary = "Absolute value.",
     .example = "abs(delta(temperature_celsius[1h]))"},
    {.name = "acos",
     .args = kVectorArg,
     .kernel = Element(&Map<Acos>),
     .summary = "Arc cosine, in radians.",
     .example = "acos(power_factor)"},
    {.name = "acosh",
     .args = kVectorArg,
     .kernel = Element(&Map<Acosh>),
     .summary = "Inverse hyperbolic cosine.",
     .example = "acosh(ratio)"},
    {.name = "asin",
     .args = kVectorArg,
     .kernel = Element(&Map<Asin>),
     .summary = "Arc sine, in radians.",
     .example = "asin(ratio)"},
    {.name = "asinh",
     .args = kVectorArg,
     .kernel = Element(&Map<Asinh>),
     .summary = "Inverse hyperbolic sine.",
     .example = "asinh(ratio)"},
    {.name = "atan",
     .args = kVectorArg,
     .kernel = Element(&Map<Atan>),
     .summary = "Arc tangent, in radians.",
     .example = "atan(slope)"},
    {.name = "atanh",
     .args = kVectorArg,
     .kernel = Element(&Map<Atanh>),
     .summary = "Inverse hyperbolic tangent.",
     .example = "atanh(ratio)"},
    {.name = "ceil",
     .args = kVectorArg,
     .kernel = Element(&Map<Ceil>),
     .summary = "Rounded up to a whole number.",
     .example = "ceil(queue_length / 10)"},
    {.name = "clamp",
     .args = kVectorScalarScalarArgs,
     .kernel = Element(&Clamp),
     .summary = "Held between a lower and an upper bound; empty when the bounds are crossed.",
     .example = "clamp(battery_percent, 0, 100)"},
    {.name = "clamp_max",
     .args = kVectorScalarArgs,
     .kernel = Element(&ClampMax),
     .summary = "Held at or below a bound.",
     .example = "clamp_max(battery_percent, 100)"},
    {.name = "clamp_min",
     .args = kVectorScalarArgs,
     .kernel = Element(&ClampMin),
     .summary = "Held at or above a bound.",
     .example = "clamp_min(free_bytes, 0)"},
    {.name = "cos",
     .args = kVectorArg,
     .kernel = Element(&Map<Cos>),
     .summary = "Cosine of radians.",
     .example = "cos(angle_radians)"},
    {.name = "cosh",
     .args = kVectorArg,
     .kernel = Element(&Map<Cosh>),
     .summary = "Hyperbolic cosine.",
     .example = "cosh(ratio)"},
    {.name = "deg",
     .args = kVectorArg,
     .kernel = Element(&Map<ToDegrees>),
     .summary = "Radians to degrees.",
     .example = "deg(angle_radians)"},
    {.name = "exp",
     .args = kVectorArg,
     .kernel = Element(&Map<Exp>),
     .summary = "e to the power of the value.",
     .example = "exp(log_likelihood)"},
    {.name = "floor",
     .args = kVectorArg,
     .kernel = Element(&Map<Floor>),
     .summary = "Rounded down to a whole number.",
     .example = "floor(uptime_seconds / 3600)"},
    {.name = "ln",
     .args = kVectorArg,
     .kernel = Element(&Map<Ln>),
     .summary = "Natural logarithm.",
     .example = "ln(bytes_total)"},
    {.name = "log10",
     .args = kVectorArg,
     .kernel = Element(&Map<Log10>),
     .summary = "Decimal logarithm.",
     .example = "log10(bytes_total)"},
    {.name = "log2",
     .args = kVectorArg,
     .kernel = Element(&Map<Log2>),
     .summary = "Binary logarithm.",
     .example = "log2(bytes_total)"},
    {.name = "max_of",
     .args = kScalarScalarArgs,
     .returns = ValueType::kScalar,
     .experimental = true,
     .kernel = {.shape = Shape::kStepScalar, .scalar = &MaxOf},
     .summary = "The larger of two scalars.",
     .example = "max_of(1, 2)"},
    {.name = "min_of",
     .args = kScalarScalarArgs,
     .returns = ValueType::kScalar,
     .experimental = true,
     .kernel = {.shape = Shape::kStepScalar, .scalar = &MinOf},
     .summary = "The smaller of two scalars.",
     .example = "min_of(1, 2)"},
    {.name = "pi",
     .returns = ValueType::kScalar,
     .kernel = {.shape = Shape::kStepScalar, .scalar = &Pi},
     .summary = "The circle constant.",
     .example = "2 * pi()"},
    {.name = "rad",
     .args = kVectorArg,
     .kernel = Element(&Map<ToRadians>),
     .summary = "Degrees to radians.",
     .example = "rad(angle_degrees)"},
    {.name = "round",
     .args = kVectorScalarArgs,
     .variadic = 1,
     .kernel = Element(&Round),
     .summary =
         "Rounded to the nearest multiple of the second argument, 1 when left out; halves go up.",
     .example = "round(temperature_celsius, 0.5)"},
    {.name = "sgn",
     .args = kVectorArg,
     .kernel = Element(&Map<Sign>),
     .summary = "-1, 0 or 1 by sign.",
     .example = "sgn(deriv(temperature_celsius[10m]))"},
    {.name = "sin",
     .args = kVectorArg,
     .kernel = Element(&Map<Sin>),
     .summary = "Sine of radians.",
     .example = "sin(angle_radians)"},
    {.name = "sinh",
     .args = kVectorArg,
     .kernel = Element(&Map<Sinh>),
     .summary = "Hyperbolic sine.",
     .example = "sinh(ratio)"},
    {.name = "sqrt",
     .args = kVectorArg,
     .kernel = Element(&Map<Sqrt>),
     .summary = "Square root.",
     .example = "sqrt(stdvar(latency_seconds))"},
    {.name = "tan",
     .args = kVectorArg,
     .kernel = Element(&Map<Tan>),
     .summary = "Tangent of radians.",
     .example = "tan(angle_radians)"},
    {.name = "tanh",
     .args = kVectorArg,
     .kernel = Element(&Map<Tanh>),
     .summary = "Hyperbolic tangent.",
     .example = "tanh(ratio)"},
};

}  // namespace

std::span<const FunctionSpec> MathFunctions() { return kFunctions; }

}  // namespace hearth::promql
