#include "tsdb/deletes/deletes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "model/text.h"
#include "tsdb/fault_file_system.h"
#include "tsdb/golden_file.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

DeleteRecord Up(Lsn lsn, TimeRange range = {0, 100}) {
  return {lsn,
          {Matcher::Equal("__name__", "up"), *Matcher::Create(MatchOp::kNotRegex, "a", "b+")},
          range};
}

class DeletesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/deletesXXXXXX";
    folder_ = mkdtemp(pattern.data());
    Reopen();
  }
  void TearDown() override { fs::remove_all(folder_); }
  absl::Status TryOpen() {
    absl::StatusOr<std::unique_ptr<Deletes>> opened = Deletes::Open(
        {.fs = &faults_, .directory = folder_, .quarantine_path = folder_ + "/quarantine"});
    if (opened.ok()) deletes_ = *std::move(opened);
    return opened.status();
  }
  void Reopen() { ASSERT_TRUE(TryOpen().ok()); }
  std::vector<Lsn> Lsns() const {
    std::vector<Lsn> lsns;
    for (const DeleteRecord& record : deletes_->list()->records) lsns.push_back(record.lsn);
    return lsns;
  }
  std::string ReadFile() const {
    std::ifstream in(folder_ + "/deletes", std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return bytes.str();
  }
  void WriteFile(const std::string& bytes) const {
    std::ofstream(folder_ + "/deletes", std::ios::binary) << bytes;
  }

  std::string folder_;
  FaultFileSystem faults_{PosixFileSystem()};
  std::unique_ptr<Deletes> deletes_;
};

TEST_F(DeletesTest, ComeBackWithEveryField) {
  EXPECT_TRUE(deletes_->list()->empty());
  ASSERT_TRUE(deletes_->Add({Up(5), Up(5, {-7, 3})}).ok());
  ASSERT_TRUE(deletes_->Add({Up(9, TimeRange{})}).ok());
  Reopen();
  const std::shared_ptr<const DeleteList> list = deletes_->list();
  EXPECT_THAT(Lsns(), ElementsAre(5, 5, 9));
  EXPECT_EQ(list->last_lsn, 9u);
  EXPECT_EQ(list->records[1].matchers, Up(5).matchers);
  EXPECT_EQ(list->records[1].range, (TimeRange{-7, 3}));
  EXPECT_EQ(list->records[2].range, TimeRange{});
}

TEST_F(DeletesTest, WhatLeavesIsForgottenButItsLsn) {
  ASSERT_TRUE(deletes_->Add({Up(5)}).ok());
  ASSERT_TRUE(deletes_->Add({Up(9)}).ok());
  const std::shared_ptr<const DeleteList> before = deletes_->list();
  ASSERT_TRUE(deletes_->Remove([](const DeleteRecord& record) { return record.lsn == 9; }).ok());
  EXPECT_EQ(before->records.size(), 2u) << "a list does not change";
  Reopen();
  EXPECT_THAT(Lsns(), ElementsAre(5));
  EXPECT_EQ(deletes_->list()->last_lsn, 9u);
}

TEST_F(DeletesTest, AFailureChangesNothingAndTheNextTrySucceeds) {
  ASSERT_TRUE(deletes_->Add({Up(5)}).ok());
  const std::string good = ReadFile();
  // First, because what the other failures leave gives space when it is removed.
  faults_.SetSpaceLeft(3);
  EXPECT_TRUE(absl::IsResourceExhausted(deletes_->Add({Up(6)})));
  faults_.SetSpaceLeft(std::nullopt);
  faults_.FailWrites(true);
  EXPECT_FALSE(deletes_->Add({Up(7)}).ok());
  faults_.FailWrites(false);
  faults_.FailSyncs(true);
  EXPECT_FALSE(deletes_->Add({Up(8)}).ok());
  faults_.FailSyncs(false);
  EXPECT_EQ(ReadFile(), good);
  EXPECT_THAT(Lsns(), ElementsAre(5));
  ASSERT_TRUE(deletes_->Add({Up(9)}).ok());
  Reopen();
  EXPECT_THAT(Lsns(), ElementsAre(5, 9));
}

TEST_F(DeletesTest, AnAcknowledgedDeleteOutlivesAPowerCut) {
  ASSERT_TRUE(deletes_->Add({Up(5)}).ok());
  ASSERT_TRUE(deletes_->Add({Up(6)}).ok());
  deletes_.reset();
  ASSERT_TRUE(faults_.DropUnsynced().ok());
  Reopen();
  EXPECT_THAT(Lsns(), ElementsAre(5, 6));
}

TEST_F(DeletesTest, TheLimitIsAnErrorThatSaysWhatToDo) {
  auto opened = Deletes::Open({.fs = &faults_,
                               .directory = folder_,
                               .quarantine_path = folder_ + "/quarantine",
                               .max_records = 2});
  ASSERT_TRUE((*opened)->Add({Up(1), Up(1)}).ok());
  const absl::Status status = (*opened)->Add({Up(2)});
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("clean_tombstones"));
}

// Every byte of the file flipped, and the file cut everywhere: opens, and never shows a delete that
// was not given.
TEST_F(DeletesTest, DamageLosesDeletesButInventsNone) {
  ASSERT_TRUE(deletes_->Add({Up(5)}).ok());
  ASSERT_TRUE(deletes_->Add({Up(6), Up(6, {50, 60})}).ok());
  const std::string good = ReadFile();
  const auto check = [&](const std::string& bytes, const std::string& what) {
    WriteFile(bytes);
    const absl::Status status = TryOpen();
    if (absl::IsFailedPrecondition(status)) return;  // A higher version.
    ASSERT_TRUE(status.ok()) << what << ": " << status;
    for (const DeleteRecord& record : deletes_->list()->records) {
      EXPECT_TRUE(record.lsn == 5 || record.lsn == 6) << what;
      EXPECT_EQ(record.matchers, Up(5).matchers) << what;
    }
    EXPECT_GE(deletes_->list()->records.size() + 1, bytes.size() == good.size() ? 3u : 0u) << what;
    const std::vector<Lsn> kept = Lsns();
    Reopen();
    EXPECT_EQ(Lsns(), kept) << what << ": what was kept is written anew";
    fs::remove_all(folder_ + "/quarantine");
  };
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bytes = good;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x20);
    check(bytes, StrCat("flip at ", i));
    check(good.substr(0, i), StrCat("cut at ", i));
  }
}

TEST_F(DeletesTest, ADamagedFileIsSetAside) {
  ASSERT_TRUE(deletes_->Add({Up(5)}).ok());
  WriteFile(ReadFile() + "torn");
  Reopen();
  EXPECT_THAT(Lsns(), ElementsAre(5));
  EXPECT_TRUE(fs::exists(folder_ + "/quarantine/deletes-1"));
}

TEST_F(DeletesTest, ANewerVersionIsRefused) {
  ASSERT_TRUE(deletes_->Add({Up(5)}).ok());
  std::string bytes = ReadFile();
  bytes[8] = 2;
  WriteFile(bytes);
  const absl::Status status = TryOpen();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("version 2"));
}

TEST_F(DeletesTest, TheWorkedExampleDecodes) {
  const std::map<std::string, std::string> golden = ReadGoldenFile("deletes.golden");
  ASSERT_EQ(golden.size(), 3u);
  WriteFile(golden.at("header") + golden.at("last LSN") + golden.at("delete"));
  Reopen();
  const std::shared_ptr<const DeleteList> list = deletes_->list();
  ASSERT_EQ(list->records.size(), 1u);
  EXPECT_EQ(list->last_lsn, 1234u);
  EXPECT_EQ(list->records[0].lsn, 1234u);
  EXPECT_EQ(list->records[0].range, (TimeRange{1'700'000'000'000, 1'700'000'060'000}));
  EXPECT_THAT(list->records[0].matchers,
              ElementsAre(Matcher::Equal("__name__", "up"),
                          *Matcher::Create(MatchOp::kRegex, "job", "a.*")));
  const std::string before = ReadFile();
  ASSERT_TRUE(deletes_->Add({Up(2000)}).ok());
  ASSERT_TRUE(deletes_->Remove([](const DeleteRecord& r) { return r.lsn == 2000; }).ok());
  EXPECT_EQ(ReadFile().substr(40), before.substr(40)) << "written as it was read";
}

TEST(DeleteRecord, MalformedPayloadsAreRefused) {
  const std::string good = EncodeDeleteRecord(Up(1));
  ASSERT_TRUE(DecodeDeleteRecord(1, good).has_value());
  for (size_t i = 0; i < good.size(); ++i) {
    EXPECT_FALSE(DecodeDeleteRecord(1, good.substr(0, i)).has_value()) << i;
  }
  EXPECT_FALSE(DecodeDeleteRecord(1, good + "x").has_value());
  EXPECT_FALSE(DecodeDeleteRecord(1, EncodeDeleteRecord({1, {}, {0, 1}})).has_value())
      << "no matcher would mean every series";
  EXPECT_FALSE(DecodeDeleteRecord(1, EncodeDeleteRecord({1, Up(1).matchers, {5, 4}})).has_value());
}

}  // namespace
}  // namespace hearth
