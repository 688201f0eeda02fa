// Upstream's configuration files and recorded discovery (found by $HEARTH_SHARED) through the real
// `hearthctl check config` and `check service-discovery`: how many files there are, and how many
// get the verdict that their names and expected-errors.tsv ask for. Every exception is in a table
// here and in docs/differences.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "blackbox/server_process.h"
#include "http/fake_api.h"

namespace hearth::blackbox {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string ReadText(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool EndsWith(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

class CheckConformanceTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* const shared = std::getenv("HEARTH_SHARED");
    folder_ = fs::path(shared == nullptr ? "../shared" : shared) / "conformance";
    if (!fs::exists(folder_)) GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  }

  struct Outcome {
    int code = -1;
    std::string text;  // stdout and stderr.
  };
  Outcome Check(std::vector<std::string> args, const fs::path& directory = "") {
    const std::string hearth = HearthBinary();
    args.insert(args.begin(),
                {hearth.substr(0, hearth.rfind("server/")) + "tools/hearthctl", "check"});
    Process process(args, directory_.Path("out" + std::to_string(++runs_)), {}, directory);
    Outcome outcome;
    outcome.code = process.Wait(seconds(60)).value_or(-1);
    outcome.text = process.Output();
    return outcome;
  }

  // What one discovery section finds.
  Outcome Discover(const std::string& section) {
    const std::string config =
        directory_.Write("sd" + std::to_string(++runs_) + ".yml",
                         "scrape_configs: [{job_name: j, " + section + "}]\n");
    return Check({"service-discovery", "--timeout=10s", config, "j"});
  }
  static nlohmann::json TargetsOf(const Outcome& outcome) {
    return nlohmann::json::parse(outcome.text, nullptr, /*allow_exceptions=*/false);
  }

  // A recorded server: each file answers the path that it lies at.
  void Answer(const std::string& recording, http::FakeApi* api) const {
    const fs::path folder = folder_ / "discovery/moby/testdata" / recording;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".json") continue;
      const std::string path = "/" + fs::relative(entry.path(), folder).string();
      api->Answer(path.substr(0, path.size() - 5), ReadText(entry.path()));
    }
  }

  TempDir directory_;
  fs::path folder_;
  int runs_ = 0;
};

TEST_F(CheckConformanceTest, ConfigurationsGetTheVerdictOfTheirNames) {
  std::multimap<std::string, std::string> expected;
  std::ifstream rows(folder_ / "config/expected-errors.tsv");
  for (std::string row; std::getline(rows, row);) {
    const size_t tab = row.find('\t');
    if (!row.empty() && row[0] != '#' && tab != std::string::npos)
      expected.emplace(row.substr(0, tab), row.substr(tab + 1));
  }
  int files = 0, agreed = 0;
  for (const auto& entry : fs::directory_iterator(folder_ / "config/testdata")) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".yml") continue;
    ++files;
    const Outcome outcome =
        Check({"config", "--syntax-only", "testdata/" + name}, folder_ / "config");
    const bool refused = EndsWith(name, ".bad.yml") || EndsWith(name, ".incompatible.yml") ||
                         name == "config_with_deprecated_am_api_config.yml";
    bool agrees = outcome.code == (refused ? 1 : 0);
    const auto texts = expected.equal_range(name);
    for (auto text = texts.first; text != texts.second; ++text) {
      agrees = agrees && outcome.text.find(text->second) != std::string::npos;
    }
    EXPECT_TRUE(agrees) << name << ": " << outcome.code << " " << outcome.text;
    agreed += agrees ? 1 : 0;
  }
  std::cout << "config: " << files << " files, " << agreed << " agreed\n";
  EXPECT_GT(files, 150);
}

TEST_F(CheckConformanceTest, PromtoolsConfigurationsGetItsVerdict) {
  const struct {
    const char* file;
    int code;
    const char* text;
  } kFiles[] = {
      {"prometheus-config.good.yml", 0, "SUCCESS"},
      {"prometheus-config.bad.yml", 1, "field not-prometheus not found"},
      {"prometheus-aws-sd-empty-region.good.yml", 0, "SUCCESS"},
      {"prometheus-config.lint.too_long_scrape_interval.yml", 3, "too long scrape interval"},
      {"config_with_rule_files.yml", 1, "does not point to an existing file"},
      {"config_with_service_discovery_files.yml", 0, "does not exist"},
      {"config_with_tls_files.yml", 1, "error checking client cert file"},
      {"authorization_credentials_file.bad.yml", 1, "error checking authorization credentials"},
      {"authorization_credentials_file.good.yml", 0, "SUCCESS"},
      {"url_in_scrape_targetgroup_with_relabel_config.bad.yml", 1, "is not a valid hostname"},
      {"url_in_scrape_targetgroup_with_relabel_config.good.yml", 0, "SUCCESS"},
      {"url_in_alert_targetgroup_with_relabel_config.bad.yml", 1, "is not a valid hostname"},
      {"url_in_alert_targetgroup_with_relabel_config.good.yml", 0, "SUCCESS"},
  };
  int agreed = 0;
  for (const auto& row : kFiles) {
    const Outcome outcome = Check({"config", "--lint=too-long-scrape-interval", "--lint-fatal",
                                   (folder_ / "promtool" / row.file).string()});
    const bool agrees =
        outcome.code == row.code && outcome.text.find(row.text) != std::string::npos;
    EXPECT_TRUE(agrees) << row.file << ": " << outcome.code << " " << outcome.text;
    agreed += agrees ? 1 : 0;
  }
  std::cout << "promtool: " << std::size(kFiles) << " files, " << agreed << " agreed\n";
}

TEST_F(CheckConformanceTest, TargetFilesAreReadAsTheirNamesSay) {
  int files = 0, agreed = 0;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder_ / "discovery/file/fixtures")) {
    paths.push_back(entry.path());
  }
  for (const char* name :
       {"good-sd-file.json", "good-sd-file.yaml", "good-sd-file.yml", "bad-sd-file-format.yml"}) {
    paths.push_back(folder_ / "promtool" / name);
  }
  for (const fs::path& path : paths) {
    const std::string name = path.filename().string();
    const bool good = name.rfind("invalid", 0) != 0 && name.rfind("bad", 0) != 0;
    const std::string config =
        directory_.Write("file.yml", "scrape_configs: [{job_name: j, file_sd_configs: [{files: ['" +
                                         fs::absolute(path).string() + "']}]}]\n");
    const bool agrees = Check({"config", config}).code == (good ? 0 : 1);
    EXPECT_TRUE(agrees) << name;
    ++files;
    agreed += agrees ? 1 : 0;
  }
  std::cout << "target files: " << files << " files, " << agreed << " agreed\n";
  EXPECT_GE(files, 9);
}

TEST_F(CheckConformanceTest, RecordedServersGiveTheirTargets) {
  http::FakeApi api;
  const std::string host = "host: 'http://127.0.0.1:" + std::to_string(api.port()) + "'";
  const std::string swarm = "dockerswarm_sd_configs: [{" + host + ", role: ";
  const struct {
    const char* recording;
    std::string section;
    size_t targets;
    const char* text;
  } kRecordings[] = {
      {"dockerprom", "docker_sd_configs: [{" + host + "}]", 8,
       "\"__meta_docker_network_name\": \"dockersd_default\""},
      {"dockeripv6", "docker_sd_configs: [{" + host + "}]", 1, "\"__address__\": \"[fc00::2]:80\""},
      {"swarmprom", swarm + "services}]", 15,
       "\"__meta_dockerswarm_service_name\": \"mon_grafana\""},
      {"swarmprom", swarm + "tasks}]", 27, "\"__meta_dockerswarm_task_state\": \"running\""},
      {"swarmprom", swarm + "nodes}]", 5, "\"__meta_dockerswarm_node_status\": \"ready\""},
      {"swarmprom-plugin", swarm + "services}]", 2,
       "\"__meta_dockerswarm_service_name\": \"global_plugin\""},
  };
  int agreed = 0;
  for (const auto& row : kRecordings) {
    Answer(row.recording, &api);
    const Outcome outcome = Discover(row.section);
    const nlohmann::json targets = TargetsOf(outcome);
    const bool agrees = outcome.code == 0 && targets.is_array() && targets.size() == row.targets &&
                        outcome.text.find(row.text) != std::string::npos;
    EXPECT_TRUE(agrees) << row.recording << " " << row.section << ": " << targets.size() << " "
                        << outcome.text;
    agreed += agrees ? 1 : 0;
  }
  std::cout << "docker and swarm: " << std::size(kRecordings) << " recordings, " << agreed
            << " agreed\n";
}

TEST_F(CheckConformanceTest, AListOverHttpGivesItsTargets) {
  http::FakeApi api;
  api.Answer("/sd", ReadText(folder_ / "discovery/http/fixtures/http_sd.good.json"));
  const Outcome outcome = Discover("http_sd_configs: [{url: '" + api.Url() + "/sd'}]");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.text, HasSubstr("\"__meta_url\": \"" + api.Url() + "/sd\""));
  EXPECT_FALSE(TargetsOf(outcome).empty());
}

// Recordings for kinds that Hearth has no provider for (docs/differences.md).
TEST_F(CheckConformanceTest, KindsWithoutAProviderSaySo) {
  const std::map<std::string, std::string> kSections = {
      {"ionos", "ionos_sd_configs: [{datacenter_id: x, basic_auth: {username: a, password: b}}]"},
      {"linode", "linode_sd_configs: [{authorization: {credentials: x}}]"},
      {"ovhcloud",
       "ovhcloud_sd_configs: [{application_key: a, application_secret: b, consumer_key: c, "
       "service: vps}]"},
      {"puppetdb", "puppetdb_sd_configs: [{url: 'http://a/', query: q}]"},
      {"scaleway",
       "scaleway_sd_configs: [{access_key: SCWXXXXXXXXXXXXXXXXX, project_id: "
       "11111111-1111-1111-1111-111111111112, role: instance, secret_key: "
       "11111111-1111-1111-1111-111111111111}]"},
  };
  for (const auto& [kind, section] : kSections) {
    EXPECT_TRUE(fs::exists(folder_ / "discovery" / kind));
    const Outcome outcome = Discover(section);
    EXPECT_EQ(outcome.code, 0) << kind << outcome.text;
    EXPECT_THAT(outcome.text, HasSubstr(kind + "_sd_configs")) << kind;
    EXPECT_THAT(outcome.text, HasSubstr("[]")) << kind;
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "discovery")) {
    const std::string kind = entry.path().filename().string();
    EXPECT_TRUE(kSections.count(kind) > 0 || kind == "file" || kind == "http" || kind == "moby")
        << kind;
  }
}

}  // namespace
}  // namespace hearth::blackbox
