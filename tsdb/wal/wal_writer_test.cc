#include "tsdb/wal/wal_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "tsdb/fault_file_system.h"
#include "tsdb/wal/frame.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WalWriterTest : public testing::Test {
 protected:
  WalWriterTest() {
    dir_ = testing::TempDir() + "/wal_" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    EXPECT_TRUE(fs_.MakeDirs(dir_).ok());
    options_.fs = &fs_;
    options_.dir = dir_;
    options_.sync_interval_ms = 1;
  }

  std::unique_ptr<WalWriter> Open() {
    auto writer = WalWriter::Open(options_);
    EXPECT_TRUE(writer.ok()) << writer.status();
    return *std::move(writer);
  }

  absl::Status Append(WalWriter& wal, std::string_view payload) {
    const absl::Status ready = wal.Prepare();
    if (!ready.ok()) return ready;
    const WalRecord record = {WalRecordType::kSamples, payload};
    return wal.Append({&record, 1}).status();
  }

  // All payloads on disk, with their LSNs checked to ascend.
  std::vector<std::string> OnDisk() {
    std::vector<std::string> payloads;
    Lsn last = 0;
    const std::vector<uint32_t> numbers = ListSegments(fs_, dir_).value();
    for (const uint32_t number : numbers) {
      const auto file = fs_.OpenRead(SegmentPath(dir_, number)).value();
      auto scanner = FrameScanner::Open(kWalKind, file.get()).value();
      Frame frame;
      while (scanner.Next(&frame).value()) {
        EXPECT_GT(frame.lsn, last);
        last = frame.lsn;
        payloads.emplace_back(frame.payload);
      }
    }
    return payloads;
  }

  FaultFileSystem fs_{PosixFileSystem()};
  std::string dir_;
  WalOptions options_;
};

TEST_F(WalWriterTest, SyncSoonDoesNotWaitForTheInterval) {
  options_.sync_interval_ms = 3'600'000;
  const auto wal = Open();
  // The first sync after an hour would be the interval's.
  for (const char* const payload : {"one", "two"}) {
    ASSERT_TRUE(Append(*wal, payload).ok());
    wal->SyncSoon();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (wal->synced_lsn() < wal->last_lsn()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::yield();
    }
  }
}

TEST_F(WalWriterTest, RecordsGetConsecutiveNumbersAcrossSegments) {
  options_.segment_bytes = 100;
  options_.next_lsn = 7;
  options_.first_segment = 3;
  const auto wal = Open();
  for (const std::string_view payload : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(Append(*wal, payload).ok());
  }
  EXPECT_EQ(wal->last_lsn(), 11u);
  EXPECT_THAT(OnDisk(), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_GT(ListSegments(fs_, dir_)->size(), 1u);
  EXPECT_EQ(ListSegments(fs_, dir_)->front(), 3u);
}

TEST_F(WalWriterTest, RollStartsASegmentUnlessTheCurrentOneIsEmpty) {
  const auto wal = Open();
  ASSERT_TRUE(wal->Roll().ok());
  EXPECT_EQ(wal->segment(), 1u);
  ASSERT_TRUE(Append(*wal, "x").ok());
  ASSERT_TRUE(wal->Roll().ok());
  EXPECT_EQ(wal->segment(), 2u);
}

TEST_F(WalWriterTest, WhatWasWaitedForSurvivesAPowerCut) {
  options_.sync_interval_ms = 0;
  {
    const auto wal = Open();
    ASSERT_TRUE(Append(*wal, "durable").ok());
    ASSERT_TRUE(wal->WaitDurable(wal->last_lsn()).ok());
    EXPECT_EQ(wal->synced_lsn(), 1u);
    ASSERT_TRUE(fs_.SyncDir(dir_).ok());
    fs_.FailSyncs(true);
    ASSERT_TRUE(Append(*wal, "lost").ok());
  }
  ASSERT_TRUE(fs_.DropUnsynced().ok());
  EXPECT_THAT(OnDisk(), ElementsAre("durable"));
}

TEST_F(WalWriterTest, ASegmentIsDurableBeforeTheNextOneIsWritten) {
  options_.sync_interval_ms = 1'000'000;
  {
    const auto wal = Open();
    ASSERT_TRUE(Append(*wal, "one").ok());
    ASSERT_TRUE(Append(*wal, "two").ok());
    ASSERT_TRUE(wal->Roll().ok());
    EXPECT_EQ(wal->synced_lsn(), 2u);
    fs_.FailSyncs(true);
    ASSERT_TRUE(Append(*wal, "three").ok());
  }
  ASSERT_TRUE(fs_.DropUnsynced().ok());
  EXPECT_THAT(OnDisk(), ElementsAre("one", "two"));
}

TEST_F(WalWriterTest, WaitingForWhatCouldNotBeWrittenEnds) {
  const auto wal = Open();
  ASSERT_TRUE(Append(*wal, "written").ok());
  fs_.FailWrites(true);
  EXPECT_FALSE(Append(*wal, "not").ok());
  EXPECT_TRUE(wal->WaitDurable(wal->last_lsn()).ok());
  EXPECT_EQ(wal->synced_lsn(), 1u);
}

TEST_F(WalWriterTest, ManyWaitersShareASync) {
  options_.sync_interval_ms = 0;
  const auto wal = Open();
  Mutex mu;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        Lsn lsn;
        {
          MutexLock lock(&mu);
          ASSERT_TRUE(Append(*wal, "x").ok());
          lsn = wal->last_lsn();
        }
        ASSERT_TRUE(wal->WaitDurable(lsn).ok());
        ASSERT_GE(wal->synced_lsn(), lsn);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wal->synced_lsn(), 100u);
  EXPECT_LE(wal->syncs(), 100u);
}

TEST_F(WalWriterTest, AFullDiskIsSurvivedInTheSameSegment) {
  const auto wal = Open();
  ASSERT_TRUE(Append(*wal, "before").ok());
  fs_.SetSpaceLeft(10);
  const absl::Status full = Append(*wal, "during");
  EXPECT_EQ(full.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(full.message()), HasSubstr("no space left"));
  EXPECT_EQ(Append(*wal, "still").code(), absl::StatusCode::kUnavailable);
  fs_.SetSpaceLeft(std::nullopt);
  ASSERT_TRUE(Append(*wal, "after").ok());
  EXPECT_EQ(wal->segment(), 1u);
  EXPECT_EQ(wal->failures(), 2u);
  EXPECT_THAT(OnDisk(), ElementsAre("before", "after"));
}

TEST_F(WalWriterTest, ASegmentThatCannotBeCutIsGivenUp) {
  const auto wal = Open();
  ASSERT_TRUE(Append(*wal, "before").ok());
  fs_.FailWrites(true);
  fs_.FailTruncates(true);
  EXPECT_EQ(Append(*wal, "during").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Append(*wal, "no segment can be started").code(), absl::StatusCode::kUnavailable);
  fs_.FailWrites(false);
  ASSERT_TRUE(Append(*wal, "after").ok());
  EXPECT_GT(wal->segment(), 1u);
  EXPECT_THAT(OnDisk(), ElementsAre("before", "after"));
}

TEST_F(WalWriterTest, AFailedSyncIsLatchedUntilANewSegment) {
  options_.sync_interval_ms = 0;
  const auto wal = Open();
  fs_.FailSyncs(true);
  ASSERT_TRUE(Append(*wal, "x").ok());
  EXPECT_FALSE(wal->WaitDurable(wal->last_lsn()).ok());
  fs_.FailCreates(true);
  EXPECT_EQ(Append(*wal, "y").code(), absl::StatusCode::kUnavailable);
  fs_.FailCreates(false);
  fs_.FailSyncs(false);
  ASSERT_TRUE(Append(*wal, "z").ok());
  EXPECT_GE(wal->segment(), 2u);
  EXPECT_TRUE(wal->WaitDurable(wal->last_lsn()).ok());
  EXPECT_THAT(OnDisk(), ElementsAre("x", "z"));
}

}  // namespace
}  // namespace hearth
