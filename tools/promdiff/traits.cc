// Where the peer's answer is close and not equal, by function.
#include <algorithm>
#include <iterator>

#include "tools/promdiff/grammar.h"

namespace hearth::promdiff {
namespace {

using R = Trait::Result;

constexpr Trait kTraits[] = {
    // The order of the series is undefined in the peer, and its compensation is another one.
    {"avg", R::kFolded},
    {"stddev", R::kFolded},
    {"stdvar", R::kFolded},
    {"sum", R::kFolded},
    {"avg_over_time", R::kFolded},
    {"stddev_over_time", R::kFolded},
    {"stdvar_over_time", R::kFolded},
    // Go's mathematics library and the C library differ in the last bits.
    {"^", R::kRounded},
    {"acos", R::kRounded},
    {"acosh", R::kRounded},
    {"asin", R::kRounded},
    {"asinh", R::kRounded},
    {"atan", R::kRounded},
    {"atan2", R::kRounded},
    {"atanh", R::kRounded},
    {"cos", R::kRounded},
    {"cosh", R::kRounded},
    {"exp", R::kRounded},
    {"ln", R::kRounded},
    {"log10", R::kRounded},
    {"log2", R::kRounded},
    {"sin", R::kRounded},
    {"sinh", R::kRounded},
    {"tan", R::kRounded},
    {"tanh", R::kRounded},
    // Exact, and gentle with arguments that are close.
    {"*", R::kExact, true},
    {"/", R::kExact, true},
    {"and", R::kExact, true},
    {"or", R::kExact, true},
    {"unless", R::kExact, true},
    {"abs", R::kExact, true},
    {"absent", R::kExact, true},
    {"absent_over_time", R::kExact, true},
    {"clamp", R::kExact, true},
    {"clamp_max", R::kExact, true},
    {"clamp_min", R::kExact, true},
    {"count", R::kExact, true},
    {"count_over_time", R::kExact, true},
    {"deg", R::kExact, true},
    {"group", R::kExact, true},
    {"label_join", R::kExact, true},
    {"label_replace", R::kExact, true},
    {"last_over_time", R::kExact, true},
    {"max", R::kExact, true},
    {"max_over_time", R::kExact, true},
    {"min", R::kExact, true},
    {"min_over_time", R::kExact, true},
    {"negate", R::kExact, true},
    {"paren", R::kExact, true},
    {"present_over_time", R::kExact, true},
    {"rad", R::kExact, true},
    {"scalar", R::kExact, true},
    {"sqrt", R::kExact, true},
    {"subquery", R::kExact, true},
    {"vector", R::kExact, true},
    // Far from zero and near each other: what folds them loses digits by its order.
    {.name = "time", .far = true},
    {.name = "timestamp", .far = true},
    // Ties are broken by the order of the series.
    {"bottomk", R::kExact, false, true},
    {"topk", R::kExact, false, true},
};

}  // namespace

const Trait& TraitOf(std::string_view name) {
  static constexpr Trait kDefault;
  const auto* const row = std::find_if(std::begin(kTraits), std::end(kTraits),
                                       [name](const Trait& trait) { return trait.name == name; });
  return row == std::end(kTraits) ? kDefault : *row;
}

std::vector<Trait> AllTraits() { return {std::begin(kTraits), std::end(kTraits)}; }

void ApplyTrait(std::string_view name, Node* node) {
  const Trait& trait = TraitOf(name);
  Facts& facts = node->facts;
  const bool passes = trait.passes;
  if (!facts.exact && !passes) facts.comparable = false;
  if (facts.tied && name != "paren") facts.comparable = false;
  if (trait.result == R::kFolded && facts.wild) facts.comparable = false;
  if (trait.result != R::kExact) facts.exact = false;
  facts.tied = facts.tied || trait.tied;
  facts.wild = facts.wild || trait.far;
}

}  // namespace hearth::promdiff
