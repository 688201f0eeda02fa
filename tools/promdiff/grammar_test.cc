#include "tools/promdiff/grammar.h"

#include <gtest/gtest.h>

#include "query/parse/parser.h"

namespace hearth::promdiff {
namespace {

constexpr int kMany = 4000;

class GrammarTest : public testing::TestWithParam<bool> {
 protected:
  const Data data_ = MakeData({.seed = 3, .on_boundary = GetParam(), .late_samples = false});
  Tally tally_;
  const PeerWords words_ = [] {
    PeerWords words;
    for (const auto* spec : promql::AllFunctions()) {
      if (spec->experimental) words.unknown.emplace(spec->name);
    }
    for (const auto* spec : promql::AllAggregations()) {
      if (spec->experimental) words.unknown.emplace(spec->name);
    }
    return words;
  }();
};

TEST_P(GrammarTest, EveryFunctionOfTheEngineHasARule) {
  EXPECT_EQ(Grammar::WithoutRule(), std::vector<std::string>{});
}

TEST_P(GrammarTest, TheSameSeedGivesTheSameQueries) {
  Tally other;
  Grammar one(7, &data_, words_, &tally_), two(7, &data_, words_, &other);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(one.Next().Describe(), two.Next().Describe());
}

TEST_P(GrammarTest, ValidExpressionsParseToTheirType) {
  const promql::ParserOptions everything{.experimental_functions = true,
                                         .extended_range_selectors = true,
                                         .fill_modifiers = true,
                                         .start_timestamps = true};
  Grammar grammar(1, &data_, words_, &tally_);
  int valid = 0;
  for (int i = 0; i < kMany; ++i) {
    const Query query = grammar.Next();
    if (!query.expr->facts.valid) continue;
    ++valid;
    const std::string text = Text(*query.expr, Dialect::kHearth);
    const auto parsed = promql::ParseExpr(text, everything);
    ASSERT_TRUE(parsed.ok()) << text << ": " << parsed.status();
    EXPECT_EQ((*parsed)->type, query.expr->type) << text;
  }
  EXPECT_GT(valid, kMany * 9 / 10);
}

TEST_P(GrammarTest, ADurationAtTheEndDoesNotTakeInWhatFollows) {
  const promql::ParserOptions everything{.experimental_functions = true,
                                         .extended_range_selectors = true,
                                         .fill_modifiers = true,
                                         .start_timestamps = true};
  Grammar grammar(4, &data_, words_, &tally_);
  int offsets = 0;
  for (int i = 0; i < kMany; ++i) {
    const Query query = grammar.Next();
    if (!query.expr->facts.valid || query.expr->type != ValueType::kInstantVector) continue;
    offsets += Contains(*query.expr, "offset") ? 1 : 0;
    // No duration may be divided by zero.
    const std::string text = Text(*query.expr, Dialect::kHearth) + " / 0";
    const auto parsed = promql::ParseExpr(text, everything);
    EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status();
  }
  EXPECT_GT(offsets, kMany / 20);
}

TEST_P(GrammarTest, EverythingIsGeneratedBeforeLong) {
  Grammar grammar(1, &data_, words_, &tally_);
  EXPECT_FALSE(tally_.Missing().empty());
  for (int i = 0; i < kMany; ++i) grammar.Next();
  EXPECT_EQ(tally_.Missing(), std::vector<std::string>{});
}

TEST_P(GrammarTest, WhatThePeerDoesNotKnowIsNotCompared) {
  Grammar grammar(2, &data_, words_, &tally_);
  int compared = 0;
  for (int i = 0; i < kMany; ++i) {
    const Query query = grammar.Next();
    if (!query.expr->facts.comparable) continue;
    ++compared;
    for (const std::string& word : words_.unknown) {
      const bool renamed = word == "double_exponential_smoothing";
      EXPECT_TRUE(renamed || !Contains(*query.expr, word)) << query.Describe();
    }
    const std::string peer = Text(*query.expr, Dialect::kPeer);
    for (const char* word : {"double_exponential_smoothing", "anchored", "smoothed", "fill",
                             "step(", "min_of(", "</"}) {
      EXPECT_EQ(peer.find(word), std::string::npos) << peer;
    }
  }
  EXPECT_GT(compared, kMany / 2);
}

INSTANTIATE_TEST_SUITE_P(OnAndOffTheBoundary, GrammarTest, testing::Bool());

TEST(TraitTest, CloseArgumentsPassThroughGentleFunctionsOnly) {
  const auto sum = [] {
    auto node = Compose(ValueType::kInstantVector, "sum", {"sum(g)"});
    ApplyTrait("sum", node.get());
    return NodePtr(node);
  };
  EXPECT_FALSE(sum()->facts.exact);
  auto gentle = Compose(ValueType::kInstantVector, "abs", {"abs(", sum(), ")"});
  ApplyTrait("abs", gentle.get());
  EXPECT_TRUE(gentle->facts.comparable);
  auto jumping = Compose(ValueType::kInstantVector, "floor", {"floor(", sum(), ")"});
  ApplyTrait("floor", jumping.get());
  EXPECT_FALSE(jumping->facts.comparable);
}

TEST(TraitTest, TiesAreOpenAtTheTopAlone) {
  auto best = Compose(ValueType::kInstantVector, "topk", {"topk(1, g)"});
  ApplyTrait("topk", best.get());
  EXPECT_TRUE(best->facts.tied && best->facts.comparable);
  auto above = Compose(ValueType::kInstantVector, "abs", {"abs(", NodePtr(best), ")"});
  ApplyTrait("abs", above.get());
  EXPECT_FALSE(above->facts.comparable);
}

TEST(TallyTest, WhatIsRegisteredAndNeverCountedIsMissing) {
  Tally tally, other;
  tally.Register("function", "rate");
  tally.Register("function", "abs");
  other.Count("function", "abs");
  tally.Add(other);
  EXPECT_EQ(tally.Missing(), std::vector<std::string>{"function rate"});
  EXPECT_EQ(tally.Of("function", "abs"), 1U);
}

}  // namespace
}  // namespace hearth::promdiff
