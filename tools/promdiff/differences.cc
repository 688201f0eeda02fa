#include "tools/promdiff/differences.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <optional>
#include <set>

#include "query/parse/parser.h"

namespace hearth::promdiff {
namespace {

bool IsOneOf(std::string_view rule, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), rule) != names.end();
}

// `node` with the first piece that `rule` made replaced by `text`, or null when there is none.
NodePtr WithText(const NodePtr& node, std::string_view rule, const std::string& text) {
  if (node->rule == rule) {
    auto copy = std::make_shared<Node>(*node);
    copy->parts = {Part(text)};
    return copy;
  }
  for (size_t i = 0; i < node->parts.size(); ++i) {
    if (node->parts[i].child == nullptr) continue;
    const NodePtr changed = WithText(node->parts[i].child, rule, text);
    if (changed == nullptr) continue;
    auto copy = std::make_shared<Node>(*node);
    copy->parts[i] = Part(changed);
    return copy;
  }
  return nullptr;
}

// `{__name__="x",a="b",}` without the name.
std::string WithoutName(std::string labels) {
  static constexpr std::string_view kName = "__name__=\"";
  const size_t start = labels.find(kName);
  if (start == std::string::npos) return labels;
  return labels.erase(start, labels.find("\",", start + kName.size()) + 2 - start);
}

// Prometheus 2 forgets to drop the name from what atan2 gives.
bool IsAtan2Name(const Case& c) {
  if (c.query.expr->rule != "atan2" || !c.peer.ok) return false;
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) series.labels = WithoutName(series.labels);
  return Difference(c.hearth, peer, Closeness::kClose).empty();
}

// The spread of one infinity or NaN is NaN in 3 and was 0 in 2: every point that differs is such.
bool IsSpreadOfOne(const Case& c) {
  if (!IsOneOf(c.query.expr->rule, {"stddev", "stdvar"}) || !c.hearth.ok || !c.peer.ok)
    return false;
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) {
    for (const AnswerSeries& mine : c.hearth.series) {
      if (mine.labels != series.labels || mine.points.size() != series.points.size()) continue;
      for (size_t i = 0; i < mine.points.size(); ++i) {
        if (std::isnan(mine.points[i].v) && series.points[i].v == 0)
          series.points[i] = mine.points[i];
      }
    }
  }
  return Difference(c.hearth, peer, Closeness::kClose).empty();
}

// `count_values by` in 2 groups wrongly when the new label does not sort after the others: with a
// label that does, both agree.
bool IsCountValuesOrder(const Case& c) {
  if (!IsOneOf(c.query.expr->rule, {"count_values", "subquery"})) return false;
  if (!Contains(*c.query.expr, "count_values")) return false;
  Query sorted = c.query;
  sorted.expr = WithText(c.query.expr, "string", "\"zz\"");
  return sorted.expr != nullptr &&
         Difference(c.ask_hearth(sorted), c.ask_peer(sorted), Closeness::kBits).empty();
}

struct WindowTimes {
  TimeMs start = 0, end = 0;
};

// The window of a range vector at time t, as its text says.
std::optional<WindowTimes> WindowOf(const Node& range, TimeMs t) {
  // Durations are plain in the peer's text; the word that it has by another name is put right.
  static constexpr std::string_view kOld = "holt_winters(", kNew = "double_exponential_smoothing(";
  std::string text = Text(range, Dialect::kPeer);
  for (size_t at = text.find(kOld); at != std::string::npos; at = text.find(kOld, at)) {
    text.replace(at, kOld.size(), kNew);
  }
  const auto parsed = promql::ParseExpr(text, {.experimental_functions = true});
  if (!parsed.ok()) return std::nullopt;
  const promql::Expr& expr = **parsed;
  const promql::TimeModifier* time = nullptr;
  TimeMs length = 0;
  if (expr.kind == promql::ExprKind::kMatrixSelector) {
    const auto& matrix = promql::As<promql::MatrixSelector>(expr);
    time = &matrix.selector->time;
    length = matrix.range.ms;
  } else if (expr.kind == promql::ExprKind::kSubquery) {
    const auto& subquery = promql::As<promql::SubqueryExpr>(expr);
    time = &subquery.time;
    length = subquery.range.ms;
  } else {
    return std::nullopt;
  }
  const TimeMs end = (time->at == promql::AtKind::kTimestamp ? time->at_ms : t) - time->offset.ms;
  return WindowTimes{end - length, end};
}

// Below 2^-1022 the peer's logarithms are those of another number.
bool IsLogarithmOfSubnormal(const Case& c) {
  const Node& call = *c.query.expr;
  if (!IsOneOf(call.rule, {"ln", "log2", "log10"}) || !c.query.instant()) return false;
  Answer peer = c.peer;
  const Answer bits =
      c.ask_hearth({Compose(ValueType::kInstantVector, "abs", {"abs(", call.parts[1], ")"}),
                    c.query.start_ms, c.query.end_ms, c.query.step_ms});
  for (AnswerSeries& series : peer.series) {
    for (const AnswerSeries& argument : bits.series) {
      if (argument.labels != series.labels || argument.points[0].v >= 0x1p-1022) continue;
      for (const AnswerSeries& mine : c.hearth.series) {
        if (mine.labels == series.labels) series.points = mine.points;
      }
    }
  }
  return Difference(c.hearth, peer, Closeness::kClose).empty();
}

bool IsSubnormal(double v) { return v != 0 && std::abs(v) < 0x1p-1022; }

// A power takes that logarithm times the exponent's fraction, a half at most; the logarithm is
// wrong by 52 ln 2 at most.
bool IsPowerOfSubnormal(const Case& c) {
  constexpr double kFarthest = 52 * std::numbers::ln2 / 2;
  if (c.query.expr->rule != "^" || !c.query.instant() || !c.peer.ok) return false;
  const auto base = std::find_if(c.query.expr->parts.begin(), c.query.expr->parts.end(),
                                 [](const Part& part) { return part.child != nullptr; });
  if (base == c.query.expr->parts.end()) return false;
  const Answer bases = c.ask_hearth({base->child, c.query.start_ms, c.query.end_ms, 0});
  const bool subnormal =
      std::any_of(bases.series.begin(), bases.series.end(),
                  [](const AnswerSeries& series) { return IsSubnormal(series.points[0].v); });
  if (!subnormal) return false;
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) {
    for (const AnswerSeries& mine : c.hearth.series) {
      const bool near = mine.labels == series.labels &&
                        std::abs(std::log(series.points[0].v / mine.points[0].v)) <= kFarthest;
      if (near) series.points = mine.points;
    }
  }
  return Difference(c.hearth, peer, Closeness::kClose).empty();
}

NodePtr RangeBelow(const Node& node) {
  for (const Part& part : node.parts) {
    if (part.child == nullptr) continue;
    if (part.child->type == ValueType::kRangeVector) return part.child;
    if (NodePtr found = RangeBelow(*part.child)) return found;
  }
  return nullptr;
}

// A call that looks at the time of its step, or at arguments that change, where `@` fixes its
// window: 2 takes the first step's answer for all steps, or moves the window. Each step by itself
// is the same in both.
bool IsFixedWindow(const Case& c) {
  NodePtr call = c.query.expr;
  if (call->rule == "subquery") {
    const auto inner = std::find_if(call->parts.begin(), call->parts.end(), [](const Part& part) {
      return part.child != nullptr && part.child->type == ValueType::kInstantVector;
    });
    if (inner == call->parts.end()) return false;
    call = inner->child;
  } else if (c.query.instant()) {
    return false;
  }
  const bool fixed = RangeBelow(*call) != nullptr && Contains(*call, "at");
  if (!fixed || !c.hearth.ok || !c.peer.ok) return false;
  std::set<TimeMs> times;
  for (const Answer* answer : {&c.hearth, &c.peer}) {
    for (const AnswerSeries& series : answer->series) {
      for (const Point& point : series.points) times.insert(point.t);
    }
  }
  return std::all_of(times.begin(), times.end(), [&](TimeMs t) {
    const Query step{call, t, t, 0};
    // `@ start()` is another time in each step's own query: then Hearth's instant stands for it.
    const Answer mine = call->facts.needs_range ? c.ask_hearth(step) : AtStep(c.hearth, t);
    return Difference(mine, c.ask_peer(step), Closeness::kBits).empty();
  });
}

const AnswerSeries* FindSeries(const Answer& answer, const std::string& labels) {
  const auto found = std::find_if(
      answer.series.begin(), answer.series.end(),
      [&](const AnswerSeries& series) { return WithoutName(series.labels) == labels; });
  return found == answer.series.end() ? nullptr : &*found;
}

// From 1023.5 ln 2 = 709.44 on the peer's exponential is infinite, that of the numbers to 709.78 is
// not.
bool IsExponentialOverflow(const Case& c) {
  if (!IsOneOf(c.query.expr->rule, {"exp", "sinh", "cosh"}) || !c.hearth.ok || !c.peer.ok) {
    return false;
  }
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) {
    const AnswerSeries* mine = FindSeries(c.hearth, series.labels);
    if (mine == nullptr || mine->points.size() != series.points.size()) return false;
    for (size_t i = 0; i < mine->points.size(); ++i) {
      const double ours = mine->points[i].v, theirs = series.points[i].v;
      const bool overflows = std::abs(ours) > 0x1p1022 && std::isinf(theirs) && ours * theirs > 0;
      if (overflows) series.points[i] = mine->points[i];
    }
  }
  return Difference(c.hearth, peer, Closeness::kClose).empty();
}

// The peer refuses a range query when two series become equal, even if no step has both; 3 joins
// them behind what changes labels alone. Each step by itself is the same in both.
bool IsSameLabelsOneAfterTheOther(const Case& c) {
  if (c.query.instant() || !c.hearth.ok || c.peer.ok) return false;
  if (!IsOneOf(c.query.expr->rule, {"negate", "label_replace", "label_join"})) return false;
  if (c.peer.error.find("same labelset") == std::string::npos || c.query.expr->facts.needs_range) {
    return false;
  }
  for (TimeMs t = c.query.start_ms; t <= c.query.end_ms; t += c.query.step_ms) {
    const Answer step = c.ask_peer({c.query.expr, t, t, 0});
    if (!Difference(AtStep(c.hearth, t), step, Closeness::kClose).empty()) return false;
  }
  return true;
}

// The compensation of an infinite sum is zero in 3 and was NaN in 2, and so was the regression.
bool IsInfiniteRegression(const Case& c) {
  if (!IsOneOf(c.query.expr->rule, {"deriv", "predict_linear"}) || !c.query.instant()) return false;
  const NodePtr range = RangeBelow(*c.query.expr);
  if (range == nullptr || !c.peer.ok) return false;
  const Answer samples = c.ask_hearth({range, c.query.start_ms, c.query.end_ms, 0});
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) {
    const AnswerSeries* mine = FindSeries(c.hearth, series.labels);
    const AnswerSeries* input = FindSeries(samples, series.labels);
    if (mine == nullptr || input == nullptr || !std::isnan(series.points[0].v)) continue;
    // Times of a window squared and multiplied reach further than the values.
    const bool overflows =
        std::any_of(input->points.begin(), input->points.end(),
                    [](const Point& point) { return std::abs(point.v) >= 1e290; });
    if (overflows) series.points = mine->points;
  }
  return Difference(c.hearth, peer, Closeness::kBits).empty();
}

// Which of two zeros has a rank depends on random numbers in Go's sort, from thirteen values on;
// other ones in the Go that Prometheus 2.42 was built with.
bool IsOrderOfZeros(const Case& c) {
  constexpr size_t kStableMax = 12;
  if (c.query.expr->rule != "quantile_over_time" || !c.query.instant()) return false;
  const NodePtr range = RangeBelow(*c.query.expr);
  if (range == nullptr || !c.hearth.ok || !c.peer.ok) return false;
  const Answer samples = c.ask_hearth({range, c.query.start_ms, c.query.end_ms, 0});
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) {
    const AnswerSeries* mine = FindSeries(c.hearth, series.labels);
    const AnswerSeries* input = FindSeries(samples, series.labels);
    if (mine == nullptr || input == nullptr || input->points.size() <= kStableMax) continue;
    bool zeros[2] = {false, false};
    for (const Point& point : input->points) {
      if (point.v == 0) zeros[std::signbit(point.v) ? 1 : 0] = true;
    }
    const bool both_zero = mine->points[0].v == 0 && series.points[0].v == 0;
    if (zeros[0] && zeros[1] && both_zero) series.points = mine->points;
  }
  return Difference(c.hearth, peer, Closeness::kBits).empty();
}

// The first of several zeros is the least and the greatest; the order of the series is open.
bool IsSignOfZero(const Case& c) {
  if (!IsOneOf(c.query.expr->rule, {"min", "max"}) || !c.query.instant() || !c.peer.ok)
    return false;
  const auto input =
      std::find_if(c.query.expr->parts.begin(), c.query.expr->parts.end(), [](const Part& part) {
        return part.child != nullptr && part.child->type == ValueType::kInstantVector;
      });
  if (input == c.query.expr->parts.end()) return false;
  const Answer values = c.ask_hearth({input->child, c.query.start_ms, c.query.end_ms, 0});
  const auto has_zero = [&](bool negative) {
    return std::any_of(values.series.begin(), values.series.end(), [&](const AnswerSeries& series) {
      return series.points[0].v == 0 && std::signbit(series.points[0].v) == negative;
    });
  };
  if (!has_zero(true) || !has_zero(false)) return false;
  Answer peer = c.peer;
  for (AnswerSeries& series : peer.series) {
    const AnswerSeries* mine = FindSeries(c.hearth, series.labels);
    const bool both_zero = mine != nullptr && mine->points[0].v == 0 && series.points[0].v == 0;
    if (both_zero) series.points = mine->points;
  }
  return Difference(c.hearth, peer, Closeness::kBits).empty();
}

// Where no step of a subquery falls into its window, the peer evaluates what does not depend on
// time once, at the step after the window.
bool IsStepAfterWindow(const Case& c) {
  if (c.query.expr->rule != "subquery" || !c.hearth.ok || !c.hearth.series.empty()) return false;
  return c.peer.ok &&
         std::all_of(c.peer.series.begin(), c.peer.series.end(), [&](const auto& series) {
           const auto window = WindowOf(*c.query.expr, c.query.start_ms);
           return window && series.points.size() == 1 && series.points[0].t > window->end;
         });
}

// In 3 two series on one side of a one-to-one comparison are an error before values are looked at;
// in 2 only when the comparison keeps both. With `bool`, which keeps everything, they agree.
bool IsDuplicateBehindComparison(const Case& c) {
  if (!IsOneOf(c.query.expr->rule, {"==", "!=", "<", "<=", ">", ">="}) || c.hearth.ok) return false;
  auto with_bool = std::make_shared<Node>(*c.query.expr);
  for (Part& part : with_bool->parts) {
    if (part.child == nullptr && part.hearth == " " + c.query.expr->rule + " ") {
      part = Part(part.hearth + "bool ");
    }
  }
  Query kept = c.query;
  kept.expr = with_bool;
  return c.hearth.error.find("multiple matches for labels") != std::string::npos &&
         Difference(c.hearth, c.ask_peer(kept), Closeness::kBits).empty();
}

bool Near(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || a == b || std::abs(a - b) <= 1e-12 * std::abs(b);
}

// Both formulas over the samples that the peer has in the window give the two answers.
bool IsExtrapolationToZero(const Case& c) {
  const bool per_second = c.query.expr->rule == "rate";
  if (!IsOneOf(c.query.expr->rule, {"rate", "increase"}) || !c.query.instant()) return false;
  const NodePtr range = RangeBelow(*c.query.expr);
  if (range == nullptr) return false;
  const auto window = WindowOf(*range, c.query.start_ms);
  if (!window || c.hearth.series.size() != c.peer.series.size()) return false;
  const Answer samples = c.ask_peer({range, c.query.start_ms, c.query.start_ms, 0});
  for (const AnswerSeries& mine : c.hearth.series) {
    const AnswerSeries* theirs = FindSeries(c.peer, mine.labels);
    const AnswerSeries* input = FindSeries(samples, mine.labels);
    if (theirs == nullptr || input == nullptr) return false;
    const double v3 = mine.points[0].v, v2 = theirs->points[0].v;
    if (SameBits(v2, v3)) continue;
    const Extrapolation both =
        ExtrapolateCounter(input->points, window->start, window->end, per_second);
    if (!Near(v3, both.version3) || !Near(v2, both.version2)) return false;
  }
  return true;
}

}  // namespace

Extrapolation ExtrapolateCounter(const std::vector<Point>& samples, TimeMs window_start,
                                 TimeMs window_end, bool per_second) {
  if (samples.size() < 2) return {};
  const auto seconds = [](TimeMs ms) { return static_cast<double>(ms) / 1000; };
  const double sampled = seconds(samples.back().t - samples.front().t);
  const double mean = sampled / static_cast<double>(samples.size() - 1), threshold = 1.1 * mean;
  double change = samples.back().v - samples.front().v;
  for (size_t i = 1; i < samples.size(); ++i) {
    if (samples[i].v < samples[i - 1].v) change += samples[i - 1].v;
  }
  const double to_start = seconds(samples.front().t - window_start);
  const double to_end = seconds(window_end - samples.back().t);
  double to_zero = to_start;
  if (change > 0 && samples.front().v >= 0) to_zero = sampled * (samples.front().v / change);
  const auto covered = [&](double gap) { return gap < threshold ? gap : mean / 2; };
  // 2 cuts at zero first and judges the gap afterwards.
  const double before2 = covered(std::min(to_start, to_zero));
  const double before3 = std::min(covered(to_start), change > 0 ? to_zero : covered(to_start));
  const auto result = [&](double before) {
    const double factor = (sampled + before + covered(to_end)) / sampled;
    return change * factor / (per_second ? seconds(window_end - window_start) : 1);
  };
  return {result(before2), result(before3)};
}

const std::vector<KnownDifference>& KnownDifferences() {
  static const std::vector<KnownDifference> rows = {
      {"extrapolation of a counter to its zero", &IsExtrapolationToZero},
      {"atan2 keeps the metric name", &IsAtan2Name},
      {"stddev and stdvar of one infinity or NaN", &IsSpreadOfOne},
      {"logarithms of subnormal numbers", &IsLogarithmOfSubnormal},
      {"powers of subnormal numbers", &IsPowerOfSubnormal},
      {"a changing call over a window that @ fixes", &IsFixedWindow},
      {"a subquery without a step in its window", &IsStepAfterWindow},
      {"exponentials near the largest number", &IsExponentialOverflow},
      {"equal labels, one after the other", &IsSameLabelsOneAfterTheOther},
      {"regression over infinite sums", &IsInfiniteRegression},
      {"which zero has a rank", &IsOrderOfZeros},
      {"the sign of a zero in min and max", &IsSignOfZero},
      {"duplicates behind a comparison", &IsDuplicateBehindComparison},
      {"count_values by labels that sort after the new one", &IsCountValuesOrder},
  };
  return rows;
}

const KnownDifference* Explain(const Case& c) {
  for (const KnownDifference& row : KnownDifferences()) {
    if (row.explains(c)) return &row;
  }
  return nullptr;
}

}  // namespace hearth::promdiff
