#include "rules/rule_test_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/text.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Runs the first test of `tests` on the rules of some files.
std::vector<std::string> RunFirst(std::string_view tests,
                                  const std::vector<std::string>& rule_texts,
                                  const RuleTestOptions& options = {}) {
  const absl::StatusOr<RuleTestFile> file = ParseRuleTestFile(tests);
  EXPECT_TRUE(file.ok()) << file.status();
  std::vector<RuleFile> rules;
  std::vector<std::string> errors;
  for (const std::string& text : rule_texts) {
    RuleFileOptions parse;
    parse.parser = options.parser;
    rules.push_back(ParseRuleFile(StrCat("r", rules.size(), ".yml"), text, parse, &errors));
  }
  EXPECT_THAT(errors, IsEmpty());
  if (!file.ok() || !errors.empty()) return {"not run"};
  return RunRuleTest(*file, file->tests.at(0), rules, options);
}

TEST(RuleTestRunTest, AnAlertIsAskedForAtTheEvaluationBeforeItsTime) {
  const std::string rules =
      "groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 2m, labels: {l: '{{ "
      "$labels.job "
      "}}'}}]}]";
  const auto fires = [&](std::string_view time) {
    return RunFirst(
               StrCat("tests:\n- input_series: [{series: 'up{job=\"a\"}', values: '1 0x3 1'}]\n"
                      "  alert_rule_test: [{alertname: Down, eval_time: ",
                      time, ", exp_alerts: [{exp_labels: {job: a, l: a}}]}]\n"),
               {rules})
        .empty();
  };
  EXPECT_FALSE(fires("2m59s999ms"));  // Pending since 1m.
  EXPECT_TRUE(fires("3m"));
  EXPECT_TRUE(fires("4m59s"));
  EXPECT_FALSE(fires("5m"));
}

TEST(RuleTestRunTest, GroupsAreEvaluatedInTheOrderOfTheFile) {
  const std::vector<std::string> rules = {
      "groups: [{name: second, rules: [{record: b, expr: a + 1}]}]",
      "groups: [{name: first, rules: [{record: a, expr: vector(time())}]}]"};
  const std::string tests =
      "tests:\n- promql_expr_test: [{expr: b, eval_time: 1m, exp_samples: [{labels: b, value: ";
  EXPECT_THAT(RunFirst(tests + "1}]}]\n", rules), IsEmpty());
  EXPECT_THAT(RunFirst("group_eval_order: [first, second]\n" + tests + "61}]}]\n", rules),
              IsEmpty());
}

TEST(RuleTestRunTest, InputsAreSeenFromTheirTimeOn) {
  const std::string rules = "groups: [{name: g, rules: [{record: ahead, expr: x offset -1m}]}]";
  // Rules do not see what comes later; expressions at the end do.
  EXPECT_THAT(
      RunFirst(
          "tests:\n- input_series: [{series: x, values: '1 2 3'}]\n"
          "  promql_expr_test:\n"
          "  - {expr: 'count_over_time(ahead[5m])', eval_time: 1m, exp_samples: [{value: 2}]}\n"
          "  - {expr: ahead, eval_time: 1m, exp_samples: [{labels: ahead, value: 2}]}\n"
          "  - {expr: x offset -1m, eval_time: 1m, exp_samples: [{labels: x, value: 3}]}\n",
          {rules}),
      IsEmpty());
}

TEST(RuleTestRunTest, TemplatesSeeExternalLabelsAndUrl) {
  EXPECT_THAT(
      RunFirst(
          "tests:\n- external_labels: {region: eu}\n  external_url: http://here/x\n"
          "  alert_rule_test: [{alertname: A, exp_alerts: [{exp_annotations: {t: eu http://here/x "
          "/x}}]}]\n",
          {"groups: [{name: g, rules: [{alert: A, expr: vector(1), annotations: {t: '{{ "
           "$externalLabels.region }} {{ $externalURL }} {{ pathPrefix }}'}}]}]"}),
      IsEmpty());
}

TEST(RuleTestRunTest, TellsWhatCameInsteadOfWhatWasExpected) {
  const std::string rules =
      "groups: [{name: g, rules: [{alert: A, expr: vector(1), annotations: {t: u}}]}]";
  const std::string tests =
      "tests:\n- name: n\n  alert_rule_test: [{alertname: A, eval_time: 90s, exp_alerts: "
      "[{exp_annotations: {t: v}}]}]\n  promql_expr_test: [{expr: 'ALERTS', exp_samples: []}]\n";
  EXPECT_THAT(RunFirst(tests, {rules}),
              ElementsAre("    name: n,\n    alertname: A, time: 1m30s, \n"
                          "        exp:[\n            0:\n              Labels:{alertname=\"A\"}\n"
                          "              Annotations:{t=\"v\"}\n            ], \n"
                          "        got:[\n            0:\n              Labels:{alertname=\"A\"}\n"
                          "              Annotations:{t=\"u\"}\n            ]",
                          "    expr: \"ALERTS\", time: 0s,\n        exp: nil\n        got: "
                          "{__name__=\"ALERTS\", alertname=\"A\", alertstate=\"firing\"} 1E+00"));
  RuleTestOptions options;
  options.diff = true;
  EXPECT_THAT(RunFirst(tests, {rules}, options).at(0),
              HasSubstr("\x1b[31m-   Annotations:{t=\"v\"}\x1b[0m\n            \x1b[32m+   "
                        "Annotations:{t=\"u\"}\x1b[0m"));
}

constexpr char kHistogramInput[] =
    "tests:\n- input_series: [{series: h, values: '{{count:1 sum:2 buckets:[1]}} {{count:3 sum:4 "
    "buckets:[3]}} stale'}]\n  promql_expr_test:\n";

TEST(RuleTestRunTest, HistogramsAreComparedByTheirLiterals) {
  EXPECT_THAT(
      RunFirst(StrCat(kHistogramInput,
                      "  - {expr: h, exp_samples: [{labels: h, histogram: '{{buckets:[1 0] sum:2 "
                      "count:1}}'}]}\n"
                      "  - {expr: h, eval_time: 1m, exp_samples: [{labels: h, histogram: "
                      "'{{count:3 sum:4 counter_reset_hint:not_reset buckets:[3]}}'}]}\n"
                      "  - {expr: h, eval_time: 2m, exp_samples: []}\n"
                      "  - {expr: h + 1, eval_time: 1m, exp_samples: []}\n"),
               {}),
      IsEmpty());
}

TEST(RuleTestRunTest, AnotherHistogramIsTold) {
  EXPECT_THAT(
      RunFirst(StrCat(kHistogramInput,
                      "  - {expr: h, eval_time: 1m, exp_samples: [{labels: h, histogram: "
                      "'{{buckets:[3] sum:4 count:3}}'}]}\n"
                      "  - {expr: h, exp_samples: [{labels: h, value: 1}]}\n"
                      "  - {expr: h, exp_samples: [{labels: h, value: 1, histogram: '{{count:1 "
                      "sum:2 buckets:[1]}}'}]}\n"),
               {}),
      ElementsAre("    expr: \"h\", time: 1m,\n"
                  "        exp: {__name__=\"h\"} {{count:3 sum:4 buckets:[3]}}\n"
                  "        got: {__name__=\"h\"} {{count:3 sum:4 counter_reset_hint:not_reset "
                  "buckets:[3]}}",
                  "    expr: \"h\", time: 0s,\n        exp: {__name__=\"h\"} 1E+00\n"
                  "        got: {__name__=\"h\"} {{count:1 sum:2 buckets:[1]}}",
                  HasSubstr("expr: \"h\", time: 0s,")));
}

TEST(RuleTestRunTest, RulesSeeAndRecordHistograms) {
  EXPECT_THAT(
      RunFirst(StrCat(kHistogramInput,
                      "  - {expr: r, exp_samples: [{labels: 'r{a=\"b\"}', histogram: '{{count:1 "
                      "sum:2 buckets:[1]}}'}]}\n"
                      "  - {expr: r, eval_time: 1m, exp_samples: [{labels: 'r{a=\"b\"}', "
                      "histogram: '{{count:3 sum:4 counter_reset_hint:not_reset buckets:[3]}}'}]}\n"
                      "  - {expr: r, eval_time: 2m, exp_samples: []}\n"
                      "  - {expr: 'ALERTS{alertstate=\"firing\"}', eval_time: 1m, exp_samples: "
                      "[{labels: 'ALERTS{alertname=\"A\", alertstate=\"firing\"}', value: 1}]}\n"
                      "  alert_rule_test: [{alertname: A, eval_time: 1m, exp_alerts: "
                      "[{exp_annotations: {v: value 0}}]}]\n"),
               {"groups: [{name: g, rules: [{record: r, expr: h, labels: {a: b}}, {alert: A, expr: "
                "h, annotations: {v: 'value {{ $value }}'}}]}]"}),
      IsEmpty());
}

TEST(RuleTestRunTest, AFailingRuleEndsTheTest) {
  const std::vector<std::string> errors = RunFirst(
      "tests:\n- input_series: [{series: 'x{a=\"1\"}', values: '_ 1'}, {series: 'x{a=\"2\"}', "
      "values: '_ 1'}]\n  promql_expr_test: [{expr: '1', eval_time: 2m}]\n",
      {"groups: [{name: g, rules: [{record: r, expr: 'label_replace(x, \"a\", \"\", \"\", "
       "\"\")'}]}]"});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0], HasSubstr("    rule: r, time: 1m0s, err: vector cannot contain metrics"));
}

TEST(RuleTestRunTest, WhatCannotBeReadFailsTheTest) {
  const std::pair<const char*, const char*> kTests[] = {
      {"input_series: [{series: 'x{', values: 1}]", "x{"},
      {"input_series: [{series: x, values: 1y}]", "1y"},
      {"input_series: [{series: '{}', values: 1}]", "at least one label"},
      {"input_series: [{series: h, values: '{{count:x}}'}]", "bad count: \"x\""},
      {"alert_rule_test: [{eval_time: 1m}]", "misses required attribute alertname at eval_time 1m"},
      {"promql_expr_test: [{expr: 'x +'}]", "    expr: \"x +\", time: 0s, err: 1:4: parse error"},
      {"promql_expr_test: [{expr: '\"s\"'}]", "rule result is not a vector or scalar"},
      {"promql_expr_test: [{expr: '1', exp_samples: [{labels: 'a b'}]}]", "labels \"a b\": "},
      {"promql_expr_test: [{expr: '1', exp_samples: [{histogram: '{{'}]}]",
       "    expr: \"1\", time: 0s, err: labels \"\": bad histogram"},
      {"promql_expr_test: [{expr: '1', exp_samples: [{labels: a, histogram: '{{}}x1'}]}]",
       "err: labels \"a\": expected 1 value, got 2"},
      {"promql_expr_test: [{expr: '1', exp_samples: [{histogram: '7'}]}]",
       "expected histogram, got 7"},
  };
  for (const auto& [test, error] : kTests) {
    EXPECT_THAT(RunFirst(StrCat("tests:\n- {", test, "}\n"), {}), ElementsAre(HasSubstr(error)))
        << test;
  }
}

TEST(RuleTestRunTest, FeaturesOfTheLanguageAreSwitchedOn) {
  const char* const kTest =
      "tests:\n- promql_expr_test: [{expr: 'sort_by_label(vector(1), \"a\")', exp_samples: "
      "[{value: "
      "1}]}]\n";
  EXPECT_EQ(RunFirst(kTest, {}).size(), 1u);
  RuleTestOptions options;
  options.parser.experimental_functions = true;
  EXPECT_THAT(RunFirst(kTest, {}, options), IsEmpty());
}

}  // namespace
}  // namespace hearth
