#include "tsdb/compact/retention.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "tsdb/compact/disk_usage.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;

class RetentionTest : public testing::Test {
 protected:
  void SetUp() override {
    auto store = Store::Open(OptionsIn(folder_.path()));
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    std::mt19937 random(1);
    for (int hour = 0; hour < 5; ++hour) {
      StoreContents contents;
      for (TimeMs t = hour * kHour; t < (hour + 1) * kHour; t += 100) {
        contents[Labels{{"__name__", "noise"}}][t] = random() * 1.37e-3;
      }
      ASSERT_TRUE(AddGeneration(store_.get(), {hour * kHour, kHour}, contents).ok());
    }
  }
  uint64_t Owned() const {
    const std::string folders[] = {folder_.path() + "/store", folder_.path() + "/flush"};
    return OwnedBytes(folders);
  }
  std::vector<TimeMs> Hours() const {
    std::vector<TimeMs> hours;
    for (const GenerationInfo& info : store_->Catalogue())
      hours.push_back(info.id.window.start / kHour);
    return hours;
  }
  RetentionResult Apply(const RetentionLimits& limits, TimeMs now) {
    const auto result = ApplyRetention(limits, now, Owned(), store_.get());
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(RetentionResult{});
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(RetentionTest, NoLimitKeepsEverything) {
  EXPECT_EQ(OldestKept({}, 1000), std::numeric_limits<TimeMs>::min());
  Apply({}, 1'000'000 * kHour);
  EXPECT_EQ(Hours().size(), 5u);
}

TEST_F(RetentionTest, AWindowGoesWhenItsLastMillisecondIsTooOld) {
  Apply({.time_ms = kHour}, 3 * kHour - 1);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{1, 2, 3, 4}));
  Apply({.time_ms = kHour}, 3 * kHour);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{2, 3, 4}));
  Apply({.time_ms = kHour}, 100 * kHour);
  EXPECT_TRUE(Hours().empty());
}

TEST_F(RetentionTest, TheSizeDropsTheOldestUntilUnderIt) {
  const uint64_t all = Owned();
  const uint64_t one = store_->version()->generations[0]->bytes;
  Apply({.bytes = all}, 0);
  EXPECT_EQ(Hours().size(), 5u);
  const RetentionResult result = Apply({.bytes = all - one - one / 2}, 0);
  EXPECT_EQ(result.dropped_by_size, 2u);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{2, 3, 4}));
  EXPECT_LE(Owned(), all - one - one / 2);
}

TEST_F(RetentionTest, TheSizeNeverDropsTheNewestWindow) {
  Apply({.bytes = 1}, 0);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{4}));
  Apply({.bytes = 1}, 0);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{4}));
}

TEST_F(RetentionTest, WhatReadersStillHoldIsNotDroppedTwice) {
  const uint64_t all = Owned();
  const uint64_t one = store_->version()->generations[0]->bytes;
  const std::shared_ptr<const StoreVersion> reader = store_->version();
  Apply({.bytes = all - one / 2}, 0);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{1, 2, 3, 4}));
  Apply({.bytes = all - one / 2}, 0);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{1, 2, 3, 4}));
}

TEST_F(RetentionTest, WhatASnapshotSharesIsNeitherCountedNorDropped) {
  const uint64_t all = Owned();
  ASSERT_TRUE(store_->Checkpoint(folder_.path() + "/snapshot").ok());
  EXPECT_LT(Owned(), all / 5) << "the sorted files have two names now";
  Apply({.bytes = 1}, 0);
  EXPECT_EQ(Hours().size(), 5u);
  // What comes later is ours alone: it is dropped, but for the newest window.
  for (const int hour : {5, 6, 7}) {
    StoreContents contents;
    for (TimeMs t = 0; t < kHour; t += 100)
      contents[Labels{{"__name__", "n"}}][hour * kHour + t] = t * 1.1;
    ASSERT_TRUE(AddGeneration(store_.get(), {hour * kHour, kHour}, contents).ok());
  }
  Apply({.bytes = 1}, 0);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{0, 1, 2, 3, 4, 7}));
  // Without the snapshot they are ours again.
  std::filesystem::remove_all(folder_.path() + "/snapshot");
  Apply({.bytes = 1}, 0);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{7}));
}

TEST_F(RetentionTest, QuarantineAndForeignFilesCostNoData) {
  const uint64_t all = Owned();
  std::filesystem::create_directories(folder_.path() + "/quarantine/store-1");
  for (const char* name : {"/quarantine/store-1/000001.sst", "/store/backup.tar", "/dump"}) {
    std::ofstream(folder_.path() + name) << std::string(10 * all, 'x');
  }
  EXPECT_EQ(Owned(), all);
  Apply({.bytes = all}, 0);
  EXPECT_EQ(Hours().size(), 5u);
}

TEST_F(RetentionTest, TheGenerationsOfAWindowGoTogether) {
  ASSERT_TRUE(
      AddGeneration(store_.get(), {0, kHour}, {{Labels{{"__name__", "late"}}, {{5, 1}}}}).ok());
  const uint64_t all = Owned();
  const RetentionResult result = Apply({.bytes = all - 1}, 0);
  EXPECT_EQ(result.dropped_by_size, 2u);
  EXPECT_EQ(Hours(), (std::vector<TimeMs>{1, 2, 3, 4}));
}

TEST(StorageFiles, AreToldByTheirNames) {
  for (const char* ours : {"00000001", "000012.sst", "000003.log", "MANIFEST-000004", "CURRENT",
                           "OPTIONS-000007", "IDENTITY", "0+3600000-1-samples.sst"}) {
    EXPECT_TRUE(IsStorageFile(ours)) << ours;
  }
  for (const char* foreign : {"", "backup.tar", "LOCK", "core", "1.txt", "current"}) {
    EXPECT_FALSE(IsStorageFile(foreign)) << foreign;
  }
}

TEST_F(RetentionTest, DiskUsageCountsAnInodeOnce) {
  const uint64_t before = DiskUsage(folder_.path());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/store")) {
    if (entry.path().extension() == ".sst") {
      std::filesystem::create_hard_link(
          entry.path(), folder_.path() + "/flush/" + entry.path().filename().string());
    }
  }
  EXPECT_EQ(DiskUsage(folder_.path()), before);
}

}  // namespace
}  // namespace hearth
