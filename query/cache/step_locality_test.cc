#include "query/cache/step_locality.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "query/parse/parser.h"
#include "query/plan/plan.h"

namespace hearth::promql {
namespace {

ExprPtr Parse(const std::string& query) {
  ParserOptions options;
  options.experimental_functions = true;
  options.extended_range_selectors = true;
  absl::StatusOr<ExprPtr> tree = ParseExpr(query, options);
  EXPECT_TRUE(tree.ok()) << query << ": " << tree.status();
  return *std::move(tree);
}

TEST(StepLocalityTest, TellsWhatFollowsFromTheSamplesAroundAStep) {
  const struct {
    const char* query;
    bool local;
  } kCases[] = {
      {"x", true},
      {"sum by (a) (rate(x[5m]))", true},
      {"x offset 5m + y offset -1m", true},
      {"rate(x[step() * 4])", true},
      {"time() - timestamp(x)", true},
      {"topk(scalar(y), x)", true},
      {"hour()", true},
      {"step() * x", true},
      {"absent(x)", true},
      {"x @ 100", false},
      {"x @ end()", false},
      {"rate(x[5m] @ start())", false},
      {"1 + sum(x and y @ end())", false},
      {"max_over_time(x[1h:1m])", false},
      {"rate(x[range()])", false},
      {"x offset (range() / 2)", false},
      {"x > start()", false},
      {"end() - time()", false},
      {"range() * x", false},
      {"info(x)", false},
      {"topk(time(), vector(1))", false},
      {"sum(x) / ((sum(x @ 5)))", false},
  };
  for (const auto& [query, local] : kCases) EXPECT_EQ(IsStepLocal(*Parse(query)), local) << query;
}

TEST(StepLocalityTest, TellsHowFarAheadAStepLooks) {
  const struct {
    const char* query;
    TimeMs ahead;
  } kCases[] = {
      {"x", 0},
      {"rate(x[5m])", 0},
      {"x offset 1m", -60'000},
      {"x offset -1m", 60'000},
      {"x offset 1m + rate(y[5m] offset -2s)", 2000},
      {"sum(x offset 1h) / sum(x offset 1d)", -3'600'000},
      {"x smoothed", 300'000},
      {"x smoothed offset 1m", 240'000},
      {"rate(x[5m] smoothed)", 300'000},
      {"rate(x[5m] anchored)", 0},
      {"clamp(x offset -step(), scalar(y offset 1s), 5)", 15'000},
  };
  for (const auto& [query, ahead] : kCases) {
    const absl::StatusOr<Plan> plan = MakePlan(
        Parse(query), {.start = 0, .end = 60'000, .step = 15'000, .lookback_delta = 300'000});
    ASSERT_TRUE(plan.ok()) << query << ": " << plan.status();
    EXPECT_EQ(LooksAhead(*plan), ahead) << query;
  }
  const absl::StatusOr<Plan> none =
      MakePlan(Parse("time()"), {.start = 0, .end = 60'000, .step = 15'000});
  ASSERT_TRUE(none.ok());
  EXPECT_LT(LooksAhead(*none), -(TimeMs{1} << 59)) << "no sample changes it";
}

}  // namespace
}  // namespace hearth::promql
