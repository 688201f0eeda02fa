#include "tools/hearthctl/language_features.h"

#include <algorithm>
#include <string_view>

namespace hearth::hearthctl {
namespace {

struct Feature {
  std::string_view name;
  void (*enable)(LanguageFeatures& features);
};

constexpr Feature kFeatures[] = {
    {"promql-binop-fill-modifiers", [](auto& f) { f.parser.fill_modifiers = true; }},
    {"promql-delayed-name-removal", [](auto& f) { f.delayed_name_removal = true; }},
    {"promql-experimental-functions", [](auto& f) { f.parser.experimental_functions = true; }},
    {"promql-extended-range-selectors", [](auto& f) { f.parser.extended_range_selectors = true; }},
    {"use-start-timestamps", [](auto& f) { f.parser.start_timestamps = true; }},
};

}  // namespace

LanguageFeatures ParseFeatures(const std::vector<std::string>& names, std::ostream& err) {
  LanguageFeatures features;
  for (const std::string& name : names) {
    const auto* const row = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                                         [&](const Feature& f) { return f.name == name; });
    if (row != std::end(kFeatures)) {
      row->enable(features);
    } else if (!name.empty()) {
      err << "WARNING: --enable-feature=" << name << " has no effect here\n";
    }
  }
  return features;
}

}  // namespace hearth::hearthctl
