// Functions and aggregations, from the engine's tables.
#include <algorithm>

#include "model/text.h"
#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {
namespace {

using promql::AllAggregations;
using promql::AllFunctions;
using promql::FunctionSpec;

// Of a window that begins where a sample lies, Prometheus 2 takes the sample; a range that is a
// millisecond shorter stands for that everywhere but where the length itself counts.
bool LengthCounts(std::string_view function) {
  static constexpr std::string_view kExtrapolating[] = {"rate", "increase", "delta"};
  return std::find(std::begin(kExtrapolating), std::end(kExtrapolating), function) !=
         std::end(kExtrapolating);
}

}  // namespace

// What the signature does not say. Later arguments without a row use the function's last one.
const std::vector<Grammar::ArgRule>& Grammar::ArgRules() {
  static const std::vector<ArgRule> rules = {
      {"count_values", 0, &Grammar::LabelName},
      {"double_exponential_smoothing", 1, &Grammar::Smoothing},
      {"double_exponential_smoothing", 2, &Grammar::Smoothing},
      {"histogram_fraction", 2, &Grammar::Buckets},
      {"histogram_quantile", 0, &Grammar::Quantile},
      {"histogram_quantile", 1, &Grammar::Buckets},
      {"histogram_quantiles", 0, &Grammar::Buckets},
      {"histogram_quantiles", 1, &Grammar::LabelName},
      {"histogram_quantiles", 2, &Grammar::Quantile},
      {"info", 1, &Grammar::InfoSelector},
      {"label_join", 1, &Grammar::LabelName},
      {"label_join", 2, &Grammar::Separator},
      {"label_join", 3, &Grammar::LabelName},
      {"label_replace", 1, &Grammar::LabelName},
      {"label_replace", 2, &Grammar::Replacement},
      {"label_replace", 3, &Grammar::LabelName},
      {"label_replace", 4, &Grammar::Regex},
      {"limit_ratio", 0, &Grammar::Ratio},
      {"quantile", 0, &Grammar::Quantile},
      {"quantile_over_time", 0, &Grammar::Quantile},
      {"sort_by_label", 1, &Grammar::LabelName},
      {"sort_by_label_desc", 1, &Grammar::LabelName},
  };
  return rules;
}

// Null when neither a row nor the type says how to make the argument.
Grammar::Maker Grammar::RuleOf(std::string_view function, size_t index, ValueType type) {
  Maker last = nullptr;
  for (const ArgRule& rule : ArgRules()) {
    if (rule.function != function) continue;
    if (rule.index == static_cast<int>(index)) return rule.make;
    if (rule.index < static_cast<int>(index)) last = rule.make;
  }
  switch (type) {
    case ValueType::kInstantVector:
      return &Grammar::Vector;
    case ValueType::kRangeVector:
      return &Grammar::Range;
    case ValueType::kScalar:
      return last != nullptr ? last : &Grammar::Scalar;
    default:
      return last;
  }
}

std::vector<std::string> Grammar::WithoutRule() {
  std::vector<std::string> without;
  for (const FunctionSpec* spec : AllFunctions()) {
    bool complete =
        spec->returns == ValueType::kInstantVector || spec->returns == ValueType::kScalar;
    for (size_t i = 0; i < spec->args.size(); ++i) {
      complete = complete && RuleOf(spec->name, i, spec->args[i]) != nullptr;
    }
    if (!complete) without.push_back(StrCat("function ", spec->name));
  }
  for (const auto* spec : AllAggregations()) {
    const bool complete =
        spec->param == ValueType::kNone || RuleOf(spec->name, 0, spec->param) != nullptr;
    if (!complete) without.push_back(StrCat("aggregation ", spec->name));
  }
  return without;
}

NodePtr Grammar::Vector(Want want) {
  if (want.depth <= 0) return Selector(want);
  const size_t kind = Pick(100);
  if (kind < 12) return Selector(want);
  if (kind < 55) return Call(ValueType::kInstantVector, want);
  if (kind < 58) return ExtendedCall(want);
  if (kind < 75) return Aggregation(want);
  if (kind < 93) return Binary(want);
  if (kind < 96) return Unary(ValueType::kInstantVector, want);
  return Compose(ValueType::kInstantVector, "paren", {"(", Vector(want), ")"});
}

NodePtr Grammar::Call(ValueType returns, Want want) {
  std::vector<std::string_view> names;
  for (const FunctionSpec* spec : AllFunctions()) {
    if (spec->returns != returns) continue;
    // Comparisons with the peer want exact arguments; properties take everything.
    if (want.exact && !anything_ && TraitOf(spec->name).result != Trait::Result::kExact) continue;
    if (words_.unknown.contains(spec->name) && !anything_ && !Chance(25)) continue;
    names.push_back(spec->name);
  }
  return CallOf(*promql::FindFunction(Choose("function", names)), want);
}

NodePtr Grammar::Arguments(const FunctionSpec& spec, Want want) {
  const size_t required = spec.variadic > 0 ? spec.args.size() - static_cast<size_t>(spec.variadic)
                          : spec.variadic < 0 ? spec.args.size() - 1
                                              : spec.args.size();
  size_t count = required;
  if (spec.variadic > 0) count += Pick(std::min<size_t>(spec.args.size() - required, 3) + 1);
  if (spec.variadic < 0) count += Pick(3);
  const Want below = want.Below(!TraitOf(spec.name).passes);
  std::vector<Part> parts;
  for (size_t i = 0; i < count; ++i) {
    const ValueType type = spec.args[std::min(i, spec.args.size() - 1)];
    const Maker make = RuleOf(spec.name, i, type);
    if (i > 0) parts.emplace_back(", ");
    // Scalars beside the main argument stay simple.
    const bool simple = type == ValueType::kScalar && spec.args.size() > 1 && Chance(80);
    parts.emplace_back(
        (this->*(simple && make == &Grammar::Scalar ? &Grammar::Number : make))(below));
  }
  return Compose(ValueType::kNone, "arguments", std::move(parts));
}

NodePtr Grammar::CallOf(const FunctionSpec& spec, Want want) {
  const bool renamed = spec.name == "double_exponential_smoothing" && words_.version2;
  const std::string name(spec.name);
  auto node = Compose(
      spec.returns, name,
      {Part(name + "(", renamed ? "holt_winters(" : name + "("), Arguments(spec, want), ")"});
  ApplyTrait(name, node.get());
  if (words_.unknown.contains(spec.name) && !renamed) node->facts.comparable = false;
  if (data_->on_boundary && LengthCounts(name)) node->facts.comparable = false;
  // What looks at the query's own times.
  if (spec.args.empty() && spec.experimental) node->facts.needs_range = true;
  if (spec.needs_start_timestamps) node->facts.in_process = true;
  return node;
}

NodePtr Grammar::ExtendedCall(Want want) {
  const std::string_view mode = Choose("modifier", {"anchored", "smoothed"});
  std::vector<std::string_view> names = {"rate", "increase", "delta"};
  if (mode == "anchored") names.insert(names.end(), {"resets", "changes"});
  const std::string_view name = Choose("function", names);
  auto node = Compose(ValueType::kInstantVector, std::string(name),
                      {StrCat(name, "("), RangeOf(mode, want.Below(true)), ")"});
  ApplyTrait(name, node.get());
  return node;
}

NodePtr Grammar::Grouping(std::string_view kind) {
  if (kind == "none") return Compose(ValueType::kNone, "grouping", {});
  static const std::vector<std::string> sets = {
      "a", "i", "a, i", "", "instance, job", "le", "note,", "a, absent", "__name__", "i, le, note"};
  auto node = Compose(ValueType::kNone, "grouping", {StrCat(" ", kind, " (", One(sets), ") ")});
  node->optional = true;
  return node;
}

NodePtr Grammar::Aggregation(Want want) {
  std::vector<std::string_view> names;
  for (const auto* spec : AllAggregations()) {
    if (want.exact && !anything_ && TraitOf(spec->name).result != Trait::Result::kExact) continue;
    if (words_.unknown.contains(spec->name) && !anything_ && !Chance(25)) continue;
    names.push_back(spec->name);
  }
  const std::string_view name = Choose("aggregation", names);
  const auto& spec = *promql::FindAggregation(name);
  const std::string_view kind = Choose("grouping", {"none", "by", "without"});
  const bool before = Chance(60);
  std::vector<Part> parts = {std::string(name)};
  if (before) parts.emplace_back(Grouping(kind));
  parts.emplace_back("(");
  if (spec.param != ValueType::kNone) {
    const bool count = spec.keeps_series && name != "limit_ratio" && Chance(90);
    const Maker make = count ? &Grammar::SmallCount : RuleOf(name, 0, spec.param);
    parts.emplace_back((this->*make)(want.Below(true)));
    parts.emplace_back(", ");
  }
  parts.emplace_back(Vector(want.Below(!TraitOf(name).passes)));
  parts.emplace_back(")");
  if (!before) parts.emplace_back(Grouping(kind));
  auto node = Compose(ValueType::kInstantVector, std::string(name), std::move(parts));
  ApplyTrait(name, node.get());
  if (words_.unknown.contains(name)) node->facts.comparable = false;
  // Over a vector that `@` fixes the parameter is that of the first step.
  if (spec.param == ValueType::kScalar && Contains(*node, "at")) node->facts.needs_range = true;
  return node;
}

}  // namespace hearth::promdiff
