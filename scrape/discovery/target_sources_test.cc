#include "scrape/discovery/target_sources.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "model/text.h"

namespace hearth {
namespace {

TEST(TargetSourcesTest, FilesShowTheirMetricsAsLongAsTheyAreRead) {
  const std::string folder = testing::TempDir() + "/target_sources";
  std::filesystem::create_directories(folder);
  const std::string path = folder + "/t.json";
  std::ofstream(path) << R"([{"targets": ["h:1"]}])";
  const timespec times[2] = {{1'700'000'000, 0}, {1'700'000'000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  std::ofstream(folder + "/u.json") << "not JSON";

  DiscoveryConfigs config;
  config.static_configs = {{.targets = {"s:1"}}};
  config.file_sd_configs.resize(2);
  config.file_sd_configs[0].files = {folder + "/*.json"};
  config.file_sd_configs[1].files = {folder + "/missing/t.json"};
  metrics::Registry registry;
  std::vector<std::string> warnings;
  const auto text = [&] {
    std::string rendered;
    registry.Render(&rendered);
    return rendered;
  };
  const std::string mtime = StrCat("prometheus_sd_file_mtime_seconds{filename=\"", path, "\"} ");
  {
    TargetSources sources(config, ScrapePoolOwner("x"), 1'000,
                          {.environment = &SystemEnvironment(),
                           .registry = &registry,
                           .warn = [&](const std::string& w) { warnings.push_back(w); }});
    EXPECT_EQ(sources.Targets().size(), 2u);
    ASSERT_EQ(warnings.size(), 1u);
    for (const std::string& line :
         {mtime + "1.7e+09\n", std::string("prometheus_sd_file_read_errors_total 1\n"),
          std::string("prometheus_sd_file_scan_duration_seconds_count 2\n"),
          std::string("prometheus_sd_file_watcher_errors_total 1\n"),
          std::string("prometheus_sd_received_updates_total{name=\"scrape\"} 3\n")}) {
      EXPECT_NE(text().find(line), std::string::npos) << line << text();
    }
    std::filesystem::remove(path);
    EXPECT_TRUE(sources.Refresh(400'000));
    EXPECT_EQ(text().find(mtime), std::string::npos);
    std::ofstream(path) << R"([{"targets": ["h:1"]}])";
    EXPECT_TRUE(sources.Refresh(800'000));
    EXPECT_NE(text().find(mtime), std::string::npos);
  }
  EXPECT_EQ(text().find(mtime), std::string::npos);
}

}  // namespace
}  // namespace hearth
