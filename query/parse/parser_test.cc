#include "query/parse/parser.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "re2/re2.h"

namespace hearth::promql {
namespace {

ParserOptions AllFeatures() {
  ParserOptions options;
  options.experimental_functions = true;
  options.extended_range_selectors = true;
  options.fill_modifiers = true;
  options.start_timestamps = true;
  return options;
}

std::string ErrorOf(std::string_view query, const ParserOptions& options = {}) {
  const absl::StatusOr<ExprPtr> expr = ParseExpr(query, options);
  return expr.ok() ? "parsed as " + ToString(**expr) : std::string(expr.status().message());
}

// The canonical text, which must be a fixed point.
std::string Canonical(std::string_view query, const ParserOptions& options = {}) {
  const absl::StatusOr<ExprPtr> expr = ParseExpr(query, options);
  if (!expr.ok()) return "error: " + std::string(expr.status().message());
  const std::string text = ToString(**expr);
  const absl::StatusOr<ExprPtr> again = ParseExpr(text, options);
  if (!again.ok())
    return "does not parse again: " + text + ": " + std::string(again.status().message());
  if (ToString(**again) != text) return "unstable: " + text + " then " + ToString(**again);
  return text;
}

// The tree with every binary operation in parentheses, to show what binds what.
std::string Grouped(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kBinary: {
      const auto& binary = As<BinaryExpr>(expr);
      return "(" + Grouped(*binary.lhs) + BinaryOpText(binary.op) + Grouped(*binary.rhs) + ")";
    }
    case ExprKind::kUnary:
      return std::string(As<UnaryExpr>(expr).negate ? "-" : "+") + "[" +
             Grouped(*As<UnaryExpr>(expr).expr) + "]";
    default:
      return ToString(expr);
  }
}

TEST(ParserTest, PrintsTheCanonicalText) {
  const std::pair<std::string, std::string> cases[] = {
      {"1", "1"},
      {"+Inf", "+Inf"},
      {"-inf", "-Inf"},
      {"nan", "NaN"},
      {".5", "0.5"},
      {"5.", "5"},
      {"123.4567", "123.4567"},
      {"5e-3", "0.005"},
      {"5e3", "5000"},
      {"0xc", "12"},
      {"0755", "493"},
      {"08", "8"},
      {"1_000_000", "1000000"},
      {"0x_1F", "31"},
      {"1e21", "1000000000000000000000"},
      {"1h30m", "1h30m"},
      {"-5m", "-5m"},
      {"14d", "2w"},
      {"400d", "400d"},
      {"365d", "1y"},
      {"-1", "-1"},
      {"--1", "1"},
      {"-foo", "-foo"},
      {"+ foo", "+foo"},
      {"1 + # a comment\n 2", "1 + 2"},
      {"(1)", "(1)"},
      {"\"a\\nb\"", "\"a\\nb\""},
      {"'it\\'s \"x\"'", "\"it's \\\"x\\\"\""},
      {"`raw\\n`", "\"raw\\\\n\""},
      {"\"\\x41\\102\\u00e9\"", "\"ABé\""},
      {"foo", "foo"},
      {"foo:bar", "foo:bar"},
      {"foo{}", "foo"},
      {"{__name__=\"foo\"}", "{__name__=\"foo\"}"},
      {"{\"foo\"}", "{__name__=\"foo\"}"},
      {"{\"a.b\", \"l.x\"='v',}", "{\"l.x\"=\"v\",__name__=\"a.b\"}"},
      {"foo{b=~'x.*', a!='1', c!~\"y\"}", "foo{a!=\"1\",b=~\"x.*\",c!~\"y\"}"},
      {"foo{on='x',by=\"y\"}", "foo{by=\"y\",on=\"x\"}"},
      {"foo offset 5m", "foo offset 5m"},
      {"foo offset -300", "foo offset -5m"},
      {"foo @ 1.5", "foo @ 1.500"},
      {"foo @ -10 offset 1s", "foo @ -10.000 offset 1s"},
      {"foo offset 1s @ start()", "foo @ start() offset 1s"},
      {"foo @ end()", "foo @ end()"},
      {"foo[5m]", "foo[5m]"},
      {"foo[300]", "foo[5m]"},
      {"foo[0.5]", "foo[500ms]"},
      {"foo[5m] offset 1h @ 7", "foo[5m] @ 7.000 offset 1h"},
      {"foo[5m * 2]", "foo[5m * 2]"},
      {"foo[step() + 1m]", "foo[step() + 1m]"},
      {"foo[(2+3)*4s]", "foo[(2 + 3) * 4s]"},
      {"foo[-1m + 5m]", "foo[-1m + 5m]"},
      {"foo[max_of(step(), 5m):min_of(range()/10, 1m)]",
       "foo[max_of(step(), 5m):min_of(range() / 10, 1m)]"},
      {"foo offset (1m + 4m)", "foo offset (1m + 4m)"},
      {"foo offset -(1m + 4m)", "foo offset -(1m + 4m)"},
      {"foo offset step()", "foo offset step()"},
      {"foo offset -STEP()", "foo offset -step()"},
      {"foo[5m:]", "foo[5m:]"},
      {"foo[5m:1m] offset 3m @ end()", "foo[5m:1m] @ end() offset 3m"},
      {"rate(foo[5m])[30m:1m]", "rate(foo[5m])[30m:1m]"},
      {"sum(foo)", "sum(foo)"},
      {"SUM(foo) BY (a, b,)", "sum by (a, b) (foo)"},
      {"sum by () (foo)", "sum(foo)"},
      {"sum without() (foo)", "sum without () (foo)"},
      {"topk without(\"a.b\", on) (5, foo)", "topk without (\"a.b\", on) (5, foo)"},
      {"count_values('v', foo)", "count_values(\"v\", foo)"},
      {"foo + on(a) group_left(b, c) bar", "foo + on (a) group_left (b, c) bar"},
      {"foo * ignoring(a) group_right bar", "foo * ignoring (a) group_right () bar"},
      {"foo == bool 1", "foo == bool 1"},
      {"foo and on() bar", "foo and on () bar"},
      {"foo ignoring () + bar", "error: 1:5: parse error: unexpected <ignoring>"},
      {"foo + ignoring () bar", "foo + bar"},
      {"foo </ 5", "foo </ 5"},
      {"foo >/ 5", "foo >/ 5"},
      {"vector(1)", "vector(1)"},
      {"time()", "time()"},
      {"label_replace(foo, 'a', '$1', 'b', '(.*)')",
       "label_replace(foo, \"a\", \"$1\", \"b\", \"(.*)\")"},
      {"sum", "sum"},
      {"offset offset 5m", "offset offset 5m"},
      {"and and or", "and and or"},
      {"start + end", "start + end"},
      {"step{range='1'}", "step{range=\"1\"}"},
      {"fill + fill_left", "fill + fill_left"},
  };
  for (const auto& [query, want] : cases) EXPECT_EQ(Canonical(query), want) << query;
}

TEST(ParserTest, BindsOperatorsByPrecedence) {
  const std::pair<std::string, std::string> cases[] = {
      {"a + b * c", "(a+(b*c))"},
      {"a * b + c", "((a*b)+c)"},
      {"a - b - c", "((a-b)-c)"},
      {"a ^ b ^ c", "(a^(b^c))"},
      {"-a ^ b", "-[(a^b)]"},
      {"-a * b", "(-[a]*b)"},
      {"a ^ -b * c", "((a^-[b])*c)"},
      {"-1 ^ 2", "-[(1^2)]"},
      {"a == b + c", "(a==(b+c))"},
      {"a and b or c unless d", "((aandb)or(cunlessd))"},
      {"a or b and c", "(aor(bandc))"},
      {"a atan2 b % c", "((aatan2b)%c)"},
      {"a < b </ c", "((a<b)</c)"},
      {"a ^ b offset 5m", "(a^b offset 5m)"},
      {"a offset 5m + b", "(a offset 5m+b)"},
      {"a offset -2 ^ b", "(a offset -2s^b)"},
      {"a offset step() * 2", "(a offset step()*2)"},
      {"a offset +(1m + 4m) * 2", "(a offset +(1m + 4m)*2)"},
      {"a offset (1m + 4m) * 2", "a offset (1m + 4m) * 2"},
  };
  for (const auto& [query, want] : cases) {
    const auto expr = ParseExpr(query);
    ASSERT_TRUE(expr.ok()) << query << ": " << expr.status();
    EXPECT_EQ(Grouped(**expr), want) << query;
  }
}

TEST(ParserTest, ReportsSyntaxErrorsInPrometheusWords) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "1:1: parse error: no expression found in input"},
      {"# just a comment", "1:1: parse error: no expression found in input"},
      {"sum(", "1:5: parse error: unclosed left parenthesis"},
      {"(1", "1:3: parse error: unclosed left parenthesis"},
      {"1 +", "1:4: parse error: unexpected end of input"},
      {"1+)", "1:4: parse error: unexpected right parenthesis ')'"},
      {"foo)", "1:5: parse error: unexpected right parenthesis ')'"},
      {"1 2", "1:3: parse error: unexpected number \"2\""},
      {"a b", "1:3: parse error: unexpected identifier \"b\""},
      {"a b:c", "1:3: parse error: unexpected metric identifier \"b:c\""},
      {"a 'text that is long'", "1:3: parse error: unexpected string \"'text that\"..."},
      {"*1", "1:1: parse error: unexpected <op:*>"},
      {"1 = 2", "1:3: parse error: unexpected \"=\""},
      {"1 =~ 2", "1:3: parse error: unexpected character after '=': '~'"},
      {"1 !~ 2", "1:3: parse error: unexpected character after '!': '~'"},
      {"a ? b", "1:3: parse error: unexpected character: '?'"},
      {"a\n+ é", "2:3: parse error: unexpected character: 'é'"},
      {"{", "1:2: parse error: unexpected end of input inside braces"},
      {"foo{a=\"b\"", "1:10: parse error: unexpected end of input inside braces"},
      {"foo{{}", "1:5: parse error: unexpected left brace '{'"},
      {"foo{a}",
       "1:6: parse error: unexpected \"}\" in label matching, expected label matching operator"},
      {"foo{a=}", "1:7: parse error: unexpected \"}\" in label matching, expected string"},
      {"foo{a=b}",
       "1:7: parse error: unexpected identifier \"b\" in label matching, expected string"},
      {"foo{a='1' b='2'}",
       "1:11: parse error: unexpected identifier \"b\" in label matching, expected \",\" or \"}\""},
      {"foo{,}",
       "1:5: parse error: unexpected \",\" in label matching, expected identifier or \"}\""},
      {"foo{a ! 'b'}", "1:7: parse error: unexpected character after '!' inside braces: ' '"},
      {"foo{1}", "1:5: parse error: unexpected character inside braces: '1'"},
      {"foo{a=~'('}", "1:5: parse error: error parsing regexp: missing closing ): `(`"},
      {"'foo", "1:1: parse error: unterminated quoted string"},
      {"'foo\n'", "1:1: parse error: unterminated quoted string"},
      {"`foo", "1:1: parse error: unterminated raw string"},
      {"\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'"},
      {"\"\\xzz\"", "1:1: parse error: illegal character U+007A 'z' in escape sequence"},
      {"\"\\ud800\"", "1:1: parse error: escape sequence is an invalid Unicode code point"},
      {"\"\xff\"", "1:1: parse error: invalid UTF-8 rune"},
      {"1m1", "1:1: parse error: bad number or duration syntax: \"1m1\""},
      {"2.5.", "1:1: parse error: bad number or duration syntax: \"2.5.\""},
      {"100..4", "1:1: parse error: bad number or duration syntax: \"100..\""},
      {"1e309",
       "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"1e309\": value out "
       "of range"},
      {"5m3h", "1:1: parse error: not a valid duration string: \"5m3h\""},
      {"foo[", "1:5: parse error: unexpected end of input in duration expression"},
      {"foo[5m", "1:7: parse error: unclosed left bracket"},
      {"foo[]",
       "1:5: parse error: unexpected \"]\" in subquery or range selector, expected number, "
       "duration, step(), "
       "or range()"},
      {"foo['5m']", "1:5: parse error: unexpected character in duration expression: '\\''"},
      {"foo[5m 6m]",
       "1:8: parse error: unexpected duration \"6m\" in subquery or range, expected \":\" or "
       "\"]\""},
      {"foo[5mm]", "1:5: parse error: bad number or duration syntax: \"5mm\""},
      {"foo[0]", "1:5: parse error: duration must be greater than 0"},
      {"foo[-5m]", "1:5: parse error: duration must be greater than 0"},
      {"foo[5m:0s]", "1:8: parse error: duration must be greater than 0"},
      {"foo[5m/0]", "1:7: parse error: division by zero"},
      {"foo offset (1m + 4m) / 0", "1:22: parse error: division by zero"},
      {"foo[5m%0s]", "1:7: parse error: modulo by zero"},
      {"foo[:5m]", "1:6: parse error: unexpected colon before duration in duration expression"},
      {"foo[5m:1m:1m]", "1:10: parse error: unexpected colon ':'"},
      {"foo[1000000000000]", "1:5: parse error: duration out of range"},
      {"foo offset",
       "1:11: parse error: unexpected end of input in offset, expected number, duration, step(), "
       "or "
       "range()"},
      {"foo offset bar",
       "1:12: parse error: unexpected identifier \"bar\" in offset, expected number, duration, "
       "step(), "
       "or range()"},
      {"foo @ bar", "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp"},
      {"foo @", "1:6: parse error: unexpected end of input in @, expected timestamp"},
      {"sum some_metric", "1:5: parse error: unexpected identifier \"some_metric\""},
      {"sum(foo) by bar",
       "1:13: parse error: unexpected identifier \"bar\" in grouping opts, expected \"(\""},
      {"sum by (1) (foo)",
       "1:9: parse error: unexpected number \"1\" in grouping opts, expected label"},
      {"sum by (a b) (foo)",
       "1:11: parse error: unexpected identifier \"b\" in grouping opts, expected \",\" or \")\""},
      {"sum by (without) (foo)",
       "1:9: parse error: unexpected <without> in grouping opts, expected label"},
      {"sum(foo) by (a) by (b)", "1:17: parse error: unexpected <by>"},
      {"sum(foo bar)", "1:9: parse error: unexpected identifier \"bar\" in aggregation"},
      {"sum by (a)", "1:11: parse error: unexpected end of input in aggregation"},
      {"sum()", "1:1: parse error: no arguments for aggregate expression provided"},
      {"sum(a, b)",
       "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, "
       "got 2"},
      {"topk(a)",
       "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, "
       "got 1"},
      {"nosuch(foo)", "1:1: parse error: unknown function with name \"nosuch\""},
      {"abs(foo,)", "1:8: parse error: trailing commas not allowed in function call args"},
      {"1 + on(a) sum(", "1:15: parse error: unclosed left parenthesis"},
      {"foo + group_left bar", "1:7: parse error: unexpected <group_left>"},
  };
  for (const auto& [query, want] : cases) EXPECT_EQ(ErrorOf(query), want) << query;
}

TEST(ParserTest, ReportsTypeErrorsInPrometheusWords) {
  const std::pair<std::string, std::string> cases[] = {
      {"sum(foo[5m])",
       "1:5: parse error: expected type instant vector in aggregation expression, got range "
       "vector"},
      {"sum(1)",
       "1:5: parse error: expected type instant vector in aggregation expression, got scalar"},
      {"topk(foo, bar)",
       "1:6: parse error: expected type scalar in aggregation parameter, got instant vector"},
      {"count_values(5, bar)",
       "1:14: parse error: expected type string in aggregation parameter, got scalar"},
      {"rate(foo)",
       "1:6: parse error: expected type range vector in call to function \"rate\", got instant "
       "vector"},
      {"abs(1)",
       "1:5: parse error: expected type instant vector in call to function \"abs\", got scalar"},
      {"abs()", "1:1: parse error: expected 1 argument(s) in call to \"abs\", got 0"},
      {"floor(a, b)", "1:1: parse error: expected 1 argument(s) in call to \"floor\", got 2"},
      {"round()", "1:1: parse error: expected at least 1 argument(s) in call to \"round\", got 0"},
      {"round(a, 1, 2)",
       "1:1: parse error: expected at most 2 argument(s) in call to \"round\", got 3"},
      {"label_join()",
       "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", got 0"},
      {"1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"},
      {"1 + bool 1", "1:3: parse error: bool modifier can only be used on comparison operators"},
      {"1 or 1", "1:1: parse error: set operator \"or\" not allowed in binary scalar expression"},
      {"foo and 1",
       "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
      {"foo[5m] + 1",
       "1:1: parse error: binary expression must contain only scalar and instant vector types"},
      {"1 + 'x'",
       "1:5: parse error: binary expression must contain only scalar and instant vector types"},
      {"foo + on(a) 1", "1:1: parse error: vector matching only allowed between instant vectors"},
      {"foo or on(a) group_left(b) bar",
       "1:1: parse error: no grouping allowed for \"or\" operation"},
      {"foo + on(a) group_left(a) bar",
       "1:5: parse error: label \"a\" must not occur in ON and GROUP clause at once"},
      {"{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a=''}", "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"{a!~'.+'}",
       "1:1: parse error: vector selector must contain at least one non-empty matcher"},
      {"foo{__name__='bar'}",
       "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"foo{'bar'}", "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""},
      {"-'x'",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or instant "
       "vector, got "
       "\"string\""},
      {"-foo[5m]",
       "1:1: parse error: unary expression only allowed on expressions of type scalar or instant "
       "vector, got "
       "\"range vector\""},
      {"1[5m]", "1:2: parse error: ranges only allowed for vector selectors"},
      {"(foo + bar)[5m]", "1:12: parse error: ranges only allowed for vector selectors"},
      {"foo[5m][5m]", "1:8: parse error: ranges only allowed for vector selectors"},
      {"foo offset 5m [5m]", "1:15: parse error: no offset modifiers allowed before range"},
      {"foo @ 5 [5m]", "1:9: parse error: no @ modifiers allowed before range"},
      {"foo[5m][5m:]",
       "1:1: parse error: subquery is only allowed on instant vector, got matrix instead"},
      {"1[5m:]",
       "1:1: parse error: subquery is only allowed on instant vector, got scalar instead"},
      {"1 offset 5m",
       "1:1: parse error: offset modifier must be preceded by an instant vector selector or range "
       "vector "
       "selector or a subquery"},
      {"foo offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times"},
      {"(foo) @ 5",
       "1:1: parse error: @ modifier must be preceded by an instant vector selector or range "
       "vector "
       "selector or a subquery"},
      {"foo @ 5 @ end()", "1:1: parse error: @ <timestamp> may not be set multiple times"},
      {"foo @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf"},
      {"foo anchored", "1:1: parse error: anchored modifier is experimental and not enabled"},
      {"foo + fill(0) bar",
       "1:1: parse error: binop fill modifiers are experimental and not enabled"},
  };
  for (const auto& [query, want] : cases) EXPECT_EQ(ErrorOf(query), want) << query;
}

TEST(ParserTest, TakesExperimentalModifiersWhenEnabled) {
  const ParserOptions all = AllFeatures();
  const std::pair<std::string, std::string> cases[] = {
      {"foo smoothed", "foo smoothed"},
      {"rate(foo[5m] anchored offset 1m)", "rate(foo[5m] anchored offset 1m)"},
      {"foo + fill(0) bar", "foo + fill (0) bar"},
      {"foo + on(a) group_left fill_right(-1) fill_left(2) bar",
       "foo + on (a) group_left () fill_left (2) fill_right (-1) bar"},
  };
  for (const auto& [query, want] : cases) EXPECT_EQ(Canonical(query, all), want) << query;
  EXPECT_EQ(ErrorOf("foo[5m] anchored smoothed", all),
            "1:1: parse error: anchored and smoothed modifiers cannot be used together");
  EXPECT_EQ(ErrorOf("foo[5m:] anchored", all),
            "1:1: parse error: anchored modifier is not supported for subqueries");
  EXPECT_EQ(ErrorOf("foo and fill(0) bar", all),
            "1:1: parse error: filling in missing series not allowed for set operators");
  EXPECT_EQ(ErrorOf("foo + fill(0) 1", all),
            "1:1: parse error: filling in missing series only allowed between instant vectors");
}

TEST(ParserTest, InfoTakesMatchersWithoutAName) {
  const ParserOptions all = AllFeatures();
  EXPECT_EQ(Canonical("info(up, {a=~'.*'})", all), "info(up, {a=~\".*\"})");
  EXPECT_EQ(Canonical("info(up, {})", all), "info(up, {})");
  EXPECT_EQ(ErrorOf("info(up, up)", all),
            "1:10: parse error: expected label selectors only, got vector selector instead");
  EXPECT_EQ(ErrorOf("info(up, rate(up[5m]))", all),
            "1:10: parse error: expected label selectors only");
  EXPECT_EQ(ErrorOf("info(up, 1)", all),
            "1:10: parse error: expected type instant vector in call to function \"info\", got "
            "scalar");
  EXPECT_EQ(ErrorOf("info(up, {a='b'}, {c='d'})", all),
            "1:1: parse error: expected at most 2 argument(s) in call to \"info\", got 3");
  EXPECT_EQ(ErrorOf("info(up)", {}), "1:1: parse error: function \"info\" is not enabled");
  ParserOptions no_starts = all;
  no_starts.start_timestamps = false;
  EXPECT_EQ(ErrorOf("start_timestamp(up)", no_starts),
            "1:1: parse error: function \"start_timestamp\" is not enabled");
}

TEST(ParserTest, FillsInTypesAndPositions) {
  const auto expr = ParseExpr(" 1 + sum by (x) (rate(foo[5m] offset 1m)) ").value();
  EXPECT_EQ(expr->type, ValueType::kInstantVector);
  EXPECT_EQ(expr->pos.start, 1);
  EXPECT_EQ(expr->pos.end, 41);
  const auto& binary = As<BinaryExpr>(*expr);
  EXPECT_FALSE(binary.matching.has_value());
  const auto& rate = As<Call>(*As<AggregateExpr>(*binary.rhs).expr);
  EXPECT_EQ(rate.pos.start, 17);
  EXPECT_EQ(rate.args[0]->pos.start, 22);
  EXPECT_EQ(rate.args[0]->pos.end, 39);
  EXPECT_EQ(As<MatrixSelector>(*rate.args[0]).selector->time.offset.ms, 60'000);
  EXPECT_EQ(ParseExpr("1 + 1").value()->type, ValueType::kScalar);
  const auto vectors = ParseExpr("a and b").value();
  EXPECT_EQ(As<BinaryExpr>(*vectors).matching->cardinality, MatchCardinality::kManyToMany);
}

TEST(ParserTest, ParsesSelectorsForMatchParameters) {
  const auto matchers = ParseMetricSelector("up{job=~'a|b'}");
  ASSERT_TRUE(matchers.ok());
  ASSERT_EQ(matchers->size(), 2u);
  EXPECT_EQ((*matchers)[0].ToString(), "job=~\"a|b\"");
  EXPECT_EQ((*matchers)[1].ToString(), "__name__=\"up\"");
  EXPECT_TRUE(ParseMetricSelector("{}").ok());
  EXPECT_EQ(ParseMetricSelector("up[5m]").status().message(), "1:3: parse error: unexpected \"[\"");
  EXPECT_EQ(ParseMetricSelector("up offset 5m").status().message(),
            "1:4: parse error: unexpected <offset>");
  EXPECT_EQ(ParseMetricSelector("1").status().message(),
            "1:1: parse error: unexpected number \"1\"");
  EXPECT_EQ(ParseMetricSelector("").status().message(),
            "1:1: parse error: unexpected end of input");
}

TEST(ParserTest, RefusesWhatIsTooLongOrTooDeep) {
  EXPECT_NE(ErrorOf(std::string((1 << 20) + 1, ' ')).find("the limit is 1048576"),
            std::string::npos);
  const std::string deep = "nested deeper than 500 levels";
  EXPECT_NE(ErrorOf(std::string(100'000, '(')).find(deep), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(100'000, '-') + "a").find(deep), std::string::npos);
  std::string chain = "a", subqueries = "a", durations = "a[1", calls;
  for (int i = 0; i < 2000; ++i) {
    chain += " + a";
    subqueries += "[1m:]";
    durations += "+1";
    calls += "abs(";
  }
  EXPECT_NE(ErrorOf(chain).find(deep), std::string::npos);
  EXPECT_NE(ErrorOf(subqueries).find("parse error"), std::string::npos);
  EXPECT_NE(ErrorOf(durations + "]").find(deep), std::string::npos);
  EXPECT_NE(ErrorOf(calls).find(deep), std::string::npos);
}

// The queries of Prometheus' own scripts, where they are at hand ($HEARTH_SHARED/conformance).
TEST(ParserTest, ParsesEveryUpstreamQuery) {
  const char* shared = std::getenv("HEARTH_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared ? shared : "") / "conformance/promqltest";
  if (shared == nullptr || !std::filesystem::is_directory(folder)) {
    std::cout << "skipped: no upstream scripts ($HEARTH_SHARED/conformance/promqltest)\n";
    return;
  }
  const RE2 eval(
      "^\\s*eval\\w*\\s+(?:instant\\s+at\\s+\\S+|range\\s+from\\s+\\S+\\s+to\\s+\\S+\\s+step\\s+"
      "\\S+)\\s+(.*)$");
  int queries = 0;
  std::map<std::string, int> unknown;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".test") continue;
    std::ifstream in(entry.path());
    std::string line, query;
    while (std::getline(in, line)) {
      if (!RE2::FullMatch(line, eval, &query)) continue;
      ++queries;
      const std::string text = Canonical(query, AllFeatures());
      // Experimental functions have their own issue; the words around them still have to parse.
      static const RE2 kUnknown("unknown function with name \"(\\w+)\"");
      if (std::string name; RE2::PartialMatch(text, kUnknown, &name)) {
        ++unknown[name];
        continue;
      }
      EXPECT_EQ(text.find("error: "), std::string::npos) << entry.path() << ": " << query << "\n"
                                                         << text;
      EXPECT_EQ(text.find("unstable: "), std::string::npos) << entry.path() << ": " << query << "\n"
                                                            << text;
      EXPECT_EQ(text.find("does not parse"), std::string::npos)
          << entry.path() << ": " << query << "\n"
          << text;
    }
  }
  EXPECT_GT(queries, 1000);
  for (const auto& [name, count] : unknown) {
    std::cout << "unknown function: " << name << " (" << count << " queries)\n";
  }
}

// Whatever comes in, there is a tree or an error with a position, and a tree prints as something
// that parses to the same text.
TEST(ParserTest, SurvivesMutatedQueries) {
  const std::string seeds[] = {
      "sum by (job, \"a.b\") (rate(http_requests_total{code=~\"5..\", __name__!=''}[5m] offset -1h "
      "@ start())) > bool 0.5",
      "histogram_quantile(0.9, sum without(x) (foo_bucket)) or on(a) group_left(b) topk(5, "
      "bar[1h:step()*2])",
      "a{b='c\\n\\x41',} </ 0x1F ^ -1e-3 % (b @ 1_000.5) unless -max_over_time(x[max_of(1m, "
      "range()/2)]) # end",
      "label_replace(vector(time()), `a`, \"$1\", '', \"(.*)\") + fill_left(NaN) fill_right(-Inf) "
      "{\"x\"} smoothed",
  };
  const uint32_t seed = 20'240'117;
  std::mt19937 random(seed);
  const std::string pieces[] = {"(",       ")",      "[",     "]",    "{",     "}",   ",",    ":",
                                "'",       "\"",     "\\",    " by ", " on(",  "5m",  "1",    "e",
                                "offset ", "@",      "-",     "^",    "bool ", "sum", "\xc3", "#",
                                "\n",      "step()", "fill(", "_",    "."};
  int parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string query = seeds[random() % std::size(seeds)];
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const size_t at = random() % (query.size() + 1);
      switch (random() % 4) {
        case 0:
          query.insert(at, pieces[random() % std::size(pieces)]);
          break;
        case 1:
          query.erase(at, random() % 8);
          break;
        case 2:
          query.insert(at, 1, static_cast<char>(random()));
          break;
        default:
          query.resize(at);
      }
      if (query.empty()) query = "a";
    }
    const auto expr = ParseExpr(query, AllFeatures());
    if (!expr.ok()) {
      ASSERT_EQ(expr.status().code(), absl::StatusCode::kInvalidArgument)
          << "seed " << seed << ": " << query;
      ASSERT_NE(expr.status().message().find(": parse error: "), std::string::npos) << query;
      continue;
    }
    ++parsed;
    const std::string text = ToString(**expr);
    const auto again = ParseExpr(text, AllFeatures());
    ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << query << " printed as " << text << ": "
                            << again.status();
    ASSERT_EQ(ToString(**again), text) << "seed " << seed << ": " << query;
    ASSERT_EQ(ToString(*(*expr)->Clone()), text);
  }
  EXPECT_GT(parsed, 500) << "the mutations no longer reach the parser's insides";
}

}  // namespace
}  // namespace hearth::promql
