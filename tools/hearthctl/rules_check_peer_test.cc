// `check rules` beside Debian's promtool on every rule file there is: both say the same, but for
// the places, which ours always has, and for the exceptions below.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include "re2/re2.h"
#include "tools/hearthctl/exit_code.h"
#include "tools/hearthctl/promtool_fixture.h"
#include "tools/hearthctl/rules_check.h"

namespace hearth::hearthctl {
namespace {

namespace fs = std::filesystem;

// docs/differences.md has the same list. What promtool 2.42 does not know yet, or has otherwise:
struct Exception {
  const char* why;
  int code;          // Ours.
  const char* text;  // Ours has it.
};
const std::map<std::string, Exception>& Exceptions() {
  static const std::map<std::string, Exception> exceptions = {
      {"utf-8_annotation.good.yaml", {"any UTF-8 is a name", 0, "1 rules found"}},
      {"utf-8_lname.good.yaml", {"any UTF-8 is a name", 0, "1 rules found"}},
      {"legacy_validation_annotation.bad.yaml", {"any UTF-8 is a name", 0, "1 rules found"}},
      {"invalid_record_name.bad.yaml",
       {"any UTF-8 is a name, but braces are meant otherwise", 1,
        "braces present in the recording rule name; should it be in expr?"}},
      {"test_aliases.yaml",
       {"an alert that is an alias is named by what it stands for", 3, "Metric: HighAlert\n"}},
      {"features.yml",
       {"durations are expressions; functions and modifiers need their features", 1,
        "function \"sort_by_label\" is not enabled"}},
      {"bad-sd-file-format.yml", {"a wrong kind is told once, not twice", 1, "cannot unmarshal"}},
      {"good-sd-file.yml", {"a wrong kind is told once, not twice", 1, "cannot unmarshal"}},
      {"good-sd-file.yaml", {"a wrong kind is told once, not twice", 1, "cannot unmarshal"}},
  };
  return exceptions;
}

// Without the places, and with Prometheus 3's name of a rule's type.
std::string Comparable(std::string text) {
  RE2::GlobalReplace(&text, R"((?m)^(\S+: )(\d+:\d+: )+)", R"(\1)");
  RE2::GlobalReplace(&text, R"(rulefmt\.RuleNode)", "rulefmt.Rule");
  return text;
}

std::vector<fs::path> RuleFiles(const fs::path& conformance) {
  std::vector<fs::path> files;
  for (const char* folder : {"rulefmt/testdata", "promtool", "compliance/alert_generator"}) {
    for (const auto& entry : fs::directory_iterator(conformance / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".yml" || extension == ".yaml") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(RulesCheckPeerTest, AgreesWithPromtoolOnEveryFile) {
  const char* shared = std::getenv("HEARTH_SHARED");
  const fs::path conformance = fs::path(shared == nullptr ? "../shared" : shared) / "conformance";
  if (!fs::exists(conformance)) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  if (!HavePromtool()) GTEST_SKIP() << "promtool (package prometheus) is not installed";
  std::map<std::string, Exception> unseen = Exceptions();
  int compared = 0;
  for (const fs::path& path : RuleFiles(conformance)) {
    std::ostringstream out, err;
    const int code = ExitCode(CheckRuleFiles({}, {path.string()}, out, err), /*lint_fatal=*/true);
    const PromtoolRun peer = RunPromtool({"check", "rules", "--lint-fatal", path.string()});
    const bool same =
        code == peer.code && out.str() == peer.out && Comparable(err.str()) == Comparable(peer.err);
    const auto exception = Exceptions().find(path.filename().string());
    ++compared;
    if (exception == Exceptions().end()) {
      EXPECT_TRUE(same) << path << "\nours, exit code " << code << ":\n"
                        << out.str() << err.str() << "promtool's, exit code " << peer.code << ":\n"
                        << peer.out << peer.err;
      continue;
    }
    unseen.erase(exception->first);
    EXPECT_FALSE(same) << path << " is no exception any more";
    EXPECT_EQ(code, exception->second.code) << path;
    EXPECT_NE((out.str() + err.str()).find(exception->second.text), std::string::npos)
        << path << "\n"
        << out.str() << err.str();
  }
  for (const auto& [name, exception] : unseen) ADD_FAILURE() << name << " does not exist";
  std::cout << compared << " files compared, " << Exceptions().size() << " exceptions\n";
  EXPECT_GT(compared, 60);
}

}  // namespace
}  // namespace hearth::hearthctl
