#include "tsdb/db.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(DbTest, AFlushedWindowIsAnsweredByTheStoreAlone) {
  for (TimeMs t = kNow - kHour; t < kNow; t += kMinute) PushAll(10, t);
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_TRUE(db_->Close().ok());
  db_.reset();
  fs::remove_all(Hearth("wal"));
  fs::remove_all(Hearth("chunks"));
  Reopen();
  const uint64_t reads = db_->Stats().store.bundle_reads;
  EXPECT_EQ(Read(), expected_);
  EXPECT_EQ(db_->Stats().store.bundle_reads, reads + 10);
  EXPECT_EQ(db_->Stats().range, (TimeRange{kNow - kHour, kNow - kMinute}));
}

TEST_F(DbTest, ThreeDaysPushedInOrderAreFlushedAsTheyGo) {
  const TimeMs begin = kNow - 3 * kDay;
  for (TimeMs t = begin; t < kNow; t += 5 * kMinute) {
    PushAll(20, t);
    if (t % kHour == 10 * kMinute) {
      ASSERT_TRUE(db_->Compact().ok());
      EXPECT_EQ(db_->Stats().store.generations, static_cast<uint64_t>((t - begin) / kHour));
    }
  }
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_GE(db_->Stats().store.generations, 70u);
  EXPECT_EQ(db_->Stats().store.generations, db_->Stats().compactor.flushes) << "one a window";
  for (int restart = 0; restart < 2; ++restart) {
    for (const TimeRange range :
         {TimeRange{}, TimeRange{begin + 7 * kHour + 1, begin + 30 * kHour},
          TimeRange{kNow - 2 * kHour, kNow}, TimeRange{begin - kDay, begin - 1}}) {
      EXPECT_EQ(Read(range), Expected(range)) << range.mint << " " << range.maxt;
    }
    Reopen();
  }
}

TEST_F(DbTest, RetentionByTimeDropsFilesWithinItsInterval) {
  options_.compactor_interval = std::chrono::milliseconds(5);
  Reopen();
  for (TimeMs t = kNow - 12 * kHour; t < kNow; t += kMinute) PushAll(20, t);
  ASSERT_TRUE(db_->Flush().ok());
  const uint64_t before = FolderBytes(Hearth("store"), ".sst");
  options_.retention_ms = kDay;
  Reopen();
  EXPECT_EQ(Read(), expected_);
  clock_.Advance(18 * kHour);  // The older half is beyond one day now.
  EXPECT_TRUE(Eventually([&] { return FolderBytes(Hearth("store"), ".sst") < before * 2 / 3; }));
  EXPECT_EQ(Read(), Expected({kNow - 6 * kHour, kNow}));
}

TEST_F(DbTest, RetentionByTimeAlsoReachesWhatTheHeadStillHolds) {
  PushAll(3, kNow - kMinute);
  options_.retention_ms = kDay;
  Reopen();
  EXPECT_EQ(Read(), expected_);
  clock_.Advance(2 * kDay);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_TRUE(Read().empty());
  Reopen();
  EXPECT_TRUE(Read().empty());
}

TEST_F(DbTest, RetentionBySizeKeepsTheNewest) {
  for (TimeMs t = kNow - 6 * kHour; t < kNow; t += 10'000) PushAll(20, t);
  ASSERT_TRUE(db_->Flush().ok());
  options_.retention_bytes = 1;
  Reopen();
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  EXPECT_GT(db_->Stats().compactor.dropped_by_size, 0u);
  EXPECT_EQ(Read(), Expected({kNow - kHour, kNow}));
}

TEST_F(DbTest, LateSamplesBecomeTheNextGeneration) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) PushAll(4, t);
  ASSERT_TRUE(db_->Compact().ok());
  const size_t generations = db_->Stats().store.generations;
  ASSERT_GE(generations, 2u);
  // Another series, behind the others.
  const Labels late{{"__name__", "late"}};
  for (TimeMs t = kNow - 3 * kHour; t < kNow - 2 * kHour; t += kMinute) Push({{late, {t, 1}}});
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, generations) << "it may not be all yet";
  EXPECT_EQ(Read(), expected_);
  clock_.Advance(30 * kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_GT(db_->Stats().store.generations, generations);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DbTest, AQuietWindowOfSeveralGenerationsIsMerged) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow - kHour; t += kMinute) PushAll(4, t);
  ASSERT_TRUE(db_->Flush().ok());
  const Labels late{{"__name__", "late"}};
  for (TimeMs t = kNow - 3 * kHour; t < kNow - 2 * kHour; t += kMinute) Push({{late, {t, 1}}});
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_EQ(db_->Stats().store.generations, 3u);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, 3u) << "more may come";
  clock_.Advance(10 * kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().store.generations, 2u);
  EXPECT_EQ(db_->Stats().compactor.merges, 1u);
  EXPECT_EQ(Read(), expected_);
  Reopen();
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DbTest, ASecondValueForATimestampLosesToTheFirstGeneration) {
  const Labels series{{"__name__", "m"}};
  Push({{series, {kNow - kHour, 1}}});
  ASSERT_TRUE(db_->Flush().ok());
  ASSERT_TRUE(db_->Close().ok());
  db_.reset();
  // Without WAL and chunk log the head does not know the series' last time.
  fs::remove_all(Hearth("wal"));
  fs::remove_all(Hearth("chunks"));
  Reopen();
  Push({{series, {kNow - kHour, 2}}, {series, {kNow - kHour + 1, 3}}});
  EXPECT_EQ(Read(), expected_) << "head against store";
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(db_->Stats().store.generations, 2u);
  EXPECT_EQ(Read(), expected_) << "generation against generation";
}

TEST_F(DbTest, LabelCallsUniteHeadAndStore) {
  Push({{Labels{{"__name__", "old"}, {"a", "1"}}, {kNow - 5 * kHour, 1}}});
  ASSERT_TRUE(db_->Flush().ok());
  Push({{Labels{{"__name__", "new"}, {"b", "2"}}, {kNow, 1}},
        {Labels{{"__name__", "old"}, {"a", "1"}}, {kNow, 1}}});
  auto querier = *db_->NewQuerier({});
  EXPECT_THAT(*querier->LabelNames({}), ElementsAre("__name__", "a", "b"));
  EXPECT_THAT(*querier->LabelValues("__name__", {}), ElementsAre("new", "old"));
  EXPECT_THAT(*querier->LabelValues("__name__", {.limit = 1}), ElementsAre("new"));
  const LabelQuery with_a{.matcher_sets = {{Matcher::NotEqual("a", "")}}};
  EXPECT_THAT(*querier->LabelNames(with_a), ElementsAre("__name__", "a"));
  EXPECT_THAT(*querier->LabelValues("__name__", with_a), ElementsAre("old"));
  const LabelQuery all{.matcher_sets = {{}}};
  EXPECT_EQ(querier->Series(all)->size(), 2u);
  const LabelQuery then{.matcher_sets = {{}}, .range = {kNow - 6 * kHour, kNow - 4 * kHour}};
  EXPECT_THAT(*querier->Series(then), ElementsAre(Labels{{"__name__", "old"}, {"a", "1"}}));
}

TEST_F(DbTest, CountsWhereSeriesComeFrom) {
  Push({{Labels{{"__name__", "a"}, {"x", "1"}}, {kNow, 1}},
        {Labels{{"__name__", "a"}, {"x", "22"}}, {kNow, 1}},
        {Labels{{"__name__", "b"}}, {kNow, 1}}});
  const Cardinality count = db_->CountSeries(2);
  using Row = std::pair<std::string, uint64_t>;
  EXPECT_EQ(count.series, 3u);
  EXPECT_EQ(count.label_pairs, 4u);
  EXPECT_THAT(count.series_by_metric, ElementsAre(Row("a", 2), Row("b", 1)));
  EXPECT_THAT(count.values_by_label, ElementsAre(Row("__name__", 2), Row("x", 2)));
  EXPECT_THAT(count.bytes_by_label, ElementsAre(Row("__name__", 3), Row("x", 3)));
  EXPECT_THAT(count.series_by_label_pair, ElementsAre(Row("__name__=a", 2), Row("__name__=b", 1)));
}

TEST_F(DbTest, OneProcessAtATime) {
  const absl::Status second = Db::Open(options_).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(second.message(),
            "data directory \"" + options_.path + "\" is locked by another process");
  db_.reset();
  EXPECT_TRUE(Db::Open(options_).ok());
}

TEST_F(DbTest, APathThatCannotBeUsedIsOneClearError) {
  DbOptions options = options_;
  options.path = folder_.path() + "/file";
  std::ofstream(options.path) << "not a folder";
  absl::Status status = Db::Open(options).status();
  EXPECT_EQ(status.message(), "data directory \"" + options.path + "\" is not a directory");
  options.path = "/proc/no/such";
  status = Db::Open(options).status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("data directory \"/proc/no/such\" is not writable"));
}

TEST_F(DbTest, LeavesAPrometheusDirectoryAlone) {
  const std::vector<std::string> theirs = {"wal/00000001", "chunks_head/000001",
                                           "01HZXA3B5C7D9E1F3G5H7J9K1M/meta.json"};
  for (const std::string& file : theirs) {
    fs::create_directories(fs::path(options_.path + "/" + file).parent_path());
    std::ofstream(options_.path + "/" + file) << "theirs";
  }
  EXPECT_TRUE(HoldsPrometheusData(options_.path, options_.fs));
  Reopen();
  PushAll(3, kNow);
  ASSERT_TRUE(db_->Flush().ok());
  Reopen();
  EXPECT_EQ(Read(), expected_);
  for (const std::string& file : theirs) {
    EXPECT_EQ(fs::file_size(options_.path + "/" + file), 6u) << file;
  }
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(options_.path)) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("hearth", "wal", "chunks_head",
                                                   "01HZXA3B5C7D9E1F3G5H7J9K1M"));
}

TEST_F(DbTest, TheFirstAndTheLastTimesThereAreAreKeptLikeOthers) {
  constexpr TimeMs kFirst = std::numeric_limits<TimeMs>::min();
  constexpr TimeMs kLast = std::numeric_limits<TimeMs>::max();
  options_.retention_ms = 0;
  Reopen();
  for (const TimeMs t : {kFirst, kFirst + 1, kFirst + kHour, kFirst + 2 * kHour}) PushAll(2, t);
  clock_.Set(kLast - kHour);
  for (const TimeMs t : {kLast - kHour, kLast - kHour + 10 * kMinute}) PushAll(2, t);
  EXPECT_EQ(Read(), Expected());
  Reopen();
  EXPECT_EQ(Read(), Expected());
  ASSERT_TRUE(db_->Compact().ok());
  ASSERT_TRUE(db_->Flush().ok());
  EXPECT_EQ(Read(), Expected());
  EXPECT_EQ(Read({kFirst, kFirst}), Expected({kFirst, kFirst}));
  Reopen();
  EXPECT_EQ(Read(), Expected());
  EXPECT_EQ(db_->Stats().range.mint, kFirst);
  EXPECT_EQ(db_->Stats().store.quarantined, 0u);
}

TEST_F(DbTest, BytesByMetricAndByPart) {
  for (TimeMs t = kNow - 3 * kHour; t < kNow; t += kMinute) {
    std::vector<std::pair<Labels, Sample>> samples;
    for (int i = 0; i < 400; ++i) {
      const double noise = std::fmod(static_cast<double>(t % 1'000'003) * (i + 1) * 0.7310587, 1.0);
      samples.push_back({Labels{{"__name__", i < 300   ? "large"
                                             : i < 399 ? "middle"
                                                       : "tiny"},
                                {"i", StrCat(i)}},
                         {t, noise}});
    }
    Push(samples);
  }
  ASSERT_TRUE(db_->Flush().ok());
  const auto bytes = db_->BytesByMetric(2);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  ASSERT_EQ(bytes->disk.size(), 2u);
  EXPECT_EQ(bytes->disk[0].first, "large");
  EXPECT_EQ(bytes->disk[1].first, "middle");
  EXPECT_NEAR(
      static_cast<double>(bytes->disk[0].second) / static_cast<double>(bytes->disk[1].second), 3,
      0.7);
  EXPECT_EQ(bytes->memory[0].first, "large");
  const StoreStats stats = db_->Stats().store;
  const double files = static_cast<double>(stats.sample_bytes + stats.index_bytes);
  EXPECT_GT(static_cast<double>(bytes->disk[0].second + bytes->disk[1].second), 0.7 * files);
  EXPECT_LE(static_cast<double>(bytes->disk[0].second + bytes->disk[1].second), files);

  const auto parts = db_->DiskByPart();
  const std::map<std::string, uint64_t> by_part(parts.begin(), parts.end());
  EXPECT_EQ(by_part.at("store_flushed"), stats.sample_bytes + stats.index_bytes);
  EXPECT_EQ(by_part.at("store_merged"), 0u);
  EXPECT_EQ(by_part.at("snapshots"), 0u);
  EXPECT_GT(by_part.at("wal"), 0u);
  ASSERT_TRUE(db_->Snapshot(false).ok());
  EXPECT_LT(db_->DiskByPart().back().second, by_part.at("store_flushed"))
      << "what a snapshot shares is counted once";
}

TEST_F(DbTest, WhenMemoryIsShortSeriesThatHaveStoppedLeaveSooner) {
  MemoryBudget budget(int64_t{1} << 30);
  options_.memory = &budget;
  clock_.Set(kNow);
  Reopen();
  const auto write = [&](int series) {
    PushAll(series, clock_.NowMs());
    clock_.Advance(15'000);
    ASSERT_TRUE(db_->Compact().ok());
  };
  for (int i = 0; i < 4; ++i) write(10);
  for (int i = 0; i < 3; ++i) write(4);
  EXPECT_EQ(db_->Stats().head.series, 10u) << "45 s: they may come back";
  budget.Set(MemoryPressure::kFlush, 1 << 20);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().head.series, 4u);
  EXPECT_EQ(db_->Stats().compactor.stopped_series, 6u);
  EXPECT_EQ(Read(), expected_);
  for (int i = 0; i < 4; ++i) write(4);
  EXPECT_EQ(db_->Stats().compactor.early_flushes, 2u);
  // As long as it lasts, not only when windows are flushed.
  for (int i = 0; i < 2; ++i) write(10);
  EXPECT_EQ(db_->Stats().head.series, 10u);
  for (int i = 0; i < 4; ++i) write(4);
  EXPECT_EQ(db_->Stats().compactor.early_flushes, 2u);
  EXPECT_EQ(db_->Stats().compactor.stopped_series, 12u);
  EXPECT_EQ(db_->Stats().head.series, 4u);
  EXPECT_EQ(Read(), expected_);
}

TEST_F(DbTest, WhenMemoryIsShortWindowsAreFlushedEarlyAndNothingIsMerged) {
  MemoryBudget budget(int64_t{1} << 30);
  options_.memory = &budget;
  Reopen();
  PushAll(10, kNow - 2 * kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().compactor.flushes, 0u) << "the window is open";
  budget.Set(MemoryPressure::kFlush, 0);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().compactor.flushes, 1u);
  EXPECT_EQ(db_->Stats().compactor.early_flushes, 1u);
  PushAll(10, kNow - kMinute);
  ASSERT_TRUE(db_->Compact().ok());
  EXPECT_EQ(db_->Stats().compactor.early_flushes, 1u) << "not every second";
  EXPECT_EQ(Read(), expected_);
  for (int hours = 0; hours < 6; ++hours) {
    clock_.Advance(kHour);
    ASSERT_TRUE(db_->Compact().ok());
  }
  EXPECT_EQ(db_->Stats().store.generations, 2u) << "which would be merged else";
  EXPECT_EQ(db_->Stats().compactor.merges, 0u);
  budget.Set(MemoryPressure::kNone, 1 << 30);
  for (int hours = 0; hours < 6; ++hours) {
    clock_.Advance(kHour);
    ASSERT_TRUE(db_->Compact().ok());
  }
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  EXPECT_EQ(Read(), expected_);
  db_->ShrinkCaches(0);
  EXPECT_EQ(Read(), expected_);
  EXPECT_LT(db_->Stats().store.block_cache_bytes, 1000u);
  db_.reset();  // Before the budget goes.
}

}  // namespace
}  // namespace hearth
