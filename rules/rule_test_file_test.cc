#include "rules/rule_test_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/text.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

RuleTestFile Parse(std::string_view text) {
  const absl::StatusOr<RuleTestFile> file = ParseRuleTestFile(text);
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? *file : RuleTestFile{};
}
std::string ErrorOf(std::string_view text) {
  return std::string(FromAbsl(ParseRuleTestFile(text).status().message()));
}

TEST(RuleTestFileTest, ReadsEveryKey) {
  const RuleTestFile file = Parse(
      "rule_files: [a.yml, 'b/*.yml']\n"
      "evaluation_interval: 30s\n"
      "group_eval_order: [second, first]\n"
      "fuzzy_compare: true\n"
      "tests:\n"
      "- name: one\n"
      "  interval: 15s\n"
      "  start_timestamp: 2024-01-01T00:00:00Z\n"
      "  input_series: [{series: 'up{job=\"a\"}', values: 0+1x5}]\n"
      "  external_labels: {region: eu}\n"
      "  external_url: http://here\n"
      "  alert_rule_test:\n"
      "  - {eval_time: 5m, alertname: A, exp_alerts: [{exp_labels: {x: 1}, exp_annotations: {y: "
      "2}}]}\n"
      "  promql_expr_test:\n"
      "  - {expr: up, eval_time: 6m, exp_samples: [{labels: up, value: 1.5}, {histogram: "
      "'{{}}'}]}\n"
      "- start_timestamp: 1.5\n");
  EXPECT_THAT(file.rule_files, ElementsAre("a.yml", "b/*.yml"));
  EXPECT_EQ(file.evaluation_interval_ms, 30'000);
  EXPECT_THAT(file.group_eval_order, ElementsAre("second", "first"));
  EXPECT_TRUE(file.fuzzy_compare);
  ASSERT_EQ(file.tests.size(), 2u);
  const RuleTest& one = file.tests[0];
  EXPECT_EQ(one.name, "one");
  EXPECT_EQ(one.interval_ms, 15'000);
  EXPECT_EQ(one.start_ms, 1'704'067'200'000);
  EXPECT_EQ(one.inputs.at(0).series, "up{job=\"a\"}");
  EXPECT_EQ(one.inputs.at(0).values, "0+1x5");
  EXPECT_THAT(one.external_labels, ElementsAre(Pair("region", "eu")));
  EXPECT_EQ(one.external_url, "http://here");
  EXPECT_EQ(one.alerts.at(0).eval_time_ms, 300'000);
  EXPECT_EQ(one.alerts.at(0).alertname, "A");
  EXPECT_THAT(one.alerts.at(0).alerts.at(0).labels, ElementsAre(Pair("x", "1")));
  EXPECT_THAT(one.alerts.at(0).alerts.at(0).annotations, ElementsAre(Pair("y", "2")));
  EXPECT_EQ(one.exprs.at(0).samples.at(0).value, 1.5);
  EXPECT_EQ(one.exprs.at(0).samples.at(1).histogram, "{{}}");
  EXPECT_EQ(one.MaxEvalTime(), 360'000);
  EXPECT_EQ(file.tests[1].interval_ms, 30'000);
  EXPECT_EQ(file.tests[1].start_ms, 1500);
}

TEST(RuleTestFileTest, AnEmptyFileHasNoTests) {
  EXPECT_THAT(Parse("").tests, IsEmpty());
  EXPECT_EQ(Parse("evaluation_interval: 0s\n").evaluation_interval_ms, 60'000);
  EXPECT_EQ(Parse("tests: [{}]\n").tests.at(0).interval_ms, 60'000);
}

TEST(RuleTestFileTest, TellsEveryFindingWithItsLine) {
  EXPECT_EQ(ErrorOf("tests:\n- nome: x\n  start_timestamp: yesterday\n  input_series: {}\n"
                    "  promql_expr_test:\n  - exp_samples: [{value: NaN}]\nother: 1\n"),
            "yaml: unmarshal errors:\n"
            "  line 2: field nome not found in type main.testGroup\n"
            "  line 3: cannot parse \"yesterday\" to a valid timestamp\n"
            "  line 4: cannot unmarshal !!map into []main.series\n"
            "  line 6: cannot unmarshal !!str `NaN` into float64\n"
            "  line 7: field other not found in type main.unitTestFile");
  EXPECT_EQ(ErrorOf("group_eval_order: [a, b, a]\n"), "group name repeated in evaluation order: a");
  EXPECT_THAT(ErrorOf("tests: ["), HasSubstr("line 1"));
  EXPECT_THAT(ErrorOf("tests: [{start_timestamp: 1e300}]"), HasSubstr("valid timestamp"));
}

}  // namespace
}  // namespace hearth
