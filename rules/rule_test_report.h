// rules/rule_test_report.h
//
// What a rule test compares, and how it tells of a difference: in promtool's words.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_RULE_TEST_REPORT_H_
#define HEARTH_RULES_RULE_TEST_REPORT_H_

#include <string>
#include <string_view>
#include <vector>

#include "model/labels.h"
#include "rules/status.h"

namespace hearth {

// An alert as tests see it. Values may be empty, unlike those of Labels.
struct TestAlert {
  TextPairs labels, annotations;  // By name.
  friend auto operator<=>(const TestAlert&, const TestAlert&) = default;
};

struct TestSample {
  Labels labels;
  double value = 0;       // 0 where there is a histogram.
  std::string histogram;  // A literal in canonical form, with its braces; empty: a float.
};

// Whether both have the same labels, values and histograms, in order. With `fuzzy`, values may be
// neighbours. NaN equals nothing, as in promtool.
bool SameSamples(const std::vector<TestSample>& a, const std::vector<TestSample>& b, bool fuzzy);

// `[\n0:\n  Labels:{alertname="A"}\n  Annotations:{}\n]`, or `[]`.
std::string AlertsText(const std::vector<TestAlert>& alerts);
// `{__name__="up"} 1E+00, {__name__="h"} {{count:2}}, …`, or `nil`.
std::string SamplesText(const std::vector<TestSample>& samples);

// Puts `indent` before every line but the first.
std::string IndentLines(std::string_view text, std::string_view indent);

// `from` and `to` line by line: what only one of them has is marked by - (in red) or + (in green).
std::string LineDiff(std::string_view from, std::string_view to);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_TEST_REPORT_H_
