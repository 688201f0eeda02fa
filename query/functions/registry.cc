// The list of families, and lookup by name.
#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "model/text.h"
#include "query/functions/families.h"
#include "query/functions/spec.h"

namespace hearth::promql {
namespace {

template <typename Spec>
struct Registry {
  explicit Registry(std::initializer_list<std::span<const Spec>> families) {
    for (const std::span<const Spec>& family : families) {
      for (const Spec& spec : family) {
        rows.push_back(&spec);
        by_name.emplace(std::string(spec.name), &spec);
      }
    }
    std::sort(rows.begin(), rows.end(),
              [](const Spec* a, const Spec* b) { return a->name < b->name; });
  }
  std::vector<const Spec*> rows;
  StringMap<const Spec*> by_name;
};

const Registry<FunctionSpec>& Functions() {
  static const auto* const registry = new Registry<FunctionSpec>{
      MathFunctions(),       OverTimeFunctions(),  RateFunctions(),
      RegressionFunctions(), HistogramFunctions(), LabelFunctions(),
      TimeFunctions(),       VectorFunctions(),    SortFunctions(),
  };
  return *registry;
}

const Registry<AggregationSpec>& Aggregations() {
  static const auto* const registry =
      new Registry<AggregationSpec>{FoldAggregations(), RankAggregations()};
  return *registry;
}

}  // namespace

const FunctionSpec* FindFunction(std::string_view name) {
  const auto it = Functions().by_name.find(name);
  return it == Functions().by_name.end() ? nullptr : it->second;
}

const AggregationSpec* FindAggregation(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto it = Aggregations().by_name.find(lower);
  return it == Aggregations().by_name.end() ? nullptr : it->second;
}

std::span<const FunctionSpec* const> AllFunctions() { return Functions().rows; }
std::span<const AggregationSpec* const> AllAggregations() { return Aggregations().rows; }

}  // namespace hearth::promql
