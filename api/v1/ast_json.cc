#include "api/v1/ast_json.h"

#include <algorithm>

#include "model/float_text.h"
#include "query/functions/spec.h"

namespace hearth {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using promql::ValueType;

const char* TypeName(ValueType type) {
  constexpr const char* kNames[] = {"none", "scalar", "vector", "matrix", "string"};
  return kNames[static_cast<int>(type)];
}

const char* CardinalityName(promql::MatchCardinality cardinality) {
  constexpr const char* kNames[] = {"one-to-one", "many-to-one", "one-to-many", "many-to-many"};
  return kNames[static_cast<int>(cardinality)];
}

void WriteStrings(const std::vector<std::string>& strings, JsonWriter* json) {
  json->BeginArray();
  for (const std::string& string : strings) json->String(string);
  json->EndArray();
}

void WriteMatchers(const std::vector<Matcher>& matchers, JsonWriter* json) {
  json->BeginArray();
  for (const Matcher& matcher : matchers) {
    json->BeginObject().Key("name").String(matcher.name());
    json->Key("type").String(MatchOpText(matcher.op()));
    json->Key("value").String(matcher.value()).EndObject();
  }
  json->EndArray();
}

void WriteStartOrEnd(const promql::TimeModifier& time, JsonWriter* json) {
  json->Key("startOrEnd");
  if (time.at == promql::AtKind::kStart) {
    json->String("start");
  } else if (time.at == promql::AtKind::kEnd) {
    json->String("end");
  } else {
    json->Null();
  }
}

void WriteTimestamp(const promql::TimeModifier& time, JsonWriter* json) {
  json->Key("timestamp");
  if (time.at == promql::AtKind::kTimestamp) {
    json->Int(time.at_ms);
  } else {
    json->Null();
  }
}

void WriteMatching(const std::optional<promql::VectorMatching>& matching, JsonWriter* json) {
  json->Key("matching");
  if (!matching) {
    json->Null();
    return;
  }
  json->BeginObject().Key("card").String(CardinalityName(matching->cardinality));
  const auto fill = [json](const char* key, const std::optional<double>& value) {
    json->Key(key);
    if (value) {
      json->Number(*value);
    } else {
      json->Null();
    }
  };
  json->Key("fillValues").BeginObject();
  fill("lhs", matching->fill_left);
  fill("rhs", matching->fill_right);
  json->EndObject().Key("include");
  WriteStrings(matching->include, json);
  json->Key("labels");
  WriteStrings(matching->labels, json);
  json->Key("on").Bool(matching->on).EndObject();
}

void WriteAggregation(const promql::AggregateExpr& aggregate, JsonWriter* json) {
  json->BeginObject().Key("expr");
  WriteAst(*aggregate.expr, json);
  json->Key("grouping");
  WriteStrings(aggregate.grouping, json);
  json->Key("op").String(aggregate.aggregation->name).Key("param");
  if (aggregate.param) {
    WriteAst(*aggregate.param, json);
  } else {
    json->Null();
  }
  json->Key("type").String("aggregation");
  json->Key("without").Bool(aggregate.without).EndObject();
}

void WriteBinary(const promql::BinaryExpr& binary, JsonWriter* json) {
  json->BeginObject().Key("bool").Bool(binary.return_bool).Key("lhs");
  WriteAst(*binary.lhs, json);
  WriteMatching(binary.matching, json);
  json->Key("op").String(BinaryOpText(binary.op)).Key("rhs");
  WriteAst(*binary.rhs, json);
  json->Key("type").String("binaryExpr").EndObject();
}

void WriteCall(const promql::Call& call, JsonWriter* json) {
  json->BeginObject().Key("args").BeginArray();
  for (const promql::ExprPtr& arg : call.args) WriteAst(*arg, json);
  json->EndArray().Key("func").BeginObject();
  const promql::FunctionSpec& spec = *call.function;
  // Prometheus declares the type of an argument that may be repeated once.
  const size_t repeats = static_cast<size_t>(std::max(spec.variadic - 1, 0));
  json->Key("argTypes").BeginArray();
  for (const ValueType type : spec.args.first(spec.args.size() - repeats)) {
    json->String(TypeName(type));
  }
  json->EndArray().Key("name").String(spec.name);
  json->Key("returnType").String(TypeName(spec.returns));
  json->Key("variadic").Int(spec.variadic).EndObject();
  json->Key("type").String("call").EndObject();
}

// `matrix` is null for an instant selector.
void WriteSelector(const promql::VectorSelector& selector, const promql::MatrixSelector* matrix,
                   JsonWriter* json) {
  json->BeginObject();
  json->Key("anchored").Bool(selector.mode == promql::SelectorMode::kAnchored).Key("matchers");
  WriteMatchers(selector.matchers, json);
  json->Key("name").String(selector.name);
  json->Key("offset").Int(selector.time.offset.ms);
  if (matrix != nullptr) json->Key("range").Int(matrix->range.ms);
  json->Key("smoothed").Bool(selector.mode == promql::SelectorMode::kSmoothed);
  WriteStartOrEnd(selector.time, json);
  WriteTimestamp(selector.time, json);
  json->Key("type").String(matrix == nullptr ? "vectorSelector" : "matrixSelector").EndObject();
}

void WriteSubquery(const promql::SubqueryExpr& subquery, JsonWriter* json) {
  json->BeginObject().Key("expr");
  WriteAst(*subquery.expr, json);
  json->Key("offset").Int(subquery.time.offset.ms).Key("range").Int(subquery.range.ms);
  WriteStartOrEnd(subquery.time, json);
  json->Key("step").Int(subquery.step.ms);
  WriteTimestamp(subquery.time, json);
  json->Key("type").String("subquery").EndObject();
}

// {"type":"…","val":"…"}
void WriteLiteral(const char* type, std::string_view value, JsonWriter* json) {
  json->BeginObject().Key("type").String(type).Key("val").String(value).EndObject();
}

}  // namespace

void WriteAst(const Expr& expr, JsonWriter* json) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return WriteLiteral("numberLiteral", FixedFloatText(As<promql::NumberLiteral>(expr).value),
                          json);
    case ExprKind::kString:
      return WriteLiteral("stringLiteral", As<promql::StringLiteral>(expr).value, json);
    case ExprKind::kVectorSelector:
      return WriteSelector(As<promql::VectorSelector>(expr), nullptr, json);
    case ExprKind::kMatrixSelector: {
      const auto& matrix = As<promql::MatrixSelector>(expr);
      return WriteSelector(*matrix.selector, &matrix, json);
    }
    case ExprKind::kSubquery:
      return WriteSubquery(As<promql::SubqueryExpr>(expr), json);
    case ExprKind::kCall:
      return WriteCall(As<promql::Call>(expr), json);
    case ExprKind::kAggregate:
      return WriteAggregation(As<promql::AggregateExpr>(expr), json);
    case ExprKind::kBinary:
      return WriteBinary(As<promql::BinaryExpr>(expr), json);
    case ExprKind::kUnary:
      json->BeginObject().Key("expr");
      WriteAst(*As<promql::UnaryExpr>(expr).expr, json);
      json->Key("op").String(As<promql::UnaryExpr>(expr).negate ? "-" : "+");
      json->Key("type").String("unaryExpr").EndObject();
      return;
    case ExprKind::kParen:
      json->BeginObject().Key("expr");
      WriteAst(*As<promql::ParenExpr>(expr).expr, json);
      json->Key("type").String("parenExpr").EndObject();
      return;
    case ExprKind::kDuration:
      return;  // Part of a selector, never a node of its own.
  }
}

}  // namespace hearth
