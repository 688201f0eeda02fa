// What the head takes and gives back when memory is short.
#include <numeric>

#include "model/memory_budget.h"
#include "model/text.h"
#include "tsdb/head/head_test_base.h"

namespace hearth {
namespace {

class HeadMemoryTest : public HeadTest {
 protected:
  HeadMemoryTest() {
    options_.memory = &budget_;
    Open();
  }
  void Fill(int series, int samples) {
    for (int i = 0; i < series; ++i) {
      std::vector<Sample> values;
      for (int k = 0; k < samples; ++k) values.push_back({kT0 + k * 1000, i + 0.1 * k * k});
      ASSERT_TRUE(Write(Named(i % 10 == 0 ? "few" : "many", StrCat(i)), values).ok());
    }
  }

  MemoryBudget budget_{int64_t{1} << 30};
};

TEST_F(HeadMemoryTest, NewSeriesAreRefusedAndKnownOnesGoOn) {
  ASSERT_TRUE(Write(Named("known"), {{kT0, 1}}).ok());
  budget_.Set(MemoryPressure::kRefuse, 0);
  const auto appender = head_->NewAppender();
  EXPECT_EQ(appender->FindOrCreate(Named("new")).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(WriteOne(Named("known"), {kT0 + 1000, 2}), AppendOutcome::kAppended);
  EXPECT_EQ(head_->Stats().series, 1u);
  EXPECT_EQ(budget_.refused_series(), 1u);
}

TEST_F(HeadMemoryTest, ABurstEndsWhereTheRoomDoes) {
  budget_.Set(MemoryPressure::kNone, 100'000);
  const auto appender = head_->NewAppender();
  int made = 0;
  while (made < 1000 && appender->FindOrCreate(Named("burst", StrCat(made))).ok()) ++made;
  EXPECT_GT(made, 50);
  EXPECT_LT(made, 200);
}

TEST_F(HeadMemoryTest, WhenItIsFullNothingIsWritten) {
  ASSERT_TRUE(Write(Named("known"), {{kT0, 1}}).ok());
  budget_.Set(MemoryPressure::kFull, 0);
  const auto refused = Write(Named("known"), {{kT0 + 1000, 2}});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  budget_.Set(MemoryPressure::kNone, 1 << 20);
  EXPECT_EQ(WriteOne(Named("known"), {kT0 + 1000, 2}), AppendOutcome::kAppended);
}

TEST_F(HeadMemoryTest, AReplayBringsBackWhatWasAcknowledgedWhateverThePressure) {
  Fill(20, 3);
  const Contents before = ReadAll();
  budget_.Set(MemoryPressure::kFull, 0);
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadMemoryTest, LargeOpenChunksGoToTheChunkLog) {
  Fill(7000, 80);
  ASSERT_TRUE(Write(Named("small"), {{kT0, 1}}).ok());
  const Contents before = ReadAll();
  const uint64_t bytes = head_->Stats().chunk_bytes;
  head_->CloseOpenChunks(128);
  EXPECT_LT(head_->Stats().chunk_bytes, bytes * 2 / 3) << "empty pages are kept for a while";
  EXPECT_EQ(head_->Stats().chunks, 7001u);
  EXPECT_EQ(ReadAll(), before);
  EXPECT_EQ(WriteOne(Named("few", "0"), {kT0 + 200'000, 5}), AppendOutcome::kAppended);
  EXPECT_EQ(head_->Stats().chunks, 7002u) << "a new chunk was opened for it";
  EXPECT_EQ(WriteOne(Named("small"), {kT0 + 200'000, 5}), AppendOutcome::kAppended);
  EXPECT_EQ(head_->Stats().chunks, 7002u) << "a small one was left open";
  Open();
  EXPECT_EQ(ReadAll().size(), before.size());
}

TEST_F(HeadMemoryTest, MemoryByMetricSharesWhatSeriesHaveInCommon) {
  Fill(1000, 50);
  const auto by_metric = head_->MemoryByMetric();
  std::map<std::string, uint64_t> bytes(by_metric.begin(), by_metric.end());
  ASSERT_EQ(bytes.size(), 2u);
  EXPECT_NEAR(static_cast<double>(bytes["many"]) / static_cast<double>(bytes["few"]), 9, 0.5);
  const HeadStats stats = head_->Stats();
  const uint64_t all = stats.series_bytes + stats.label_bytes + stats.postings_bytes +
                       stats.chunk_bytes + stats.locator_bytes;
  EXPECT_NEAR(static_cast<double>(bytes["many"] + bytes["few"]), static_cast<double>(all),
              0.35 * static_cast<double>(all));
}

TEST_F(HeadMemoryTest, WhatAFlushTakesFollowsTheSeries) {
  EXPECT_EQ(head_->FlushBytes(), 0u);
  Fill(100, 1);
  const uint64_t hundred = head_->FlushBytes();
  EXPECT_GT(hundred, 100 * 192u);
  Fill(200, 1);
  EXPECT_GT(head_->FlushBytes(), hundred * 3 / 2);
  clock_.Advance(kHour);
  auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok()) << flush.status();
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_EQ(head_->FlushBytes(), 0u) << "the series were forgotten";
}

TEST_F(HeadMemoryTest, SeriesAreForgottenSoonerWhenMemoryIsShort) {
  Fill(100, 1);
  for (const auto& [pressure, left] :
       {std::pair(MemoryPressure::kShrink, 100u), std::pair(MemoryPressure::kFlush, 0u)}) {
    budget_.Set(pressure, 0);
    clock_.Advance(6 * 60'000);
    auto flush = head_->BeginFlush(kT0);
    ASSERT_TRUE(flush.ok()) << flush.status();
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
    EXPECT_EQ(head_->Stats().series, left);
  }
  budget_.Set(MemoryPressure::kNone, 1 << 30);
  ASSERT_TRUE(head_->NewAppender()->FindOrCreate(Named("unwritten")).ok());
  for (const auto& [pressure, left] :
       {std::pair(MemoryPressure::kShrink, 1u), std::pair(MemoryPressure::kFull, 0u)}) {
    budget_.Set(pressure, 0);
    clock_.Advance(6 * 60'000);
    head_->ForgetUnused();
    EXPECT_EQ(head_->Stats().series, left) << "without anything to flush";
  }
}

}  // namespace
}  // namespace hearth
