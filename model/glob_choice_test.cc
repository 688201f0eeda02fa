#include "model/glob_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "model/regex.h"

namespace hearth {
namespace {

using testing::ElementsAre;

TEST(GlobChoiceTest, ChoicesOfLiteralsAreMultipliedOut) {
  const auto literals = [](std::string_view pattern) {
    const std::optional<GlobChoice> choice = GlobChoice::Parse(pattern);
    EXPECT_TRUE(choice && choice->literal()) << pattern;
    return choice ? choice->literals() : std::vector<std::string>();
  };
  EXPECT_THAT(literals("b|a|b"), ElementsAre("a", "b"));
  EXPECT_THAT(literals(""), ElementsAre(""));
  EXPECT_THAT(literals("GET|"), ElementsAre("", "GET"));
  EXPECT_THAT(literals("(a|b)"), ElementsAre("a", "b"));
  EXPECT_THAT(literals("x(a|(?:b|c)d)y"), ElementsAre("xay", "xbdy", "xcdy"));
  EXPECT_THAT(literals("^a$|^b$"), ElementsAre("a", "b"));
  EXPECT_THAT(literals("10\\.0\\.0\\.1:9100"), ElementsAre("10.0.0.1:9100"));
}

TEST(GlobChoiceTest, WhatNeedsAnEngineIsLeftToIt) {
  for (const std::string_view pattern :
       {"a.c",    "a+",  "a*",   "a?", "a{2}",     "[ab]", "\\d",   "(?i)a",
        "(a|b)*", ".*?", ".+.+", "a(", "a)",       "*",    "x(^a)", "(a$)x",
        "a^b",    "a$b", ".",    "\\", "(?P<n>a)", "\xff"}) {
    EXPECT_FALSE(GlobChoice::Parse(pattern)) << pattern;
  }
  EXPECT_FALSE(GlobChoice::Parse("(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)"))
      << "two thousand globs";
  EXPECT_FALSE(GlobChoice::Parse(std::string(200, '(') + std::string(200, ')')));
}

TEST(GlobChoiceTest, KnowsWhatMatchesEverything) {
  EXPECT_TRUE(GlobChoice::Parse(".*")->everything());
  EXPECT_TRUE(GlobChoice::Parse("a|.*")->everything());
  EXPECT_FALSE(GlobChoice::Parse(".+")->everything());
  EXPECT_FALSE(GlobChoice::Parse(".*a.*")->everything());
}

TEST(GlobChoiceTest, GapsTakeWhatTheyMust) {
  EXPECT_TRUE(GlobChoice::Parse("a.*b")->Matches("ab"));
  EXPECT_FALSE(GlobChoice::Parse("a.+b")->Matches("ab"));
  EXPECT_TRUE(GlobChoice::Parse("a.+b")->Matches("a\nb"));
  EXPECT_FALSE(GlobChoice::Parse("aa.*aa")->Matches("aaa"));
  EXPECT_TRUE(GlobChoice::Parse(".*ab.+ab.*")->Matches("abab-ab"));
  EXPECT_FALSE(GlobChoice::Parse(".*ab.+ab")->Matches("abab"));
  EXPECT_TRUE(GlobChoice::Parse("ü.+ü")->Matches("üäü"));
}

// Random expressions and texts of few letters, so that many match: the engine decides.
TEST(GlobChoiceTest, AgreesWithTheEngine) {
  std::mt19937 random(20'231);
  const auto pick = [&](std::initializer_list<std::string_view> of) {
    return std::string(*(of.begin() + random() % of.size()));
  };
  const auto pattern = [&] {
    std::string text;
    for (size_t i = random() % 8; i > 0; --i) {
      text += pick({"a",     "b",      "ab", "ü", ".*",  ".+",  "|",   "(", ")", "(?:", "a|b",
                    "(a|b)", "(.*|b)", "^",  "$", "\\.", "\\_", "\\-", ".", "?", "[ab]"});
    }
    return text;
  };
  const auto text = [&] {
    std::string value;
    for (size_t i = random() % 7; i > 0; --i) value += pick({"a", "b", "ü", ".", "\n", "_"});
    return value;
  };
  size_t parsed = 0, matched = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string expression = pattern();
    const std::optional<GlobChoice> choice = GlobChoice::Parse(expression);
    if (!choice) continue;
    const absl::StatusOr<AnchoredRegex> engine = AnchoredRegex::Compile(expression);
    ASSERT_TRUE(engine.ok()) << expression << ": " << engine.status();
    ++parsed;
    for (int i = 0; i < 10; ++i) {
      const std::string value = text();
      const bool matches = choice->Matches(value);
      ASSERT_EQ(matches, engine->Matches(value)) << expression << " and " << value;
      matched += matches;
    }
    EXPECT_EQ(choice->Matches(""), engine->Matches(""));
  }
  EXPECT_GT(parsed, 3000u);
  EXPECT_GT(matched, 3000u);
}

}  // namespace
}  // namespace hearth
