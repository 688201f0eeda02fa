#include "tools/promdiff/differences.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hearth::promdiff {
namespace {

Answer Vector(std::vector<AnswerSeries> series) {
  Answer answer;
  answer.ok = true;
  answer.type = "vector";
  answer.series = std::move(series);
  return answer;
}
Answer Matrix(std::vector<AnswerSeries> series) {
  Answer answer = Vector(std::move(series));
  answer.type = "matrix";
  return answer;
}
Query Of(const std::string& rule, std::vector<Part> parts) {
  return {Compose(ValueType::kInstantVector, rule, std::move(parts)), 300'000, 300'000, 0};
}
std::string NameOf(const KnownDifference* row) {
  return row == nullptr ? "" : std::string(row->name);
}
Answer Nothing(const Query&) { return Vector({}); }

TEST(DifferencesTest, ExtrapolationEndsAtZeroBeforeOrAfterTheGapIsJudged) {
  // The first sample is 40 s into the window, the others follow every 10 s: the gap is too wide to
  // be covered. Zero is 20 s before the first sample.
  std::vector<Point> samples;
  for (int i = 0; i < 6; ++i) samples.push_back({40'000 + i * 10'000, 20.0 + 10 * i, ""});
  const Extrapolation both = ExtrapolateCounter(samples, 0, 90'000, /*per_second=*/false);
  EXPECT_DOUBLE_EQ(both.version3, 50 * (50.0 + 5) / 50);
  EXPECT_DOUBLE_EQ(both.version2, 50 * (50.0 + 5) / 50);
  // Zero is 8 s before it: 2 takes those 8, 3 the half distance, which is less.
  for (Point& point : samples) point.v -= 12;
  const Extrapolation near = ExtrapolateCounter(samples, 0, 90'000, /*per_second=*/false);
  EXPECT_DOUBLE_EQ(near.version2, 50 * (50.0 + 8) / 50);
  EXPECT_DOUBLE_EQ(near.version3, 50 * (50.0 + 5) / 50);
  EXPECT_DOUBLE_EQ(ExtrapolateCounter(samples, 0, 90'000, true).version3, near.version3 / 90);
}

TEST(DifferencesTest, AnExtrapolationIsExplainedByItsNumbersOnly) {
  const Answer samples = Matrix({{"{__name__=\"l\",}", {}}});
  Answer filled = samples;
  for (int i = 0; i < 6; ++i) {
    filled.series[0].points.push_back({250'000 + i * 10'000, 8.0 + 10 * i, ""});
  }
  const NodePtr range = Compose(ValueType::kRangeVector, "range selector", {"l[90s]"});
  Case c{Of("increase", {"increase(", range, ")"}), Vector({{"{}", {{300'000, 55, ""}}}}),
         Vector({{"{}", {{300'000, 58, ""}}}}), &Nothing, [&](const Query&) { return filled; }};
  EXPECT_EQ(NameOf(Explain(c)), "extrapolation of a counter to its zero");
  c.hearth.series[0].points[0].v = 56;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, Atan2MayKeepTheNameAndNothingElse) {
  const Answer mine = Vector({{"{a=\"x\",}", {{0, 1, ""}}}});
  Case c{Of("atan2", {"g atan2 1"}), mine, Vector({{"{__name__=\"g\",a=\"x\",}", {{0, 1, ""}}}}),
         &Nothing, &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "atan2 keeps the metric name");
  c.peer.series[0].points[0].v = 2;
  EXPECT_EQ(Explain(c), nullptr);
  c.peer.series[0].points[0].v = 1;
  c.query = Of("+", {"g + 1"});
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, ASpreadIsNaNOnlyWhereThePeerHasZero) {
  Case c{Of("stddev", {"stddev(g)"}), Vector({{"{}", {{0, NAN, ""}}}}),
         Vector({{"{}", {{0, 0, ""}}}}), &Nothing, &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "stddev and stdvar of one infinity or NaN");
  c.peer.series[0].points[0].v = 1;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, LogarithmsDifferBelowTheNormalNumbersOnly) {
  double argument = 5e-324;
  Case c{Of("ln", {"ln(", Part(Compose(ValueType::kNone, "arguments", {"g"})), ")"}),
         Vector({{"{}", {{0, -744.4, ""}}}}), Vector({{"{}", {{0, -709.1, ""}}}}),
         [&](const Query&) {
           return Vector({{"{}", {{0, argument, ""}}}});
         },
         &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "logarithms of subnormal numbers");
  argument = 1e-300;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, AnExponentialMayBeInfiniteOnlyNearTheLargestNumber) {
  Case c{Of("cosh", {"cosh(g)"}), Vector({{"{}", {{0, 8.7e307, ""}}}}),
         Vector({{"{}", {{0, HUGE_VAL, ""}}}}), &Nothing, &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "exponentials near the largest number");
  c.hearth.series[0].points[0].v = 8.7e300;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, TheSignOfAZeroIsOpenInMinAndMaxWhereBothAre) {
  double other = -0.0;
  Case c{Of("min", {"min(", Part(Compose(ValueType::kInstantVector, "selector", {"g"})), ")"}),
         Vector({{"{}", {{0, -0.0, ""}}}}), Vector({{"{}", {{0, 0.0, ""}}}}),
         [&](const Query&) {
           return Vector({{"{a=\"x\",}", {{0, 0.0, ""}}}, {"{a=\"y\",}", {{0, other, ""}}}});
         },
         &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "the sign of a zero in min and max");
  other = 0.0;
  EXPECT_EQ(Explain(c), nullptr);
  other = -0.0;
  c.peer.series[0].points[0].v = 1;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, PowersOfSubnormalNumbersDifferByHalfTheirLogarithmsErrorAtMost) {
  double base = 5e-324;
  Case c{Of("^", {Part(Compose(ValueType::kScalar, "number", {"5e-324"})), " ^ g"}),
         Vector({{"{}", {{0, 6.7e80, ""}}}}), Vector({{"{}", {{0, 9.7e76, ""}}}}),
         [&](const Query&) {
           return Vector({{"{}", {{0, base, ""}}}});
         },
         &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "powers of subnormal numbers");
  c.peer.series[0].points[0].v = 6.7e72;
  EXPECT_EQ(Explain(c), nullptr);
  c.peer.series[0].points[0].v = 9.7e76;
  base = 1e-300;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, AnErrorIsExplainedWhenBoolMakesThePeerGiveItToo) {
  Answer error;
  error.error_type = "execution";
  error.error = "multiple matches for labels: many-to-one matching must be explicit";
  bool peer_errs = true;
  Case c{Of("==", {"(g)", " == ", "(h)"}), error, Vector({}), &Nothing, [&](const Query& q) {
           EXPECT_EQ(Text(*q.expr, Dialect::kPeer), "(g) == bool (h)");
           return peer_errs ? error : Vector({});
         }};
  EXPECT_EQ(NameOf(Explain(c)), "duplicates behind a comparison");
  peer_errs = false;
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, TheSignOfAZeroIsOpenAmongThirteenValuesOfBothSigns) {
  Answer samples = Matrix({{"{__name__=\"l\",}", {}}});
  for (int i = 0; i < 13; ++i) samples.series[0].points.push_back({i, i % 2 == 0 ? 0.0 : -0.0, ""});
  const NodePtr range = Compose(ValueType::kRangeVector, "range selector", {"l[90s]"});
  Case c{Of("quantile_over_time", {"quantile_over_time(0.5, ", range, ")"}),
         Vector({{"{}", {{0, 0.0, ""}}}}), Vector({{"{}", {{0, -0.0, ""}}}}),
         [&](const Query&) { return samples; }, &Nothing};
  EXPECT_EQ(NameOf(Explain(c)), "which zero has a rank");
  c.peer.series[0].points[0].v = 5e-324;
  EXPECT_EQ(Explain(c), nullptr);
  c.peer.series[0].points[0].v = -0.0;
  samples.series[0].points.pop_back();
  EXPECT_EQ(Explain(c), nullptr);
}

TEST(DifferencesTest, EqualLabelsInTurnsAreAnErrorOfThePeerBehindChangesOfLabelsAlone) {
  Answer error;
  error.error_type = "execution";
  error.error = "vector cannot contain metrics with the same labelset";
  const auto step = [](const Query& q) { return Vector({{"{}", {{q.start_ms, -1, ""}}}}); };
  Case c{Of("negate", {"-x"}), Matrix({{"{}", {{0, -1, ""}, {60'000, -1, ""}}}}), error, &Nothing,
         step};
  c.query.start_ms = 0;
  c.query.end_ms = c.query.step_ms = 60'000;
  EXPECT_EQ(NameOf(Explain(c)), "equal labels, one after the other");
  c.hearth.series[0].points[1].v = -2;
  EXPECT_EQ(Explain(c), nullptr);
  c.hearth.series[0].points[1].v = -1;
  c.query.expr = Compose(ValueType::kInstantVector, "rate", {"rate(x[1m])"});
  EXPECT_EQ(Explain(c), nullptr);
}

}  // namespace
}  // namespace hearth::promdiff
