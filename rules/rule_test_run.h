// rules/rule_test_run.h
//
// Runs one test of a RuleTestFile: the same Group as the server's, on a storage of its own and at
// the test's times.
//
// From the start on, at every evaluation interval until the latest time that a test asks about: the
// inputs' samples up to that time become visible, then all groups are evaluated, then alerts are
// compared whose time lies before the next evaluation. Expressions are evaluated at the end, when
// all samples are visible.
//
// Thread safety: pure function; tests may run side by side.
#ifndef HEARTH_RULES_RULE_TEST_RUN_H_
#define HEARTH_RULES_RULE_TEST_RUN_H_

#include <ostream>
#include <string>
#include <vector>

#include "query/parse/parser.h"
#include "rules/rule_file.h"
#include "rules/rule_test_file.h"

namespace hearth {

struct RuleTestOptions {
  promql::ParserOptions parser;
  bool delayed_name_removal = false;
  bool diff = false;              // Tell of alerts line by line.
  std::ostream* debug = nullptr;  // What there is at the end goes there; null: nothing.
};

// The groups of `rules` are evaluated in the file's group_eval_order; those that it does not name
// come first, in their own order. The result is what failed, in promtool's words: a test that could
// not run, rules that did (which end it), alerts and samples that are not as expected. Native
// histograms are refused.
std::vector<std::string> RunRuleTest(const RuleTestFile& file, const RuleTest& test,
                                     const std::vector<RuleFile>& rules,
                                     const RuleTestOptions& options);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_TEST_RUN_H_
