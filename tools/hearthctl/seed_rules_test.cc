// The rule files of testdata/rules with their unit tests: by our code and by Debian's promtool, and
// complete: of each alert the tests say when it begins to fire and when it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "rules/rule_file.h"
#include "rules/rule_test_file.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/promtool_fixture.h"
#include "tools/hearthctl/rule_tests.h"
#include "tools/hearthctl/rules_check.h"

namespace hearth::hearthctl {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = "testdata/rules";

// Those whose names end in `suffix` but not in `except`, sorted.
std::vector<std::string> Files(std::string_view suffix, std::string_view except = "?") {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(suffix) && !name.ends_with(except)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadText(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(SeedRulesTest, AlertsFireExactlyWhenTheyShould) {
  std::ostringstream out, err;
  EXPECT_EQ(RunRuleTestFiles({}, Files(".test.yml"), out, err, nullptr), kExitSuccess) << err.str();
}

TEST(SeedRulesTest, PromtoolAgrees) {
  if (!HavePromtool()) GTEST_SKIP() << "promtool (package prometheus) is not installed";
  for (const std::string& path : Files(".test.yml")) {
    const PromtoolRun peer = RunPromtool({"test", "rules", path});
    EXPECT_EQ(peer.code, 0) << path << "\n" << peer.err;
  }
  for (const std::string& path : Files(".yml", ".test.yml")) {
    std::ostringstream out, err;
    EXPECT_EQ(ExitCode(CheckRuleFiles({}, {path}, out, err), /*lint_fatal=*/true), kExitSuccess);
    const PromtoolRun peer = RunPromtool({"check", "rules", "--lint-fatal", path});
    EXPECT_EQ(peer.out, out.str());
    EXPECT_EQ(peer.err, err.str());
  }
}

// At one evaluation not, at the next yes; at another yes, at the next not.
TEST(SeedRulesTest, EveryAlertIsSeenToBeginAndToEnd) {
  std::set<std::string> alerts;
  for (const std::string& path : Files(".yml", ".test.yml")) {
    std::vector<std::string> errors;
    for (const RuleGroupSpec& group : ParseRuleFile(path, ReadText(path), {}, &errors).groups) {
      for (const RuleSpec& rule : group.rules) {
        if (!rule.is_alert()) continue;
        EXPECT_TRUE(alerts.insert(rule.alert).second) << rule.alert;
      }
    }
  }
  std::set<std::string> begin, end;
  for (const std::string& path : Files(".test.yml")) {
    const absl::StatusOr<RuleTestFile> file = ParseRuleTestFile(ReadText(path));
    ASSERT_TRUE(file.ok()) << path << ": " << file.status();
    const TimeMs interval = file->evaluation_interval_ms;
    for (const RuleTest& test : file->tests) {
      std::map<std::pair<std::string, TimeMs>, bool> fires;
      for (const AlertTest& alert : test.alerts)
        fires[{alert.alertname, alert.eval_time_ms}] = !alert.alerts.empty();
      for (const auto& [key, now] : fires) {
        const auto next = fires.find({key.first, key.second + interval});
        if (next == fires.end() || next->second == now) continue;
        (now ? end : begin).insert(key.first);
      }
    }
  }
  EXPECT_EQ(begin, alerts);
  EXPECT_EQ(end, alerts);
  std::cout << alerts.size() << " alerts\n";
  EXPECT_GT(alerts.size(), 20u);
}

}  // namespace
}  // namespace hearth::hearthctl
