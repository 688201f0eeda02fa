#include "tools/promdiff/grammar.h"

#include <algorithm>

#include "spdlog/fmt/fmt.h"

namespace hearth::promdiff {
namespace {

constexpr TimeMs kSecond = 1000, kMinute = 60 * kSecond;

std::string Seconds(TimeMs t) { return fmt::format("{}.{:03}", t / 1000, t % 1000); }

}  // namespace

std::string Query::Describe() const {
  std::string text = Text(*expr, Dialect::kHearth);
  const std::string peer = Text(*expr, Dialect::kPeer);
  if (peer != text) text += "   (peer: " + peer + ")";
  if (instant()) return text + "   at " + Seconds(start_ms);
  return text + fmt::format("   from {} to {} step {}", Seconds(start_ms), Seconds(end_ms),
                            Seconds(step_ms));
}

Grammar::Grammar(uint64_t seed, const Data* data, PeerWords words, Tally* tally)
    : data_(data), words_(std::move(words)), tally_(tally), random_(seed) {
  for (const DataSeries& series : data_->series) {
    const std::string_view name = series.labels.MetricName();
    if (std::find(metrics_.begin(), metrics_.end(), name) == metrics_.end()) {
      metrics_.push_back(name);
    }
  }
  RegisterAll();
}

void Grammar::RegisterAll() {
  for (const auto* spec : promql::AllFunctions()) tally_->Register("function", spec->name);
  for (const auto* spec : promql::AllAggregations()) tally_->Register("aggregation", spec->name);
  const auto all = [this](std::string_view kind, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) tally_->Register(kind, name);
  };
  for (int op = 0; op <= static_cast<int>(promql::BinaryOp::kTrimLower); ++op) {
    tally_->Register("operator", promql::BinaryOpText(static_cast<promql::BinaryOp>(op)));
  }
  all("operator", {"unary -", "unary +", "bool"});
  all("matcher", {"=", "!=", "=~", "!~"});
  all("modifier", {"offset", "offset -", "@ time", "@ start()", "@ end()", "anchored", "smoothed",
                   "subquery", "subquery without step"});
  all("duration", {"literal", "number", "arithmetic", "step()", "range()", "min_of()", "max_of()"});
  all("matching",
      {"none", "on", "ignoring", "group_left", "group_right", "fill", "fill_left", "fill_right"});
  all("grouping", {"none", "by", "without"});
  all("literal", {"decimal", "hexadecimal", "exponent", "Inf", "NaN", "duration", "underscore"});
  all("result", {"scalar", "vector", "matrix", "string", "invalid"});
}

std::string_view Grammar::Choose(std::string_view kind,
                                 const std::vector<std::string_view>& names) {
  size_t chosen = Pick(names.size());
  if (Chance(50)) {
    const size_t from = chosen;
    for (size_t i = 0; i < names.size(); ++i) {
      const size_t other = (from + i) % names.size();
      if (tally_->Of(kind, names[other]) < tally_->Of(kind, names[chosen])) chosen = other;
    }
  }
  tally_->Count(kind, names[chosen]);
  return names[chosen];
}

TimeMs Grammar::AnyTime() {
  const TimeMs span = data_->end_ms - data_->start_ms;
  TimeMs t = data_->start_ms + 2 * kMinute +
             static_cast<TimeMs>(Pick(static_cast<size_t>(span / kSecond))) * kSecond;
  if (data_->on_boundary && Chance(60)) return t / (15 * kSecond) * (15 * kSecond);
  return t + (Chance(30) ? 500 : 0);
}

Query Grammar::Timed(NodePtr expr) {
  Query query{.expr = std::move(expr), .start_ms = AnyTime(), .end_ms = 0, .step_ms = 0};
  query.end_ms = query.start_ms;
  const ValueType type = query.expr->type;
  const bool ranged = type == ValueType::kInstantVector || type == ValueType::kScalar;
  if (ranged && Chance(50)) {
    query.step_ms = One<TimeMs>({1, 5, 15, 30, 60, 97, 300, 1000}) * kSecond;
    query.end_ms += static_cast<TimeMs>(Pick(40)) * query.step_ms + static_cast<TimeMs>(Pick(2));
  }
  return query;
}

Query Grammar::Next() {
  anything_ = Chance(20);
  return Timed(AnyExpression());
}

NodePtr Grammar::AnyExpression() {
  const Want want{.depth = 1 + static_cast<int>(Pick(4)), .exact = false};
  const size_t kind = Pick(100);
  if (kind < 5) {
    tally_->Count("result", "invalid");
    return Invalid(want);
  }
  if (kind < 12) {
    tally_->Count("result", "scalar");
    return Scalar(want);
  }
  if (kind < 18) {
    tally_->Count("result", "matrix");
    return Range(want);
  }
  if (kind < 19) {
    tally_->Count("result", "string");
    return Literal(ValueType::kString, "string",
                   One<std::string>({"\"a\\tb\"", "'it\\'s'", "`\\`"}));
  }
  tally_->Count("result", "vector");
  return Vector(want);
}

NodePtr Grammar::Literal(ValueType type, std::string_view rule, std::string text) {
  return Compose(type, std::string(rule), {Part(std::move(text))});
}

NodePtr Grammar::Scalar(Want want) {
  if (want.depth <= 0) return Number(want);
  switch (Pick(6)) {
    case 0:
      return NumberInEveryForm();
    case 1:
    case 2:
      return Call(ValueType::kScalar, want);
    case 3:
      return ScalarBinary(want);
    case 4:
      return Unary(ValueType::kScalar, want);
    default:
      return Number(want);
  }
}

NodePtr Grammar::Number(Want) {
  if (Chance(10)) return NumberInEveryForm();
  tally_->Count("literal", "decimal");
  return Literal(ValueType::kScalar, "number",
                 One<std::string>({"0", "1", "2", "3", "10", "0.5", "2.5", "60", "100", "1000000",
                                   "-1", "-20", "0.125"}));
}

NodePtr Grammar::NumberInEveryForm() {
  const std::string_view form = Choose(
      "literal", {"decimal", "hexadecimal", "exponent", "Inf", "NaN", "duration", "underscore"});
  struct Form {
    std::string_view name;
    std::vector<Part> texts;
  };
  static const std::vector<Form> forms = {
      {"decimal", {".5", "5.", "0017", "123456789.125", "-0"}},
      {"hexadecimal", {"0x1F", "0XfF", "0x8p"}},
      {"exponent", {"1e3", "2.5E-3", "1e+2", "4.9e-324", "1e308"}},
      {"Inf", {"Inf", "-Inf", "+inf", "INF"}},
      {"NaN", {"NaN", "nan"}},
      {"duration", {Part("5m", "300"), Part("1h30m", "5400"), Part("250ms", "0.25")}},
      {"underscore", {Part("1_000", "1000"), Part("0x1_F", "0x1F")}},
  };
  const auto row = std::find_if(forms.begin(), forms.end(),
                                [form](const Form& one) { return one.name == form; });
  Part text = row->texts[Pick(row->texts.size())];
  if (text.hearth == "0x8p") text = Part("0x80000000");
  auto node = Compose(ValueType::kScalar, "number", {text});
  node->simpler = {"1"};
  return node;
}

NodePtr Grammar::Quantile(Want want) {
  if (Chance(20)) return Scalar(want);
  tally_->Count("literal", "decimal");
  return Literal(ValueType::kScalar, "number",
                 One<std::string>({"0", "0.1", "0.5", "0.9", "0.99", "1", "-0.5", "1.5"}));
}

NodePtr Grammar::SmallCount(Want) {
  return Literal(ValueType::kScalar, "number",
                 One<std::string>({"1", "2", "3", "5", "0", "2.7", "100", "-1"}));
}

NodePtr Grammar::Ratio(Want) {
  return Literal(ValueType::kScalar, "number",
                 One<std::string>({"0.1", "0.5", "1", "-0.3", "-1", "0", "0.9"}));
}

NodePtr Grammar::Smoothing(Want) {
  return Literal(ValueType::kScalar, "number", One<std::string>({"0.1", "0.5", "0.9"}));
}

NodePtr Grammar::LabelName(Want) {
  return Literal(ValueType::kString, "string",
                 One<std::string>({"\"a\"", "\"i\"", "\"b\"", "\"note\"", "'version'",
                                   "\"instance\"", "\"absent\"", "`__name__`"}));
}

NodePtr Grammar::Separator(Want) {
  return Literal(ValueType::kString, "string", One<std::string>({"\"-\"", "\"\"", "\", \""}));
}

NodePtr Grammar::Replacement(Want) {
  return Literal(ValueType::kString, "string",
                 One<std::string>({"\"$1\"", "\"x-$1-$2\"", "\"\"", "\"fixed\"", "\"${1}0\"",
                                   "\"$$\"", "\"$9\""}));
}

NodePtr Grammar::Regex(Want) {
  const std::string regex =
      One<std::string>({"(.*)", "x", "(.)(.*)", "[0-9]+", "", "(two)(.*)", "(h)?(.+)", "(?i:X|Y)"});
  return Compose(ValueType::kString, "regex",
                 {words_.version2 ? Part("\"" + regex + "\"", "\"(?s:" + regex + ")\"")
                                  : Part("\"" + regex + "\"")});
}

}  // namespace hearth::promdiff
