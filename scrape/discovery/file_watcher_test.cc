#include "scrape/discovery/file_watcher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace hearth {
namespace {

TEST(FileWatcherTest, SeesWhatComesChangesAndGoes) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / ("watched." + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  FileWatcher watcher({(folder / "*.yml").string(), (folder / "one.json").string()});
  EXPECT_TRUE(watcher.Changed());
  EXPECT_TRUE(watcher.Changed()) << "a folder that is missing cannot be watched";
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(watcher.Changed());
  EXPECT_FALSE(watcher.Changed());
  std::ofstream(folder / "a.yml") << "- targets: []\n";
  EXPECT_TRUE(watcher.Changed());
  EXPECT_FALSE(watcher.Changed());
  std::filesystem::rename(folder / "a.yml", folder / "b.yml");
  EXPECT_TRUE(watcher.Changed());
  std::filesystem::remove(folder / "b.yml");
  EXPECT_TRUE(watcher.Changed());
  EXPECT_FALSE(watcher.Changed());
  std::filesystem::remove_all(folder);
  EXPECT_TRUE(watcher.Changed());
  std::filesystem::create_directory(folder);
  EXPECT_TRUE(watcher.Changed());
  EXPECT_FALSE(watcher.Changed());
}

}  // namespace
}  // namespace hearth
