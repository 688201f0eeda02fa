// Operators, matching, and what must be refused.
#include "model/text.h"
#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {
namespace {

bool IsComparison(std::string_view op) {
  return op == "==" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=";
}
bool IsSet(std::string_view op) { return op == "and" || op == "or" || op == "unless"; }

}  // namespace

NodePtr Grammar::Unary(ValueType type, Want want) {
  const std::string_view sign = Chance(70) ? "-" : "+";
  tally_->Count("operator", StrCat("unary ", sign));
  const Want below = want.Below(false);
  auto node =
      Compose(type, "negate",
              {std::string(sign), type == ValueType::kScalar ? Scalar(below) : Vector(below)});
  ApplyTrait("negate", node.get());
  return node;
}

NodePtr Grammar::ScalarBinary(Want want) {
  std::vector<std::string_view> ops = {"+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">="};
  if (!want.exact) ops.insert(ops.end(), {"^", "atan2"});
  const std::string_view op = Choose("operator", ops);
  const Want below = want.Below(!TraitOf(op).passes);
  std::string middle = StrCat(" ", op, " ");
  if (IsComparison(op)) {
    tally_->Count("operator", "bool");
    middle += "bool ";
  }
  auto node = Compose(ValueType::kScalar, std::string(op),
                      {"(", Scalar(below), middle, Scalar(below), ")"});
  ApplyTrait(op, node.get());
  return node;
}

NodePtr Grammar::Binary(Want want) {
  std::vector<std::string_view> ops = {
      "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "and", "or", "unless"};
  if (!want.exact || anything_) ops.insert(ops.end(), {"^", "atan2"});
  if (anything_) ops.insert(ops.end(), {"</", ">/"});
  const std::string_view op = Choose("operator", ops);
  const bool trim = op == "</" || op == ">/";
  if (trim || IsSet(op) || Chance(50)) return VectorPair(op, want);
  const Want below = want.Below(!TraitOf(op).passes);
  std::string middle = StrCat(" ", op, " ");
  if (IsComparison(op) && Chance(40)) {
    tally_->Count("operator", "bool");
    middle += "bool ";
  }
  NodePtr vector = Compose(ValueType::kInstantVector, "paren", {"(", Vector(below), ")"});
  NodePtr scalar = Scalar({below.depth - 1, below.exact});
  std::vector<Part> parts = {vector, middle, scalar};
  if (Chance(35)) parts = {scalar, middle, vector};
  auto node = Compose(ValueType::kInstantVector, std::string(op), std::move(parts));
  ApplyTrait(op, node.get());
  return node;
}

NodePtr Grammar::Fill() {
  const std::string_view kind = Choose("matching", {"fill", "fill_left", "fill_right"});
  auto node = Compose(ValueType::kNone, "fill",
                      {StrCat(" ", kind, "(", One<std::string>({"0", "1", "-2.5", "NaN"}), ") ")});
  node->optional = true;
  node->facts.comparable = false;
  return node;
}

// `l op matching r`. The templates give most pairs something to match.
NodePtr Grammar::VectorPair(std::string_view op, Want want) {
  const Want below = want.Below(!TraitOf(op).passes);
  NodePtr left = Vector(below),
          right = Chance(50) ? SelectorOf(Chance(50) ? "c" : "g", "") : Vector(below);
  if (Chance(30)) left = SelectorOf(Chance(50) ? "c" : "g", "");
  std::string middle = StrCat(" ", op, " ");
  if (IsComparison(op) && Chance(30)) {
    tally_->Count("operator", "bool");
    middle += "bool ";
  }
  std::vector<Part> parts = {"(", left, ")", middle};
  const std::string_view kind =
      IsSet(op)
          ? Choose("matching", {"none", "on", "ignoring"})
          : Choose("matching", {"none", "none", "on", "ignoring", "group_left", "group_right"});
  if (kind == "on" || kind == "ignoring") {
    parts.emplace_back(StrCat(kind, "(",
                              kind == "on" ? One<std::string>({"a, i", "i", "a, i, job", "le", "a"})
                                           : One<std::string>({"le", "job", "note", "version, a"}),
                              ") "));
  } else if (kind != "none") {
    // One series a group on the other side.
    const bool to_left = kind == "group_left";
    const NodePtr one =
        Compose(ValueType::kInstantVector, "max", {"max by (a) (", to_left ? right : left, ")"});
    tally_->Count("aggregation", "max");
    parts = {"(",      to_left ? left : one,
             ")",      middle,
             "on(a) ", StrCat(kind, " (", One<std::string>({"", "note", "i"}), ") ")};
    if (to_left) right = one;
  }
  if (!IsSet(op) && op != "</" && op != ">/" && (anything_ ? Chance(40) : Chance(4))) {
    parts.emplace_back(Fill());
  }
  parts.insert(parts.end(), {"(", right, ")"});
  auto node = Compose(ValueType::kInstantVector, std::string(op), std::move(parts));
  ApplyTrait(op, node.get());
  if (op == "</" || op == ">/") node->facts.comparable = false;
  return node;
}

// Something wrong, alone or inside something right.
NodePtr Grammar::Invalid(Want want) {
  static const std::vector<std::string> wrong = {"sum(",
                                                 "rate(g)",
                                                 "g[5m] + 1",
                                                 "abs(\"x\")",
                                                 "unknown(g)",
                                                 "{}",
                                                 "{a=~\".*\"}",
                                                 "g{a=\"x\"",
                                                 "g offset",
                                                 "g[5m][5m]",
                                                 "1 and 2",
                                                 "\"a\" + 1",
                                                 "1 == 2",
                                                 "topk(g)",
                                                 "label_replace(g)",
                                                 "g[0s]",
                                                 "g[-5m]",
                                                 "count_values(1, g)",
                                                 "on(a) g",
                                                 "g + on(a) group_left(a)",
                                                 "g offset 5m offset 5m",
                                                 "g and on() group_left() c",
                                                 "sum by (a) without (i) (g)",
                                                 "g{a=\"x\"}{i=\"1\"}",
                                                 "g[5m:",
                                                 "g @",
                                                 "g{a~\"x\"}",
                                                 "g{\"}",
                                                 "sum(g) by",
                                                 "()",
                                                 "",
                                                 "g[5m] offset 1m[1m]",
                                                 "rate(g[5m], 1)",
                                                 "abs()",
                                                 "bool g",
                                                 "g == bool",
                                                 "g % % g",
                                                 "g{a=\"\\z\"}",
                                                 "1e",
                                                 "g[5y6]",
                                                 "max_over_time(1)",
                                                 "time(1)",
                                                 "g unless bool c",
                                                 "label_replace(g, \"b\", \"$1\", \"a\", \"(\")",
                                                 "label_join(g, \"b\")",
                                                 "{__name__=\"\"}",
                                                 "g{a=~\"(\"}",
                                                 "sum(\"a\")",
                                                 "vector(g)",
                                                 "scalar(1)",
                                                 "g{__name__=\"c\"}",
                                                 "clamp(g, 1)",
                                                 "g group_left c",
                                                 "g ^^ 2",
                                                 "histogram_quantile(g, 0.9)",
                                                 "count_values(\"\", g)"};
  const std::string text = One(wrong);
  NodePtr inner = Literal(ValueType::kInstantVector, "wrong", text);
  auto node = Compose(ValueType::kInstantVector, "invalid", {inner});
  if (Chance(40)) {
    const std::string other = One<std::string>({"abs(", "sum by (a) (", "1 + (", "-(", "(("});
    node = Compose(ValueType::kInstantVector, "invalid",
                   {other, inner, other == "((" ? "))" : ")", Chance(20) ? " or " : "", ""});
    if (node->parts[3].hearth == " or ") node->parts[4] = Part(Vector(want.Below(false)));
  }
  node->facts = Facts{};
  node->facts.valid = false;
  node->facts.comparable = false;
  return node;
}

}  // namespace hearth::promdiff
