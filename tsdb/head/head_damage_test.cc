// What a replay tells about damaged segments, and where it puts them.
#include <fstream>

#include "tsdb/head/damage_report.h"
#include "tsdb/head/head_test_base.h"
#include "tsdb/head/log_capture.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

constexpr TimeMs kStep = 15'000;

class HeadDamageTest : public HeadTest {
 protected:
  void SetUp() override { options_.quarantine_dir = dir_ + "/quarantine"; }

  // `count` commits of one sample of each of three series, from step `first` on.
  void WriteSteps(int first, int count) {
    for (int i = first; i < first + count; ++i) {
      const auto appender = head_->NewAppender();
      for (const char* name : {"a", "b", "c"}) {
        appender->Append(Ref(*appender, Named(name)), {kT0 + i * kStep, i * 1.5});
      }
      ASSERT_TRUE(appender->Commit().ok());
    }
  }
  static uint64_t SizeOf(const std::string& path) { return fs::file_size(path); }
  static void Spoil(const std::string& path, uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
  }
  std::vector<std::string> Quarantine() const {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(options_.quarantine_dir, error)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  // Opens and gives the lines that it logged.
  std::vector<std::string> LogOfOpen() {
    const LogCapture capture;
    Open();
    return capture.lines();
  }
};

TEST_F(HeadDamageTest, ADamagedWalRecordIsNamedWithItsNeighboursTimes) {
  WriteSteps(0, 20);
  const std::string path = SegmentPath(options_.wal_dir, 1);
  const uint64_t before = SizeOf(path);
  WriteSteps(20, 1);
  const uint64_t after = SizeOf(path);
  WriteSteps(21, 10);
  head_.reset();
  Spoil(path, before + 30);
  const std::vector<std::string> lines = LogOfOpen();
  EXPECT_THAT(lines, Contains(AllOf(
                         HasSubstr("WAL segment \"" + path + "\""),
                         HasSubstr(std::to_string(after - before) + " bytes are damaged (" +
                                   std::to_string(before) + ".." + std::to_string(after - 1) + ")"),
                         HasSubstr("at most 3 series"),
                         HasSubstr("times [" + std::to_string(kT0 + 19 * kStep) + ", " +
                                   std::to_string(kT0 + 21 * kStep) + "]"),
                         HasSubstr(options_.quarantine_dir + "/wal-1"))));
  EXPECT_EQ(head_->Stats().replay.damaged_segments, 1u);
  EXPECT_THAT(Quarantine(), testing::ElementsAre("wal-1"));
  EXPECT_EQ(ReadAll().at(Named("a").ToString()).size(), 30u) << "the good records are used";
  Open();
  EXPECT_THAT(Quarantine(), testing::ElementsAre("wal-1")) << "the same damage is set aside once";
}

TEST_F(HeadDamageTest, ADamagedChunkIsNamedWithItsOwnTimes) {
  WriteSteps(0, 361);  // Three chunks of each series, and the WAL.
  ASSERT_TRUE(head_->SyncWal().ok());
  head_.reset();
  // In the payload of the last chunk that was written: of steps 240 to 359.
  const std::string path = SegmentPath(options_.chunks_dir, 1);
  Spoil(path, SizeOf(path) - 10);
  const Contents before = [&] {
    Contents all;
    for (const char* name : {"a", "b", "c"}) {
      for (int i = 0; i < 361; ++i) {
        all[Named(name).ToString()].push_back({kT0 + i * kStep, i * 1.5});
      }
    }
    return all;
  }();
  const std::vector<std::string> lines = LogOfOpen();
  EXPECT_THAT(lines,
              Contains(AllOf(
                  HasSubstr("chunk log segment \"" + path + "\""), HasSubstr("at most 1 series"),
                  HasSubstr("times [" + std::to_string(kT0 + 240 * kStep) + ", " +
                            std::to_string(kT0 + 359 * kStep) + "]"),
                  HasSubstr("unless the WAL"), HasSubstr(options_.quarantine_dir + "/chunks-1"))));
  EXPECT_EQ(ReadAll(), before) << "the WAL has them";
}

TEST_F(HeadDamageTest, ATornTailIsToldButNotSetAside) {
  WriteSteps(0, 20);
  head_.reset();
  const std::string path = SegmentPath(options_.wal_dir, 1);
  fs::resize_file(path, SizeOf(path) - 5);
  const std::vector<std::string> lines = LogOfOpen();
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("ends torn"),
                                    HasSubstr(std::to_string(kT0 + 18 * kStep) + "] or later"))));
  EXPECT_EQ(head_->Stats().replay.damaged_segments, 0u);
  EXPECT_GT(head_->Stats().replay.torn_tail_bytes, 0u);
  EXPECT_THAT(Quarantine(), IsEmpty());
}

TEST_F(HeadDamageTest, SamplesWhoseLabelsAreLostCountWithTheirTimes) {
  WriteSteps(0, 20);
  head_.reset();
  const std::string path = SegmentPath(options_.wal_dir, 1);
  Spoil(path, 16 + 24 + 10);  // In the series record.
  const std::vector<std::string> lines = LogOfOpen();
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("at most 3 series"), HasSubstr("labels of series"),
                                    HasSubstr("times [" + std::to_string(kT0) + ", " +
                                              std::to_string(kT0 + 19 * kStep) + "]"))));
}

TEST_F(HeadDamageTest, ManyDamagedSegmentsTakeABoundedNumberOfLines) {
  constexpr int kSegments = 25;
  for (int i = 0; i < kSegments; ++i) {
    WriteSteps(10 * i, 10);
    Open();  // A segment each.
  }
  head_.reset();
  const std::vector<uint32_t> numbers = ListSegments(fs_, options_.wal_dir).value();
  for (const uint32_t n : numbers) {
    const std::string path = SegmentPath(options_.wal_dir, n);
    if (SizeOf(path) > 200) Spoil(path, SizeOf(path) / 2);
  }
  const std::vector<std::string> lines = LogOfOpen();
  EXPECT_EQ(head_->Stats().replay.damaged_segments, static_cast<uint64_t>(kSegments));
  EXPECT_EQ(lines.size(), DamageReport::kMaxLines + 1);
  EXPECT_THAT(lines, Contains(HasSubstr("and 9 more damaged or missing segments")));
  EXPECT_EQ(Quarantine().size(), static_cast<size_t>(kSegments));
}

TEST_F(HeadDamageTest, AnotherSegmentOfTheSameNumberGetsAnotherName) {
  for (int round = 0; round < 2; ++round) {
    WriteSteps(20 * round, 20);
    head_.reset();
    const std::string path = SegmentPath(options_.wal_dir, 1);
    Spoil(path, SizeOf(path) / 2);
    Open();
    head_.reset();
    fs::remove_all(options_.wal_dir);
    fs::remove_all(options_.chunks_dir);
    Open();
  }
  EXPECT_THAT(Quarantine(), testing::UnorderedElementsAre("wal-1", "wal-2"));
}

// Segments 1 to 3 with ten steps each, and the beginning of a fourth.
class MissingSegmentTest : public HeadDamageTest {
 protected:
  void SetUp() override {
    HeadDamageTest::SetUp();
    for (int i = 0; i < 3; ++i) {
      WriteSteps(10 * i, 10);
      Open();
    }
    WriteSteps(30, 1);
  }
};

TEST_F(MissingSegmentTest, ASegmentThatVanishedIsMissed) {
  head_.reset();
  const std::string path = SegmentPath(options_.wal_dir, 2);
  fs::remove(path);
  const std::vector<std::string> lines = LogOfOpen();
  const TimeRange window = WindowRange(kT0, options_.window_ms);
  EXPECT_THAT(lines, Contains(AllOf(HasSubstr("WAL segment \"" + path + "\" is missing"),
                                    HasSubstr("at most 3 series"),
                                    HasSubstr("times [" + std::to_string(window.mint) + ", " +
                                              std::to_string(window.maxt) + "]"))));
  EXPECT_EQ(head_->Stats().replay.missing_segments, 1u);
  EXPECT_EQ(ReadAll().at(Named("a").ToString()).size(), 21u);
  WriteSteps(31, 1);
  Open();
  EXPECT_EQ(head_->Stats().replay.missing_segments, 0u) << "it is told once";
}

TEST_F(MissingSegmentTest, ASegmentThatWasCutBetweenTwoRecordsIsMissedInPart) {
  head_.reset();
  // One frame less: the last one of segment 3, found by its magic.
  const std::string path = SegmentPath(options_.wal_dir, 3);
  std::string bytes(SizeOf(path), 0);
  ASSERT_TRUE(std::ifstream(path, std::ios::binary)
                  .read(bytes.data(), static_cast<std::streamsize>(bytes.size()))
                  .good());
  fs::resize_file(path, bytes.rfind(kWalKind.frame_magic));
  const std::vector<std::string> lines = LogOfOpen();
  EXPECT_THAT(lines, Contains(HasSubstr("WAL segment \"" + path + "\" has lost its end")));
  EXPECT_EQ(head_->Stats().replay.missing_segments, 1u);
  EXPECT_EQ(head_->Stats().replay.torn_tail_bytes, 0u);
  EXPECT_EQ(ReadAll().at(Named("a").ToString()).size(), 30u);
}

TEST_F(MissingSegmentTest, TheNewestSegmentIsMissedByItsMark) {
  head_.reset();
  const std::string path = SegmentPath(options_.wal_dir, 4);
  fs::remove(path);
  EXPECT_THAT(LogOfOpen(), Contains(HasSubstr("WAL segment \"" + path +
                                              "\" is missing: it was the "
                                              "newest")));
  EXPECT_EQ(head_->Stats().replay.missing_segments, 1u);
  EXPECT_EQ(ReadAll().at(Named("a").ToString()).size(), 30u);
  EXPECT_TRUE(fs::exists(SegmentPath(options_.wal_dir, 5))) << "its number is not used again";
  Open();
  EXPECT_EQ(head_->Stats().replay.missing_segments, 0u) << "it is told once";
}

TEST_F(MissingSegmentTest, AMarkThatIsGoneMissesNothing) {
  head_.reset();
  fs::remove(options_.wal_dir + "/newest-00000004");
  EXPECT_THAT(LogOfOpen(), IsEmpty());
  EXPECT_TRUE(fs::exists(options_.wal_dir + "/newest-00000005"));
}

TEST_F(MissingSegmentTest, TheNewestSegmentOfTheChunkLogIsMissedByItsMark) {
  WriteSteps(31, 200);  // Closes chunks.
  ASSERT_TRUE(head_->Checkpoint().ok());
  head_.reset();
  const uint32_t newest = ListSegments(fs_, options_.chunks_dir)->back();
  const std::string path = SegmentPath(options_.chunks_dir, newest);
  fs::remove(path);
  EXPECT_THAT(LogOfOpen(), Contains(HasSubstr("chunk log segment \"" + path +
                                              "\" is missing: it was the newest")));
  EXPECT_EQ(head_->Stats().replay.missing_segments, 1u);
}

TEST_F(MissingSegmentTest, AChunkLogWithoutWantedChunksIsNotMissed) {
  WriteSteps(31, 200);
  ASSERT_TRUE(head_->Checkpoint().ok());
  Open();
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  const Lsn lsn = flush->lsn();
  coverage_.max_lsn = lsn;
  coverage_.flushed_lsn = [lsn](TimeMs) { return lsn; };
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_THAT(LogOfOpen(), IsEmpty());
  EXPECT_THAT(LogOfOpen(), IsEmpty());
}

TEST_F(MissingSegmentTest, SegmentsThatWereLetGoAreNotMissed) {
  WriteSteps(31, 89);  // Closes the chunks.
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(head_->Checkpoint().ok());
    EXPECT_THAT(LogOfOpen(), IsEmpty());
    EXPECT_EQ(head_->Stats().replay.missing_segments, 0u);
    WriteSteps(120 * (i + 1), 120);
  }
  EXPECT_FALSE(fs::exists(SegmentPath(options_.wal_dir, 1)));
}

TEST_F(MissingSegmentTest, WhatTheStoreHasIsNotMissed) {
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  const Lsn lsn = flush->lsn();
  coverage_.max_lsn = lsn;
  coverage_.flushed_lsn = [lsn](TimeMs) { return lsn; };
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_FALSE(fs::exists(SegmentPath(options_.wal_dir, 1)));
  EXPECT_THAT(LogOfOpen(), IsEmpty());
}

}  // namespace
}  // namespace hearth
