// Deletes over head and store: hidden at once, never for what is written later, not back after any
// restart, and reclaimed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

using testing::ElementsAre;

class DeleteTest : public DbTest {
 protected:
  // Deletes in the Db and in expected_.
  void Delete(const std::vector<Matcher>& matchers, TimeRange range) {
    const std::vector<std::vector<Matcher>> sets = {matchers};
    const absl::Status status = db_->Delete(sets, range);
    ASSERT_TRUE(status.ok()) << status;
    for (auto it = expected_.begin(); it != expected_.end();) {
      if (MatchesAll(matchers, it->first)) {
        std::erase_if(it->second, [&](const auto& s) { return range.Contains(s.first); });
      }
      it = it->second.empty() ? expected_.erase(it) : std::next(it);
    }
  }
  static std::vector<Matcher> Is(const std::string& name, const std::string& value) {
    return {Matcher::Equal(name, value)};
  }
  uint64_t SortedBytes() const { return FolderBytes(Hearth("store"), ".sst"); }
};

TEST_F(DeleteTest, HidesInHeadAndStoreAtOnceAndAfterRestarts) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(6, t);
  ASSERT_TRUE(db_->Compact().ok());
  ASSERT_GT(db_->Stats().store.generations, 0u);
  ASSERT_GT(db_->Stats().head.chunks, 0u);
  Delete(Is("i", "1"), TimeRange{});
  Delete(Is("__name__", "temperature"), {kNow - 2 * kHour - 7, kNow - kHour});
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DeleteTest, WhatIsWrittenLaterSurvivesEverything) {
  const Labels series = Series(1);
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute) Push({{series, {t, 1}}});
  ASSERT_TRUE(db_->Flush().ok());
  Delete(Is("i", "1"), TimeRange{});
  EXPECT_TRUE(Read().empty());
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += 2 * kMinute) Push({{series, {t, 2}}});
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_) << "from the WAL";
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(Read(), expected_) << "a generation above the deleted one";
  Reopen();
  EXPECT_EQ(Read(), expected_);
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_EQ(Read(), expected_) << "merged";
  EXPECT_EQ(db_->Stats().deletes, 0u);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DeleteTest, MergingReclaimsTheSpaceAndForgetsTheDelete) {
  for (TimeMs t = kNow - 4 * kHour; t < kNow; t += 5'000) PushAll(6, t);
  ASSERT_TRUE(db_->Flush().ok());
  const uint64_t before = SortedBytes();
  Delete({*Matcher::Create(MatchOp::kRegex, "i", "[0-4]")}, TimeRange{});
  EXPECT_EQ(db_->Stats().deletes, 1u);
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_LT(SortedBytes(), before / 2);
  EXPECT_EQ(db_->Stats().deletes, 0u);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DeleteTest, ReclaimsInTheBackgroundOnceItIsQuiet) {
  // Values that take space.
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += 5'000) {
    std::vector<std::pair<Labels, Sample>> samples;
    for (int i = 0; i < 4; ++i) {
      samples.push_back({Series(i), {t, 1.0 / static_cast<double>(t % 99'991 + i + 1)}});
    }
    Push(samples);
  }
  ASSERT_TRUE(db_->Flush().ok());
  const uint64_t before = SortedBytes();
  Delete(Is("__name__", "temperature"), TimeRange{});
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().deletes, 1u);
  clock_.Advance(10 * kMinute);
  for (int round = 0; round < 3; ++round) ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().deletes, 0u);
  EXPECT_LT(SortedBytes(), before * 2 / 3);
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DeleteTest, ADeletedWindowGoesAsAWhole) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(3, t);
  ASSERT_TRUE(db_->Flush().ok());
  Delete({Matcher::NotEqual("i", "")}, {kNow - 3 * kHour, kNow - 2 * kHour - 1});
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_EQ(db_->Stats().store.generations, 1u) << "what is left of the day";
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DeleteTest, SeriesWithoutSamplesLeaveTheSeriesCall) {
  const Labels gone{{"__name__", "gone"}, {"x", "1"}}, half{{"__name__", "half"}, {"x", "2"}};
  for (TimeMs t = kNow - kHour; t < kNow; t += kMinute) Push({{gone, {t, 1}}, {half, {t, 1}}});
  const TimeMs middle = kNow - 30 * kMinute;
  for (const bool sealed : {false, true}) {
    if (sealed) {
      for (TimeMs t = kNow - kHour; t < kNow; t += kMinute) Push({{gone, {t, 1}}});
      ASSERT_TRUE(db_->Flush().ok());
    }
    Delete(Is("__name__", "gone"), TimeRange{});
    Delete(Is("__name__", "half"), {kNow - kHour, middle});
    auto querier = *db_->NewQuerier({});
    const LabelQuery all{.matcher_sets = {{Matcher::NotEqual("x", "")}}};
    EXPECT_THAT(*querier->Series(all), ElementsAre(half)) << sealed;
    // The head keeps names until it forgets the series, as Prometheus does.
    if (sealed) {
      EXPECT_THAT(*querier->LabelValues("x", all), ElementsAre("2"));
      EXPECT_THAT(*querier->LabelValues("x", {}), ElementsAre("2"));
      EXPECT_THAT(*querier->LabelNames({}), ElementsAre("__name__", "x"));
    }
    LabelQuery early = all, late = all;
    early.range = {kNow - kHour, middle};
    late.range = {middle + 1, kNow};
    EXPECT_TRUE(querier->Series(early)->empty()) << sealed;
    EXPECT_THAT(*querier->Series(late), ElementsAre(half)) << sealed;
  }
}

TEST_F(DeleteTest, ARebuiltDatabaseDoesNotBringItBack) {
  for (TimeMs t = kNow - 2 * kHour; t < kNow; t += kMinute) PushAll(4, t);
  ASSERT_TRUE(db_->Flush().ok());
  Delete(Is("i", "2"), TimeRange{});
  db_.reset();
  std::filesystem::remove(Hearth("store/CURRENT"));
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DeleteTest, AReaderKeepsItsViewWhileAMergeReclaims) {
  for (TimeMs t = kNow - kHour; t < kNow; t += kMinute) PushAll(4, t);
  ASSERT_TRUE(db_->Flush().ok());
  Delete(Is("i", "1"), TimeRange{});
  const StoreContents expected = expected_;
  auto querier = *db_->NewQuerier({});
  const SelectRequest request;
  auto sets = *querier->Select({&request, 1});
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_EQ(db_->Stats().deletes, 1u) << "the reader's files are still there";
  StoreContents read;
  SampleColumns columns;
  for (size_t i = 0; i < sets[0]->size(); ++i) {
    ASSERT_TRUE(sets[0]->Read(i, TimeRange{}, &columns).ok());
    for (size_t k = 0; k < columns.t.size(); ++k) {
      read[Labels(sets[0]->labels(i))][columns.t[k]] = columns.v[k];
    }
  }
  EXPECT_EQ(read, expected);
  sets.clear();
  querier.reset();
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().deletes, 0u);
}

TEST_F(DeleteTest, NothingMatchesAndEmptyRangesAreFine) {
  PushAll(2, kNow);
  Delete(Is("i", "none"), TimeRange{});
  Delete(Is("i", "1"), {5, 4});
  EXPECT_EQ(Read(), expected_);
}

// Random writes, deletes, flushes, merges, rounds and restarts against a map.
TEST_F(DeleteTest, AgreesWithAMapWhateverHappensInBetween) {
  for (uint32_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    db_.reset();
    options_.path = folder_.path() + StrCat("/seed", seed);
    clock_.Set(kNow);
    expected_.clear();
    Reopen();
    constexpr int kSeries = 6;
    const auto time = [&] {
      return kNow - 4 * kHour + static_cast<TimeMs>(random() % (4 * 3600)) * 1000;
    };
    for (int step = 0; step < 100; ++step) {
      const uint32_t what = random() % 16;
      if (what == 0) {
        ASSERT_TRUE(db_->Flush().ok());
      } else if (what == 1) {
        ASSERT_TRUE(db_->Merge().ok());
      } else if (what == 2) {
        clock_.Advance(6 * kMinute);
        ASSERT_TRUE(db_->Compact().ok());
      } else if (what == 3) {
        Reopen();
      } else if (what <= 6) {
        const TimeMs mint = time();
        const TimeRange range{mint, mint + static_cast<TimeMs>(random() % (2 * 3600)) * 1000};
        Delete(
            random() % 3 == 0 ? Is("__name__", "temperature") : Is("i", StrCat(random() % kSeries)),
            random() % 4 == 0 ? TimeRange{} : range);
      } else {
        // Forward from the last sample, or from where a delete has made room.
        const Labels labels = Series(static_cast<int>(random() % kSeries));
        const auto known = expected_.find(labels);
        TimeMs t = known == expected_.end() ? time() : known->second.rbegin()->first;
        std::vector<std::pair<Labels, Sample>> samples;
        for (uint32_t n = random() % 80 + 1; n > 0; --n) {
          t += 1000 + random() % 20'000;
          if (t > clock_.NowMs()) break;
          samples.push_back({labels, {t, static_cast<double>(random())}});
        }
        if (!samples.empty()) Push(samples);
      }
      const StoreContents read = Read();
      ASSERT_EQ(read.size(), expected_.size()) << "step " << step;
      ASSERT_EQ(read, expected_) << "step " << step;
    }
  }
}

// Commits, deletes and flushes at once: afterwards every series that was not deleted is whole, and
// what was written after the last delete is there.
TEST_F(DeleteTest, BesideWritersAndFlushes) {
  const TimeMs begin = kNow - 6 * kHour;
  constexpr int kSteps = 300;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int step = 0; step < kSteps; ++step) PushAll(6, begin + step * kMinute);
    done = true;
  });
  std::thread flusher([&] {
    while (!done.load()) {
      EXPECT_TRUE(db_->Flush().ok());
      EXPECT_TRUE(db_->Merge().ok());
    }
  });
  const std::vector<std::vector<Matcher>> sets = {Is("i", "3")};
  while (!done.load()) ASSERT_TRUE(db_->Delete(sets, TimeRange{}).ok());
  writer.join();
  flusher.join();
  Delete(Is("i", "3"), TimeRange{});
  Push({{Series(3), {kNow, 7}}});
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

}  // namespace
}  // namespace hearth
