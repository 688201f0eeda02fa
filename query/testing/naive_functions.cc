#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <map>

#include "query/testing/naive.h"

namespace hearth::promql {
namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

// Neumaier's sum.
struct Sum {
  double sum = 0, c = 0;
  void Add(double x) {
    const double t = sum + x;
    if (std::isinf(t))
      c = 0;
    else if (std::abs(sum) >= std::abs(x))
      c += (sum - t) + x;
    else
      c += (x - t) + sum;
    sum = t;
  }
  double value() const { return sum + c; }
};

double Seconds(TimeMs ms) { return static_cast<double>(ms) / 1000; }

double Average(const std::vector<Sample>& samples) {
  Sum sum{samples[0].v, 0};
  double mean = 0, c = 0;
  bool incremental = false;
  for (size_t i = 1; i < samples.size(); ++i) {
    const double count = static_cast<double>(i + 1);
    if (!incremental) {
      Sum next = sum;
      next.Add(samples[i].v);
      if (!std::isinf(next.sum)) {
        sum = next;
        continue;
      }
      incremental = true;
      mean = sum.sum / (count - 1);
      c = sum.c / (count - 1);
    }
    const double q = (count - 1) / count;
    Sum next{q * mean, q * c};
    next.Add(samples[i].v / count);
    mean = next.sum;
    c = next.c;
  }
  const double n = static_cast<double>(samples.size());
  return incremental ? mean + c : sum.sum / n + sum.c / n;
}

double Variance(const std::vector<Sample>& samples) {
  Sum mean, aux;
  double count = 0;
  for (const Sample& s : samples) {
    ++count;
    const double delta = s.v - mean.value();
    mean.Add(delta / count);
    aux.Add(delta * (s.v - mean.value()));
  }
  return aux.value() / count;
}

// Slope and value at `intercept_time` of the least-squares line.
std::pair<double, double> Regression(const std::vector<Sample>& samples, TimeMs intercept_time) {
  const bool constant = std::all_of(samples.begin(), samples.end(),
                                    [&](const Sample& s) { return s.v == samples[0].v; });
  if (constant || samples.size() == 1) {
    return std::isinf(samples[0].v) ? std::pair(kNaN, kNaN) : std::pair(0.0, samples[0].v);
  }
  Sum x, y, xy, x2;
  for (const Sample& s : samples) {
    const double seconds = static_cast<double>(s.t - intercept_time) / 1e3;
    x.Add(seconds);
    y.Add(s.v);
    xy.Add(seconds * s.v);
    x2.Add(seconds * seconds);
  }
  const double n = static_cast<double>(samples.size());
  const double covariance = xy.value() - x.value() * y.value() / n;
  const double variance = x2.value() - x.value() * x.value() / n;
  const double slope = covariance / variance;
  return {slope, y.value() / n - slope * x.value() / n};
}

double ExtrapolatedRate(const NaiveRange& window, const std::vector<Sample>& samples, bool counter,
                        bool rate) {
  double result = samples.back().v - samples.front().v;
  for (size_t i = 1; counter && i < samples.size(); ++i) {
    if (samples[i].v < samples[i - 1].v) result += samples[i - 1].v;
  }
  double to_start = Seconds(samples.front().t - (window.window_end - window.range_ms));
  double to_end = Seconds(window.window_end - samples.back().t);
  const double sampled = Seconds(samples.back().t - samples.front().t);
  const double average = sampled / static_cast<double>(samples.size() - 1);
  if (to_start >= average * 1.1) to_start = average / 2;
  if (counter) {
    double to_zero = to_start;
    if (result > 0 && samples.front().v >= 0) to_zero = sampled * (samples.front().v / result);
    to_start = std::min(to_start, to_zero);
  }
  if (to_end >= average * 1.1) to_end = average / 2;
  double factor = (sampled + to_start + to_end) / sampled;
  if (rate) factor /= Seconds(window.range_ms);
  return result * factor;
}

// False when the last two samples give nothing.
bool Instantaneous(const std::vector<Sample>& samples, bool rate, double* out) {
  const Sample &last = samples.back(), &previous = samples[samples.size() - 2];
  *out = rate && last.v < previous.v ? last.v : last.v - previous.v;
  if (rate) *out /= Seconds(last.t - previous.t);
  return true;
}

double Extreme(const std::vector<Sample>& samples, bool largest) {
  double best = samples[0].v;
  for (const Sample& s : samples) {
    if (std::isnan(best) || (largest ? s.v > best : s.v < best)) best = s.v;
  }
  return best;
}

double CountPairs(const std::vector<Sample>& samples, bool (*counts)(double, double)) {
  double n = 0;
  for (size_t i = 1; i < samples.size(); ++i) n += counts(samples[i - 1].v, samples[i].v) ? 1 : 0;
  return n;
}

}  // namespace

double NaiveQuantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kNaN;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  std::sort(values.begin(), values.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  const double n = static_cast<double>(values.size());
  const double rank = q * (n - 1);
  const double lower = std::max(0.0, std::floor(rank)), upper = std::min(n - 1, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<size_t>(lower)] * (1 - weight) +
         values[static_cast<size_t>(upper)] * weight;
}

// `buckets`: (upper bound, cumulative count), in any order.
double NaiveHistogramQuantile(double q, std::vector<std::pair<double, double>> buckets) {
  if (std::isnan(q)) return kNaN;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  std::map<double, double> merged;
  for (const auto& [upper, count] : buckets) merged[upper] += count;
  buckets.assign(merged.begin(), merged.end());
  if (buckets.empty() || !std::isinf(buckets.back().first) || buckets.back().first < 0) return kNaN;
  // Counts must ascend; a decrease, or a rise within rounding errors, is evened out.
  for (size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].second;
    const double previous = buckets[i - 1].second;
    const double sum = std::abs(count) + std::abs(previous);
    const bool close = count == previous || (sum > 0 && std::abs(count - previous) / sum < 1e-12);
    if (count < previous || close) count = previous;
  }
  if (buckets.size() < 2) return kNaN;
  const double observations = buckets.back().second;
  if (observations == 0 || std::isnan(observations)) return kNaN;
  double rank = q * observations;
  size_t b = 0;
  while (b + 1 < buckets.size() && buckets[b].second < rank) ++b;
  if (b == buckets.size() - 1) return buckets[buckets.size() - 2].first;
  if (b == 0 && buckets[0].first <= 0) return buckets[0].first;
  double start = 0, count = buckets[b].second;
  if (b > 0) {
    start = buckets[b - 1].first;
    count -= buckets[b - 1].second;
    rank -= buckets[b - 1].second;
  }
  return start + (buckets[b].first - start) * (rank / count);
}

bool NaiveRangeFunction(std::string_view name, const NaiveRange& window,
                        const std::vector<Sample>& samples, const std::vector<double>& args,
                        TimeMs eval_time, double* out) {
  if (samples.empty()) return false;
  const bool pair = samples.size() >= 2;
  if (name == "rate") return pair && (*out = ExtrapolatedRate(window, samples, true, true), true);
  if (name == "increase")
    return pair && (*out = ExtrapolatedRate(window, samples, true, false), true);
  if (name == "delta")
    return pair && (*out = ExtrapolatedRate(window, samples, false, false), true);
  if (name == "irate") return pair && Instantaneous(samples, true, out);
  if (name == "idelta") return pair && Instantaneous(samples, false, out);
  if (name == "deriv") return pair && (*out = Regression(samples, samples[0].t).first, true);
  if (name == "predict_linear") {
    if (!pair) return false;
    const auto [slope, intercept] = Regression(samples, eval_time);
    *out = slope * args[0] + intercept;
    return true;
  }
  if (name == "changes") {
    *out = CountPairs(
        samples, [](double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); });
  } else if (name == "resets") {
    *out = CountPairs(samples, [](double a, double b) { return b < a; });
  } else if (name == "sum_over_time") {
    Sum sum;
    for (const Sample& s : samples) sum.Add(s.v);
    *out = std::isinf(sum.sum) ? sum.sum : sum.value();
  } else if (name == "avg_over_time") {
    *out = Average(samples);
  } else if (name == "count_over_time") {
    *out = static_cast<double>(samples.size());
  } else if (name == "present_over_time") {
    *out = 1;
  } else if (name == "min_over_time" || name == "max_over_time") {
    *out = Extreme(samples, name == "max_over_time");
  } else if (name == "last_over_time") {
    *out = samples.back().v;
  } else if (name == "first_over_time") {
    *out = samples.front().v;
  } else if (name == "stdvar_over_time") {
    *out = Variance(samples);
  } else if (name == "stddev_over_time") {
    *out = std::sqrt(Variance(samples));
  } else if (name == "mad_over_time") {
    std::vector<double> values;
    for (const Sample& s : samples) values.push_back(s.v);
    const double median = NaiveQuantile(0.5, values);
    for (double& v : values) v = std::abs(v - median);
    *out = NaiveQuantile(0.5, std::move(values));
  } else if (name == "quantile_over_time") {
    std::vector<double> values;
    for (const Sample& s : samples) values.push_back(s.v);
    *out = NaiveQuantile(args[0], std::move(values));
  } else {
    return false;
  }
  return true;
}

// math.Min of Go: minus infinity before NaN before numbers, and -0 before 0.
static double GoMin(double a, double b) {
  if (std::min(a, b) == -INFINITY || std::min(b, a) == -INFINITY) return -INFINITY;
  if (std::isnan(a) || std::isnan(b)) return kNaN;
  if (a == 0 && b == 0) return std::signbit(a) || std::signbit(b) ? -0.0 : 0.0;
  return std::min(a, b);
}
static double GoMax(double a, double b) { return -GoMin(-a, -b); }

bool NaiveMathFunction(std::string_view name, double v, const std::vector<double>& args,
                       double* out) {
  using Fn = double (*)(double);
  static const std::map<std::string_view, Fn> kFunctions = {
      {"abs", [](double x) { return std::abs(x); }},
      {"ceil", [](double x) { return std::ceil(x); }},
      {"floor", [](double x) { return std::floor(x); }},
      {"exp", [](double x) { return std::exp(x); }},
      {"ln", [](double x) { return std::log(x); }},
      {"log2", [](double x) { return std::log2(x); }},
      {"log10", [](double x) { return std::log10(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"tan", [](double x) { return std::tan(x); }},
      {"asin", [](double x) { return std::asin(x); }},
      {"acos", [](double x) { return std::acos(x); }},
      {"atan", [](double x) { return std::atan(x); }},
      {"sinh",
       [](double x) {
         return std::abs(x) > 21 ? std::copysign(std::exp(std::abs(x)) / 2, x) : std::sinh(x);
       }},
      {"cosh",
       [](double x) { return std::abs(x) > 21 ? std::exp(std::abs(x)) / 2 : std::cosh(x); }},
      {"tanh", [](double x) { return std::tanh(x); }},
      {"asinh", [](double x) { return std::asinh(x); }},
      {"acosh", [](double x) { return std::acosh(x); }},
      {"atanh", [](double x) { return std::atanh(x); }},
      {"deg", [](double x) { return x * 180 / M_PI; }},
      {"rad", [](double x) { return x * M_PI / 180; }},
      {"sgn", [](double x) { return x < 0   ? -1.0
                                    : x > 0 ? 1.0
                                            : x; }},
  };
  if (const auto it = kFunctions.find(name); it != kFunctions.end()) {
    *out = it->second(v);
  } else if (name == "round") {
    const double inverse = 1 / (args.empty() ? 1.0 : args[0]);
    *out = std::floor(v * inverse + 0.5) / inverse;
  } else if (name == "clamp") {
    *out = GoMax(args[0], GoMin(args[1], v));
  } else if (name == "clamp_min") {
    *out = GoMax(args[0], v);
  } else if (name == "clamp_max") {
    *out = GoMin(args[0], v);
  } else {
    return false;
  }
  return true;
}

bool NaiveDateFunction(std::string_view name, double v, double* out) {
  // What 64 bits do not hold is the smallest number, and Go's calendar begins later than that.
  constexpr int64_t kEra = int64_t{146'097} * 86'400;  // 400 years.
  __int128 total = v >= -0x1p63 && v < 0x1p63 ? static_cast<int64_t>(v) : INT64_MIN;
  if (total < INT64_C(-9223372028741760000)) total += static_cast<__int128>(1) << 64;
  const auto eras = static_cast<int64_t>(total / kEra) - (total % kEra < 0 ? 1 : 0);
  const auto seconds = static_cast<std::time_t>(total - static_cast<__int128>(eras) * kEra);
  std::tm tm;
  gmtime_r(&seconds, &tm);
  if (name == "minute")
    *out = tm.tm_min;
  else if (name == "hour")
    *out = tm.tm_hour;
  else if (name == "day_of_week")
    *out = tm.tm_wday;
  else if (name == "day_of_month")
    *out = tm.tm_mday;
  else if (name == "day_of_year")
    *out = tm.tm_yday + 1;
  else if (name == "month")
    *out = tm.tm_mon + 1;
  else if (name == "year")
    *out = static_cast<double>(tm.tm_year + 1900 + 400 * eras);
  else if (name == "days_in_month") {
    tm.tm_mon += 1;
    tm.tm_mday = 0;  // The day before the first of the next month.
    timegm(&tm);
    *out = tm.tm_mday;
  } else {
    return false;
  }
  return true;
}

double NaiveArithmetic(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMod:
      return std::fmod(a, b);
    case BinaryOp::kPow:
      return std::pow(a, b);
    case BinaryOp::kAtan2:
      // Go works with the quotient and loses its sign with it.
      if (a < 0 && b < 0 && !std::isinf(b) && a / b == 0) return std::atan2(-a, b);
      return std::atan2(a, b);
    default:
      return kNaN;
  }
}

bool NaiveComparison(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kEqual:
      return a == b;
    case BinaryOp::kNotEqual:
      return a != b;
    case BinaryOp::kLess:
      return a < b;
    case BinaryOp::kLessEqual:
      return a <= b;
    case BinaryOp::kGreater:
      return a > b;
    default:
      return a >= b;
  }
}

}  // namespace hearth::promql
