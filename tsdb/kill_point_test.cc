#include "tsdb/kill_point.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>

namespace hearth {
namespace {

std::string Name(KillPoint point) {
  return std::string(KillPointNames()[static_cast<size_t>(point)].name);
}

// Runs `body` in a child of its own; answers how it ended.
template <typename Body>
int InChild(Body body) {
  const pid_t pid = fork();
  if (pid == 0) {
    body();
    _exit(0);
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

TEST(KillPoint, EveryRowStandsInItsPlaceUnderANameOfItsOwn) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kKillPoints; ++i) {
    const KillPointName& row = KillPointNames()[i];
    EXPECT_EQ(static_cast<size_t>(row.point), i) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.passed.empty()) << row.name;
  }
}

TEST(KillPoint, WithoutTheVariablesNothingHappens) {
  EXPECT_EQ(InChild([] {
              if (!ArmKillPoints(nullptr, nullptr).ok()) _exit(1);
              PassKillPoint(KillPoint::kFlushBegun);
            }),
            0);
}

TEST(KillPoint, TheNthPassKillsAndTheCountsOutliveIt) {
  const std::string counts_path = testing::TempDir() + "/kill_counts";
  unlink(counts_path.c_str());
  const std::string at = Name(KillPoint::kFlushIngested) + ":3";
  for (int run = 1; run <= 2; ++run) {
    const int status = InChild([&] {
      if (!ArmKillPoints(at.c_str(), counts_path.c_str()).ok()) _exit(1);
      PassKillPoint(KillPoint::kWalRolled);
      for (int i = 0; i < 5; ++i) PassKillPoint(KillPoint::kFlushIngested);
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    const auto counts = ReadKillCounts(counts_path);
    ASSERT_TRUE(counts.ok()) << counts.status();
    EXPECT_EQ((*counts)[static_cast<size_t>(KillPoint::kFlushIngested)], 3u * run);
    EXPECT_EQ((*counts)[static_cast<size_t>(KillPoint::kWalRolled)], 1u * run);
  }
}

TEST(KillPoint, RefusesWhatIsNoPoint) {
  for (const char* at : {"flush.begun", "flush.begun:0", "flush.begun:x", "nowhere:1", ":1", ""}) {
    EXPECT_EQ(ArmKillPoints(at, nullptr).code(), absl::StatusCode::kInvalidArgument) << at;
  }
  EXPECT_EQ(ReadKillCounts(testing::TempDir() + "/none").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace hearth
