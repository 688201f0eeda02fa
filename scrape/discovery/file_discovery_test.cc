#include "scrape/discovery/file_discovery.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace hearth {
namespace {

TEST(TargetGroupsTest, JsonAndYamlSayTheSame) {
  const auto json =
      ParseTargetGroups(R"([{"targets": ["a:1", "b:2"], "labels": {"x": "y"}}, {"targets": []}])");
  const auto yaml =
      ParseTargetGroups("- targets: ['a:1', 'b:2']\n  labels: {x: y}\n- targets: []\n");
  ASSERT_TRUE(json.ok()) << json.status();
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  EXPECT_EQ(*json, *yaml);
  EXPECT_EQ((*json)[0].targets[1], "b:2");
}

TEST(TargetGroupsTest, RefusesWhatIsNoTargetGroup) {
  for (const char* text : {"{}", "[null]", "- tragets: [a]", "- targets: a", "- targets: [[a]]",
                           "- labels: [a]", "[", "- {labels: {a: {}}}"}) {
    EXPECT_FALSE(ParseTargetGroups(text).ok()) << text;
  }
  EXPECT_TRUE(ParseTargetGroups("")->empty());
}

TEST(TargetGroupsTest, UpstreamFixturesAreReadAsTheirNamesSay) {
  const char* shared = std::getenv("HEARTH_SHARED");
  const auto folder = std::filesystem::path(shared == nullptr ? "../shared" : shared) /
                      "conformance/discovery/file/fixtures";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "upstream data not found: set HEARTH_SHARED";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    std::ostringstream text;
    text << in.rdbuf();
    const std::string name = entry.path().filename().string();
    EXPECT_EQ(ParseTargetGroups(text.str()).ok(), name.rfind("invalid", 0) != 0) << name;
    ++files;
  }
  EXPECT_GE(files, 5);
}

TEST(FileDiscoveryTest, ABrokenFileKeepsItsTargets) {
  std::map<std::string, std::string> files = {{"/a.yml", "- targets: ['a:1']"},
                                              {"/b.yml", "- targets: ['b:1']"}};
  const LoadEnvironment environment{
      .variable = [](const std::string&) { return std::string(); },
      .read_file = [&](const std::string& path) -> absl::StatusOr<std::string> {
        return files.at(path);
      },
      .glob =
          [&](const std::string&) {
            std::vector<std::string> paths;
            for (const auto& [path, text] : files) paths.push_back(path);
            return paths;
          }};
  FileDiscovery discovery({.files = {"/*.yml"}}, &environment);
  EXPECT_TRUE(discovery.Refresh());
  EXPECT_FALSE(discovery.Refresh());
  EXPECT_EQ(discovery.Targets().size(), 2u);
  EXPECT_EQ(discovery.Targets()[0].ToString(), R"({__address__="a:1", __meta_filepath="/a.yml"})");
  files["/a.yml"] = "- targets: [";
  EXPECT_FALSE(discovery.Refresh());
  EXPECT_EQ(discovery.Targets().size(), 2u);
  ASSERT_EQ(discovery.errors().size(), 1u);
  EXPECT_NE(discovery.errors()[0].find("/a.yml"), std::string::npos);
  files.erase("/b.yml");
  EXPECT_TRUE(discovery.Refresh());
  EXPECT_EQ(discovery.Targets().size(), 1u);
}

}  // namespace
}  // namespace hearth
