// tools/hearthctl/lint_choice.h
//
// The lints that a --lint flag asks for.
//
// Thread safety: immutable.
#ifndef HEARTH_TOOLS_HEARTHCTL_LINT_CHOICE_H_
#define HEARTH_TOOLS_HEARTHCTL_LINT_CHOICE_H_

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::hearthctl {

inline constexpr std::string_view kLintDuplicateRules = "duplicate-rules";
inline constexpr std::string_view kLintTooLongInterval = "too-long-scrape-interval";

class LintChoice {
 public:
  // `list` has names separated by commas; "all" asks for every lint and "none" for none. Tells
  // `out` of those that do not exist.
  LintChoice(std::string_view list, std::ostream& out);

  bool Asks(std::string_view lint) const;

 private:
  std::vector<std::string> names_;
};

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_LINT_CHOICE_H_
