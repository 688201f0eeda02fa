// RocksDB on a bad disk: what the store says, that each fault was met, that nothing is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "model/text.h"
#include "rocksdb/env.h"
#include "tsdb/fault_switch.h"
#include "tsdb/store/store.h"
#include "tsdb/store/store_fixture.h"
#include "tsdb/store/testing/fault_rocks_file_system.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;

class FaultRocksTest : public testing::Test {
 protected:
  void SetUp() override {
    options_ = OptionsIn(folder_.path());
    options_.env = env_.get();
    Reopen();
    ASSERT_TRUE(Add(0).ok());
  }
  void Reopen() {
    store_.reset();
    auto opened = Store::Open(options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  static StoreContents Contents(int hour) {
    StoreContents contents;
    for (int i = 0; i < 50; ++i) {
      for (int k = 0; k < 60; ++k) {
        contents[Labels{{"__name__", "m"}, {"i", StrCat(i)}}][hour * kHour + k * 60'000] =
            i * 1.37 + k;
      }
    }
    return contents;
  }
  absl::Status Add(int hour) {
    return AddGeneration(store_.get(), {hour * kHour, kHour}, Contents(hour));
  }
  StoreContents Hours(int n) {
    StoreContents all;
    for (int hour = 0; hour < n; ++hour) {
      for (const auto& [labels, samples] : Contents(hour)) {
        all[labels].insert(samples.begin(), samples.end());
      }
    }
    return all;
  }
  // Everything of the first hour is there, whatever else is.
  void ExpectFirstHour() {
    StoreContents contents = ReadStore(store_.get());
    for (const auto& [labels, samples] : Contents(0)) {
      EXPECT_THAT(contents[labels], testing::IsSupersetOf(samples)) << labels.ToString();
    }
  }
  uint64_t Fired(Fault fault) const { return faults_.fired(FaultSite::kRocksDb, fault); }

  FaultSwitch faults_;
  const std::shared_ptr<rocksdb::Env> env_ = NewFaultRocksEnv(&faults_);
  TemporaryFolder folder_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

TEST_F(FaultRocksTest, AFullDiskIsUnavailableAndHealsWithoutAReopen) {
  // Each amount of space stops at another step: sorted file, MANIFEST, catalogue.
  for (const uint64_t space : {0, 100, 1'000, 3'000, 10'000, 20'000}) {
    SCOPED_TRACE(space);
    faults_.SetSpaceLeft(space);
    const absl::Status status = Add(1);
    if (status.ok()) break;
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
    EXPECT_EQ(ReadStore(store_.get()), Hours(1));
  }
  EXPECT_GT(Fired(Fault::kNoSpace), 0u);
  faults_.SetSpaceLeft(std::nullopt);
  const absl::Status added = Add(2);
  EXPECT_TRUE(added.ok()) << added;
  Reopen();
  StoreContents contents = ReadStore(store_.get());
  for (const auto& [labels, samples] : Contents(2)) {
    EXPECT_THAT(contents[labels], testing::IsSupersetOf(samples));
  }
}

TEST_F(FaultRocksTest, AFullDiskWhileManifestOrCurrentIsWrittenLosesNothing) {
  for (const char* file : {"MANIFEST", "CURRENT", "dbtmp", ".log"}) {
    SCOPED_TRACE(file);
    faults_.OnlyIn(file);
    faults_.SetSpaceLeft(0);
    // A store that is open, and then one that starts.
    Add(1).IgnoreError();
    ExpectFirstHour();
    store_.reset();
    const absl::Status started = Store::Open(options_).status();
    EXPECT_TRUE(started.ok() || absl::IsUnavailable(started)) << started;
    faults_.SetSpaceLeft(std::nullopt);
    faults_.OnlyIn("");
    Reopen();
    EXPECT_EQ(store_->Stats().quarantined, 0u);
    ExpectFirstHour();
  }
}

TEST_F(FaultRocksTest, FailedWritesAndSyncsAreErrorsAndHeal) {
  for (const Fault fault : {Fault::kWriteError, Fault::kShortWrite, Fault::kSyncError}) {
    SCOPED_TRACE(static_cast<int>(fault));
    faults_.Set(fault, true);
    EXPECT_FALSE(Add(1).ok());
    faults_.Set(fault, false);
    EXPECT_GT(Fired(fault), 0u);
    EXPECT_EQ(ReadStore(store_.get()), Hours(1));
  }
  ASSERT_TRUE(Add(1).ok());
  Reopen();
  EXPECT_EQ(ReadStore(store_.get()), Hours(2));
}

TEST_F(FaultRocksTest, ABitFlippedOnReadIsNeverAValue) {
  Reopen();
  faults_.OnlyIn(".sst");
  faults_.Set(Fault::kBitFlip, true);
  int unreadable = 0;
  const StoreContents contents = ReadStore(store_.get(), &unreadable);
  faults_.Set(Fault::kBitFlip, false);
  EXPECT_GT(Fired(Fault::kBitFlip), 0u);
  EXPECT_EQ(unreadable, 1);
  EXPECT_TRUE(contents.empty());
  EXPECT_EQ(ReadStore(store_.get()), Hours(1)) << "the disk is good, only the read was not";
}

}  // namespace
}  // namespace hearth
