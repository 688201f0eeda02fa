// Handing windows to the store, and what is deleted afterwards.
#include "tsdb/head/head_test_base.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HeadFlushTest : public HeadTest {
 protected:
  // The samples that a flush lists, by labels.
  Contents Read(const FlushWindow& flush) {
    Contents contents;
    std::string storage;
    std::vector<FlushChunk> chunks;
    std::vector<UnreadableChunk> unreadable;
    for (size_t i = 0; i < flush.size(); ++i) {
      if (i > 0) {
        EXPECT_LT(flush.fingerprint(i - 1), flush.fingerprint(i));
      }
      EXPECT_EQ(flush.labels(i).Fingerprint(), flush.fingerprint(i));
      EXPECT_TRUE(flush.ReadChunks(i, &storage, &chunks, &unreadable).ok());
      SampleColumns columns;
      for (const FlushChunk& chunk : chunks) {
        EXPECT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, TimeRange(), &columns).ok());
      }
      EXPECT_EQ(flush.samples(i), columns.t.size());
      std::vector<Sample>& samples = contents[flush.labels(i).ToString()];
      for (size_t j = 0; j < columns.t.size(); ++j) samples.push_back({columns.t[j], columns.v[j]});
    }
    return contents;
  }

  std::vector<Sample> WriteRun(const Labels& labels, TimeMs start, int n) {
    std::vector<Sample> samples;
    for (int i = 0; i < n; ++i) samples.push_back({start + i * 15'000, i * 0.5});
    EXPECT_TRUE(Write(labels, samples).ok());
    return samples;
  }

  std::vector<uint32_t> Segments(const std::string& dir) { return ListSegments(fs_, dir).value(); }
};

TEST_F(HeadFlushTest, ListsTheWindowAndDropsItWhenDone) {
  const Labels a = Named("a"), b = Named("b");
  const std::vector<Sample> first = WriteRun(a, kT0, 240);
  const std::vector<Sample> second = WriteRun(a, kT0 + kHour, 100);
  WriteRun(b, kT0 + kHour, 10);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok()) << flush.status();
  EXPECT_EQ(flush->window_start(), kT0);
  EXPECT_EQ(flush->lsn(), head_->Stats().last_lsn);
  EXPECT_THAT(Read(*flush), ElementsAre(testing::Pair(a.ToString(), first)));
  EXPECT_EQ(ReadAll().at(a.ToString()).size(), 340u) << "readable until the end of the flush";
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_EQ(ReadAll().at(a.ToString()), second);
  EXPECT_THAT(head_->Windows(), ElementsAre(kT0 + kHour));
  EXPECT_EQ(Read(*flush).size(), 1u) << "still readable: the files are held";
}

TEST_F(HeadFlushTest, SeriesComeInTheOrderOfTheirMetricsWhateverTheOrderTheyCameIn) {
  const std::vector<Labels> in_order = {
      Labels{{"A", "2"}, {"__name__", "a"}, {"z", "1"}}, Labels{{"__name__", "a"}, {"i", "10"}},
      Labels{{"__name__", "a"}, {"i", "9"}}, Labels{{"A", "1"}, {"__name__", "b"}}};
  for (const size_t i : {2u, 0u, 3u, 1u}) WriteRun(in_order[i], kT0, 10);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok()) << flush.status();
  ASSERT_EQ(flush->size(), in_order.size());
  for (size_t i = 0; i < flush->size(); ++i) {
    EXPECT_EQ(flush->labels(i), in_order[i]);
    EXPECT_EQ(flush->fingerprint(i), in_order[i].Fingerprint());
  }
  // Labels are the head's: others may come meanwhile.
  for (int i = 0; i < 2000; ++i) WriteOne(Named("later", StrCat(i)), {kT0, 1});
  for (size_t i = 0; i < flush->size(); ++i) EXPECT_EQ(flush->labels(i), in_order[i]);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
}

TEST_F(HeadFlushTest, HistoryPushedQuicklyIsSpreadOverWalSegments) {
  // Nobody flushes while it is pushed, yet each flushed window can take its segment along
  // afterwards.
  const Labels a = Named("a");
  for (int hour = 0; hour < 6; ++hour) WriteRun(a, kT0 + hour * kHour, 240);
  EXPECT_THAT(Segments(options_.wal_dir), ElementsAre(1, 2, 3))
      << "a commit of an hour is not divided";
  for (int hour = 0; hour < 5; ++hour) {
    const auto flush = head_->BeginFlush(kT0 + hour * kHour);
    ASSERT_TRUE(flush.ok()) << flush.status();
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
  }
  EXPECT_THAT(Segments(options_.wal_dir), ElementsAre(3, 4)) << "the last window is in the third";
  EXPECT_EQ(ReadAll().at(a.ToString()).size(), 240u);
}

TEST_F(HeadFlushTest, ChunksThatComeDuringAFlushStay) {
  const Labels a = Named("a"), late = Named("late");
  WriteRun(a, kT0, 50);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  const std::vector<Sample> more = WriteRun(a, kT0 + 60 * 15'000, 130);
  const std::vector<Sample> others = WriteRun(late, kT0, 3);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_EQ(ReadAll().at(a.ToString()), more);
  EXPECT_EQ(ReadAll().at(late.ToString()), others);
  EXPECT_THAT(head_->Windows(), ElementsAre(kT0));
  // And a replay after the flush gives the same.
  coverage_.max_lsn = flush->lsn();
  coverage_.flushed_lsn = [&](TimeMs w) { return w == kT0 ? flush->lsn() : 0; };
  const Contents before = ReadAll();
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadFlushTest, AFlushThatIsGivenUpLosesNothing) {
  WriteRun(Named("a"), kT0, 50);
  const Contents before = ReadAll();
  ASSERT_TRUE(head_->BeginFlush(kT0).ok());
  EXPECT_EQ(ReadAll(), before);
  Open();
  EXPECT_EQ(ReadAll(), before);
  const auto again = head_->BeginFlush(kT0);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Read(*again), before);
}

TEST_F(HeadFlushTest, AnEmptyWindowIsAnEmptyFlush) {
  const auto flush = head_->BeginFlush(kT0 + 5 * kHour);
  ASSERT_TRUE(flush.ok());
  EXPECT_EQ(flush->size(), 0u);
  EXPECT_TRUE(head_->EndFlush(*flush).ok());
}

TEST_F(HeadFlushTest, SegmentsAreDeletedWhenTheLastWindowInThemIsFlushed) {
  WriteRun(Named("a"), kT0, 240);
  WriteRun(Named("a"), kT0 + kHour, 240);
  ASSERT_THAT(Segments(options_.wal_dir), ElementsAre(1));
  const auto first = head_->BeginFlush(kT0);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(head_->EndFlush(*first).ok());
  EXPECT_THAT(Segments(options_.wal_dir), ElementsAre(1, 2))
      << "segment 1 holds the next window too";
  EXPECT_THAT(Segments(options_.chunks_dir), ElementsAre(1));
  const auto second = head_->BeginFlush(kT0 + kHour);
  ASSERT_TRUE(second.ok());
  ASSERT_TRUE(head_->EndFlush(*second).ok());
  EXPECT_THAT(Segments(options_.wal_dir), ElementsAre(2));
  EXPECT_THAT(Segments(options_.chunks_dir), IsEmpty());
  EXPECT_THAT(ReadAll(), IsEmpty());
  WriteRun(Named("a"), kT0 + 2 * kHour, 240);
  Open();
  EXPECT_EQ(ReadAll().at(Named("a").ToString()).size(), 240u);
}

TEST_F(HeadFlushTest, SegmentsThatTheStoreCoversAreDeletedAtOpen) {
  WriteRun(Named("a"), kT0, 240);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  coverage_.max_lsn = flush->lsn();
  coverage_.flushed_lsn = [&](TimeMs w) { return w == kT0 ? flush->lsn() : 0; };
  Open();
  EXPECT_THAT(ReadAll(), IsEmpty());
  EXPECT_THAT(Segments(options_.wal_dir), ElementsAre(3));
  EXPECT_THAT(Segments(options_.chunks_dir), IsEmpty());
  EXPECT_EQ(head_->Stats().series, 0u);
}

TEST_F(HeadFlushTest, AWindowBeyondTheRetentionDoesNotKeepTheWal) {
  options_.retention_ms = 20 * kHour;
  Open();
  WriteRun(Named("a"), kT0, 10);
  clock_.Advance(100 * kHour);
  WriteRun(Named("a"), kT0 + 105 * kHour, 10);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_THAT(head_->Windows(), ElementsAre(kT0 + 105 * kHour));
}

TEST_F(HeadFlushTest, IdleSeriesAreForgottenAndTheirReferencesDie) {
  const Labels a = Named("a"), b = Named("b");
  const auto appender = head_->NewAppender();
  const SeriesRef old = Ref(*appender, a);
  WriteRun(a, kT0, 10);
  WriteRun(b, kT0 + kHour, 10);
  const auto forget = [&] {
    const auto flush = head_->BeginFlush(kT0);
    ASSERT_TRUE(flush.ok());
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
  };
  forget();
  EXPECT_EQ(head_->Stats().series, 2u) << "asked for a moment ago";
  clock_.Advance(options_.forget_after_ms + 1000);
  forget();
  EXPECT_EQ(head_->Stats().series, 1u);
  EXPECT_EQ(head_->Stats().series_removed, 1u);
  EXPECT_THAT(head_->LabelValues("__name__", {}).value(), ElementsAre("b"));

  appender->Append(old, {kT0 + kHour, 1});
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count(AppendOutcome::kSeriesGone), 1u);
  const SeriesRef fresh = Ref(*appender, Named("c"));
  EXPECT_NE(fresh, old);
  appender->Append(old, {kT0 + kHour, 1});
  appender->Append(fresh, {kT0 + kHour, 2});
  EXPECT_EQ(appender->Commit()->count(AppendOutcome::kAppended), 1u);
  EXPECT_THAT(ReadAll().at(Named("c").ToString()), ElementsAre(Sample{kT0 + kHour, 2}));
  EXPECT_EQ(ReadAll({Matcher::Equal("__name__", "a")}).size(), 0u);
}

TEST_F(HeadFlushTest, ChurnLeavesNothingBehind) {
  for (int round = 0; round < 5; ++round) {
    const TimeMs window = kT0 + round * kHour;
    clock_.Set(window + kHour);
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(
          Write(Named("m" + std::to_string(round), std::to_string(i)), {{window + i, 1}}).ok());
    }
    clock_.Advance(kHour);
    EXPECT_EQ(ReadAll({Matcher::Equal("instance", "7")}).size(), 1u);
    const auto flush = head_->BeginFlush(window);
    ASSERT_TRUE(flush.ok());
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
    EXPECT_EQ(head_->Stats().series, 0u);
    EXPECT_EQ(head_->Stats().label_pairs, 0u);
    EXPECT_EQ(head_->Stats().chunks, 0u);
  }
}

TEST_F(HeadFlushTest, ADamagedChunkIsReportedAndTheRestIsRead) {
  WriteRun(Named("a"), kT0, 240);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  {
    // The first chunk's payload starts behind the segment's header and the labels.
    const std::string path = SegmentPath(options_.chunks_dir, 1);
    std::FILE* file = std::fopen(path.c_str(), "r+b");
    ASSERT_NE(file, nullptr);
    std::fseek(file, 250, SEEK_SET);
    std::fputs("damage", file);
    std::fclose(file);
  }
  std::string storage;
  std::vector<FlushChunk> chunks;
  std::vector<UnreadableChunk> unreadable;
  EXPECT_TRUE(flush->ReadChunks(0, &storage, &chunks, &unreadable).ok());
  ASSERT_EQ(unreadable.size(), 1u);
  EXPECT_EQ(unreadable[0].times, (TimeRange{kT0, kT0 + 119 * 15'000}));
  EXPECT_EQ(unreadable[0].samples, 120u);
  EXPECT_EQ(unreadable[0].segment, 1u);
  EXPECT_EQ(unreadable[0].status.code(), absl::StatusCode::kDataLoss);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].meta.mint, kT0 + 120 * 15'000);
  const SelectRequest request{};
  const auto sets = head_->Select({&request, 1});
  ASSERT_TRUE(sets.ok());
  SampleColumns columns;
  EXPECT_EQ((*sets)[0]->Read(0, TimeRange(), &columns).code(), absl::StatusCode::kDataLoss);
}

TEST_F(HeadFlushTest, AChunkThatCanBeReadTheSecondTimeIsNotLost) {
  const std::vector<Sample> samples = WriteRun(Named("a"), kT0, 240);
  Open();  // So that the flush reads with files that were opened for it.
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  fs_.FlipNextReads(1);
  EXPECT_EQ(Read(*flush).at(Named("a").ToString()).size(), samples.size());
  EXPECT_EQ(fs_.fired(FaultSite::kOurFiles, Fault::kBitFlip), 1u);
  fs_.FlipNextReads(2);
  std::string storage;
  std::vector<FlushChunk> chunks;
  std::vector<UnreadableChunk> unreadable;
  EXPECT_TRUE(flush->ReadChunks(0, &storage, &chunks, &unreadable).ok());
  EXPECT_EQ(unreadable.size(), 1u);
  EXPECT_EQ(chunks.size(), 1u);
}

}  // namespace
}  // namespace hearth
