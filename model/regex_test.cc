#include "model/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hearth {
namespace {

std::string Replace(std::string_view pattern, std::string_view text, std::string_view replacement) {
  const absl::StatusOr<AnchoredRegex> regex = AnchoredRegex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.status();
  const RegexTemplate parsed = regex->ParseTemplate(replacement);
  const RegexMatch match = regex->Match(text);
  return match ? match.Expand(parsed) : "no match";
}

TEST(RegexTest, MatchesTheWholeTextOnly) {
  EXPECT_EQ(Replace("b", "abc", "x"), "no match");
  EXPECT_EQ(Replace("a.c", "a\nc", "x"), "x");
  EXPECT_EQ(Replace("a|bc", "bc", "x"), "x");
}

TEST(RegexTest, ExpandsTemplatesByGosRules) {
  EXPECT_EQ(Replace("(.*):(\\d+)", "host:80", "$1-$2"), "host-80");
  EXPECT_EQ(Replace("(.*):(\\d+)", "host:80", "${1}x"), "hostx");
  EXPECT_EQ(Replace("(.*):(\\d+)", "host:80", "$1x"), "");  // The group is called "1x".
  EXPECT_EQ(Replace("(?P<name>.*)", "v", "${name}/$name"), "v/v");
  EXPECT_EQ(Replace("(.*)", "v", "$$1 $ ${1 $9"), "$1 $ ${1 ");
  EXPECT_EQ(Replace("(.*)", "v", "${01}"), "");
}

TEST(RegexTest, ErrorsAreGos) {
  const auto error = [](std::string_view pattern) {
    return std::string(AnchoredRegex::Compile(pattern).status().message());
  };
  EXPECT_EQ(error("a("), "error parsing regexp: missing closing ): `a(`");
  EXPECT_EQ(error("*"), "error parsing regexp: missing argument to repetition operator: `*`");
  std::string groups;
  for (int i = 0; i < 101; ++i) groups += "(a)?";
  EXPECT_THAT(error(groups), testing::HasSubstr("groups exceed the limit of 100"));
}

std::string ReplaceAll(std::string_view pattern, std::string_view replacement,
                       std::string_view text, size_t max_bytes = 100) {
  const absl::StatusOr<SearchRegex> regex = SearchRegex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.status();
  return regex->ReplaceAll(text, replacement, max_bytes).value_or("too long");
}

TEST(SearchRegexTest, MatchesAnywhere) {
  EXPECT_TRUE(SearchRegex::Compile("b")->Matches("abc"));
  EXPECT_FALSE(SearchRegex::Compile("^b")->Matches("abc"));
  EXPECT_FALSE(SearchRegex::Compile("a.c")->Matches("a\nc"));
  EXPECT_FALSE(SearchRegex::Compile("(").ok());
}

TEST(SearchRegexTest, ReplacesEveryMatchByGosRules) {
  EXPECT_EQ(ReplaceAll("(a)b", "x$1", "abab"), "xaxa");
  EXPECT_EQ(ReplaceAll("", "-", "abc"), "-a-b-c-");
  EXPECT_EQ(ReplaceAll("a*", "-", "baac"), "-b-c-");
  EXPECT_EQ(ReplaceAll("", "-", "é€"), "-é-€-");
  EXPECT_EQ(ReplaceAll("^a", "x", "aaa"), "xaa");
  EXPECT_EQ(ReplaceAll("z", "x", "aaa"), "aaa");
  EXPECT_EQ(ReplaceAll("a", "bbbb", "aaa", 12), "bbbbbbbbbbbb");
  EXPECT_EQ(ReplaceAll("a", "bbbb", "aaa", 11), "too long");
}

}  // namespace
}  // namespace hearth
