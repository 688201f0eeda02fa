#include "model/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

Matcher Regex(std::string_view pattern, MatchOp op = MatchOp::kRegex) {
  absl::StatusOr<Matcher> matcher = Matcher::Create(op, "l", pattern);
  EXPECT_TRUE(matcher.ok()) << matcher.status();
  return *matcher;
}

TEST(MatcherTest, RegexIsAnchoredAndDotMatchesNewline) {
  EXPECT_TRUE(Regex("a.c").Matches("a\nc"));
  EXPECT_FALSE(Regex("b").Matches("abc"));
  EXPECT_FALSE(Regex("a|bc").Matches("abc"));
  EXPECT_TRUE(Regex("a.*|x").Matches("abc"));
}

TEST(MatcherTest, LiteralChoicesNeedNoRegexEngine) {
  EXPECT_THAT(Regex("GET|POST").literals(), testing::ElementsAre("GET", "POST"));
  EXPECT_TRUE(Regex("GET|POST").Matches("POST"));
  EXPECT_FALSE(Regex("GET|POST", MatchOp::kNotRegex).Matches("POST"));
  EXPECT_TRUE(Regex("GET|").MatchesEmpty());
  EXPECT_TRUE(Regex("a.c").literals().empty());
}

TEST(MatcherTest, EmptyMeansAbsent) {
  EXPECT_TRUE(Matcher::Equal("l", "").MatchesEmpty());
  EXPECT_TRUE(Matcher::NotEqual("l", "x").MatchesEmpty());
  EXPECT_FALSE(Matcher::NotEqual("l", "").MatchesEmpty());
}

TEST(MatcherTest, NamesTheBadExpression) {
  const absl::StatusOr<Matcher> matcher = Matcher::Create(MatchOp::kRegex, "l", "a(");
  EXPECT_EQ(matcher.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(matcher.status().message()), testing::HasSubstr("missing closing )"));
}

TEST(MatcherTest, Prints) { EXPECT_EQ(Regex("a\"b.*").ToString(), "l=~\"a\\\"b.*\""); }

}  // namespace
}  // namespace hearth
