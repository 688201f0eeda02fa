#include "server/cgroup_limit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace hearth {
namespace {

namespace fs = std::filesystem;

class CgroupLimitTest : public testing::Test {
 protected:
  ~CgroupLimitTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + "/" + path).parent_path());
    std::ofstream(root_ + "/" + path) << text;
  }
  int64_t Limit() const { return CgroupMemoryLimit(root_ + "/proc", root_ + "/cgroup"); }

  const std::string root_ = testing::TempDir() + "/cgroup_limit." +
                            testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(CgroupLimitTest, NothingThereIsNoLimit) { EXPECT_EQ(Limit(), 0); }

TEST_F(CgroupLimitTest, VersionTwoInAContainer) {
  Write("proc", "0::/\n");
  Write("cgroup/memory.max", "268435456\n");
  EXPECT_EQ(Limit(), 268435456);
  Write("cgroup/memory.max", "max\n");
  EXPECT_EQ(Limit(), 0);
}

TEST_F(CgroupLimitTest, TheSmallestOfTheGroupsAroundCounts) {
  Write("proc", "0::/system.slice/hearth.service\n");
  Write("cgroup/system.slice/hearth.service/memory.max", "max\n");
  Write("cgroup/system.slice/memory.max", "1000000\n");
  EXPECT_EQ(Limit(), 1000000);
  Write("cgroup/system.slice/hearth.service/memory.max", "400000\n");
  EXPECT_EQ(Limit(), 400000);
}

TEST_F(CgroupLimitTest, VersionOne) {
  Write("proc", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n");
  Write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Limit(), 0);
  Write("cgroup/memory/docker/abc/memory.limit_in_bytes", "123456789\n");
  EXPECT_EQ(Limit(), 123456789);
}

TEST_F(CgroupLimitTest, APathOfTheHostLeavesTheContainersRoot) {
  Write("proc", "4:memory:/docker/not/visible\n");
  Write("cgroup/memory/memory.limit_in_bytes", "5000\n");
  EXPECT_EQ(Limit(), 5000);
}

TEST_F(CgroupLimitTest, RubbishIsNoLimit) {
  Write("proc", "rubbish\n\n0::/\n:::\n");
  Write("cgroup/memory.max", "-5 x\n");
  EXPECT_EQ(Limit(), 0);
}

}  // namespace
}  // namespace hearth
