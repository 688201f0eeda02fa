#include "api/v1/ast_json.h"

#include "gtest/gtest.h"
#include "query/parse/parser.h"

namespace hearth {
namespace {

std::string Json(std::string_view query) {
  promql::ParserOptions options;
  options.experimental_functions = options.fill_modifiers = true;
  options.extended_range_selectors = true;
  const auto expr = promql::ParseExpr(query, options);
  if (!expr.ok()) return std::string(expr.status().message());
  std::string out;
  JsonWriter json(&out);
  WriteAst(**expr, &json);
  return out;
}

constexpr char kSelectorA[] =
    R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a",)"
    R"("offset":0,"smoothed":false,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"})";

TEST(AstJsonTest, Literals) {
  EXPECT_EQ(Json("1e6"), R"({"type":"numberLiteral","val":"1000000"})");
  EXPECT_EQ(Json("-Inf"), R"({"type":"numberLiteral","val":"-Inf"})");
  EXPECT_EQ(Json("5m"), R"({"type":"numberLiteral","val":"300"})");
  EXPECT_EQ(Json("'a<b'"), R"({"type":"stringLiteral","val":"a\u003cb"})");
  EXPECT_EQ(Json("(1)"), R"({"expr":{"type":"numberLiteral","val":"1"},"type":"parenExpr"})");
}

TEST(AstJsonTest, Selectors) {
  EXPECT_EQ(Json("a"), kSelectorA);
  EXPECT_EQ(Json("a{b!~'x'}[5m] @ 1.5 offset -1m"),
            R"({"anchored":false,"matchers":[{"name":"b","type":"!~","value":"x"},)"
            R"({"name":"__name__","type":"=","value":"a"}],"name":"a","offset":-60000,)"
            R"("range":300000,"smoothed":false,"startOrEnd":null,"timestamp":1500,)"
            R"("type":"matrixSelector"})");
  EXPECT_EQ(Json("{'a.b'} smoothed @ start() offset step()"),
            R"({"anchored":false,"matchers":[{"name":"__name__","type":"=","value":"a.b"}],)"
            R"("name":"","offset":0,"smoothed":true,"startOrEnd":"start","timestamp":null,)"
            R"("type":"vectorSelector"})");
  EXPECT_EQ(Json("a[1h:1m] @ end()"),
            std::string(R"({"expr":)") + kSelectorA +
                R"(,"offset":0,"range":3600000,"startOrEnd":"end","step":60000,)"
                R"("timestamp":null,"type":"subquery"})");
}

TEST(AstJsonTest, OperatorsAndAggregations) {
  const std::string a = kSelectorA;
  EXPECT_EQ(Json("-a"), R"({"expr":)" + a + R"(,"op":"-","type":"unaryExpr"})");
  EXPECT_EQ(Json("a > bool 1"),
            R"({"bool":true,"lhs":)" + a +
                R"(,"matching":null,"op":"\u003e","rhs":{"type":"numberLiteral","val":"1"},)"
                R"("type":"binaryExpr"})");
  EXPECT_EQ(Json("a + on (x) group_left (y) fill_right (2) a"),
            R"({"bool":false,"lhs":)" + a +
                R"(,"matching":{"card":"many-to-one","fillValues":{"lhs":null,"rhs":2},)"
                R"("include":["y"],"labels":["x"],"on":true},"op":"+","rhs":)" +
                a + R"(,"type":"binaryExpr"})");
  EXPECT_NE(Json("a and a").find(R"("card":"many-to-many")"), std::string::npos);
  EXPECT_NE(Json("a * ignoring (x) group_right a").find(R"("card":"one-to-many")"),
            std::string::npos);
  EXPECT_EQ(Json("sum(a)"), R"({"expr":)" + a +
                                R"(,"grouping":[],"op":"sum","param":null,)"
                                R"("type":"aggregation","without":false})");
  EXPECT_EQ(Json("topk without (x) (3, a)"),
            R"({"expr":)" + a +
                R"(,"grouping":["x"],"op":"topk","param":{"type":"numberLiteral","val":"3"},)"
                R"("type":"aggregation","without":true})");
}

TEST(AstJsonTest, CallsShowTheSignature) {
  const std::string a = kSelectorA;
  EXPECT_EQ(Json("abs(a)"), R"({"args":[)" + a +
                                R"(],"func":{"argTypes":["vector"],"name":"abs",)"
                                R"("returnType":"vector","variadic":0},"type":"call"})");
  EXPECT_EQ(Json("time()"),
            R"({"args":[],"func":{"argTypes":[],"name":"time","returnType":"scalar",)"
            R"("variadic":0},"type":"call"})");
  EXPECT_NE(Json("rate(a[5m])").find(R"("argTypes":["matrix"])"), std::string::npos);
  EXPECT_NE(Json("label_join(a, 'x', ',', 'y')")
                .find(R"("argTypes":["vector","string","string","string"],"name":"label_join",)"
                      R"("returnType":"vector","variadic":-1)"),
            std::string::npos);
  EXPECT_NE(Json("histogram_quantiles(a, 'q', 0.5)")
                .find(R"("argTypes":["vector","string","scalar","scalar"],)"
                      R"("name":"histogram_quantiles","returnType":"vector","variadic":9)"),
            std::string::npos);
}

}  // namespace
}  // namespace hearth
