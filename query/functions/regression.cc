// Functions that fit a line or a trend: deriv, predict_linear, double_exponential_smoothing.
#include <cmath>
#include <limits>

#include "query/functions/families.h"
#include "query/functions/kahan.h"

namespace hearth::promql {
namespace {

struct Line {
  double slope = 0;      // Per second.
  double intercept = 0;  // At the time given to FitLine.
};

// Least squares over samples [begin, end), time counted from `origin`.
Line FitLine(const WindowInput& in, uint32_t begin, uint32_t end, TimeMs origin) {
  double n = 0, x = 0, cx = 0, y = 0, cy = 0, xy = 0, cxy = 0, x2 = 0, cx2 = 0;
  const double first = in.v[begin];
  bool constant = true;
  for (uint32_t i = begin; i < end; ++i) {
    if (i > begin && in.v[i] != first) constant = false;
    n += 1;
    const double seconds = static_cast<double>(in.t[i] - origin) / 1e3;
    KahanAdd(seconds, &x, &cx);
    KahanAdd(in.v[i], &y, &cy);
    KahanAdd(seconds * in.v[i], &xy, &cxy);
    KahanAdd(seconds * seconds, &x2, &cx2);
  }
  if (constant) {
    if (std::isinf(first)) {
      return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
    }
    return {0, first};
  }
  x += cx;
  y += cy;
  xy += cxy;
  x2 += cx2;
  const double cov_xy = xy - x * y / n;
  const double var_x = x2 - x * x / n;
  const double slope = cov_xy / var_x;
  return {slope, y / n - slope * x / n};
}

void Deriv(const WindowInput& in, StepColumn* out) {
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.end[i] < in.begin[i] + 2) continue;
    out->Set(i, FitLine(in, in.begin[i], in.end[i], in.t[in.begin[i]]).slope);
  }
}

void PredictLinear(const WindowInput& in, StepColumn* out) {
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.end[i] < in.begin[i] + 2) continue;
    const Line line = FitLine(in, in.begin[i], in.end[i], in.times[i]);
    out->Set(i, line.slope * in.params[0][i] + line.intercept);
  }
}

// Holt's linear method: a smoothed level and a smoothed trend.
void DoubleExponentialSmoothing(const WindowInput& in, StepColumn* out) {
  for (size_t i = 0; i < in.steps(); ++i) {
    if (in.end[i] < in.begin[i] + 2) continue;
    const double sf = in.params[0][i], tf = in.params[1][i];
    double previous = 0, level = in.v[in.begin[i]];
    double trend = in.v[in.begin[i] + 1] - level;
    for (uint32_t k = in.begin[i] + 1; k < in.end[i]; ++k) {
      if (k > in.begin[i] + 1) trend = tf * (level - previous) + (1 - tf) * trend;
      const double scaled = sf * in.v[k];
      const double carried = (1 - sf) * (level + trend);
      previous = level;
      level = scaled + carried;
    }
    out->Set(i, level);
  }
}

constexpr FunctionSpec kFunctions[] = {
    {.name = "deriv",
     .args = kRangeArg,
     .kernel = {.shape = Shape::kWindowed, .window = &Deriv},
     .summary = "Per-second slope of a gauge, by linear regression over the window.",
     .example = "deriv(temperature_celsius[1h])"},
    {.name = "double_exponential_smoothing",
     .args = kRangeScalarScalarArgs,
     .experimental = true,
     .kernel = {.shape = Shape::kWindowed, .window = &DoubleExponentialSmoothing},
     .summary = "Smoothed value of a gauge, with a smoothing and a trend factor.",
     .example = "double_exponential_smoothing(temperature_celsius[1h], 0.5, 0.5)"},
    {.name = "predict_linear",
     .args = kRangeScalarArgs,
     .step_invariant = false,
     .kernel = {.shape = Shape::kWindowed, .window = &PredictLinear},
     .summary = "Value of a gauge that many seconds from now, by linear regression.",
     .example = "predict_linear(node_filesystem_free_bytes[6h], 4 * 3600)"},
};

}  // namespace

std::span<const FunctionSpec> RegressionFunctions() { return kFunctions; }

}  // namespace hearth::promql
