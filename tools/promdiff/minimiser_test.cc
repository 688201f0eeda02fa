#include "tools/promdiff/minimiser.h"

#include <gtest/gtest.h>

namespace hearth::promdiff {
namespace {

NodePtr Optional(const std::string& text) {
  auto node = std::make_shared<Node>();
  node->parts = {Part(text)};
  node->optional = true;
  return node;
}

NodePtr Selector() {
  auto matchers =
      Compose(ValueType::kNone, "matchers", {"{", Optional("a=\"x\","), Optional("b!=\"\","), "}"});
  matchers->simpler = {"{a=\"x\",i=\"0\",}", "{a=\"x\",i=\"1\",}"};
  return Compose(ValueType::kInstantVector, "selector",
                 {"g", NodePtr(matchers), Optional(" offset 5m")});
}

NodePtr Wrap(const std::string& function, NodePtr argument) {
  return Compose(ValueType::kInstantVector, function, {function + "(", std::move(argument), ")"});
}

std::string Hearth(const Query& query) { return Text(*query.expr, Dialect::kHearth); }
bool Has(const Query& query, const char* text) {
  return Hearth(query).find(text) != std::string::npos;
}

TEST(MinimiserTest, KeepsTheFunctionThatFailsAndOneSeries) {
  const Query query{Wrap("abs", Wrap("ceil", Wrap("floor", Selector()))), 0, 600'000, 60'000};
  const Query smallest = Minimise(
      query, [](const Query& q) { return Has(q, "ceil("); }, 1000);
  EXPECT_EQ(Hearth(smallest), "ceil(g{a=\"x\",i=\"0\",})");
  EXPECT_TRUE(smallest.instant());
}

TEST(MinimiserTest, FindsTheStepThatFails) {
  const Query query{Selector(), 0, 600'000, 60'000};
  const Query smallest = Minimise(
      query, [](const Query& q) { return q.start_ms <= 180'000 && 180'000 <= q.end_ms; }, 1000);
  EXPECT_EQ(smallest.start_ms, 180'000);
  EXPECT_TRUE(smallest.instant());
}

TEST(MinimiserTest, ARangeThatFailsAsARangeGetsFewerSteps) {
  const Query query{Selector(), 0, 600'000, 60'000};
  const Query smallest = Minimise(
      query, [](const Query& q) { return !q.instant() && q.end_ms - q.start_ms >= 60'000; }, 1000);
  EXPECT_FALSE(smallest.instant());
  EXPECT_LE(smallest.end_ms - smallest.start_ms, 120'000);
}

TEST(MinimiserTest, KeepsTheModifierThatMatters) {
  const Query query{Wrap("abs", Selector()), 0, 0, 0};
  const Query smallest = Minimise(
      query, [](const Query& q) { return Has(q, "offset 5m"); }, 1000);
  EXPECT_EQ(Hearth(smallest), "g{a=\"x\",i=\"0\",} offset 5m");
}

TEST(MinimiserTest, LooksIntoASubqueryAtEarlierTimes) {
  const NodePtr subquery =
      Compose(ValueType::kRangeVector, "subquery", {"(", Wrap("abs", Selector()), ")[10m:15s]"});
  const Query smallest = Minimise(
      {subquery, 600'000, 600'000, 0},
      [](const Query& q) {
        return Has(q, "abs(") && (Has(q, "[10m:15s]") || q.start_ms == 300'000);
      },
      1000);
  EXPECT_EQ(Hearth(smallest), "abs(g{a=\"x\",i=\"0\",})");
}

TEST(MinimiserTest, EndsAtItsNumberOfTries) {
  int tries = 0;
  Minimise(
      {Wrap("abs", Selector()), 0, 600'000, 1000},
      [&](const Query&) {
        ++tries;
        return false;
      },
      17);
  EXPECT_EQ(tries, 17);
}

}  // namespace
}  // namespace hearth::promdiff
