#include "rules/rule_test_file.h"

#include <algorithm>
#include <set>

#include "config/duration.h"
#include "config/yaml.h"
#include "model/status.h"
#include "model/text.h"
#include "rules/yaml_mapping.h"

namespace hearth {
namespace {

RuleTestInput ReadInput(const YamlNode& node, YamlFindings* findings) {
  RuleTestInput input;
  YamlMapping map(node, "main.series", findings);
  map.Text("series", &input.series);
  map.Text("values", &input.values);
  map.Finish();
  return input;
}

ExpectedAlert ReadExpectedAlert(const YamlNode& node, YamlFindings* findings) {
  ExpectedAlert alert;
  YamlMapping map(node, "main.alert", findings);
  map.Texts("exp_labels", &alert.labels);
  map.Texts("exp_annotations", &alert.annotations);
  map.Finish();
  return alert;
}

AlertTest ReadAlertTest(const YamlNode& node, YamlFindings* findings) {
  AlertTest test;
  YamlMapping map(node, "main.alertTestCase", findings);
  map.Duration("eval_time", &test.eval_time_ms);
  map.Text("alertname", &test.alertname);
  map.Items("exp_alerts", "[]main.alert", [&](const YamlNode& alert) {
    test.alerts.push_back(ReadExpectedAlert(alert, findings));
  });
  map.Finish();
  return test;
}

ExpectedSample ReadExpectedSample(const YamlNode& node, YamlFindings* findings) {
  ExpectedSample sample;
  YamlMapping map(node, "main.sample", findings);
  map.Text("labels", &sample.labels);
  map.Number("value", &sample.value);
  map.Text("histogram", &sample.histogram);
  map.Finish();
  return sample;
}

ExprTest ReadExprTest(const YamlNode& node, YamlFindings* findings) {
  ExprTest test;
  YamlMapping map(node, "main.promqlTestCase", findings);
  map.Text("expr", &test.expr);
  map.Duration("eval_time", &test.eval_time_ms);
  map.Items("exp_samples", "[]main.sample", [&](const YamlNode& sample) {
    test.samples.push_back(ReadExpectedSample(sample, findings));
  });
  map.Finish();
  return test;
}

RuleTest ReadTest(const YamlNode& node, YamlFindings* findings) {
  RuleTest test;
  YamlMapping map(node, "main.testGroup", findings);
  map.Text("name", &test.name);
  map.Duration("interval", &test.interval_ms);
  if (const YamlNode* start = map.Value("start_timestamp")) {
    const absl::StatusOr<TimeMs> time = ParseTimestamp(start->scalar);
    if (time.ok()) {
      test.start_ms = *time;
    } else {
      findings->Add(start->line, std::string(FromAbsl(time.status().message())));
    }
  }
  map.Items("input_series", "[]main.series",
            [&](const YamlNode& input) { test.inputs.push_back(ReadInput(input, findings)); });
  map.Items("alert_rule_test", "[]main.alertTestCase",
            [&](const YamlNode& alert) { test.alerts.push_back(ReadAlertTest(alert, findings)); });
  map.Items("promql_expr_test", "[]main.promqlTestCase",
            [&](const YamlNode& expr) { test.exprs.push_back(ReadExprTest(expr, findings)); });
  map.Texts("external_labels", &test.external_labels);
  map.Text("external_url", &test.external_url);
  map.Finish();
  return test;
}

}  // namespace

TimeMs RuleTest::MaxEvalTime() const {
  TimeMs latest = 0;
  for (const AlertTest& test : alerts) latest = std::max(latest, test.eval_time_ms);
  for (const ExprTest& test : exprs) latest = std::max(latest, test.eval_time_ms);
  return latest;
}

absl::StatusOr<RuleTestFile> ParseRuleTestFile(std::string_view text) {
  HEARTH_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(text));
  RuleTestFile file;
  YamlFindings findings;
  YamlMapping map(root, "main.unitTestFile", &findings);
  map.TextList("rule_files", &file.rule_files);
  map.Duration("evaluation_interval", &file.evaluation_interval_ms);
  map.TextList("group_eval_order", &file.group_eval_order);
  map.Flag("fuzzy_compare", &file.fuzzy_compare);
  map.Items("tests", "[]main.testGroup",
            [&](const YamlNode& test) { file.tests.push_back(ReadTest(test, &findings)); });
  map.Finish();
  if (!findings.empty()) return absl::InvalidArgumentError(findings.Text());
  if (file.evaluation_interval_ms == 0) file.evaluation_interval_ms = 60'000;
  for (RuleTest& test : file.tests) {
    if (test.interval_ms == 0) test.interval_ms = file.evaluation_interval_ms;
  }
  std::set<std::string_view> names;
  for (const std::string& name : file.group_eval_order) {
    if (names.insert(name).second) continue;
    return absl::InvalidArgumentError(StrCat("group name repeated in evaluation order: ", name));
  }
  return file;
}

}  // namespace hearth
