// Coming back from the files: replay equals live, damage, full disks, power cuts.
#include <random>

#include "model/text.h"
#include "tsdb/head/head_test_base.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

namespace fs = std::filesystem;

class HeadReplayTest : public HeadTest {
 protected:
  std::vector<std::string> Segments(const std::string& dir) {
    std::vector<std::string> paths;
    const std::vector<uint32_t> numbers = ListSegments(fs_, dir).value();
    for (const uint32_t n : numbers) paths.push_back(SegmentPath(dir, n));
    return paths;
  }

  static std::string ReadFile(const std::string& path) {
    const auto file = PosixFileSystem().OpenRead(path).value();
    std::string bytes(file->Size().value(), 0);
    EXPECT_EQ(file->ReadAt(0, bytes.data(), bytes.size()).value(), bytes.size());
    return bytes;
  }
  static void WriteFile(const std::string& path, std::string_view bytes) {
    fs::remove(path);
    EXPECT_TRUE(PosixFileSystem().Create(path).value()->WriteAt(0, bytes).ok());
  }

  // Writes `samples` samples at 15 s to each of `series` series, a commit for each time.
  void WriteGrid(int series, int samples, TimeMs start = kT0) {
    for (int i = 0; i < samples; ++i) {
      const auto appender = head_->NewAppender();
      for (int s = 0; s < series; ++s) {
        appender->Append(Ref(*appender, Named("m", std::to_string(s))),
                         {start + i * 15'000, i * 1.5 + s});
      }
      const auto result = appender->Commit();
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_EQ(result->refused(), 0u);
    }
  }
};

TEST_F(HeadReplayTest, WhatWasAcknowledgedIsThereAgain) {
  WriteGrid(3, 300);
  const Contents before = ReadAll();
  Open();
  EXPECT_EQ(ReadAll(), before);
  const ReplayStats replay = head_->Stats().replay;
  EXPECT_EQ(replay.wal_samples, 900u);
  EXPECT_EQ(replay.skipped_bytes + replay.torn_tail_bytes, 0u);
  EXPECT_EQ(replay.chunks, 6u);
  EXPECT_EQ(replay.replayed_samples, 900u - 3 * 240);
  Open();
  EXPECT_EQ(ReadAll(), before) << "a second replay gives the same";
}

TEST_F(HeadReplayTest, LastSamplesAreJudgedAgainstAfterAReplay) {
  WriteGrid(1, 120);  // Exactly one closed chunk and nothing open.
  const TimeMs last = kT0 + 119 * 15'000;
  for (const bool with_wal : {true, false}) {
    SCOPED_TRACE(with_wal);
    if (!with_wal) fs::remove_all(options_.wal_dir);
    Open();
    EXPECT_EQ(WriteOne(Named("m", "0"), {last, 119 * 1.5}), AppendOutcome::kDuplicate);
    EXPECT_EQ(WriteOne(Named("m", "0"), {last, 1}), AppendOutcome::kDuplicateTimestamp);
    EXPECT_EQ(WriteOne(Named("m", "0"), {last - kHour - 1, 1}), AppendOutcome::kTooOld);
  }
}

TEST_F(HeadReplayTest, RandomWorkloadsReplayToWhatTheyWere) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    head_.reset();
    fs::remove_all(dir_);
    options_.wal_segment_bytes = 500 + random() % 20'000;
    options_.chunk_segment_bytes = 500 + random() % 20'000;
    options_.max_wal_bytes = random() % 30'000;
    coverage_ = FlushCoverage();
    std::map<TimeMs, Lsn> flushed;
    Open();
    Contents expected;
    std::map<int, TimeMs> last;
    for (int round = 0; round < 60; ++round) {
      const auto appender = head_->NewAppender();
      for (uint64_t n = random() % 20; n > 0; --n) {
        const int s = static_cast<int>(random() % 8);
        const Labels labels = Named("m", std::to_string(s));
        TimeMs& t = last.try_emplace(s, kT0).first->second;
        t += 1 + static_cast<TimeMs>(random() % (random() % 10 == 0 ? 3'000'000 : 40'000));
        if (t > clock_.NowMs()) clock_.Set(t);
        const Sample sample{t, std::bit_cast<double>(random())};
        appender->Append(Ref(*appender, labels), sample);
        expected[labels.ToString()].push_back(sample);
      }
      ASSERT_TRUE(appender->Commit().ok());
      if (random() % 10 == 0) {
        ASSERT_TRUE(head_->Checkpoint().ok());
      }
      if (random() % 15 == 0) {
        Open();
        ASSERT_EQ(ReadAll(), expected);
      }
      // Flush a window: it leaves the head, and a replay must not bring it back.
      const std::vector<TimeMs> windows = head_->Windows();
      if (random() % 12 == 0 && !windows.empty()) {
        const auto flush = head_->BeginFlush(windows[random() % windows.size()]);
        ASSERT_TRUE(flush.ok());
        const TimeRange window = WindowRange(flush->window_start(), options_.window_ms);
        Lsn& lsn = flushed[window.mint];
        lsn = flush->lsn();
        coverage_.max_lsn = std::max(coverage_.max_lsn, lsn);
        coverage_.flushed_lsn = [&flushed](TimeMs w) {
          return flushed.contains(w) ? flushed[w] : 0;
        };
        for (auto& [labels, samples] : expected) {
          std::erase_if(samples, [&](const Sample& s) { return window.Contains(s.t); });
        }
        std::erase_if(expected, [](const auto& series) { return series.second.empty(); });
        // A crash between the store's commit and the head's own book-keeping must change nothing.
        if (random() % 2 == 0) {
          ASSERT_TRUE(head_->EndFlush(*flush).ok());
        } else {
          const auto dropped = [flush = *flush] { return flush.size(); }();
          ASSERT_GT(dropped, 0u);
          Open();
        }
        ASSERT_EQ(ReadAll(), expected);
      }
    }
    Open();
    ASSERT_EQ(ReadAll(), expected);
    ASSERT_EQ(head_->Stats().replay.skipped_bytes, 0u);
  }
}

TEST_F(HeadReplayTest, ALostChunkLogIsMadeAgainFromTheWal) {
  WriteGrid(3, 500);
  const Contents before = ReadAll();
  fs::remove_all(options_.chunks_dir);
  Open();
  EXPECT_EQ(ReadAll(), before);
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadReplayTest, AChunkLostInTheMiddleIsMadeAgainBetweenItsNeighbours) {
  WriteGrid(2, 500);
  const Contents before = ReadAll();
  const std::vector<std::string> files = Segments(options_.chunks_dir);
  ASSERT_EQ(files.size(), 1u);
  head_.reset();
  const std::string bytes = ReadFile(files[0]);
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE(i);
    fs::copy(dir_, dir_ + "_copy", fs::copy_options::recursive);
    std::string damaged = bytes;
    for (int n = 0; n < 3; ++n) damaged[20 + random() % (bytes.size() - 20)] ^= 0x55;
    WriteFile(files[0], damaged);
    Open();
    EXPECT_EQ(ReadAll(), before);
    EXPECT_GT(head_->Stats().replay.skipped_bytes + head_->Stats().replay.torn_tail_bytes, 0u);
    Open();
    EXPECT_EQ(ReadAll(), before);
    EXPECT_EQ(WriteOne(Named("m", "0"), {kT0 + 499 * 15'000, 499 * 1.5}),
              AppendOutcome::kDuplicate);
    head_.reset();
    fs::remove_all(dir_);
    fs::rename(dir_ + "_copy", dir_);
  }
}

TEST_F(HeadReplayTest, AWalCutAtAnyByteKeepsEveryCommitBefore) {
  WriteGrid(2, 12);
  head_.reset();
  const std::string path = Segments(options_.wal_dir).at(0);
  const std::string bytes = ReadFile(path);
  size_t last_samples = 0;
  for (size_t n = 0; n <= bytes.size(); n += 1 + n % 13) {
    SCOPED_TRACE(n);
    fs::remove_all(dir_);
    ASSERT_TRUE(PosixFileSystem().MakeDirs(options_.wal_dir).ok());
    WriteFile(path, bytes.substr(0, n));
    Open();
    size_t samples = 0;
    for (const auto& [labels, series] : ReadAll()) samples += series.size();
    EXPECT_EQ(samples % 2, 0u) << "half a commit";
    EXPECT_GE(samples, last_samples);
    last_samples = samples;
    EXPECT_EQ(WriteOne(Named("m", "0"), {kT0 + kHour, 1}), AppendOutcome::kAppended);
    head_.reset();
  }
}

TEST_F(HeadReplayTest, ADamagedWalRecordCostsItsOwnSamplesOnly) {
  WriteGrid(2, 40);
  const Contents before = ReadAll();
  head_.reset();
  const std::string path = Segments(options_.wal_dir).at(0);
  const std::string bytes = ReadFile(path);
  std::mt19937_64 random(2);
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    std::string damaged = bytes;
    // Behind the first records, which bind the series.
    const size_t at = 200 + random() % (bytes.size() - 200);
    damaged[at] ^= static_cast<char>(1 << (random() % 8));
    fs::remove_all(dir_);
    ASSERT_TRUE(PosixFileSystem().MakeDirs(options_.wal_dir).ok());
    WriteFile(path, damaged);
    Open();
    size_t samples = 0;
    for (const auto& [labels, series] : ReadAll()) {
      samples += series.size();
      for (const Sample& s : series) {
        EXPECT_THAT(before.at(labels), testing::Contains(s));
      }
    }
    EXPECT_EQ(samples, 78u);
    const ReplayStats replay = head_->Stats().replay;
    EXPECT_GT(replay.skipped_bytes + replay.torn_tail_bytes, 0u);
    head_.reset();
  }
}

TEST_F(HeadReplayTest, RandomlyMutatedFilesNeverKeepTheHeadFromOpening) {
  WriteGrid(3, 130);
  ASSERT_TRUE(head_->SyncWal().ok());
  head_.reset();
  const std::string wal = Segments(options_.wal_dir).at(0),
                    chunks = Segments(options_.chunks_dir).at(0);
  const std::string wal_bytes = ReadFile(wal), chunk_bytes = ReadFile(chunks);
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    fs::remove_all(dir_);
    ASSERT_TRUE(PosixFileSystem().MakeDirs(options_.wal_dir).ok());
    ASSERT_TRUE(PosixFileSystem().MakeDirs(options_.chunks_dir).ok());
    for (const auto& [path, original] :
         {std::pair{wal, wal_bytes}, std::pair{chunks, chunk_bytes}}) {
      std::string bytes = original;
      for (uint64_t n = random() % 20; n > 0; --n) {
        const size_t at = 12 + random() % (bytes.size() - 12);
        if (random() % 3 == 0) {
          bytes.erase(at, random() % 30);
        } else {
          bytes[at] = static_cast<char>(random());
        }
      }
      WriteFile(path, bytes);
    }
    Open();
    ReadAll();
    EXPECT_EQ(WriteOne(Named("m", "0"), {kT0 + kHour, 1}), AppendOutcome::kAppended);
    head_.reset();
  }
}

TEST_F(HeadReplayTest, AFullDiskIsSurvived) {
  const Labels a = Named("a");
  ASSERT_TRUE(Write(a, {{kT0, 1}}).ok());
  fs_.SetSpaceLeft(17);
  const auto refused = Write(a, {{kT0 + 1, 2}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Write(Named("b"), {{kT0 + 1, 2}}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(ReadAll().at(a.ToString()), ElementsAre(Sample{kT0, 1}))
      << "queries go on, nothing half";
  EXPECT_EQ(head_->Stats().failed_commits, 2u);
  fs_.SetSpaceLeft(std::nullopt);
  ASSERT_TRUE(Write(a, {{kT0 + 1, 3}}).ok());
  ASSERT_TRUE(Write(Named("b"), {{kT0 + 1, 4}}).ok());
  const Contents after = ReadAll();
  Open();
  EXPECT_EQ(ReadAll(), after);
  EXPECT_THAT(after.at(a.ToString()), ElementsAre(Sample{kT0, 1}, Sample{kT0 + 1, 3}));
  EXPECT_EQ(head_->Stats().replay.skipped_bytes + head_->Stats().replay.torn_tail_bytes, 0u);
}

TEST_F(HeadReplayTest, AWalThatCannotBeCutGoesOnInANewSegment) {
  const Labels a = Named("a");
  ASSERT_TRUE(Write(a, {{kT0, 1}}).ok());
  fs_.FailWrites(true);
  fs_.FailTruncates(true);
  EXPECT_EQ(Write(a, {{kT0 + 1, 2}}).status().code(), absl::StatusCode::kUnavailable);
  fs_.FailWrites(false);
  ASSERT_TRUE(Write(a, {{kT0 + 2, 3}}).ok());
  Open();
  EXPECT_THAT(ReadAll().at(a.ToString()), ElementsAre(Sample{kT0, 1}, Sample{kT0 + 2, 3}));
  EXPECT_GT(head_->Stats().replay.torn_tail_bytes, 0u);
}

TEST_F(HeadReplayTest, ChunksThatCannotBeWrittenStayReadableAndAreWrittenLater) {
  WriteGrid(2, 119);
  // The WAL's own writes are small; the chunk log's are the ones that fail.
  fs_.FailCreates(true);
  WriteGrid(2, 150, kT0 + 119 * 15'000);
  EXPECT_GT(head_->Stats().chunk_log_pending_bytes, 0u);
  EXPECT_GT(head_->Stats().chunk_log_failures, 0u);
  const Contents before = ReadAll();
  EXPECT_EQ(before.begin()->second.size(), 269u);
  fs_.FailCreates(false);
  WriteGrid(2, 1, kT0 + 269 * 15'000);
  EXPECT_EQ(head_->Stats().chunk_log_pending_bytes, 0u);
  const Contents after = ReadAll();
  EXPECT_EQ(after.begin()->second.size(), 270u);
  Open();
  EXPECT_EQ(ReadAll(), after);
}

TEST_F(HeadReplayTest, SyncedSamplesSurviveAPowerCut) {
  options_.wal_sync_interval_ms = 0;
  Open();
  WriteGrid(2, 200);
  const Contents before = ReadAll();
  head_.reset();
  ASSERT_TRUE(fs_.DropUnsynced().ok());
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadReplayTest, NumbersGoOnAboveWhatTheStoreKnows) {
  WriteGrid(1, 3);
  head_.reset();
  fs::remove_all(dir_);
  coverage_.max_lsn = 500;
  coverage_.flushed_lsn = [](TimeMs) { return Lsn{500}; };
  Open();
  WriteGrid(1, 3);
  EXPECT_GT(head_->Stats().last_lsn, 500u);
  const Contents before = ReadAll();
  Open();
  EXPECT_EQ(ReadAll(), before) << "new samples of a flushed window are not covered";
}

}  // namespace
}  // namespace hearth
