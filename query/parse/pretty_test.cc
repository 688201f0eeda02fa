#include "query/parse/pretty.h"

#include <string>

#include "gtest/gtest.h"
#include "query/parse/parser.h"

namespace hearth::promql {
namespace {

// `name` made long enough for an expression that holds it to be split.
std::string Long(const std::string& name) { return name + std::string(98 - name.size(), '_'); }

// The pretty text, after checking that it stays what it is and keeps its meaning.
std::string Formatted(std::string_view query) {
  const ParserOptions all{.experimental_functions = true,
                          .extended_range_selectors = true,
                          .fill_modifiers = true,
                          .start_timestamps = true};
  const absl::StatusOr<ExprPtr> expr = ParseExpr(query, all);
  if (!expr.ok()) return std::string(expr.status().message());
  const absl::StatusOr<std::string> text = Pretty(**expr);
  if (!text.ok()) return std::string(text.status().message());
  const absl::StatusOr<ExprPtr> again = ParseExpr(*text, all);
  if (!again.ok()) return "does not parse again: " + *text;
  if (ToString(**again) != ToString(**expr)) return "means something else: " + *text;
  if (*Pretty(**again) != *text) return "unstable: " + *text;
  return *text;
}

TEST(PrettyTest, WhatFitsAHundredBytesStaysOnOneLine) {
  EXPECT_EQ(Formatted("sum(rate(x[5m]))by(job)  # comment"), "sum by (job) (rate(x[5m]))");
  const std::string hundred = std::string(96, 'a') + " + 1";
  ASSERT_EQ(hundred.size(), 100u);
  EXPECT_EQ(Formatted(hundred), hundred);
  EXPECT_EQ(Formatted("a" + hundred), "  " + std::string(97, 'a') + "\n+\n  1");
  // é is two bytes.
  EXPECT_EQ(Formatted("-{\"" + std::string(82, 'a') + "é\"}"),
            "-{__name__=\"" + std::string(82, 'a') + "é\"}");
}

TEST(PrettyTest, SelectorsAreNotSplit) {
  const std::string selector = Long("a") + "{b=\"1\",c=~\"2\"}";
  EXPECT_EQ(Formatted(selector), selector);
  EXPECT_EQ(Formatted(selector + "[5m] offset 1h @ end()"), selector + "[5m] @ end() offset 1h");
  EXPECT_EQ(Formatted("rate(" + selector + "[5m])"), "rate(\n  " + selector + "[5m]\n)");
}

TEST(PrettyTest, CallsAndAggregationsPutEachArgumentOnALine) {
  EXPECT_EQ(Formatted("label_replace(" + Long("x") + ", 'a', 'b', 'c', 'd')"),
            "label_replace(\n  " + Long("x") + ",\n  \"a\",\n  \"b\",\n  \"c\",\n  \"d\"\n)");
  EXPECT_EQ(Formatted("topk(5, " + Long("x") + ") without (a, \"b.c\")"),
            "topk without (a, \"b.c\") (\n  5,\n  " + Long("x") + "\n)");
  EXPECT_EQ(Formatted("sum(avg by (a) (" + Long("x") + "))"),
            "sum(\n  avg by (a) (\n    " + Long("x") + "\n  )\n)");
}

TEST(PrettyTest, OperatorsStandBetweenTheirSides) {
  EXPECT_EQ(Formatted("x + on (a) group_left (b) fill_right (0) " + Long("y")),
            "  x\n+ on (a) group_left (b) fill_right (0)\n  " + Long("y"));
  EXPECT_EQ(Formatted("x + fill (0) " + Long("y")), "  x\n+ fill (0)\n  " + Long("y"));
  EXPECT_EQ(Formatted("x + fill_left (1) fill_right (1) " + Long("y")),
            "  x\n+ fill_left (1) fill_right (1)\n  " + Long("y"));
  EXPECT_EQ(Formatted("a > bool b * " + Long("y")), "  a\n> bool\n    b\n  *\n    " + Long("y"));
  EXPECT_EQ(Formatted("a * " + Long("y") + " + b"), "    a\n  *\n    " + Long("y") + "\n+\n  b");
}

TEST(PrettyTest, SignsAndParentheses) {
  const std::string fits = std::string(95, 'x') + " + y";
  EXPECT_EQ(Formatted("(" + fits + ")"), "(\n  " + fits + "\n)");
  EXPECT_EQ(Formatted("(" + Long("x") + " + y)"), "(\n    " + Long("x") + "\n  +\n    y\n)");
  EXPECT_EQ(Formatted("1 - -(" + Long("x") + ")"), "  1\n-\n  -(" + Long("x") + ")");
  EXPECT_EQ(Formatted("-sum(abs(" + Long("x") + "))"),
            "-sum(\n  abs(\n    " + Long("x") + "\n  )\n)");
}

TEST(PrettyTest, AnInfinityBeforeAPowerHasNoSignOfItsOwn) {
  EXPECT_EQ(Formatted("Inf ^ x"), "Inf ^ x");
  EXPECT_EQ(Formatted("-Inf ^ x + Inf"), "-Inf ^ x + +Inf");
  EXPECT_EQ(Formatted("1 > bool -inf ^ " + Long("x")),
            "  1\n> bool\n  -Inf\n  ^\n    " + Long("x"));
}

TEST(PrettyTest, AnOffsetEndsWhereItEnded) {
  for (const char* query : {"x offset +(1m + 30s) + y", "x offset (1m + 30s)", "x offset -(1m) + y",
                            "x offset +(1m) ^ 2", "x[5m] offset +(step() * 2)"}) {
    EXPECT_EQ(Formatted(query), query);
  }
}

TEST(PrettyTest, ASubqueryThatFitsIsNotIndented) {
  EXPECT_EQ(Formatted("max_over_time(sum(" + Long("x") + ")[5m:1m] offset 3m)"),
            "max_over_time(\n  sum(\n    " + Long("x") + "\n  )[5m:1m] offset 3m\n)");
  const std::string name = std::string(80, 'x');
  EXPECT_EQ(Formatted("max_over_time(" + name + "[5m:1m])"),
            "max_over_time(\n" + name + "[5m:1m]\n)");
}

TEST(PrettyTest, DurationsKeepTheirArithmetic) {
  EXPECT_EQ(Formatted("foo[(5s)]"), "foo[(5s)]");
  EXPECT_EQ(Formatted("foo offset +(5)"), "foo offset +(5)");
  EXPECT_EQ(Formatted("foo offset -(5)"), "foo offset -(5)");
  EXPECT_EQ(Formatted("foo[((1m))+step():range()]"), "foo[(1m) + step():range()]");
  EXPECT_EQ(Formatted("4s350ms + 1e21"), "4s350ms + 1000000000000000000000");
  EXPECT_EQ(Formatted("sum by (\"a:b\", c) (x)"), "sum by (\"a:b\", c) (x)");
}

TEST(PrettyTest, AResultThatIndentationMakesHugeIsRefused) {
  std::string query = "label_join(x";
  for (int i = 0; i < 30'000; ++i) query += ",''";
  query += ")";
  for (int i = 0; i < 400; ++i) query = "(" + query + ")";
  const std::string message = Formatted(query);
  EXPECT_NE(message.find("longer than 16777216 bytes"), std::string::npos) << message.size();
}

}  // namespace
}  // namespace hearth::promql
