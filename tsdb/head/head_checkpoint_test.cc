// Checkpoints: which WAL segments go, and that nothing goes with them.
#include <random>

#include "tsdb/head/checkpointer.h"
#include "tsdb/head/head_test_base.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

class HeadCheckpointTest : public HeadTest {
 protected:
  HeadCheckpointTest() {
    options_.wal_segment_bytes = 1500;
    options_.wal_sync_interval_ms = 0;
    Open();
  }

  // `samples` steps of 15 s to each of `series` series.
  void WriteGrid(int series, int samples, int from = 0) {
    const auto appender = head_->NewAppender();
    for (int i = from; i < from + samples; ++i) {
      for (int s = 0; s < series; ++s) {
        appender->Append(Ref(*appender, Named("m", std::to_string(s))),
                         {kT0 + i * 15'000, i * 1.5 + s});
      }
      const auto result = appender->Commit();
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_EQ(result->refused(), 0u);
    }
  }
  size_t WalFiles() { return ListSegments(fs_, options_.wal_dir).value().size(); }
};

TEST_F(HeadCheckpointTest, SegmentsWhoseSamplesAreInChunksGo) {
  WriteGrid(10, 130);
  const size_t before = WalFiles();
  ASSERT_GT(before, 3u);
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_LE(WalFiles(), 2u) << "the ten samples after the closed chunks";
  EXPECT_EQ(head_->Stats().checkpoints, 1u);
  EXPECT_EQ(head_->Stats().wal_segments, WalFiles());
  const Contents contents = ReadAll();
  for (int reopened = 0; reopened < 2; ++reopened) {
    Open();
    EXPECT_EQ(ReadAll(), contents);
    EXPECT_EQ(WriteOne(Named("m", "3"), {kT0 + 129 * 15'000, 129 * 1.5 + 3}),
              AppendOutcome::kDuplicate);
    EXPECT_EQ(WriteOne(Named("m", "3"), {kT0 + 5 * 15'000, 5 * 1.5 + 3}),
              AppendOutcome::kDuplicate);
  }
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_EQ(head_->Stats().checkpoints, 0u) << "nothing to let go";
}

TEST_F(HeadCheckpointTest, ClosedChunksDoNotWaitInMemoryForAnotherCommit) {
  options_.wal_segment_bytes = 1 << 20;
  Open();
  WriteGrid(10, 120);
  ASSERT_GT(head_->Stats().chunk_log_pending_bytes, 0u) << "closed before their WAL was durable";
  const uint64_t written = head_->Stats().chunk_log_bytes;
  const Contents contents = ReadAll();
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_EQ(head_->Stats().chunk_log_pending_bytes, 0u);
  EXPECT_GT(head_->Stats().chunk_log_bytes, written);
  EXPECT_EQ(head_->Stats().checkpoints, 0u) << "no segment went for that";
  EXPECT_EQ(ReadAll(), contents);
}

TEST_F(HeadCheckpointTest, ChunksWhoseWalCannotBeSyncedStayInMemory) {
  options_.wal_segment_bytes = 1 << 20;
  Open();
  WriteGrid(1, 119);
  fs_.FailSyncs(true);
  EXPECT_FALSE(Write(Named("m", "0"), {{kT0 + 119 * 15'000, 1}}).ok()) << "applied, not durable";
  const uint64_t pending = head_->Stats().chunk_log_pending_bytes;
  ASSERT_GT(pending, 0u);
  head_->Checkpoint().IgnoreError();
  EXPECT_EQ(head_->Stats().chunk_log_pending_bytes, pending);
  fs_.FailSyncs(false);
}

TEST_F(HeadCheckpointTest, AnOpenChunkKeepsItsSegment) {
  ASSERT_EQ(WriteOne(Named("slow"), {kT0, 1}), AppendOutcome::kAppended);
  WriteGrid(10, 130);
  const size_t before = WalFiles();
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_EQ(WalFiles(), before);
}

TEST_F(HeadCheckpointTest, LateBuffersAreClosedForIt) {
  WriteGrid(10, 60);
  ASSERT_EQ(WriteOne(Named("m", "0"), {kT0 + 1, 1}), AppendOutcome::kAppended);
  WriteGrid(10, 70, 60);
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_LE(WalFiles(), 2u);
  EXPECT_EQ(head_->Stats().late_buffered_samples, 0u);
  const Contents contents = ReadAll();
  ASSERT_EQ(contents.at(Named("m", "0").ToString()).size(), 131u);
  Open();
  EXPECT_EQ(ReadAll(), contents);
}

TEST_F(HeadCheckpointTest, PastItsBoundTheOldestChunksAreClosed) {
  options_.max_wal_bytes = 8000;
  Open();
  ASSERT_EQ(WriteOne(Named("slow"), {kT0, 1}), AppendOutcome::kAppended);
  ASSERT_EQ(WriteOne(Named("slow"), {kT0 - 1, 1}), AppendOutcome::kAppended);
  WriteGrid(10, 119);
  ASSERT_GT(head_->Stats().wal_segments, 5u);
  ASSERT_GT(head_->Stats().wal_bytes, options_.max_wal_bytes);
  const Contents contents = ReadAll();
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_LE(head_->Stats().wal_bytes, options_.max_wal_bytes);
  EXPECT_EQ(ReadAll(), contents);
  Open();
  EXPECT_EQ(ReadAll(), contents);
}

TEST_F(HeadCheckpointTest, WhatWentSurvivesAPowerCut) {
  for (int round = 0; round < 5; ++round) {
    WriteGrid(10, 130, round * 130);
    ASSERT_EQ(WriteOne(Named("m", "1"), {kT0 + round * 130 * 15'000 + 1, 1}),
              AppendOutcome::kAppended);
    ASSERT_TRUE(head_->Checkpoint().ok());
    const Contents contents = ReadAll();
    head_.reset();
    ASSERT_TRUE(fs_.DropUnsynced().ok());
    Open();
    ASSERT_EQ(ReadAll(), contents);
  }
  EXPECT_LE(WalFiles(), 6u);
}

TEST_F(HeadCheckpointTest, AFailedSyncLetsNothingGoUntilTheStoreHasTheChunks) {
  WriteGrid(10, 130);
  const size_t before = WalFiles();
  fs_.FailSyncs(true);
  EXPECT_FALSE(head_->Checkpoint().ok());
  fs_.FailSyncs(false);
  EXPECT_EQ(WalFiles(), before);
  ASSERT_TRUE(head_->Checkpoint().ok()) << "nothing is tried";
  EXPECT_EQ(WalFiles(), before) << "the kernel may have dropped the bytes";
  EXPECT_EQ(head_->Stats().failed_checkpoints, 1u);
  EXPECT_EQ(head_->Stats().checkpoints, 0u);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  WriteGrid(10, 270, 240);
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_EQ(head_->Stats().checkpoints, 1u);
}

TEST_F(HeadCheckpointTest, AFullDiskLetsNothingGo) {
  WriteGrid(10, 119);
  const size_t before = WalFiles();
  // The chunks close into memory: the chunk log cannot make its file.
  fs_.FailCreates(true);
  WriteGrid(10, 2, 119);
  ASSERT_GT(head_->Stats().chunk_log_pending_bytes, 0u);
  EXPECT_FALSE(head_->Checkpoint().ok());
  EXPECT_EQ(WalFiles(), before);
  fs_.FailCreates(false);
  ASSERT_TRUE(head_->Checkpoint().ok());
  EXPECT_LT(WalFiles(), before);
  const Contents contents = ReadAll();
  Open();
  EXPECT_EQ(ReadAll(), contents);
}

TEST_F(HeadCheckpointTest, ADamagedChunkLogLosesWhatWasDamagedOnly) {
  WriteGrid(10, 130);
  ASSERT_TRUE(head_->Checkpoint().ok());
  const Contents before = ReadAll();
  head_.reset();
  const std::string path = SegmentPath(options_.chunks_dir, 1);
  std::string bytes;
  {
    const auto file = PosixFileSystem().OpenRead(path).value();
    bytes.resize(file->Size().value());
    ASSERT_TRUE(file->ReadAt(0, bytes.data(), bytes.size()).ok());
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE(i);
    std::string damaged = bytes;
    damaged[20 + random() % (bytes.size() - 20)] ^= 0x41;
    fs::remove(path);
    ASSERT_TRUE(PosixFileSystem().Create(path).value()->WriteAt(0, damaged).ok());
    Open();
    const Contents after = ReadAll();
    size_t whole = 0;
    for (const auto& [labels, samples] : after) {
      whole += samples == before.at(labels);
      for (const Sample& s : samples) {
        ASSERT_THAT(before.at(labels), testing::Contains(s));
      }
      EXPECT_GE(samples.size(), 10u) << "the WAL has these";
    }
    EXPECT_EQ(after.size(), 10u);
    EXPECT_EQ(whole, 9u) << "one flipped bit costs one series its chunk";
  }
}

TEST_F(HeadCheckpointTest, TheThreadMakesThemWhileSamplesCome) {
  Checkpointer checkpointer(head_.get(), std::chrono::milliseconds(1));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (int from = 0; head_->Stats().checkpoints < 3; from += 40) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    WriteGrid(10, 40, from);
    clock_.Set(std::max(clock_.NowMs(), kT0 + (from + 40) * 15'000));
  }
}

TEST_F(HeadCheckpointTest, ChunksThatCloseInStepDoNotGatherInMemory) {
  options_.wal_sync_interval_ms = kHour;
  Open();
  constexpr int kSeries = 3000;
  // Each chunk is preceded by its labels in the log.
  const std::string text(2000, 'x');
  constexpr size_t kMost = (size_t{256} << 10) + 2 * 2200;
  size_t most = 0;
  for (const TimeMs t : {kT0, kT0 + kHour}) {
    for (int from = 0; from < kSeries; from += 500) {
      const auto appender = head_->NewAppender();
      for (int i = from; i < from + 500; ++i) {
        appender->Append(Ref(*appender, Named("m", std::to_string(i) + text)), {t, 1});
      }
      ASSERT_TRUE(appender->Commit().ok());
      most = std::max<size_t>(most, head_->Stats().chunk_log_pending_bytes);
    }
  }
  EXPECT_LE(most, kMost) << "of some 6 MB";
  EXPECT_EQ(ReadAll().size(), size_t{kSeries});
}

}  // namespace
}  // namespace hearth
