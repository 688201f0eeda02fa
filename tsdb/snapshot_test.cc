#include "tsdb/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tsdb/db_fixture.h"
#include "tsdb/fault_file_system.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;
using testing::MatchesRegex;

class SnapshotTest : public DbTest {
 protected:
  std::string Take(bool skip_head = false) {
    const absl::StatusOr<std::string> name = db_->Snapshot(skip_head);
    EXPECT_TRUE(name.ok()) << name.status();
    return name.value_or("");
  }
  std::string PathOf(const std::string& name) const { return options_.path + "/snapshots/" + name; }
  // What a Db finds that opens the snapshot.
  StoreContents Open(const std::string& name) {
    DbOptions options = options_;
    options.path = PathOf(name);
    auto opened = Db::Open(options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok()) return {};
    std::swap(db_, *opened);
    StoreContents contents = Read();
    EXPECT_EQ(db_->Stats().store.quarantined, 0u);
    std::swap(db_, *opened);
    return contents;
  }
};

TEST(SnapshotName, HasPrometheusForm) {
  EXPECT_EQ(SnapshotName(1'700'000'000'123, 0x123), "20231114T221320Z-0000000000000123");
}

TEST_F(SnapshotTest, OpensWithEverythingOfHeadAndStore) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(6, t);
  ASSERT_TRUE(db_->Compact().ok());
  ASSERT_GT(db_->Stats().store.generations, 0u);
  const StoreContents at_the_moment = expected_;
  const std::string name = Take();
  EXPECT_THAT(name, MatchesRegex("[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}"));
  for (TimeMs t = kNow; t < kNow + 5 * kMinute; t += kMinute) PushAll(6, t);
  EXPECT_EQ(Open(name), at_the_moment);
  EXPECT_EQ(Open(name), at_the_moment) << "opening it changes nothing";
  EXPECT_EQ(Read(), expected_);
}

TEST_F(SnapshotTest, WhatHappensToTheLiveDataDoesNotReachIt) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(6, t);
  ASSERT_TRUE(db_->Compact().ok());
  const StoreContents at_the_moment = expected_;
  const std::string name = Take();
  for (TimeMs t = kNow; t < kNow + 5 * kMinute; t += kMinute) PushAll(6, t);
  const std::vector<std::vector<Matcher>> sets = {{Matcher::NotEqual("i", "")}};
  ASSERT_TRUE(db_->Delete(sets, TimeRange{}).ok());
  ASSERT_TRUE(db_->CompactAll().ok());
  EXPECT_TRUE(Read().empty());
  db_.reset();
  fs::remove_all(Hearth(""));
  Reopen();
  EXPECT_EQ(Open(name), at_the_moment);
}

TEST_F(SnapshotTest, SkipHeadLeavesOutWhatIsNotSealed) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow - 2 * kHour; t += kMinute) PushAll(3, t);
  ASSERT_TRUE(db_->Flush().ok());
  const StoreContents sealed = expected_;
  PushAll(3, kNow);
  EXPECT_EQ(Open(Take(/*skip_head=*/true)), sealed);
}

TEST_F(SnapshotTest, KeepsDeletesThatAreNotAppliedYet) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(4, t);
  ASSERT_TRUE(db_->Compact().ok());
  const std::vector<std::vector<Matcher>> sets = {{Matcher::Equal("i", "1")}};
  ASSERT_TRUE(db_->Delete(sets, TimeRange{}).ok());
  expected_.erase(Series(1));
  const std::string with_head = Take(), without = Take(/*skip_head=*/true);
  ASSERT_TRUE(db_->CompactAll().ok());
  EXPECT_EQ(Open(with_head), expected_);
  EXPECT_FALSE(Open(without).contains(Series(1)));
}

TEST_F(SnapshotTest, CostsLinksNotBytes) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += 1000) PushAll(10, t);
  ASSERT_TRUE(db_->Compact().ok());
  const std::string name = Take();
  uint64_t own_bytes = 0, bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(PathOf(name))) {
    if (!entry.is_regular_file()) continue;
    bytes += entry.file_size();
    if (entry.hard_link_count() == 1) own_bytes += entry.file_size();
  }
  EXPECT_GT(bytes, 100'000u);
  EXPECT_LT(own_bytes, bytes / 4);
}

TEST_F(SnapshotTest, AFailureLeavesNothingAndTheNextOneSucceeds) {
  FaultFileSystem faults(PosixFileSystem());
  options_.fs = &faults;
  Reopen();
  PushAll(3, kNow - kMinute);
  faults.FailCreates(true);
  EXPECT_FALSE(db_->Snapshot(false).ok());
  EXPECT_TRUE(fs::is_empty(options_.path + "/snapshots"));
  faults.FailCreates(false);
  // What a crash in the middle leaves goes with the next one; other folders stay.
  fs::create_directories(PathOf("20231114T221320Z-0000000000000123.unfinished/hearth"));
  fs::create_directories(PathOf("mine.unfinished"));
  EXPECT_EQ(Open(Take()), expected_);
  EXPECT_FALSE(fs::exists(PathOf("20231114T221320Z-0000000000000123.unfinished")));
  EXPECT_TRUE(fs::exists(PathOf("mine.unfinished")));
  db_.reset();
}

// Under load: every sample that was acknowledged before the call is in the snapshot, and each
// series' samples are a prefix of what was written.
TEST_F(SnapshotTest, BesideWritesFlushesMergesAndRetention) {
  constexpr int kSeries = 8, kSteps = 400;
  const TimeMs begin = kNow - 8 * kHour;
  std::atomic<int> acknowledged{0};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int step = 0; step < kSteps; ++step) {
      PushAll(kSeries, begin + step * kMinute);
      acknowledged.store(step + 1);
    }
    done.store(true);
  });
  std::thread flusher([&] {
    while (!done.load()) {
      EXPECT_TRUE(db_->CompactAll().ok());
      EXPECT_TRUE(db_->Compact().ok());
    }
  });
  std::vector<std::pair<std::string, int>> taken;
  do {
    const int before = acknowledged.load();
    taken.emplace_back(Take(), before);
  } while (!done.load() && taken.size() < 12);
  writer.join();
  flusher.join();
  for (const auto& [name, before] : taken) {
    const StoreContents contents = Open(name);
    size_t longest = 0;
    for (const auto& [labels, samples] : contents) longest = std::max(longest, samples.size());
    EXPECT_GE(longest, static_cast<size_t>(before)) << name;
    for (const auto& [labels, samples] : contents) {
      EXPECT_EQ(samples.size(), longest) << labels.ToString();
      for (const auto& [t, v] : samples) EXPECT_EQ(expected_.at(labels).at(t), v);
      EXPECT_EQ(samples.rbegin()->first, begin + static_cast<TimeMs>(longest - 1) * kMinute);
    }
  }
}

}  // namespace
}  // namespace hearth
