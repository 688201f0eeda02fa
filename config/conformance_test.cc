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

// Not whole configurations, or refused only for what discovery kinds that this build lacks would
// check.
bool IsOutOfScope(const std::string& name) {
  static const std::set<std::string> kFragments = {"static_config.bad.yml",
                                                   "scrape_config_files.bad.yml"};
  static const char* const kKinds[] = {"azure_",      "eureka_",    "hetzner_",  "ionos_",
                                       "kubernetes_", "lightsail_", "marathon_", "oci_",
                                       "openstack_",  "outscale_",  "ovhcloud_", "puppetdb_",
                                       "stackit_",    "uyuni_",     "http_url",  "http_token"};
  if (kFragments.count(name) > 0 || name.rfind("agent_mode.", 0) == 0) return true;
  for (const char* kind : kKinds) {
    if (name.rfind(kind, 0) == 0 && EndsWith(name, ".bad.yml")) return true;
  }
  return false;
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
    if (!EndsWith(name, ".good.yml") || IsOutOfScope(name)) continue;
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
  int refused = 0, elsewhere = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "testdata")) {
    const std::string name = entry.path().filename().string();
    if (!EndsWith(name, ".bad.yml")) continue;
    const auto config = LoadFile(entry.path());
    if (IsOutOfScope(name)) {
      elsewhere += config.ok() ? 1 : 0;
      continue;
    }
    ASSERT_FALSE(config.ok()) << name;
    const std::string message(config.status().message());
    for (const std::string& part : expected_[name]) {
      EXPECT_NE(message.find(part), std::string::npos)
          << name << "\n  wants: " << part << "\n  says:  " << message;
    }
    ++refused;
  }
  std::cout << refused << " bad files refused, " << elsewhere
            << " accepted that only unsupported discovery would refuse\n";
  EXPECT_GT(refused, 60);
}

}  // namespace
}  // namespace hearth
