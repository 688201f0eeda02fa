#include "tsdb/head/chunk_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <random>

#include "tsdb/fault_file_system.h"
#include "tsdb/golden_file.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;

class ChunkLogTest : public testing::Test {
 protected:
  ChunkLogTest() {
    dir_ = testing::TempDir() + "/chunk_log_" +
           testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    EXPECT_TRUE(fs_.MakeDirs(dir_).ok());
    Open();
  }

  struct Found {
    std::string labels;
    Lsn lsn;
    ChunkLocator locator;
    bool late;
  };

  void Open(uint64_t segment_bytes = 1 << 20) {
    found_.clear();
    replay_ = ChunkLogReplay();
    auto log = ChunkLog::Open(
        {.fs = &fs_, .dir = dir_, .segment_bytes = segment_bytes},
        [&](const ChunkLog::Found& chunk) {
          EXPECT_EQ(chunk.labels.Fingerprint(), chunk.fingerprint);
          found_.push_back({chunk.labels.ToString(), chunk.lsn, chunk.locator, chunk.late});
          return true;
        },
        &replay_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  ChunkLocator Append(const Labels& labels, TimeMs mint, std::string_view payload,
                      ChunkLogRecordType type = ChunkLogRecordType::kChunk) {
    return log_->Append(type, labels.Fingerprint(), {mint, mint + 100, 7, ChunkEncoding::kXor},
                        payload, 42, &labelled_[labels.ToString()],
                        [&](std::string* out) { out->append(labels.bytes()); });
  }

  std::string Read(const ChunkLocator& locator, const Labels& labels) {
    std::string storage = "before";
    const auto at = log_->View().Read(locator, labels.Fingerprint(), &storage);
    if (!at.ok()) {
      EXPECT_EQ(storage, "before");
      return std::string(at.status().message());
    }
    return storage.substr(*at);
  }

  FaultFileSystem fs_{PosixFileSystem()};
  std::string dir_;
  std::map<std::string, uint32_t> labelled_;
  std::vector<Found> found_;
  ChunkLogReplay replay_;
  std::unique_ptr<ChunkLog> log_;
  const Labels a_ = {{"x", "a"}}, b_ = {{"x", "b"}};
};

TEST_F(ChunkLogTest, ChunksAreReadableBeforeAndAfterTheWrite) {
  const ChunkLocator first = Append(a_, 1000, "payload one");
  EXPECT_EQ(Read(first, a_), "payload one");
  ASSERT_TRUE(log_->Flush().ok());
  const ChunkLocator second = Append(b_, 2000, "two");
  EXPECT_EQ(Read(first, a_), "payload one");
  EXPECT_EQ(Read(second, b_), "two");
  ASSERT_TRUE(log_->Flush().ok());
  Open();
  ASSERT_EQ(found_.size(), 2u);
  EXPECT_EQ(found_[0].labels, a_.ToString());
  EXPECT_EQ(found_[0].lsn, 42u);
  EXPECT_EQ(found_[0].locator.mint, 1000);
  EXPECT_EQ(found_[0].locator.maxt(), 1100);
  EXPECT_EQ(found_[0].locator.count, 7);
  EXPECT_EQ(Read(found_[1].locator, b_), "two");
  EXPECT_EQ(replay_.max_lsn, 42u);
}

TEST_F(ChunkLogTest, AChunkOfAnotherSeriesIsNotGivenOut) {
  const ChunkLocator chunk = Append(a_, 1000, "x");
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_THAT(Read(chunk, b_), testing::HasSubstr("damaged"));
  ChunkLocator other = chunk;
  other.segment = 99;
  EXPECT_THAT(Read(other, a_), testing::HasSubstr("no such segment"));
}

TEST_F(ChunkLogTest, APowerCutLeavesNoSegmentBehindAMissingChunk) {
  Append(a_, 1000, "first");
  ASSERT_TRUE(log_->Roll().ok());
  Append(a_, 2000, "second");
  ASSERT_TRUE(log_->Flush().ok());
  log_.reset();
  ASSERT_TRUE(fs_.DropUnsynced().ok());
  Open();
  ASSERT_EQ(found_.size(), 1u) << "the second was never synced, the first before it";
  EXPECT_EQ(found_[0].locator.mint, 1000);
  // The same over a restart: the segment found is synced before the next one begins.
  Append(a_, 2000, "second");
  ASSERT_TRUE(log_->Flush().ok());
  Open();
  Append(a_, 3000, "third");
  ASSERT_TRUE(log_->Flush().ok());
  log_.reset();
  ASSERT_TRUE(fs_.DropUnsynced().ok());
  Open();
  ASSERT_EQ(found_.size(), 2u);
  EXPECT_EQ(found_[1].locator.mint, 2000);
}

TEST_F(ChunkLogTest, WhatTheWalDoesNotHaveYetWaits) {
  const auto append = [&](TimeMs mint, std::string_view payload, Lsn lsn) {
    return log_->Append(ChunkLogRecordType::kChunk, a_.Fingerprint(),
                        {mint, mint + 100, 7, ChunkEncoding::kXor}, payload, lsn,
                        &labelled_[a_.ToString()],
                        [&](std::string* out) { out->append(a_.bytes()); });
  };
  append(1000, "one", 5);
  append(2000, "two", 7);
  const ChunkLocator third = append(3000, "three", 9);
  ASSERT_TRUE(log_->Flush(4).ok());
  EXPECT_EQ(log_->segment_count(), 1u);
  ASSERT_TRUE(log_->Flush(8).ok());
  EXPECT_GT(log_->pending_bytes(), 0u);
  EXPECT_EQ(Read(third, a_), "three") << "from memory";
  ChunkLocator fourth = append(4000, "four", 10);
  EXPECT_EQ(Read(fourth, a_), "four");
  Open();
  ASSERT_EQ(found_.size(), 2u);
  EXPECT_EQ(found_[0].lsn, 5u);
  EXPECT_EQ(found_[1].lsn, 7u);
  EXPECT_EQ(Read(found_[1].locator, a_), "two");
}

TEST_F(ChunkLogTest, ASegmentThatCannotBeSyncedDoesNotStopTheNext) {
  Append(a_, 1000, "first");
  ASSERT_TRUE(log_->Roll().ok());
  fs_.OnlyIn("/00000001");
  fs_.FailSyncs(true);
  const ChunkLocator second = Append(a_, 2000, "second");
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(Read(second, a_), "second");
  EXPECT_FALSE(log_->can_be_synced());
  EXPECT_EQ(log_->failures(), 1u);
}

TEST_F(ChunkLogTest, ManyFramesAreReadAtOnceWhereverTheyLie) {
  Open(/*segment_bytes=*/4096);
  std::mt19937_64 random(3);
  std::vector<ChunkLocator> locators;
  std::vector<std::string> payloads;
  for (int i = 0; i < 60; ++i) {
    // Far apart, near, in several segments; the last ones are not in the file yet.
    payloads.emplace_back(random() % 8 == 0 ? 3000 : 1 + random() % 40,
                          static_cast<char>('a' + i % 26));
    locators.push_back(Append(i % 2 == 0 ? a_ : b_, 1000 * i, payloads.back()));
    if (i < 55) {
      ASSERT_TRUE(log_->Flush().ok());
    }
  }
  ASSERT_GT(log_->segment_count(), 2u);
  std::vector<size_t> order(locators.size());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  order.resize(40);
  std::vector<ChunkLocator> wanted;
  for (const size_t i : order) wanted.push_back(locators[i]);

  std::string storage = "before";
  std::vector<size_t> places;
  ASSERT_TRUE(log_->View().ReadFrames(wanted, &storage, &places).ok());
  for (size_t k = 0; k < order.size(); ++k) {
    const std::string_view bytes = std::string_view(storage).substr(places[k]);
    const Labels &labels = order[k] % 2 == 0 ? a_ : b_, &other = order[k] % 2 == 0 ? b_ : a_;
    EXPECT_EQ(ChunkLogView::Payload(wanted[k], labels.Fingerprint(), bytes).value(),
              payloads[order[k]]);
    EXPECT_EQ(ChunkLogView::Payload(wanted[k], other.Fingerprint(), bytes).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(ChunkLogTest, FramesBehindTheEndOfTheirFileAreRefused) {
  const ChunkLocator first = Append(a_, 1000, "one"), second = Append(a_, 2000, "two");
  ASSERT_TRUE(log_->Flush().ok());
  std::filesystem::resize_file(SegmentPath(dir_, 1), second.offset + 5);
  std::string storage;
  std::vector<size_t> places;
  const ChunkLocator both[] = {first, second};
  ASSERT_TRUE(log_->View().ReadFrames(both, &storage, &places).ok());
  const auto payload = [&](size_t i) {
    return ChunkLogView::Payload(both[i], a_.Fingerprint(),
                                 std::string_view(storage).substr(places[i]));
  };
  EXPECT_EQ(payload(0).value(), "one");
  EXPECT_EQ(payload(1).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ChunkLogTest, EachSegmentHasTheLabelsOfItsSeries) {
  Open(/*segment_bytes=*/200);
  for (int i = 0; i < 10; ++i) {
    Append(a_, i * 1000, "payload");
    ASSERT_TRUE(log_->Flush().ok());
  }
  const std::vector<uint32_t> numbers = ListSegments(fs_, dir_).value();
  ASSERT_GT(numbers.size(), 2u);
  ASSERT_TRUE(fs_.Remove(SegmentPath(dir_, numbers[0])).ok());
  Open();
  EXPECT_FALSE(found_.empty());
  EXPECT_EQ(replay_.skipped_bytes, 0u);
}

TEST_F(ChunkLogTest, ASegmentGoesWhenItsLastChunkIsReleased) {
  const ChunkLocator one = Append(a_, 1000, "one"), two = Append(a_, 2000, "two");
  ASSERT_TRUE(log_->Roll().ok());
  const ChunkLocator three = Append(a_, 3000, "three");
  ASSERT_TRUE(log_->Flush().ok());
  const ChunkLogView view = log_->View();
  log_->Release(one);
  ASSERT_TRUE(log_->DeleteUnused().ok());
  EXPECT_EQ(ListSegments(fs_, dir_)->size(), 2u);
  log_->Release(two);
  ASSERT_TRUE(log_->DeleteUnused().ok());
  EXPECT_THAT(*ListSegments(fs_, dir_), ElementsAre(2));
  EXPECT_EQ(Read(three, a_), "three");
  std::string storage;
  EXPECT_TRUE(view.Read(two, a_.Fingerprint(), &storage).ok()) << "an old view reads on";
}

TEST_F(ChunkLogTest, AFailedWriteIsTriedAgainAtTheSamePlace) {
  const ChunkLocator one = Append(a_, 1000, "one");
  ASSERT_TRUE(log_->Flush().ok());
  fs_.SetSpaceLeft(5);
  const ChunkLocator two = Append(a_, 2000, "two");
  EXPECT_EQ(log_->Flush().code(), absl::StatusCode::kUnavailable);
  const ChunkLocator three = Append(b_, 3000, "three");
  EXPECT_EQ(log_->Flush().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Read(one, a_) + Read(two, a_) + Read(three, b_), "onetwothree");
  EXPECT_EQ(log_->failures(), 2u);
  fs_.SetSpaceLeft(std::nullopt);
  ASSERT_TRUE(log_->Flush().ok());
  EXPECT_EQ(log_->pending_bytes(), 0u);
  Open();
  ASSERT_EQ(found_.size(), 3u);
  EXPECT_EQ(Read(found_[2].locator, b_), "three");
}

TEST_F(ChunkLogTest, TheWorkedExampleOfTheFormatPageIsWhatIsWrittenAndRead) {
  std::map<std::string, std::string> golden = ReadGoldenFile("chunk_log.golden");
  const std::string bytes = golden["segment header"] + golden["series frame"] +
                            golden["chunk frame"] + golden["late chunk frame"];
  log_.reset();
  ASSERT_TRUE(PosixFileSystem().Create(SegmentPath(dir_, 7)).value()->WriteAt(0, bytes).ok());
  Open();
  ASSERT_EQ(found_.size(), 2u);
  EXPECT_FALSE(found_[0].late);
  EXPECT_EQ(found_[0].labels, "up{job=\"node\"}");
  EXPECT_EQ(found_[0].lsn, 42u);
  const TimeMs t0 = 1'700'000'000'000;
  const ChunkMeta meta{t0, t0 + 45'003, 4, ChunkEncoding::kXor};
  EXPECT_EQ(found_[0].locator.meta(), meta);
  const Labels labels = {{"__name__", "up"}, {"job", "node"}};
  const std::string chunk = Read(found_[0].locator, labels);
  SampleColumns columns;
  ASSERT_TRUE(DecodeChunk(meta, chunk, TimeRange(), &columns).ok());
  EXPECT_THAT(columns.v, ElementsAre(1, 1, 2, 2.5));
  EXPECT_TRUE(found_[1].late);
  EXPECT_EQ(found_[1].lsn, 43u);
  const ChunkMeta late_meta{t0 - 5000, t0 - 5000, 1, ChunkEncoding::kXor};
  EXPECT_EQ(found_[1].locator.meta(), late_meta);
  const std::string late = Read(found_[1].locator, labels);
  columns.Clear();
  ASSERT_TRUE(DecodeChunk(late_meta, late, TimeRange(), &columns).ok());
  EXPECT_THAT(columns.v, ElementsAre(3));

  // Written again, it is the same but for the segment's number.
  uint32_t labelled = 0;
  log_->Append(ChunkLogRecordType::kChunk, labels.Fingerprint(), meta, chunk, 42, &labelled,
               [&](std::string* out) { out->append(labels.bytes()); });
  log_->Append(ChunkLogRecordType::kLateChunk, labels.Fingerprint(), late_meta, late, 43, &labelled,
               [](std::string*) { FAIL() << "the segment has them"; });
  ASSERT_TRUE(log_->Flush().ok());
  const auto file = PosixFileSystem().OpenRead(SegmentPath(dir_, 8)).value();
  std::string written(bytes.size() + 1, 0);
  ASSERT_EQ(file->ReadAt(0, written.data(), written.size()).value(), bytes.size());
  written.resize(bytes.size());
  EXPECT_EQ(written.substr(kSegmentHeaderBytes), bytes.substr(kSegmentHeaderBytes));
}

TEST_F(ChunkLogTest, DamageAnywhereIsSkippedAndNeverBelieved) {
  Append(a_, 1000, "one");
  Append(b_, 2000, "two", ChunkLogRecordType::kLateChunk);
  Append(a_, 3000, "three");
  ASSERT_TRUE(log_->Flush().ok());
  log_.reset();
  const std::string path = SegmentPath(dir_, 1);
  std::string bytes(PosixFileSystem().OpenRead(path).value()->Size().value(), 0);
  ASSERT_TRUE(PosixFileSystem().OpenRead(path).value()->ReadAt(0, bytes.data(), bytes.size()).ok());
  const auto open_with = [&](std::string_view damaged) {
    std::filesystem::remove(path);
    ASSERT_TRUE(PosixFileSystem().Create(path).value()->WriteAt(0, damaged).ok());
    Open();
    for (const Found& found : found_) {
      const Labels& labels = found.labels == a_.ToString() ? a_ : b_;
      const std::string expected = found.locator.mint == 1000   ? "one"
                                   : found.locator.mint == 2000 ? "two"
                                                                : "three";
      EXPECT_EQ(Read(found.locator, labels), expected);
    }
  };
  for (size_t n = 0; n < bytes.size(); ++n) {
    SCOPED_TRACE(n);
    open_with(bytes.substr(0, n));
    EXPECT_LT(found_.size(), 3u);
  }
  for (size_t at = 12; at < bytes.size(); ++at) {
    SCOPED_TRACE(at);
    std::string damaged = bytes;
    damaged[at] ^= static_cast<char>(1 << (at % 8));
    open_with(damaged);
    EXPECT_LE(found_.size(), 3u);
    EXPECT_GE(found_.size(), 1u);
  }
}

}  // namespace
}  // namespace hearth
