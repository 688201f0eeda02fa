// Walks the upstream rule files (found by $HEARTH_SHARED): good ones are read, bad ones are refused
// with the right words.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "rules/rule_file.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

struct Expected {
  std::string substring;
  bool legacy_names = false;
};

class RuleFileConformanceTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("HEARTH_SHARED");
    folder_ = fs::path(shared == nullptr ? "../shared" : shared) / "conformance" / "rulefmt";
    if (!fs::exists(folder_)) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
    std::ifstream rows(folder_ / "expected-errors.tsv");
    for (std::string row; std::getline(rows, row);) {
      if (row.empty() || row[0] == '#') continue;
      std::istringstream fields(row);
      std::string name, scheme;
      Expected expected;
      std::getline(fields, name, '\t');
      std::getline(fields, expected.substring, '\t');
      std::getline(fields, scheme, '\t');
      expected.legacy_names = scheme == "legacy";
      expected_[name] = expected;
    }
  }

  std::vector<std::string> ErrorsOf(const std::string& name, bool legacy_names) {
    std::ifstream in(folder_ / "testdata" / name);
    std::ostringstream text;
    text << in.rdbuf();
    RuleFileOptions options;
    options.legacy_names = legacy_names;
    std::vector<std::string> errors;
    ParseRuleFile(name, text.str(), options, &errors);
    return errors;
  }

  fs::path folder_;
  std::map<std::string, Expected> expected_;
};

TEST_F(RuleFileConformanceTest, BadFilesAreRefusedInPrometheusWords) {
  for (const auto& [name, expected] : expected_) {
    const std::vector<std::string> errors = ErrorsOf(name, expected.legacy_names);
    ASSERT_FALSE(errors.empty()) << name;
    EXPECT_NE(errors[0].find(expected.substring), std::string::npos)
        << name << "\n  wants: " << expected.substring << "\n  says:  " << errors[0];
  }
  std::cout << expected_.size() << " bad files refused\n";
  EXPECT_GT(expected_.size(), 10u);
}

TEST_F(RuleFileConformanceTest, OtherFilesAreGood) {
  int good = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "testdata")) {
    const std::string name = entry.path().filename().string();
    if (expected_.contains(name)) continue;
    EXPECT_EQ(name.find(".bad."), std::string::npos) << name << " is in no row";
    const bool legacy_names = name.find("legacy") != std::string::npos;
    for (const std::string& error : ErrorsOf(name, legacy_names)) ADD_FAILURE() << error;
    ++good;
  }
  std::cout << good << " good files accepted\n";
  EXPECT_GE(good, 5);
}

}  // namespace
}  // namespace hearth
