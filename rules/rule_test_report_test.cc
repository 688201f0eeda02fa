#include "rules/rule_test_report.h"

#include <gtest/gtest.h>

#include <cmath>

namespace hearth {
namespace {

TEST(RuleTestReportTest, AlertsAreListedWithTheirTexts) {
  EXPECT_EQ(AlertsText({}), "[]");
  EXPECT_EQ(AlertsText({{{{"alertname", "A"}, {"b.c", "\"x\""}}, {}}, {{}, {{"s", "t\nu"}}}}),
            "[\n0:\n  Labels:{alertname=\"A\", \"b.c\"=\"\\\"x\\\"\"}\n  Annotations:{},\n"
            "1:\n  Labels:{}\n  Annotations:{s=\"t\\nu\"}\n]");
}

TEST(RuleTestReportTest, SamplesAreListedWithTheirNames) {
  EXPECT_EQ(SamplesText({}), "nil");
  EXPECT_EQ(SamplesText({{Labels{{"__name__", "up"}, {"a", "b"}}, -2.5e-7},
                         {Labels(), INFINITY},
                         {Labels{{"c", "d"}}, 0, "{{count:1}}"}}),
            "{__name__=\"up\", a=\"b\"} -2.5E-07, {} +Inf, {c=\"d\"} {{count:1}}");
  EXPECT_EQ(SamplesText({{Labels(), 1e100}, {Labels(), NAN}, {Labels(), 0}}),
            "{} 1E+100, {} NaN, {} 0E+00");
}

TEST(RuleTestReportTest, ValuesAreTheSameOrNeighbours) {
  const auto same = [](double a, double b, bool fuzzy) {
    return SameSamples({{Labels(), a}}, {{Labels(), b}}, fuzzy);
  };
  EXPECT_TRUE(same(3, 3, false));
  EXPECT_TRUE(same(0, -0.0, false));
  EXPECT_FALSE(same(3, std::nextafter(3, 4), false));
  EXPECT_TRUE(same(3, std::nextafter(3, 4), true));
  EXPECT_TRUE(same(3, std::nextafter(3, 2), true));
  EXPECT_FALSE(same(3, std::nextafter(std::nextafter(3, 4), 4), true));
  EXPECT_FALSE(same(NAN, NAN, true));
  EXPECT_FALSE(SameSamples({{Labels(), 1}}, {}, false));
  EXPECT_TRUE(SameSamples({{Labels(), 0, "{{}}"}}, {{Labels(), 0, "{{}}"}}, false));
  EXPECT_FALSE(SameSamples({{Labels(), 0, "{{}}"}}, {{Labels(), 0, "{{sum:1}}"}}, true));
  EXPECT_FALSE(SameSamples({{Labels(), 0, "{{}}"}}, {{Labels(), 0}}, false));
  EXPECT_FALSE(SameSamples({{Labels{{"a", "b"}}, 1}}, {{Labels(), 1}}, false));
}

TEST(RuleTestReportTest, LinesAreIndentedAndCompared) {
  EXPECT_EQ(IndentLines("a\nb\n", "  "), "a\n  b\n  ");
  EXPECT_EQ(LineDiff("a\nb\nc", "a\nx\nc"), "  a\n\x1b[31m- b\x1b[0m\n\x1b[32m+ x\x1b[0m\n  c");
  EXPECT_EQ(LineDiff("a", "a\nb"), "  a\n\x1b[32m+ b\x1b[0m");
  EXPECT_EQ(LineDiff("a\nb", "b"), "\x1b[31m- a\x1b[0m\n  b");
}

}  // namespace
}  // namespace hearth
