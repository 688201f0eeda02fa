// rules/rule_test_file.h
//
// A file of rule tests as plain data, in the format of `promtool test rules`. rule_test_run.h runs
// its tests.
//
// Thread safety: values.
#ifndef HEARTH_RULES_RULE_TEST_FILE_H_
#define HEARTH_RULES_RULE_TEST_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "rules/rule_file.h"

namespace hearth {

// One input series: `up{job="x"}` and `0+1x10 _ stale` (query/notation/series_line.h).
struct RuleTestInput {
  std::string series, values;
};

struct ExpectedAlert {
  RuleTexts labels;  // Without alertname.
  RuleTexts annotations;
};

// What fires at a time.
struct AlertTest {
  TimeMs eval_time_ms = 0;  // After the test's start.
  std::string alertname;    // Not empty in a good file; the run tells of it.
  std::vector<ExpectedAlert> alerts;
};

struct ExpectedSample {
  std::string labels;  // `up{job="x"}`, or nothing.
  double value = 0;
  std::string histogram;  // A literal, instead of the value.
};

// What an expression gives at a time.
struct ExprTest {
  std::string expr;
  TimeMs eval_time_ms = 0;  // After the test's start.
  std::vector<ExpectedSample> samples;
};

struct RuleTest {
  std::string name;
  TimeMs interval_ms = 0;  // > 0: between the values of an input.
  TimeMs start_ms = 0;     // Of the first value and the first evaluation.
  std::vector<RuleTestInput> inputs;
  std::vector<AlertTest> alerts;
  std::vector<ExprTest> exprs;
  RuleTexts external_labels;
  std::string external_url;

  // The latest time that a test asks about, after its start.
  TimeMs MaxEvalTime() const;
};

struct RuleTestFile {
  std::vector<std::string> rule_files;        // As written: patterns, relative to the file.
  TimeMs evaluation_interval_ms = 60'000;     // > 0
  std::vector<std::string> group_eval_order;  // Unique.
  bool fuzzy_compare = false;
  std::vector<RuleTest> tests;
};

// Reads the text of such a file, strictly. Errors (kInvalidArgument) are in Prometheus' words, all
// findings with their lines: `yaml: unmarshal errors:\n  line 3: field x not found in type
// main.testGroup`.
absl::StatusOr<RuleTestFile> ParseRuleTestFile(std::string_view text);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_TEST_FILE_H_
