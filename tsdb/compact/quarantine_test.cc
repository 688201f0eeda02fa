#include "tsdb/compact/quarantine.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace hearth {
namespace {

namespace fs = std::filesystem;

constexpr TimeMs kDay = TimeMs{24} * 60 * 60 * 1000;

class QuarantineTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/quarantineXXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }
  void Put(const std::string& name, size_t bytes) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << std::string(bytes, 'x');
  }
  bool There(const std::string& name) const { return fs::exists(folder_ + "/" + name); }
  // When the newest entry was set aside, to the second.
  TimeMs SetAside(const std::string& name) const {
    struct stat info;
    EXPECT_EQ(stat((folder_ + "/" + name).c_str(), &info), 0);
    return info.st_ctim.tv_sec * TimeMs{1000};
  }

  std::string folder_;
};

TEST_F(QuarantineTest, KeepsWhatIsYoungAndSmall) {
  Put("store-1/a.sst", 5000);
  Put("deletes-1", 10);
  const QuarantineState state =
      TrimQuarantine(folder_, {.bytes = 1 << 20, .age_ms = kDay}, SetAside("deletes-1"));
  EXPECT_EQ(state.entries, 2u);
  EXPECT_EQ(state.removed, 0u);
  EXPECT_GE(state.bytes, 5000u);
  EXPECT_TRUE(There("store-1/a.sst"));
}

TEST_F(QuarantineTest, RemovesWhatIsOld) {
  Put("generation-12/a.sst", 5000);
  Put("deletes-1", 10);
  Put("notes-1", 10);
  Put("mine.tar", 10);
  const TimeMs set_aside = SetAside("deletes-1");
  const QuarantineLimits limits{.bytes = 1 << 20, .age_ms = kDay};
  EXPECT_EQ(TrimQuarantine(folder_, limits, set_aside + kDay).removed, 0u);
  const QuarantineState state = TrimQuarantine(folder_, limits, set_aside + kDay + 1);
  EXPECT_EQ(state.removed, 2u);
  EXPECT_EQ(state.bytes, 0u);
  EXPECT_FALSE(There("generation-12"));
  EXPECT_FALSE(There("deletes-1"));
  EXPECT_TRUE(There("notes-1")) << "not ours";
  EXPECT_TRUE(There("mine.tar"));
}

TEST_F(QuarantineTest, KeepsToItsBytes) {
  for (const char* name : {"store-1/a", "store-2/a", "generation-1/a"}) Put(name, 100'000);
  const QuarantineState state =
      TrimQuarantine(folder_, {.bytes = 250'000, .age_ms = kDay}, SetAside("generation-1"));
  EXPECT_EQ(state.removed, 1u);
  EXPECT_EQ(state.entries, 2u);
  EXPECT_LE(state.bytes, 250'000u);
}

TEST_F(QuarantineTest, AFolderThatIsNotThereIsEmpty) {
  const QuarantineState state = TrimQuarantine(folder_ + "/none", {}, 0);
  EXPECT_EQ(state.entries + state.bytes + state.removed, 0u);
}

}  // namespace
}  // namespace hearth
