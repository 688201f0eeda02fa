#include "scrape/discovery/file_discovery.h"

#include <gtest/gtest.h>

#include <map>

namespace hearth {
namespace {

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
