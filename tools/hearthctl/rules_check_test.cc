#include "tools/hearthctl/rules_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "model/text.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/language_features.h"

namespace hearth::hearthctl {
namespace {

using testing::HasSubstr;

class RulesCheckTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  RulesVerdict Check(const std::vector<std::string>& paths) {
    std::ostringstream out, err;
    const RulesVerdict verdict = CheckRuleFiles(options_, paths, out, err);
    out_ = out.str();
    err_ = err.str();
    return verdict;
  }

  RulesCheckOptions options_;
  std::string out_, err_;
};

TEST_F(RulesCheckTest, SaysWhatPromtoolSays) {
  const std::string good =
      Write("good.yml",
            "groups: [{name: a, rules: [{record: r, expr: up}]}, {name: b, rules: [{alert: A, "
            "expr: up}]}]");
  const std::string bad = Write("bad.yml", "groups: [{name: a, rules: [{record: r}]}]");
  const RulesVerdict verdict = Check({good, bad, testing::TempDir() + "/gone.yml"});
  EXPECT_TRUE(verdict.errors);
  EXPECT_FALSE(verdict.findings);
  EXPECT_EQ(out_, StrCat("Checking ", good, "\n  SUCCESS: 2 rules found\n\nChecking ", bad,
                         "\n\nChecking ", testing::TempDir(), "/gone.yml\n\n"));
  EXPECT_THAT(err_, HasSubstr(StrCat("  FAILED:\n", bad,
                                     ": 1:28: group \"a\", rule 1, \"r\": field 'expr' must be set "
                                     "in rule\n  FAILED:\n")));
  EXPECT_THAT(err_, HasSubstr("gone.yml: "));
}

TEST_F(RulesCheckTest, RulesOfOneNameAndLabelsAreAFinding) {
  const std::string path = Write(
      "twice.yml",
      "groups:\n- {name: a, labels: {l: \"1\"}, rules: [{record: r, expr: up}, {alert: A, expr: "
      "up}]}\n- {name: b, rules: [{record: r, expr: x, labels: {l: \"1\"}}, {record: r, expr: y}, "
      "{record: r, labels: {l: \"1\"}, expr: z}, {alert: A, expr: y, labels: {l: \"1\", m: "
      "\"2\"}}]}\n- {name: c, rules: [{record: r, expr: up}]}\n");
  const RulesVerdict verdict = Check({path});
  EXPECT_TRUE(verdict.findings);
  EXPECT_FALSE(verdict.errors);
  EXPECT_EQ(out_, StrCat("Checking ", path, "\n\n"));
  EXPECT_EQ(err_,
            "  FAILED:\n"
            "lint error 2 duplicate rule(s) found.\n"
            "Metric: r\nLabel(s):\n"
            "Metric: r\nLabel(s):\n\tl: 1\n"
            "Might cause inconsistency while recording expressions\n");
  options_.lint_duplicates = false;
  EXPECT_FALSE(Check({path}).findings);
  EXPECT_THAT(out_, HasSubstr("  SUCCESS: 7 rules found\n"));
}

TEST_F(RulesCheckTest, ReadsAnInputWithoutAName) {
  std::istringstream good("groups: [{name: a, rules: [{record: r, expr: up}]}]");
  std::istringstream bad("groups: 1"), empty("");
  std::ostringstream out, err;
  EXPECT_FALSE(CheckRulesFromInput(options_, good, out, err).errors);
  EXPECT_EQ(out.str(), "Checking standard input\n  SUCCESS: 1 rules found\n\n");
  EXPECT_FALSE(CheckRulesFromInput(options_, empty, out, err).errors);
  EXPECT_EQ(err.str(), "");
  EXPECT_TRUE(CheckRulesFromInput(options_, bad, out, err).errors);
  EXPECT_THAT(err.str(), HasSubstr("  FAILED:\nstandard input: yaml: unmarshal errors:"));
}

TEST_F(RulesCheckTest, FindingsMatterWhenTheyAreFatal) {
  EXPECT_EQ(ExitCode({}, true), kExitSuccess);
  EXPECT_EQ(ExitCode({.findings = true}, false), kExitSuccess);
  EXPECT_EQ(ExitCode({.findings = true}, true), kExitLint);
  EXPECT_EQ(ExitCode({.errors = true, .findings = true}, true), kExitFailure);
}

TEST_F(RulesCheckTest, FeaturesAreThoseOfTheServer) {
  std::ostringstream err;
  const std::string path =
      Write("features.yml",
            "groups: [{name: a, rules: [{record: r, expr: 'sort_by_label(up, \"x\")'}, {record: s, "
            "expr: 'rate(up[1m] anchored)'}, {record: t, expr: 'a + fill(0) b'}]}]");
  EXPECT_TRUE(Check({path}).errors);
  const LanguageFeatures features =
      ParseFeatures({"promql-experimental-functions", "promql-extended-range-selectors",
                     "promql-binop-fill-modifiers", "promql-delayed-name-removal", "", "other"},
                    err);
  options_.file.parser = features.parser;
  EXPECT_FALSE(Check({path}).errors) << err_;
  EXPECT_TRUE(features.delayed_name_removal);
  EXPECT_EQ(err.str(), "WARNING: --enable-feature=other has no effect here\n");
}

}  // namespace
}  // namespace hearth::hearthctl
