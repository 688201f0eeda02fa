// The storage when the disk misbehaves: it says so, loses nothing, and goes on by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tsdb/db_fixture.h"
#include "tsdb/fault_file_system.h"

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

}  // namespace
}  // namespace hearth
