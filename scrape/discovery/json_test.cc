#include "scrape/discovery/json.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

TEST(JsonTest, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\": 1} x", "'a'", "\"\xff\"", "nul"}) {
    EXPECT_FALSE(ParseJson(text).ok()) << text;
  }
}

TEST(JsonTest, LimitsHoldForWidthAndDepth) {
  const JsonLimits limits{.values_max = 10, .depth_max = 3};
  EXPECT_TRUE(ParseJson("[1,2,3,4,5,6,7,8]", limits).ok());
  EXPECT_EQ(std::string(ParseJson("[1,2,3,4,5,6,7,8,9,10,11]", limits).status().message()),
            "JSON of 25 bytes has more than 10 values or 3 levels");
  EXPECT_TRUE(ParseJson("[[[1]]]", limits).ok());
  EXPECT_FALSE(ParseJson("[[[[1]]]]", limits).ok());
  EXPECT_FALSE(ParseJson(R"({"a": {"b": {"c": {"d": 1}}}})", limits).ok());
  EXPECT_FALSE(ParseJson(std::string(1'000'000, '[')).ok());
}

TEST(JsonTest, AccessorsTakeAnyValue) {
  const Json value = *ParseJson(
      R"({"s": "text", "n": 7, "m": -7, "big": 18446744073709551615, "t": true, "l": [1], "f": 1.5})");
  EXPECT_EQ(Text(value, "s"), "text");
  EXPECT_EQ(Text(value, "n"), "");
  EXPECT_EQ(Text(value, "none"), "");
  EXPECT_EQ(Text(Member(value, "l"), "s"), "");
  EXPECT_EQ(Number(Member(value, "n")), 7);
  EXPECT_EQ(Number(Member(value, "m")), -7);
  EXPECT_EQ(Number(Member(value, "big")), 0);
  EXPECT_EQ(Number(Member(value, "f")), 0);
  EXPECT_EQ(Digits(Member(value, "big")), "18446744073709551615");
  EXPECT_EQ(Digits(Member(value, "m")), "-7");
  EXPECT_EQ(Digits(Member(value, "s")), "");
  EXPECT_EQ(TrueOrFalse(Member(value, "t")), "true");
  EXPECT_EQ(TrueOrFalse(Member(value, "n")), "false");
}

}  // namespace
}  // namespace hearth
