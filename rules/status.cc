#include "rules/status.h"

namespace hearth {

std::string_view AlertStateText(AlertState state) {
  constexpr std::string_view kTexts[] = {"unknown", "inactive", "pending", "firing"};
  return kTexts[static_cast<size_t>(state)];
}

std::string_view RuleHealthText(RuleHealth health) {
  constexpr std::string_view kTexts[] = {"unknown", "ok", "err"};
  return kTexts[static_cast<size_t>(health)];
}

}  // namespace hearth
