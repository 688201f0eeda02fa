// The storage when the disk misbehaves: it says so, loses nothing, and goes on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tsdb/db_fixture.h"
#include "tsdb/fault_file_system.h"
#include "tsdb/head/log_capture.h"
#include "tsdb/store/testing/fault_rocks_file_system.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;

class DbFaultTest : public DbTest {
 protected:
  void SetUp() override {
    options_.fs = &faults_;
    DbTest::SetUp();
  }
  void TearDown() override { db_.reset(); }

  FaultFileSystem faults_{PosixFileSystem()};
};

// The disk is one: RocksDB's files are on it too.
class DiskFaultTest : public DbFaultTest {
 protected:
  void SetUp() override {
    options_.rocks_env = env_.get();
    DbFaultTest::SetUp();
    for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(5, t);
  }
  absl::Status TryPush(TimeMs t) {
    const std::unique_ptr<Appender> appender = db_->NewAppender();
    const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(Series(1));
    if (!ref.ok()) return ref.status();
    appender->Append(*ref, {t, 1});
    return appender->Commit().status();
  }

  const std::shared_ptr<rocksdb::Env> env_ = NewFaultRocksEnv(&faults_);
};

TEST_F(DbFaultTest, AFlushThatCannotWriteIsLatchedAndTriedAgain) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(5, t);
  fs::remove_all(Hearth("flush"));
  std::ofstream(Hearth("flush")) << "in the way";
  EXPECT_FALSE(db_->Compact().ok());
  EXPECT_FALSE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().compactor.flush_failures, 2u);
  EXPECT_FALSE(db_->Stats().compactor.last_error.ok());
  EXPECT_EQ(db_->Stats().store.generations, 0u);
  EXPECT_EQ(Read(), expected_);
  fs::remove(Hearth("flush"));
  fs::create_directory(Hearth("flush"));
  EXPECT_TRUE(db_->Compact().ok());
  EXPECT_TRUE(db_->Stats().compactor.last_error.ok());
  EXPECT_EQ(db_->Stats().store.generations, 2u);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DbFaultTest, AFullDiskRefusesSamplesAndGoesOnWhenSpaceReturns) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(5, t);
  faults_.SetSpaceLeft(0);
  const std::unique_ptr<Appender> appender = db_->NewAppender();
  const absl::StatusOr<SeriesRef> ref = appender->FindOrCreate(Series(1));
  ASSERT_TRUE(ref.ok());
  appender->Append(*ref, {kNow, 1});
  EXPECT_EQ(appender->Commit().status().code(), absl::StatusCode::kUnavailable);
  // Whether or not windows can be flushed now, nothing is lost.
  db_->Compact().IgnoreError();
  EXPECT_EQ(Read(), expected_);
  faults_.SetSpaceLeft(std::nullopt);
  EXPECT_TRUE(db_->Compact().ok());
  PushAll(5, kNow);
  EXPECT_EQ(db_->Stats().store.generations, 2u);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DbFaultTest, ADamagedBlockFailsOneQueryAndThenItsWindowIsSetAside) {
  // Values that do not compress, so that the damage lies in a block of samples.
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute) {
    std::vector<std::pair<Labels, Sample>> samples;
    for (int i = 0; i < 200; ++i)
      samples.push_back({Series(i), {t, 1.0 / static_cast<double>(t + i)}});
    Push(samples);
  }
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_EQ(db_->Stats().store.generations, 2u);
  ASSERT_TRUE(db_->Close().ok());
  db_.reset();
  fs::path victim;
  for (const auto& entry : fs::directory_iterator(Hearth("store"))) {
    if (entry.path().extension() != ".sst") continue;
    if (victim.empty() || entry.file_size() > fs::file_size(victim)) victim = entry.path();
  }
  {
    std::fstream file(victim, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(fs::file_size(victim) / 3));
    for (int i = 0; i < 16; ++i) file.put('\x77');
  }
  Reopen();
  const SelectRequest everything;
  SampleColumns columns;
  {
    auto querier = *db_->NewQuerier({});
    auto sets = *querier->Select({&everything, 1});
    EXPECT_EQ(sets[0]->Read(0, TimeRange{}, &columns).code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.quarantined, 1u);
  const StoreContents rest = Read();
  EXPECT_TRUE(rest == Expected({kNow - kHour, kNow}) ||
              rest == Expected({kNow - 2 * kHour, kNow - kHour - 1}));
}

TEST_F(DbFaultTest, LogsBeyondTheirLimitAreFlushedBeforeTheWindowEnds) {
  options_.max_log_bytes = 1;
  Reopen();
  PushAll(5, kNow - kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  PushAll(5, kNow);
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DbFaultTest, AChunkThatAFlushCannotReadIsToldCountedAndSetAside) {
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute / 4) PushAll(3, t);
  const std::string path = Hearth("chunks/00000001");
  {
    // In the payload of the first chunk: behind the headers and the labels.
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(16 + 24 + 16 + 60 + 24 + 40 + 100);
    file.write("damage", 6);
  }
  const LogCapture log;
  ASSERT_TRUE(db_->Flush().ok()) << "never stuck";
  EXPECT_EQ(db_->Stats().compactor.damaged_chunks, 1u);
  EXPECT_EQ(db_->Stats().compactor.damaged_segments, 1u);
  EXPECT_THAT(log.lines(),
              testing::Contains(testing::AllOf(
                  testing::HasSubstr("120 samples of temperature{"),
                  testing::HasSubstr(StrCat("times [", kNow - 2 * kHour, ", ",
                                            kNow - 2 * kHour + 119 * kMinute / 4, "]")),
                  testing::HasSubstr("are lost"))));
  EXPECT_THAT(log.lines(), testing::Contains(testing::HasSubstr(Hearth("quarantine/chunks-1"))));
  EXPECT_TRUE(fs::exists(Hearth("quarantine/chunks-1")));
  EXPECT_FALSE(fs::exists(path));
  uint64_t there = 0, all = 0;
  const StoreContents contents = Read();
  for (const auto& [labels, samples] : expected_) {
    all += samples.size();
    const auto series = contents.find(labels);
    ASSERT_NE(series, contents.end());
    for (const auto& [t, v] : series->second) {
      ++there;
      EXPECT_EQ(samples.at(t), v) << "never a wrong value";
    }
  }
  EXPECT_EQ(there + 120, all);
}

TEST_F(DiskFaultTest, AFullDiskRefusesWritersAnswersQueriesAndHeals) {
  faults_.SetSpaceLeft(0);
  EXPECT_EQ(TryPush(kNow).code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(db_->Compact().ok());
  EXPECT_EQ(Read(), expected_);
  EXPECT_GT(faults_.fired(FaultSite::kOurFiles, Fault::kNoSpace), 0u);
  EXPECT_GT(faults_.fired(FaultSite::kRocksDb, Fault::kNoSpace), 0u);
  faults_.SetSpaceLeft(std::nullopt);
  PushAll(5, kNow);
  EXPECT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, 2u);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DiskFaultTest, StartsOnAFullDiskAgainAndAgain) {
  ASSERT_TRUE(db_->Compact().ok());
  for (int start = 0; start < 3; ++start) {
    db_.reset();
    faults_.SetSpaceLeft(0);
    Reopen();
    EXPECT_EQ(Read(), expected_);
    // What RocksDB left over may be written, then it is full again.
    TimeMs t = kNow + start * kMinute;
    while (TryPush(t).ok()) expected_[Series(1)][t++] = 1;
    EXPECT_EQ(TryPush(t).code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(Read(), expected_);
  }
  faults_.SetSpaceLeft(std::nullopt);
  PushAll(5, kNow + 5 * kMinute);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DiskFaultTest, EveryFaultIsMetInOurFilesAndInRocksDbsAndNothingIsLost) {
  options_.wal_sync_interval_ms = 0;
  Reopen();
  struct Place {
    FaultSite site;
    const char* files;
  };
  TimeMs t = kNow;
  for (const Place& place :
       {Place{FaultSite::kOurFiles, "/wal"}, {FaultSite::kRocksDb, "/flush"}}) {
    faults_.OnlyIn(place.files);
    for (const Fault fault : {Fault::kWriteError, Fault::kShortWrite, Fault::kSyncError,
                              Fault::kSyncLie, Fault::kCreateError}) {
      SCOPED_TRACE(testing::Message() << place.files << " " << static_cast<int>(fault));
      faults_.Set(fault, true);
      TryPush(t).IgnoreError();
      db_->Flush().IgnoreError();
      faults_.Set(fault, false);
      EXPECT_GT(faults_.fired(place.site, fault), 0u);
      // As a sender does: what is there already is no error.
      EXPECT_TRUE(TryPush(t).ok());
      expected_[Series(1)][t] = 1;
      t += kMinute / 6;
      PushAll(5, t);
      EXPECT_TRUE(db_->Flush().ok());
      EXPECT_EQ(Read(), expected_);
      t += kMinute / 6;
    }
  }
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

}  // namespace
}  // namespace hearth
