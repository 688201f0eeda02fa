#include "tools/hearthctl/lint_choice.h"

#include <algorithm>

namespace hearth::hearthctl {
namespace {

constexpr std::string_view kAll = "all";
constexpr std::string_view kKnown[] = {kAll, "none", kLintDuplicateRules, kLintTooLongInterval};

}  // namespace

LintChoice::LintChoice(std::string_view list, std::ostream& out) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    const std::string_view name = list.substr(at, end - at);
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
      out << "WARNING: unknown lint option: \"" << name << "\"\n";
    }
    names_.emplace_back(name);
    at = end + 1;
  }
}

bool LintChoice::Asks(std::string_view lint) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return name == kAll || name == lint; });
}

}  // namespace hearth::hearthctl
