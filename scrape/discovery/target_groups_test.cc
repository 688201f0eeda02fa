#include "scrape/discovery/target_groups.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
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
  const auto strict = ParseJsonTargetGroups(
      R"([{"targets": ["a:1", "b:2"], "labels": {"x": "y"}}, {"targets": []}])");
  ASSERT_TRUE(strict.ok()) << strict.status();
  EXPECT_EQ(*strict, *yaml);
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

TEST(TargetGroupsTest, StrictJsonRefusesWhatIsNoTargetGroup) {
  for (const char* text :
       {"", "{}", "[null]", R"([{"tragets": ["a"]}])", R"([{"targets": "a"}])",
        R"([{"targets": [1]}])", R"([{"labels": ["a"]}])", "[", R"([{"labels": {"a": 1}}])",
        R"([{"labels": {"": "x"}}])", "- targets: [a]", "[]x", "[{\"targets\": [\"\xff\"]}]"}) {
    EXPECT_FALSE(ParseJsonTargetGroups(text).ok()) << text;
  }
  EXPECT_TRUE(ParseJsonTargetGroups("[]")->empty());
  EXPECT_EQ(std::string(ParseJsonTargetGroups(R"([{}, null])").status().message()),
            "target group 1: nil or invalid target group, found null");
}

}  // namespace
}  // namespace hearth
