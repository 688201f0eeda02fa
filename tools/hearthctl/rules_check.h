// tools/hearthctl/rules_check.h
//
// What `hearthctl check rules` does, and `check config` with the rule files that a configuration
// names: reads rule files as the server would and looks for rules that record or alert twice. Words
// and exit codes are promtool's.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_RULES_CHECK_H_
#define HEARTH_TOOLS_HEARTHCTL_RULES_CHECK_H_

#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "rules/rule_file.h"

namespace hearth::hearthctl {

struct RulesCheckOptions {
  RuleFileOptions file;
  bool lint_duplicates = true;  // Two rules of one name and labels are a finding.
};

// What is wrong with some rule files.
struct RulesVerdict {
  bool errors = false;    // One is no good rule file.
  bool findings = false;  // A lint found something.
};

// Checks files in order. What is wrong goes to `err`, the rest to `out`.
RulesVerdict CheckRuleFiles(const RulesCheckOptions& options, const std::vector<std::string>& files,
                            std::ostream& out, std::ostream& err);
// The same for the text that `in` has.
RulesVerdict CheckRulesFromInput(const RulesCheckOptions& options, std::istream& in,
                                 std::ostream& out, std::ostream& err);

// A code of exit_code.h; findings count with --lint-fatal alone.
int ExitCode(const RulesVerdict& verdict, bool lint_fatal);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_RULES_CHECK_H_
