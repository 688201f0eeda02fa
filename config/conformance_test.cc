// Walks the upstream configuration files (found by $HEARTH_SHARED): good ones load, bad ones are
// refused with the right words.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "config/config.h"
#include "model/text.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

bool EndsWith(std::string_view s, std::string_view suffix) {
  return s.size() >= suffix.size() && s.substr(s.size() - suffix.size()) == suffix;
}

// Not whole configurations: they are read by others of the files.
bool IsFragment(const std::string& name) {
  return name == "static_config.bad.yml" || name == "scrape_config_files.bad.yml";
}

class ConformanceTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("HEARTH_SHARED");
    folder_ = fs::path(shared == nullptr ? "../shared" : shared) / "conformance" / "config";
    if (!fs::exists(folder_)) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
    std::ifstream rows(folder_ / "expected-errors.tsv");
    for (std::string row; std::getline(rows, row);) {
      const size_t tab = row.find('\t');
      if (row.empty() || row[0] == '#' || tab == std::string::npos) continue;
      expected_[row.substr(0, tab)].push_back(row.substr(tab + 1));
    }
  }

  absl::StatusOr<Config> LoadFile(const fs::path& path) {
    // Messages name the file as upstream's tests call it.
    LoadEnvironment environment = SystemEnvironment();
    const std::string folder = folder_.string();
    environment.glob = [folder](const std::string& pattern) {
      return SystemEnvironment().glob(folder + "/" + pattern);
    };
    return Load(ReadText(path), "testdata/" + path.filename().string(), environment);
  }

  fs::path folder_;
  std::map<std::string, std::vector<std::string>> expected_;
};

TEST_F(ConformanceTest, GoodFilesLoadAndPrintAgain) {
  int good = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "testdata")) {
    const std::string name = entry.path().filename().string();
    if (!EndsWith(name, ".good.yml")) continue;
    const auto config = LoadFile(entry.path());
    ASSERT_TRUE(config.ok()) << name << ": " << config.status();
    const std::string yaml = ToYaml(*config);
    EXPECT_EQ(yaml.find("mysecret"), std::string::npos) << name;
    const auto again = Load(yaml, "printed.yml", SystemEnvironment());
    EXPECT_TRUE(again.ok()) << name << ": " << again.status() << "\n" << yaml;
    ++good;
  }
  std::cout << good << " good files accepted\n";
  EXPECT_GT(good, 50);
}

TEST_F(ConformanceTest, BadFilesAreRefusedInPrometheusWords) {
  int refused = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "testdata")) {
    const std::string name = entry.path().filename().string();
    if (!EndsWith(name, ".bad.yml") || IsFragment(name)) continue;
    const auto config = LoadFile(entry.path());
    EXPECT_FALSE(config.ok()) << name;
    if (config.ok()) continue;
    const std::string message(config.status().message());
    for (const std::string& part : expected_[name]) {
      EXPECT_NE(message.find(part), std::string::npos)
          << name << "\n  wants: " << part << "\n  says:  " << message;
    }
    ++refused;
  }
  std::cout << refused << " bad files refused\n";
  EXPECT_GT(refused, 100);
}

TEST_F(ConformanceTest, EveryExpectedErrorBelongsToAFile) {
  for (const auto& [name, parts] : expected_) {
    EXPECT_TRUE(fs::exists(folder_ / "testdata" / name)) << name;
  }
  EXPECT_GT(expected_.size(), 90u);
}

TEST_F(ConformanceTest, AgentModeRefusesWhatAnAgentDoesNotDo) {
  const std::pair<const char*, const char*> kFiles[] = {
      {"agent_mode.good.yml", ""},
      {"agent_mode.with_alert_manager.yml", "field alerting is not allowed in agent mode"},
      {"agent_mode.with_alert_relabels.yml", "field alerting is not allowed in agent mode"},
      {"agent_mode.with_rule_files.yml", "field rule_files is not allowed in agent mode"},
      {"agent_mode.with_remote_reads.yml", "field remote_read is not allowed in agent mode"},
      {"agent_mode.without_remote_writes.yml",
       "at least one remote_write target must be specified in agent mode"},
  };
  for (const auto& [name, error] : kFiles) {
    const auto config = LoadFile(folder_ / "testdata" / name);
    ASSERT_TRUE(config.ok()) << name << ": " << config.status();
    EXPECT_EQ(CheckAgentMode(*config).message(), error) << name;
  }
}

// The files that load or not by more than their own text: by the scheme that another key gives.
TEST_F(ConformanceTest, OtherFilesLoadAsTheirNamesSay) {
  int others = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "testdata")) {
    const std::string name = entry.path().filename().string();
    if (!EndsWith(name, ".yml") || EndsWith(name, ".good.yml") || EndsWith(name, ".bad.yml"))
      continue;
    const auto config = LoadFile(entry.path());
    const bool refused =
        EndsWith(name, ".incompatible.yml") || name == "config_with_deprecated_am_api_config.yml";
    EXPECT_EQ(config.ok(), !refused) << name << ": " << config.status();
    ++others;
  }
  std::cout << others << " files accepted or refused by their names\n";
  EXPECT_GT(others, 10);
}

}  // namespace
}  // namespace hearth
