// Series that stop, leave memory before their window is over, and come back.
#include "tsdb/head/head_test_base.h"
#include "tsdb/head/stopped_series.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr TimeMs kStep = 15'000;
constexpr TimeMs kMinute = 60'000;

TEST(IdleLimit, FollowsTheSpacingWithinBounds) {
  EXPECT_EQ(IdleLimit(1'000, false), kIdleLeastMs);
  EXPECT_EQ(IdleLimit(15'000, false), 75'000);
  EXPECT_EQ(IdleLimit(60'000, false), kIdleMostMs);
  EXPECT_EQ(IdleLimit(0, false), kIdleMostMs) << "one sample tells no spacing";
  EXPECT_EQ(IdleLimit(4 * kMinute, false), 10 * kMinute);
  EXPECT_EQ(IdleLimit(std::numeric_limits<TimeMs>::max(), false), kIdleLimitMs);
  EXPECT_EQ(IdleLimit(60'000, true), kStaleIdleMs);
  const auto soon = [](TimeMs spacing_ms) {
    return IdleLimit(spacing_ms, false, Patience::kMemoryShort);
  };
  EXPECT_EQ(soon(1'000), 30'000);
  EXPECT_EQ(soon(15'000), 37'500);
  EXPECT_EQ(soon(60'000), 150'000);
  EXPECT_EQ(soon(0), 150'000);
  EXPECT_EQ(soon(4 * kMinute), 10 * kMinute) << "the next one is not late yet";
  EXPECT_EQ(soon(std::numeric_limits<TimeMs>::max()), kIdleLimitMs);
  EXPECT_EQ(IdleLimit(15'000, true, Patience::kMemoryShort), kStaleIdleMs / 2);
}

class HeadStoppedTest : public HeadTest {
 protected:
  HeadStoppedTest() {
    clock_.Set(kT0);
    Open();
  }

  // One sample of each series; the clock and the data move on together.
  void Step(const std::vector<Labels>& series, double v = 1) {
    for (const Labels& labels : series) {
      ASSERT_EQ(WriteOne(labels, {clock_.NowMs(), v}), AppendOutcome::kAppended);
    }
    clock_.Advance(kStep);
  }
  void Steps(const std::vector<Labels>& series, int n) {
    for (int i = 0; i < n; ++i) Step(series, i * 0.5);
  }

  Contents Listed(const FlushWindow& flush) {
    Contents contents;
    std::string storage;
    std::vector<FlushChunk> chunks;
    std::vector<UnreadableChunk> unreadable;
    for (size_t i = 0; i < flush.size(); ++i) {
      EXPECT_TRUE(flush.ReadChunks(i, &storage, &chunks, &unreadable).ok());
      SampleColumns columns;
      for (const FlushChunk& chunk : chunks) {
        EXPECT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, TimeRange(), &columns).ok());
      }
      std::vector<Sample>& samples = contents[flush.labels(i).ToString()];
      for (size_t j = 0; j < columns.t.size(); ++j) samples.push_back({columns.t[j], columns.v[j]});
    }
    EXPECT_THAT(unreadable, IsEmpty());
    return contents;
  }

  // Flushes what has stopped, and notes it as the store would. What it listed.
  Contents FlushStopped() {
    const StoppedSeries stopped = head_->FindStopped();
    Contents all;
    for (const TimeMs window : head_->Windows()) {
      const auto flush = head_->BeginFlush(window, stopped);
      EXPECT_TRUE(flush.ok()) << flush.status();
      if (!flush.ok()) return all;
      for (auto& [labels, samples] : Listed(*flush)) {
        all[labels].insert(all[labels].end(), samples.begin(), samples.end());
      }
      for (size_t i = 0; i < flush->size(); ++i) {
        coverage_.left.Add({flush->fingerprint(i), window, flush->lsn()});
      }
      EXPECT_TRUE(head_->EndFlush(*flush).ok());
    }
    coverage_.left.Finish();
    return all;
  }

  size_t SeriesInMemory() { return head_->Stats().series; }
};

TEST_F(HeadStoppedTest, LeavesMemoryWithItsLabels) {
  const Labels stays = Named("stays", "x"), stops = Named("stops", "only-mine");
  Steps({stays, stops}, 10);
  const Contents before = ReadAll();
  const HeadStats full = head_->Stats();
  Steps({stays}, 4);
  EXPECT_THAT(head_->FindStopped().series, IsEmpty()) << "60 s ago: a scrape may have failed";
  Step({stays});
  Step({stays});
  const size_t wal_segments = ListSegments(fs_, options_.wal_dir).value().size();
  EXPECT_THAT(FlushStopped(), ElementsAre(Pair(stops.ToString(), before.at(stops.ToString()))));
  const HeadStats left = head_->Stats();
  EXPECT_EQ(left.series, 1u);
  EXPECT_EQ(left.chunks, 1u);
  EXPECT_EQ(left.label_pairs, full.label_pairs - 2);
  EXPECT_LT(left.label_bytes, full.label_bytes);
  EXPECT_EQ(ReadAll().size(), 1u);
  EXPECT_EQ(ListSegments(fs_, options_.wal_dir).value().size(), wal_segments);
  EXPECT_THAT(ListSegments(fs_, options_.chunks_dir).value(), IsEmpty()) << "nothing was closed";
}

TEST_F(HeadStoppedTest, NeitherTheDataNorTheClockAloneStopsASeries) {
  const Labels a = Named("a"), fast = Named("fast");
  Steps({a}, 10);
  // Another sender's clock runs ahead.
  ASSERT_EQ(WriteOne(fast, {clock_.NowMs() + 9 * kMinute, 1}), AppendOutcome::kAppended);
  EXPECT_THAT(head_->FindStopped().series, IsEmpty());
  Open();
  EXPECT_THAT(head_->FindStopped().series, IsEmpty()) << "nobody could write while it was down";
  // The link to all senders is down.
  head_.reset();
  std::filesystem::remove_all(dir_);
  Open();
  Steps({a}, 10);
  clock_.Advance(20 * kMinute);
  EXPECT_THAT(head_->FindStopped().series, IsEmpty());
}

TEST_F(HeadStoppedTest, AStaleMarkerStopsItSooner) {
  const Labels stays = Named("stays"), ended = Named("ended"), silent = Named("silent");
  Steps({stays, ended, silent}, 4);
  ASSERT_EQ(WriteOne(ended, {clock_.NowMs(), StaleNaN()}), AppendOutcome::kAppended);
  Steps({stays}, 4);
  const StoppedSeries stopped = head_->FindStopped();
  EXPECT_EQ(stopped.series.size(), 1u);
  EXPECT_EQ(stopped.alive, 3u);
  EXPECT_EQ(FlushStopped().count(ended.ToString()), 1u);
}

TEST_F(HeadStoppedTest, AShorterLimitMayBeAskedFor) {
  const Labels stays = Named("stays"), stops = Named("stops");
  Steps({stays, stops}, 4);
  Steps({stays}, 2);
  EXPECT_THAT(head_->FindStopped().series, IsEmpty());
  EXPECT_EQ(head_->FindStopped(20'000).series.size(), 1u);
}

TEST_F(HeadStoppedTest, WhatIsWrittenMeanwhileKeepsIt) {
  const Labels stays = Named("stays"), back = Named("back");
  Steps({stays, back}, 10);
  Steps({stays}, 8);
  const StoppedSeries stopped = head_->FindStopped();
  ASSERT_EQ(stopped.series.size(), 1u);
  const auto flush = head_->BeginFlush(kT0, stopped);
  ASSERT_TRUE(flush.ok());
  EXPECT_EQ(Listed(*flush).size(), 1u);
  ASSERT_EQ(WriteOne(back, {clock_.NowMs(), 7}), AppendOutcome::kAppended);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_EQ(ReadAll().at(back.ToString()).size(), 11u) << "twice, in the store and here";
  // Found before it was written to again: it is left alone.
  const auto second = head_->BeginFlush(kT0, stopped);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->size(), 0u);
}

TEST_F(HeadStoppedTest, AReferenceThatIsInUseStaysGood) {
  const Labels stays = Named("stays"), back = Named("back");
  Steps({stays, back}, 10);
  Steps({stays}, 8);
  const StoppedSeries stopped = head_->FindStopped();
  const auto flush = head_->BeginFlush(kT0, stopped);
  ASSERT_TRUE(flush.ok());
  const auto appender = head_->NewAppender();
  const SeriesRef ref = Ref(*appender, back);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  appender->Append(ref, {clock_.NowMs(), 1});
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count(AppendOutcome::kAppended), 1u);
  EXPECT_EQ(ReadAll().at(back.ToString()).size(), 1u);
}

TEST_F(HeadStoppedTest, ADeleteMeanwhileDoesNotTakeWhatIsWrittenAgain) {
  const Labels stays = Named("stays"), again = Named("again");
  const TimeMs t = clock_.NowMs();
  Steps({stays}, 1);
  ASSERT_EQ(WriteOne(again, {t, 1}), AppendOutcome::kAppended);
  Steps({stays}, 30);
  const auto flush = head_->BeginFlush(kT0, head_->FindStopped());
  ASSERT_TRUE(flush.ok());
  ASSERT_EQ(flush->size(), 1u);
  const std::vector<std::vector<Matcher>> all = {
      {*Matcher::Create(MatchOp::kEqual, "__name__", "again")}};
  ASSERT_TRUE(head_->Delete(all, TimeRange(), [](Lsn) { return absl::OkStatus(); }).ok());
  ASSERT_EQ(WriteOne(again, {t, 1}), AppendOutcome::kAppended);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_THAT(ReadAll().at(again.ToString()), ElementsAre(Sample{t, 1}));
}

TEST_F(HeadStoppedTest, ClosedOpenAndLateChunksOfAllWindowsGo) {
  const Labels stays = Named("stays"), stops = Named("stops");
  clock_.Set(kT0 + kHour - 150 * kStep);
  Steps({stays, stops}, 300);  // Two windows, each with a closed and an open chunk.
  ASSERT_EQ(WriteOne(stops, {kT0 + kHour + 1, 3}), AppendOutcome::kAppended);
  const std::vector<Sample> before = ReadAll().at(stops.ToString());
  ASSERT_EQ(before.size(), 301u);
  Steps({stays}, 10);
  EXPECT_THAT(FlushStopped(), ElementsAre(Pair(stops.ToString(), before)));
  EXPECT_EQ(SeriesInMemory(), 1u);
  EXPECT_EQ(head_->Stats().late_buffered_samples, 0u);
  Open();
  EXPECT_EQ(SeriesInMemory(), 1u);
  EXPECT_EQ(ReadAll().at(stays.ToString()).size(), 310u);
}

TEST_F(HeadStoppedTest, AReplayLeavesItAwayAndBringsBackWhatCameAfterwards) {
  const Labels stays = Named("stays"), gone = Named("gone"), back = Named("back");
  Steps({stays, gone, back}, 10);
  Steps({stays}, 8);
  EXPECT_EQ(FlushStopped().size(), 2u);
  Open();
  EXPECT_EQ(SeriesInMemory(), 1u);
  // It comes back, with a sample that is older than those it left with: to the head it is new.
  ASSERT_EQ(WriteOne(back, {kT0 + 1, 5}), AppendOutcome::kAppended);
  ASSERT_EQ(WriteOne(back, {clock_.NowMs(), 6}), AppendOutcome::kAppended);
  const Contents expected = ReadAll();
  EXPECT_THAT(expected.at(back.ToString()),
              ElementsAre(Sample{kT0 + 1, 5}, Sample{clock_.NowMs(), 6}));
  for (int i = 0; i < 2; ++i) {
    Open();
    EXPECT_EQ(ReadAll(), expected);
    EXPECT_EQ(SeriesInMemory(), 2u);
  }
}

TEST_F(HeadStoppedTest, AFlushThatIsGivenUpLosesNothing) {
  const Labels stays = Named("stays"), stops = Named("stops");
  Steps({stays, stops}, 10);
  Steps({stays}, 8);
  const Contents before = ReadAll();
  ASSERT_TRUE(head_->BeginFlush(kT0, head_->FindStopped()).ok());
  EXPECT_EQ(ReadAll(), before);
  Open();
  EXPECT_EQ(ReadAll(), before);
  EXPECT_EQ(FlushStopped().size(), 0u) << "nothing is known to have stopped right after a start";
  Steps({stays}, 8);
  EXPECT_EQ(FlushStopped().size(), 1u);
}

TEST_F(HeadStoppedTest, TheWalGoesOnceNothingOpenIsInIt) {
  options_.wal_segment_bytes = 1 << 10;
  options_.max_wal_bytes = 1 << 20;
  Open();
  // Each lives for a few steps, none for a chunk's worth.
  for (int round = 0; round < 12; ++round) {
    Steps({Named("a", std::to_string(round)), Named("b", std::to_string(round))}, 20);
    FlushStopped();
    ASSERT_TRUE(head_->Checkpoint().ok());
    ASSERT_LE(SeriesInMemory(), 4u);
  }
  EXPECT_LE(ListSegments(fs_, options_.wal_dir).value().size(), 3u);
}

TEST_F(HeadStoppedTest, ChurnGivesMemoryBack) {
  const auto churn = [&](int from) {
    for (int i = from; i < from + 400; ++i) {
      Step({Named("m" + std::to_string(i), "instance-" + std::to_string(i))});
      if (i % 20 == 19) FlushStopped();
    }
  };
  churn(0);
  const HeadStats once = head_->Stats();
  churn(400);
  churn(800);
  const HeadStats thrice = head_->Stats();
  EXPECT_LE(thrice.series, 45u);
  EXPECT_LE(thrice.series_bytes, once.series_bytes + 4096);
  EXPECT_LE(thrice.chunk_bytes, once.chunk_bytes);
  EXPECT_LE(thrice.label_pairs, once.label_pairs + 2);
  EXPECT_LE(head_->LabelValues("instance", {}).value().size(), 45u);
}

}  // namespace
}  // namespace hearth
