#include "server/config_watch.h"

#include <gtest/gtest.h>

#include <map>

namespace hearth {
namespace {

class ConfigWatchTest : public testing::Test {
 protected:
  std::map<std::string, std::string> files_ = {
      {"/e/p.yml", "rule_files: [rules/*.yml]\nscrape_config_files: [/jobs.yml]"},
      {"/jobs.yml", "scrape_configs: []"}};
  const LoadEnvironment environment_{
      .variable = [](const std::string&) { return std::string(); },
      .read_file = [this](const std::string& path) -> absl::StatusOr<std::string> {
        const auto it = files_.find(path);
        if (it == files_.end()) return absl::NotFoundError(path);
        return it->second;
      },
      .glob =
          [this](const std::string& pattern) {
            std::vector<std::string> found;
            for (const auto& [path, text] : files_) {
              const bool folder = pattern.back() != 'l' || pattern.find('*') != std::string::npos;
              if (path == pattern ||
                  (folder && path.rfind("/e/rules/", 0) == 0 && pattern.rfind("/e/rules/", 0) == 0))
                found.push_back(path);
            }
            return found;
          }};
};

TEST_F(ConfigWatchTest, SeesEveryFileThatTheConfigurationNames) {
  ConfigWatch watch("/e/p.yml", &environment_);
  EXPECT_FALSE(watch.Changed());
  files_["/jobs.yml"] = "scrape_configs: [{job_name: a}]";
  EXPECT_TRUE(watch.Changed());
  EXPECT_FALSE(watch.Changed()) << "once for a change";
  files_["/e/rules/a.yml"] = "groups: []";
  EXPECT_TRUE(watch.Changed()) << "a new file";
  files_["/e/rules/a.yml"] = "groups: [{name: g}]";
  EXPECT_TRUE(watch.Changed());
  files_["/e/p.yml"] += "\n";
  EXPECT_TRUE(watch.Changed());
  files_["/unrelated.yml"] = "x";
  EXPECT_FALSE(watch.Changed());
}

TEST_F(ConfigWatchTest, AConfigurationThatIsBeingReplacedHasNotChanged) {
  ConfigWatch watch("/e/p.yml", &environment_);
  const std::string text = files_["/e/p.yml"];
  files_.erase("/e/p.yml");
  EXPECT_FALSE(watch.Changed());
  files_["/e/p.yml"] = text;
  EXPECT_FALSE(watch.Changed());
  files_["/e/p.yml"] = "{";
  EXPECT_TRUE(watch.Changed()) << "the reload says what is wrong with it";
}

}  // namespace
}  // namespace hearth
