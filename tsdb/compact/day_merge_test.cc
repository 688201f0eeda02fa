// Windows merged into a longer one: what is read, what a start finds after a crash, and how late
// data joins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <vector>

#include "model/text.h"
#include "tsdb/compact/window_merge.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;
const WindowId kDay{19'675 * 24 * kHour, 24 * kHour};
WindowId HourOf(int hour) { return {kDay.start + hour * kHour, kHour}; }

class DayMergeTest : public testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void Reopen() {
    store_.reset();
    auto opened = Store::Open(OptionsIn(folder_.path()));
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  static Labels Series(int i) { return Labels{{"__name__", "m"}, {"i", StrCat(i)}}; }
  void Add(const WindowId& window, const StoreContents& contents, Lsn lsn) {
    ASSERT_TRUE(AddGeneration(store_.get(), window, contents, lsn).ok());
    for (const auto& [labels, samples] : contents) {
      expected_[labels].insert(samples.begin(), samples.end());
    }
  }
  // Each hour with its own LSN, hour 3 in two generations; series come and go.
  void AddHours() {
    std::mt19937 random(1);
    for (int hour : {0, 1, 2, 3, 23, 3}) {
      StoreContents contents;
      for (int i = 0; i < 50; ++i) {
        if (random() % 3 == 0) continue;
        for (int n = 0; n < 30; ++n) {
          contents[Series(i)][HourOf(hour).start + static_cast<TimeMs>(random() % 3600) * 1000] =
              static_cast<double>(random() % 1000) / 8;
        }
      }
      Add(HourOf(hour), contents, 100 + lsns_++);
    }
  }
  absl::Status Merge() { return WindowMerge(store_.get(), kDay, deletes_, &stop_).Run(); }
  // As the querier joins them: the first in the version's order wins.
  StoreContents Joined() { return ReadStore(store_.get()); }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  std::atomic<bool> stop_{false};
  Lsn lsns_ = 0;
  StoreContents expected_;
  std::shared_ptr<DeleteList> deletes_ = std::make_shared<DeleteList>();
};

TEST_F(DayMergeTest, HoursBecomeADay) {
  AddHours();
  // Neighbours stay.
  const StoreContents other{{Series(1), {{kDay.start - 1, 7}}}};
  Add({kDay.start - kHour, kHour}, other, 200);
  ASSERT_TRUE(Merge().ok());
  for (int start = 0; start < 2; ++start) {
    const std::vector<GenerationInfo> catalogue = store_->Catalogue();
    ASSERT_EQ(catalogue.size(), 2u);
    const GenerationInfo& day = catalogue[0];
    EXPECT_EQ(day.id.window, kDay);
    EXPECT_GT(day.id.generation, 2u) << "above all that it replaces";
    EXPECT_EQ(day.replaces_inside.size(), 6u);
    EXPECT_EQ(day.CoveredUpTo(HourOf(2).range()), 102u);
    EXPECT_EQ(day.CoveredUpTo(HourOf(3).range()), 105u);
    EXPECT_EQ(day.CoveredUpTo(HourOf(23).range()), 104u);
    EXPECT_EQ(day.CoveredUpTo(HourOf(5).range()), 0u) << "nothing was flushed of it";
    EXPECT_EQ(day.CoveredUpTo(kDay.range()), 0u);
    EXPECT_EQ(Joined(), expected_);
    Reopen();
  }
}

TEST_F(DayMergeTest, WhatCameLaterLosesToTheDayAndIsMergedIntoIt) {
  AddHours();
  ASSERT_TRUE(Merge().ok());
  const GenerationId day = store_->Catalogue()[0].id;
  const TimeMs known = expected_.at(Series(1)).begin()->first;
  const WindowId first_hour = HourOf(0);
  Add(first_hour, {{Series(1), {{known, -1}}}, {Series(99), {{first_hour.start + 7, 9}}}}, 300);
  EXPECT_GT(store_->Catalogue()[1].id.generation, day.generation);
  EXPECT_EQ(Joined(), expected_);
  Reopen();
  EXPECT_EQ(store_->Catalogue().size(), 2u) << "what is newer than the day is no leftover";
  EXPECT_EQ(Joined(), expected_);
  ASSERT_TRUE(Merge().ok());
  ASSERT_EQ(store_->Catalogue().size(), 1u);
  EXPECT_EQ(store_->Catalogue()[0].CoveredUpTo(first_hour.range()), 300u);
  EXPECT_EQ(store_->Catalogue()[0].CoveredUpTo(HourOf(1).range()), 101u);
  EXPECT_EQ(Joined(), expected_);
  Reopen();
  EXPECT_EQ(Joined(), expected_);
}

TEST_F(DayMergeTest, ACrashBeforeTheSwitchKeepsTheHours) {
  AddHours();
  std::vector<GenerationId> hours;
  for (const GenerationInfo& info : store_->Catalogue()) hours.push_back(info.id);
  {
    auto writer = *GenerationWriter::Create(store_->scratch_path(), store_->NextGeneration(kDay));
    const Labels labels = Series(1);
    const TimeMs t = kDay.start;
    const double v = 1;
    ASSERT_TRUE(writer->Add(labels, labels.Fingerprint(), {&t, 1}, {&v, 1}).ok());
    const auto files = writer->Finish({.lsn = 105, .replaces_inside = hours});
    ASSERT_TRUE(files.ok()) << files.status();
    ASSERT_TRUE(store_->Ingest(*files).ok());
  }
  Reopen();
  EXPECT_EQ(store_->Catalogue().size(), hours.size());
  EXPECT_EQ(Joined(), expected_);
}

TEST_F(DayMergeTest, ACrashBeforeTheOldFilesAreGoneKeepsTheDay) {
  AddHours();
  // A reader keeps the files of some hours while the directory is copied.
  std::vector<std::shared_ptr<Generation>> held = store_->version()->generations;
  held.resize(3);
  ASSERT_TRUE(Merge().ok());
  const std::string copy = folder_.path() + "/copy";
  std::filesystem::copy(folder_.path() + "/store", copy, std::filesystem::copy_options::recursive);
  StoreOptions options = OptionsIn(folder_.path());
  options.path = copy;
  options.scratch_path = copy + "-flush";
  const auto opened = Store::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_EQ((*opened)->Catalogue().size(), 1u);
  EXPECT_EQ((*opened)->Catalogue()[0].id.window, kDay);
  EXPECT_EQ(ReadStore(opened->get()), expected_);
}

TEST_F(DayMergeTest, DeletesAreAppliedToEachHour) {
  AddHours();
  deletes_->records = {{500, {Matcher::Equal("i", "1")}, HourOf(3).range()}};
  deletes_->last_lsn = 500;
  ASSERT_TRUE(Merge().ok());
  std::map<TimeMs, double>& samples = expected_.at(Series(1));
  samples.erase(samples.lower_bound(HourOf(3).start), samples.upper_bound(HourOf(3).range().maxt));
  EXPECT_EQ(Joined(), expected_);
  EXPECT_EQ(store_->Catalogue()[0].deletes_lsn, 500u);
}

TEST_F(DayMergeTest, ALoneHourBecomesADayOnce) {
  Add(HourOf(4), {{Series(1), {{HourOf(4).start, 1}}}}, 10);
  ASSERT_TRUE(Merge().ok());
  const GenerationInfo day = store_->Catalogue()[0];
  EXPECT_EQ(day.id.window, kDay);
  ASSERT_TRUE(Merge().ok());
  EXPECT_EQ(store_->Catalogue()[0], day);
}

}  // namespace
}  // namespace hearth
