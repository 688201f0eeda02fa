// tools/hearthctl/rule_tests.h
//
// What `hearthctl test rules` does: runs the tests of some files and says what failed. Format,
// words and exit codes are promtool's.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_RULE_TESTS_H_
#define HEARTH_TOOLS_HEARTHCTL_RULE_TESTS_H_

#include <ostream>
#include <string>
#include <vector>

#include "rules/rule_test_run.h"
#include "tools/hearthctl/junit_report.h"

namespace hearth::hearthctl {

struct RuleTestsOptions {
  RuleTestOptions test;                // Its parser is that of the rule files too.
  bool ignore_unknown_fields = false;  // Of rule files.
  // Only tests whose name one of these expressions finds something in; none: all.
  std::vector<std::string> run;
};

// Runs the tests of each file. What failed goes to `err`, the rest to `out`; `report` gets a suite
// a file and may be null. The result is a code of exit_code.h.
int RunRuleTestFiles(const RuleTestsOptions& options, const std::vector<std::string>& files,
                     std::ostream& out, std::ostream& err, std::vector<JUnitSuite>* report);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_RULE_TESTS_H_
