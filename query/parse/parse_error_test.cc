// What is refused, and in which words: the first error of Prometheus 3 and its place.
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "query/parse/parser.h"

namespace hearth::promql {
namespace {

constexpr char kDuration[] = "expected number, duration, step(), or range()";

// "1:5" and the message, or "parsed".
std::string Refusal(std::string_view query) {
  const absl::StatusOr<ExprPtr> expr =
      ParseExpr(query, {.experimental_functions = true, .extended_range_selectors = true});
  if (expr.ok()) return "parsed as " + ToString(**expr);
  std::string message(expr.status().message());
  const std::string marker = "parse error: ";
  const size_t at = message.find(marker);
  if (at == std::string::npos) return "without a marker: " + message;
  return message.erase(at, marker.size());
}

using Cases = std::initializer_list<std::pair<const char*, std::string>>;

void ExpectRefusals(const Cases& cases) {
  for (const auto& [query, want] : cases) EXPECT_EQ(Refusal(query), want) << query;
}

TEST(ParseErrorTest, LiteralsAndOperators) {
  ExpectRefusals({
      {"# only this\n\n", "1:1: no expression found in input"},
      {".", "1:1: unexpected character: '.'"},
      {"0deadbeef", "1:1: bad number or duration syntax: \"0de\""},
      {"0x", "1:1: error parsing number: strconv.ParseFloat: parsing \"0x\": invalid syntax"},
      {"1 /", "1:4: unexpected end of input"},
      {"(1))", "1:5: unexpected right parenthesis ')'"},
      {"((1)", "1:5: unclosed left parenthesis"},
      {"@@", "1:1: unexpected <op:@>"},
      {"-=", "1:2: unexpected \"=\""},
      {"++-++-+-+-<", "1:11: unexpected <op:<>"},
      {"e-+=/(0)", "1:4: unexpected \"=\""},
      {"1 < 2", "1:3: comparisons between scalars must use BOOL modifier"},
      {"1 unless 1", "1:1: set operator \"unless\" not allowed in binary scalar expression"},
      {"1 or on(bar) foo", "1:1: vector matching only allowed between instant vectors"},
      {"foo == on(bar) 10", "1:1: vector matching only allowed between instant vectors"},
      {"foo and bool 10", "1:5: bool modifier can only be used on comparison operators"},
      {"a - on(b) ignoring(c) d", "1:11: unexpected <ignoring>"},
      {"foo unless on(bar) group_right(baz) bar",
       "1:1: no grouping allowed for \"unless\" operation"},
      {"x{group=\"production\"} + on(instance) group_left(job,instance) y{type=\"smp\"}",
       "1:23: label \"instance\" must not occur in ON and GROUP clause at once"},
      {"a\n  +\n  bool b", "2:3: bool modifier can only be used on comparison operators"},
      {"\"\\", "1:1: escape sequence not terminated"},
      {"\"\\x.\"", "1:1: illegal character U+002E '.' in escape sequence"},
      {"`\\``", "1:4: unterminated raw string"},
  });
}

TEST(ParseErrorTest, Selectors) {
  ExpectRefusals({
      {"}", "1:1: unexpected character: '}'"},
      {"some}", "1:5: unexpected character: '}'"},
      {"some{", "1:6: unexpected end of input inside braces"},
      {"m{a:b=\"b\"}", "1:4: unexpected character inside braces: ':'"},
      {"foo{a*\"b\"}", "1:6: unexpected character inside braces: '*'"},
      {"foo{a>=\"b\"}", "1:6: unexpected character inside braces: '>'"},
      {"foo{__name__= =}", "1:15: unexpected \"=\" in label matching, expected string"},
      {"foo{__name__ == \"bar\"}", "1:15: unexpected \"=\" in label matching, expected string"},
      {"foo{__name__=\"bar\" lol}",
       "1:20: unexpected identifier \"lol\" in label matching, expected \",\" or \"}\""},
      {"foo{\"a\"=}", "1:9: unexpected \"}\" in label matching, expected string"},
      {"{x=~\".*\"}", "1:1: vector selector must contain at least one non-empty matcher"},
      {"{x!=\"a\"}", "1:1: vector selector must contain at least one non-empty matcher"},
      {"foo @ -Inf", "1:1: timestamp out of bounds for @ modifier: -Inf"},
      {"foo @ NaN", "1:1: timestamp out of bounds for @ modifier: NaN"},
      {"foo @ 9223372036854775808",
       "1:1: timestamp out of bounds for @ modifier: 9223372036854775808.000000"},
      {"some_metric @ start() [5m]", "1:23: no @ modifiers allowed before range"},
      {"some_metric offset step()[5m]", "1:26: no offset modifiers allowed before range"},
      {"rate(food[1m])[1h] offset 1h", "1:15: ranges only allowed for vector selectors"},
      {"rate(x[5m]) @ 1234",
       "1:1: @ modifier must be preceded by an instant vector selector or range vector selector or "
       "a subquery"},
      {"test[5d] OFFSET 10s [10m:5s]",
       "1:1: subquery is only allowed on instant vector, got matrix instead"},
      {"info(up, {foo=\"bar\"} == 1)", "1:10: expected label selectors only"},
  });
}

TEST(ParseErrorTest, Durations) {
  ExpectRefusals({
      {"foo[5m1]", "1:5: bad number or duration syntax: \"5m1\""},
      {"foo[5m:1m1]", "1:8: bad number or duration syntax: \"1m1\""},
      {"foo[5y1hs]", "1:5: unknown unit \"hs\" in duration \"5y1hs\""},
      {"foo[1.5h]", "1:5: unknown unit \".\" in duration \"1.5h\""},
      {"foo[5m1m]", "1:5: not a valid duration string: \"5m1m\""},
      {"foo[99999999999999999999h]", "1:5: not a valid duration string: \"99999999999999999999h\""},
      {"foo[300y]", "1:5: duration out of range"},
      {"foo[9.5e10]", "1:5: duration out of range"},
      {"foo offset 9.5e10", "1:12: duration out of range"},
      {"foo[0m]", "1:5: duration must be greater than 0"},
      {"foo[-1]", "1:5: duration must be greater than 0"},
      {"foo[\"5m\"]", "1:5: unexpected character in duration expression: '\"'"},
      {"foo[step]",
       std::string("1:9: unexpected \"]\" in subquery or range selector, ") + kDuration},
      {"foo[step()/0d]", "1:11: division by zero"},
      {"foo offset (4d/0)", "1:15: division by zero"},
      {"foo[5s%0d]", "1:7: modulo by zero"},
      {"foo[5s s 5s]", "1:8: unexpected character: 's', expected ':'"},
      {"1[5m] smoothed", "1:2: ranges only allowed for vector selectors"},
      {"a + on (b) group_left", "1:22: unexpected end of input in grouping opts, expected \"(\""},
      {"a + on (b) group_right ^ c", "1:24: unexpected <op:^> in grouping opts, expected \"(\""},
      {"foo[5s x 5s]", "1:8: unexpected character: 'x', expected ':'"},
      {"x OFFSET 1mm", "1:10: bad number or duration syntax: \"1mm\""},
      {"x[5m] OFFSET", std::string("1:13: unexpected end of input in offset, ") + kDuration},
      {"foo{bar=\"baz\"}[", "1:16: unexpected end of input in duration expression"},
  });
}

TEST(ParseErrorTest, AggregationsAndCalls) {
  const std::string trailing = "trailing commas not allowed in function call args";
  ExpectRefusals({
      {"sum without(==)(x)", "1:13: unexpected <op:==> in grouping opts, expected label"},
      {"sum without(,)(x)", "1:13: unexpected \",\" in grouping opts, expected label"},
      {"sum without(foo,,)(x)", "1:17: unexpected \",\" in grouping opts, expected label"},
      {"sum by (\"\")(x)", "1:9: invalid label name for grouping: \"\""},
      {"sum by (\"foo)(x{})", "1:9: unterminated quoted string"},
      {"sum () by (test)", "1:1: no arguments for aggregate expression provided"},
      {"MIN keep_common (x)", "1:5: unexpected identifier \"keep_common\""},
      {"MIN (x) keep_common", "1:9: unexpected identifier \"keep_common\""},
      {"sum without (test) (x) by (test)", "1:24: unexpected <by>"},
      {"sum(rate(", "1:10: unclosed left parenthesis"},
      {"topk(x,)", "1:7: " + trailing},
      {"clamp(input, , 10)", "1:12: " + trailing},
      {"topk(3, == x)", "1:7: " + trailing},
      {"topk(3,by x)", "1:11: unexpected identifier \"x\" in aggregation"},
      {"topk(3,on x)", "1:7: " + trailing},
      {"round(a,\n$)", "2:1: unexpected character: '$'"},
      {"round(a,", "1:9: unclosed left parenthesis"},
      {"floor(x, 1)", "1:1: expected 1 argument(s) in call to \"floor\", got 2"},
      {"hour(a, b, c)", "1:1: expected at most 1 argument(s) in call to \"hour\", got 3"},
      {"time(x)", "1:1: expected 0 argument(s) in call to \"time\", got 1"},
      {"a>b()", "1:3: unknown function with name \"b\""},
      {"rate(avg)",
       "1:6: expected type range vector in call to function \"rate\", got instant vector"},
      {"label_replace(a, `b`, `c\xff`, `d`, `.*`)", "1:23: invalid UTF-8 rune"},
  });
}

}  // namespace
}  // namespace hearth::promql
