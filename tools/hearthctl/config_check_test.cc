#include "tools/hearthctl/config_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tools/hearthctl/exit_code.h"

namespace hearth::hearthctl {
namespace {

using testing::HasSubstr;
using testing::Not;

class ConfigCheckTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, std::string_view text) {
    const std::string path = testing::TempDir() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }
  int Check(const std::string& path) {
    std::ostringstream out, err;
    const int code = CheckConfigFiles(options_, {path}, out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  ConfigCheckOptions options_;
  std::string out_, err_;
};

TEST_F(ConfigCheckTest, SaysWhatPromtoolSays) {
  const std::string good = Write("good.yml", "scrape_configs: [{job_name: a}]");
  EXPECT_EQ(Check(good), kExitSuccess);
  EXPECT_EQ(out_, "Checking " + good + "\n SUCCESS: " + good +
                      " is valid prometheus config file syntax\n\n");
  const std::string bad = Write("bad.yml", "not-prometheus:");
  EXPECT_EQ(Check(bad), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("  FAILED: parsing YAML file " + bad));
  EXPECT_THAT(err_, HasSubstr("field not-prometheus not found in type config.plain"));
  EXPECT_EQ(Check(testing::TempDir() + "/nowhere.yml"), kExitFailure);
}

TEST_F(ConfigCheckTest, LooksForTheFilesThatAreNamed) {
  const std::string rules = Write("rules.yml", "groups: []");
  EXPECT_EQ(Check(Write("c1.yml", "rule_files: [rules.yml]")), kExitSuccess);
  EXPECT_THAT(out_, HasSubstr("  SUCCESS: 1 rule files found"));
  EXPECT_EQ(Check(Write("c2.yml", "rule_files: [gone.yml]")), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("gone.yml\" does not point to an existing file"));
  EXPECT_EQ(Check(Write("c3.yml", "rule_files: ['gone*.yml']")), kExitSuccess);
  options_.syntax_only = true;
  EXPECT_EQ(Check(Write("c2.yml", "rule_files: [gone.yml]")), kExitSuccess);
  options_.syntax_only = false;

  const std::string tls = Write("c4.yml",
                                "scrape_configs: [{job_name: a, tls_config: {cert_file: c.pem, "
                                "key_file: k.pem}}]");
  EXPECT_EQ(Check(tls), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("error checking client cert file"));
  EXPECT_THAT(err_, HasSubstr("c.pem: no such file or directory"));
  options_.syntax_only = true;
  EXPECT_EQ(Check(tls), kExitSuccess);
}

TEST_F(ConfigCheckTest, ChecksTheRuleFilesThatPatternsName) {
  Write("many-1.rules", "groups: [{name: a, rules: [{record: r, expr: up}]}]");
  Write("many-2.rules",
        "groups: [{name: a, rules: [{record: r, expr: up}, {record: r, expr: 1}]}]");
  const std::string config = Write("c10.yml", "rule_files: ['many-*.rules']");
  EXPECT_EQ(Check(config), kExitSuccess);
  EXPECT_THAT(out_, HasSubstr("  SUCCESS: 2 rule files found\n"));
  EXPECT_THAT(out_, HasSubstr("  SUCCESS: 1 rules found\n\nChecking "));
  EXPECT_THAT(err_, HasSubstr("lint error 1 duplicate rule(s) found"));
  options_.lint_fatal = true;
  EXPECT_EQ(Check(config), kExitLint);

  Write("many-3.rules", "groups: [{name: a, rules: [{record: r, expr: up, own: me}]}]");
  EXPECT_EQ(Check(config), kExitFailure);
  EXPECT_THAT(err_,
              HasSubstr("many-3.rules: yaml: unmarshal errors:\n  line 1: field own not found"));
  options_.rule_files.ignore_unknown_fields = true;
  EXPECT_EQ(Check(config), kExitLint);
  Write("many-3.rules", "groups: [{name: a, rules: [{record: r-r, expr: up}]}]");
  options_.lint_fatal = false;
  EXPECT_EQ(Check(config), kExitSuccess);
  EXPECT_EQ(Check(Write("c11.yml",
                        "global: {metric_name_validation_scheme: legacy}\n"
                        "rule_files: ['many-*.rules']")),
            kExitFailure);
  EXPECT_THAT(err_, HasSubstr("invalid recording rule name: r-r"));
}

TEST_F(ConfigCheckTest, ReadsTargetFilesAndMakesTheirTargets) {
  Write("bad_targets.yml", "- targats: [a:1]");
  EXPECT_EQ(Check(Write("c5.yml",
                        "scrape_configs: [{job_name: a, file_sd_configs: [{files: "
                        "[bad_targets.yml]}]}]")),
            kExitFailure);
  EXPECT_THAT(err_, HasSubstr("checking SD file"));
  EXPECT_EQ(Check(Write("c6.yml",
                        "scrape_configs: [{job_name: a, file_sd_configs: [{files: [no.yml]}]}]")),
            kExitSuccess);
  EXPECT_THAT(out_, HasSubstr("no.yml\" for file_sd in scrape job \"a\" does not exist"));
}

TEST_F(ConfigCheckTest, LintsExitWithThreeOnlyWhenFatal) {
  const std::string path =
      Write("c7.yml", "scrape_configs: [{job_name: slow, scrape_interval: 10m}]");
  EXPECT_EQ(Check(path), kExitSuccess);
  EXPECT_EQ(err_, "");
  options_.lint = "too-long-scrape-interval";
  EXPECT_EQ(Check(path), kExitSuccess);
  EXPECT_THAT(err_, HasSubstr("too long scrape interval found, data point will be marked as stale "
                              "- job: slow, interval: 10m"));
  options_.lint_fatal = true;
  EXPECT_EQ(Check(path), kExitLint);
  options_.lookback_delta_ms = 660'000;
  EXPECT_EQ(Check(path), kExitSuccess);
  options_.lint = "nonsense,none";
  EXPECT_EQ(Check(path), kExitSuccess);
  EXPECT_THAT(out_, HasSubstr("WARNING: unknown lint option: \"nonsense\"\n"));
}

TEST_F(ConfigCheckTest, AnAgentsConfigurationNeedsARemoteWrite) {
  options_.agent = true;
  EXPECT_EQ(Check(Write("c8.yml", "")), kExitFailure);
  EXPECT_THAT(err_, HasSubstr("at least one remote_write target"));
  EXPECT_EQ(Check(Write("c9.yml", "remote_write: [{url: 'http://x'}]")), kExitSuccess);
}

// Upstream's files for promtool, by their names.
TEST_F(ConfigCheckTest, AgreesWithPromtoolOnItsFiles) {
  const char* shared = std::getenv("HEARTH_SHARED");
  const std::filesystem::path folder =
      std::filesystem::path(shared == nullptr ? "../shared" : shared) / "conformance" / "promtool";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  const struct {
    const char* file;
    int code, syntax_only_code;
    const char* error;
  } kFiles[] = {
      {"prometheus-config.good.yml", 0, 0, ""},
      {"prometheus-config.bad.yml", 1, 1, "field not-prometheus not found"},
      {"prometheus-aws-sd-empty-region.good.yml", 0, 0, ""},
      {"config_with_rule_files.yml", 1, 0, "does not point to an existing file"},
      {"config_with_service_discovery_files.yml", 0, 0, ""},
      {"config_with_tls_files.yml", 1, 0, "error checking client cert file"},
      {"authorization_credentials_file.bad.yml", 1, 0,
       "error checking authorization credentials or bearer token file"},
      {"authorization_credentials_file.good.yml", 0, 0, ""},
      {"url_in_scrape_targetgroup_with_relabel_config.bad.yml", 1, 1,
       "\"http://bad\" is not a valid hostname"},
      {"url_in_scrape_targetgroup_with_relabel_config.good.yml", 0, 0, ""},
      {"url_in_alert_targetgroup_with_relabel_config.bad.yml", 1, 1,
       "\"http://bad\" is not a valid hostname"},
      {"url_in_alert_targetgroup_with_relabel_config.good.yml", 0, 0, ""},
      {"prometheus-config.lint.too_long_scrape_interval.yml", 3, 0, "too long scrape interval"},
      {"prometheus-config.lint.yml", 3, 0, "lint error 1 duplicate rule(s) found.\nMetric: High"},
  };
  options_.lint = "all";
  options_.lint_fatal = true;
  for (const auto& row : kFiles) {
    options_.syntax_only = false;
    EXPECT_EQ(Check(folder / row.file), row.code) << row.file << ": " << err_;
    EXPECT_THAT(err_, HasSubstr(row.error)) << row.file;
    options_.syntax_only = true;
    EXPECT_EQ(Check(folder / row.file), row.syntax_only_code) << row.file << ": " << err_;
  }
}

}  // namespace
}  // namespace hearth::hearthctl
