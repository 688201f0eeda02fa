#include "tools/hearthctl/rule_tests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/text.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/promtool_fixture.h"

namespace hearth::hearthctl {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class RuleTestsTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view text) {
    const fs::path path = fs::path(testing::TempDir()) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  int Run(const std::vector<std::string>& paths) {
    std::ostringstream out, err;
    suites_.clear();
    if (debug_) options_.test.debug = &out;
    const int code = RunRuleTestFiles(options_, paths, out, err, &suites_);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  RuleTestsOptions options_;
  bool debug_ = false;
  std::string out_, err_;
  std::vector<JUnitSuite> suites_;
};

constexpr char kRules[] =
    "groups:\n- name: g\n  rules:\n  - {record: twice, expr: 2 * x}\n"
    "  - {alert: High, expr: twice > 10, for: 1m, labels: {severity: page}, annotations: {text: "
    "'{{ $value }} at {{ $labels.job }}'}}\n";
constexpr char kTests[] =
    "rule_files: ['rules-*.yml']\n"
    "tests:\n"
    "- name: good\n"
    "  input_series: [{series: 'x{job=\"a\"}', values: '1 6 7 8'}]\n"
    "  alert_rule_test:\n"
    "  - {eval_time: 1m, alertname: High}\n"
    "  - {eval_time: 2m, alertname: High, exp_alerts: [{exp_labels: {job: a, severity: page}, "
    "exp_annotations: {text: 14 at a}}]}\n"
    "  promql_expr_test:\n"
    "  - {expr: twice, eval_time: 3m, exp_samples: [{labels: 'twice{job=\"a\"}', value: 16}]}\n"
    "- name: bad\n"
    "  promql_expr_test:\n"
    "  - {expr: vector(1), exp_samples: [{value: 2}]}\n";

TEST_F(RuleTestsTest, SaysWhatPromtoolSays) {
  Write("say/rules-1.yml", kRules);
  const std::string path = Write("say/test.yml", kTests);
  EXPECT_EQ(Run({path}), kExitFailure);
  EXPECT_EQ(out_, StrCat("Unit Testing:  ", path, "\n\n\n"));
  EXPECT_EQ(err_,
            "  FAILED:\n    expr: \"vector(1)\", time: 0s,\n        exp: {} 2E+00\n"
            "        got: {} 1E+00\n");
  options_.run = {"nothing", "^go"};
  EXPECT_EQ(Run({path}), kExitSuccess);
  EXPECT_EQ(out_, StrCat("Unit Testing:  ", path, "\n  SUCCESS\n\n"));
  EXPECT_EQ(err_, "");
  options_.run = {"("};
  EXPECT_EQ(Run({path}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("--run: "));
}

TEST_F(RuleTestsTest, FilesThatAreNotThereOrNotGoodFail) {
  EXPECT_EQ(Run({testing::TempDir() + "/gone.yml"}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("gone.yml"));
  EXPECT_EQ(Run({Write("none/test.yml", "rule_files: [gone.yml]\ntests: [{}]\n")}), kExitSuccess);
  EXPECT_THAT(err_, HasSubstr("  WARNING: no file match pattern "));
  Write("broken/r.yml", "groups: [{name: g, rules: [{record: r, expr: 'x +'}]}]");
  const std::string broken = Write("broken/test.yml", "rule_files: [r.yml]\ntests: [{}, {}]\n");
  EXPECT_EQ(Run({broken}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr(": group \"g\", rule 1, \"r\": could not parse expression: 1:4: "));
  EXPECT_EQ(suites_.at(0).cases.size(), 2u);
}

TEST_F(RuleTestsTest, UnknownFieldsOfRulesAreIgnoredWhenAsked) {
  Write("own/r.yml", "groups: [{name: g, owner: me, rules: [{record: r, expr: 1}]}]");
  const std::string path = Write("own/test.yml", "rule_files: [r.yml]\ntests: [{}]\n");
  EXPECT_EQ(Run({path}), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("field owner not found"));
  options_.ignore_unknown_fields = true;
  EXPECT_EQ(Run({path}), kExitSuccess) << err_;
}

TEST_F(RuleTestsTest, DebugShowsWhatThereIs) {
  Write("debug/rules-1.yml", kRules);
  debug_ = true;
  options_.run = {"good"};
  EXPECT_EQ(Run({Write("debug/test.yml", kTests)}), kExitSuccess);
  EXPECT_THAT(out_, HasSubstr("DEBUG: Starting test good\n"));
  EXPECT_THAT(out_, HasSubstr("DEBUG: Dump of all data (input_series and rules) at 3m1s:\n"));
  EXPECT_THAT(out_, HasSubstr("x{job=\"a\"} =>\n1 @[0]\n6 @[60000]\n7 @[120000]\n8 @[180000]\n"));
  EXPECT_THAT(out_, HasSubstr("ALERTS{alertname=\"High\", alertstate=\"pending\", job=\"a\", "
                              "severity=\"page\"} =>\n1 @[60000]\n"));
  EXPECT_THAT(out_, HasSubstr("DEBUG: Test good finished, took "));
}

TEST_F(RuleTestsTest, AReportNamesTestsAndWhatFailed) {
  Write("report/rules-1.yml", kRules);
  Run({Write("report/test.yml", kTests), Write("report/bad.yml", "x: 1\n")});
  ASSERT_EQ(suites_.size(), 2u);
  suites_[0].name = "a&b.yml";
  suites_[0].time_ms = suites_[1].time_ms = 1'700'000'000'000;
  suites_[1].cases.at(0).name = suites_[1].name = "bad.yml";
  std::ostringstream xml;
  WriteJUnit(suites_, xml);
  EXPECT_EQ(xml.str(),
            "<testsuites><testsuite name=\"a&amp;b.yml\" tests=\"2\" failures=\"1\" errors=\"0\" "
            "skipped=\"0\" timestamp=\"2023-11-14T22:13:20\"><testcase name=\"good\"></testcase>"
            "<testcase name=\"bad\"><failure>    expr: &#34;vector(1)&#34;, time: 0s,&#xA;        "
            "exp: {} 2E+00&#xA;        got: {} 1E+00</failure></testcase></testsuite>"
            "<testsuite name=\"bad.yml\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" "
            "timestamp=\"2023-11-14T22:13:20\"><testcase name=\"bad.yml\"><error>yaml: unmarshal "
            "errors:&#xA;  line 1: field x not found in type main.unitTestFile</error></testcase>"
            "</testsuite></testsuites>");
}

// Upstream's files (found by $HEARTH_SHARED), which pass or fail as its description says.
class UpstreamRuleTestsTest : public RuleTestsTest {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("HEARTH_SHARED");
    folder_ = fs::path(shared == nullptr ? "../shared" : shared) / "conformance" / "promtool";
    if (!fs::exists(folder_)) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  }
  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  fs::path folder_;
};

TEST_F(UpstreamRuleTestsTest, FilesPassAndFailAsTheyShould) {
  const struct {
    const char* file;
    std::vector<std::string> run;
    bool ignore_unknown_fields;
    bool passes;
    const char* error;
  } kFiles[] = {
      {"long-period.yml", {}, false, true, ""},
      {"at-modifier-test.yml", {}, false, true, ""},
      {"negative-offset-test.yml", {}, false, true, ""},
      {"no-test-group-interval.yml", {}, false, true, ""},
      {"start-time-test.yml", {}, false, true, ""},
      {"rules_run.yml", {"correct"}, false, true, ""},
      {"rules_run.yml", {"wrong"}, false, false, "got: {__name__=\"test\"} 0E+00"},
      {"rules_run.yml", {}, false, false, "got: {__name__=\"test\"} 0E+00"},
      {"rules_run_extrafields.yml", {}, true, true, ""},
      {"rules_run_extrafields.yml", {}, false, false, "field ownership not found"},
      {"rules_run_fuzzy.yml", {"correct"}, false, true, ""},
      {"rules_run_fuzzy.yml", {"wrong"}, false, false, "2.9999999999999987E+00"},
      {"rules_run_no_fuzzy.yml", {}, false, false, "2.9999999999999996E+00"},
      {"bad-input-series.yml", {}, false, false, "up{job="},
      {"bad-promql.yml", {}, false, false, "found duplicate series for the match group"},
      {"bad-rules-syntax-test.yml", {}, false, false, "parse error: unexpected end of input"},
      {"bad-rules-error-test.yml", {}, false, false, "    rule: joined, time: 0s, err: found dup"},
      {"failing.yml", {}, false, false, "alertname: InstanceDown, time: 5m, "},
      {"unittest.yml", {}, false, true, ""},
  };
  for (const auto& row : kFiles) {
    options_.run = row.run;
    options_.ignore_unknown_fields = row.ignore_unknown_fields;
    EXPECT_EQ(Run({Path(row.file)}), row.passes ? kExitSuccess : kExitFailure) << row.file << "\n"
                                                                               << err_;
    EXPECT_THAT(err_, HasSubstr(row.error)) << row.file;
  }
}

// Word for word, where 2.42 has the file's keys. In no-test-group-interval.yml it takes another
// interval than what it documents.
TEST_F(UpstreamRuleTestsTest, SaysWhatPromtoolSays) {
  if (!HavePromtool()) GTEST_SKIP() << "promtool (package prometheus) is not installed";
  for (const char* file :
       {"failing.yml", "rules_run.yml", "long-period.yml", "at-modifier-test.yml",
        "negative-offset-test.yml", "rules_run_no_fuzzy.yml", "bad-rules-syntax-test.yml",
        "bad-rules-error-test.yml", "rules_run_extrafields.yml"}) {
    const PromtoolRun peer = RunPromtool({"test", "rules", Path(file)});
    EXPECT_EQ(Run({Path(file)}), peer.code) << file << "\n" << err_ << peer.err;
    if (peer.err.find("not found in type main.") != std::string::npos) continue;  // A newer key.
    EXPECT_EQ(out_, peer.out) << file;
  }
  const PromtoolRun peer = RunPromtool({"test", "rules", Path("failing.yml")});
  Run({Path("failing.yml")});
  EXPECT_EQ(err_, peer.err);
}

}  // namespace
}  // namespace hearth::hearthctl
