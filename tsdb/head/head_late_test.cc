// Late samples: which are taken, that they are read, flushed and replayed like any other.
#include <random>

#include "tsdb/head/head_test_base.h"
#include "tsdb/wal/segment.h"

namespace hearth {
namespace {

using testing::ElementsAre;

class HeadLateTest : public HeadTest {
 protected:
  void WriteRun(const Labels& labels, TimeMs start, int n, TimeMs step = 15'000) {
    std::vector<Sample> samples;
    for (int i = 0; i < n; ++i) samples.push_back({start + i * step, i * 0.5});
    const auto result = Write(labels, samples);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->refused(), 0u);
  }

  // What a flush of the window gives, by labels; its chunks are decoded one by one.
  Contents Flushed(const FlushWindow& flush) {
    Contents contents;
    std::string storage;
    std::vector<FlushChunk> chunks;
    std::vector<UnreadableChunk> unreadable;
    for (size_t i = 0; i < flush.size(); ++i) {
      EXPECT_TRUE(flush.ReadChunks(i, &storage, &chunks, &unreadable).ok());
      std::vector<Sample>& samples = contents[flush.labels(i).ToString()];
      for (const FlushChunk& chunk : chunks) {
        EXPECT_LE(chunk.meta.count, 120u);
        SampleColumns columns;
        EXPECT_TRUE(DecodeChunk(chunk.meta, chunk.bytes, TimeRange(), &columns).ok());
        EXPECT_EQ(columns.t.size(), chunk.meta.count);
        EXPECT_EQ(chunk.meta.range(), (TimeRange{columns.t.front(), columns.t.back()}));
        for (size_t k = 0; k < columns.t.size(); ++k) {
          EXPECT_TRUE(samples.empty() || samples.back().t < columns.t[k]);
          samples.push_back({columns.t[k], columns.v[k]});
        }
      }
    }
    return contents;
  }

  const Labels a_ = Named("a");
};

TEST_F(HeadLateTest, TheWindowIsJudgedAgainstTheSeriesOwnLastSample) {
  using enum AppendOutcome;
  EXPECT_EQ(WriteOne(a_, {kT0 + 2 * kHour, 1}), kAppended);
  EXPECT_EQ(WriteOne(a_, {kT0 + kHour, 2}), kAppended) << "exactly the window";
  EXPECT_EQ(WriteOne(a_, {kT0 + kHour - 1, 3}), kTooOld);
  EXPECT_EQ(WriteOne(Named("other"), {kT0, 4}), kAppended) << "another series' time is its own";
  EXPECT_EQ(WriteOne(a_, {std::numeric_limits<TimeMs>::min(), 1}), kTooOld);
  EXPECT_THAT(ReadAll().at(a_.ToString()),
              ElementsAre(Sample{kT0 + kHour, 2}, Sample{kT0 + 2 * kHour, 1}));
  EXPECT_EQ(head_->Stats().late_samples, 1u);
  EXPECT_EQ(head_->Stats().late_buffered_samples, 1u);
}

TEST_F(HeadLateTest, TheWindowChangesWhileTheHeadIsOpen) {
  using enum AppendOutcome;
  EXPECT_EQ(WriteOne(a_, {kT0 + kHour, 1}), kAppended);
  head_->SetOutOfOrderWindow(0);
  EXPECT_EQ(WriteOne(a_, {kT0 + kHour - 1, 1}), kOutOfOrder);
  EXPECT_EQ(WriteOne(a_, {kT0, 1}), kOutOfOrder);
  head_->SetOutOfOrderWindow(1000);
  EXPECT_EQ(WriteOne(a_, {kT0 + kHour - 1, 1}), kAppended);
  EXPECT_EQ(WriteOne(a_, {kT0, 1}), kTooOld);
}

TEST_F(HeadLateTest, ARepeatedSampleIsADuplicateWhereverTheHeadHoldsIt) {
  using enum AppendOutcome;
  WriteRun(a_, kT0, 200);  // One closed chunk, one open.
  for (const int i : {0, 60, 119, 120, 150, 198, 199}) {
    SCOPED_TRACE(i);
    EXPECT_EQ(WriteOne(a_, {kT0 + i * 15'000, i * 0.5}), kDuplicate);
    EXPECT_EQ(WriteOne(a_, {kT0 + i * 15'000, -1}), kDuplicateTimestamp);
  }
  // Buffered, then in a late chunk.
  const Sample late{kT0 + 1, 7};
  EXPECT_EQ(WriteOne(a_, late), kAppended);
  EXPECT_EQ(WriteOne(a_, late), kDuplicate);
  EXPECT_EQ(WriteOne(a_, {late.t, 8}), kDuplicateTimestamp);
  ASSERT_TRUE(head_->BeginFlush(kT0).ok());
  EXPECT_EQ(head_->Stats().late_buffered_samples, 0u);
  EXPECT_EQ(WriteOne(a_, late), kDuplicate);
  EXPECT_EQ(WriteOne(a_, {late.t, 8}), kDuplicateTimestamp);
  EXPECT_EQ(ReadAll().at(a_.ToString()).size(), 201u);
}

TEST_F(HeadLateTest, ValuesAreComparedByTheirBits) {
  using enum AppendOutcome;
  EXPECT_EQ(WriteOne(a_, {kT0 + kHour, 1}), kAppended);
  EXPECT_EQ(WriteOne(a_, {kT0 + 1, StaleNaN()}), kAppended);
  EXPECT_EQ(WriteOne(a_, {kT0 + 1, StaleNaN()}), kDuplicate);
  EXPECT_EQ(WriteOne(a_, {kT0 + 2, 0.0}), kAppended);
  EXPECT_EQ(WriteOne(a_, {kT0 + 2, -0.0}), kDuplicateTimestamp);
}

TEST_F(HeadLateTest, LateSamplesOfOneCommitAreJudgedAgainstTheirNeighbours) {
  const Labels b = Named("b");
  ASSERT_TRUE(Write(b, {{kT0 + 100, 1}}).ok());
  const auto appender = head_->NewAppender();
  const SeriesRef a = Ref(*appender, a_), other = Ref(*appender, b);
  for (const Sample& s : std::vector<Sample>{{kT0 + 10, 1},
                                             {kT0 + 30, 3},
                                             {kT0 + 10, 1},
                                             {kT0 + 10, 9},
                                             {kT0 + 20, 2},
                                             {kT0 + 20, 2},
                                             {kT0 + 20, 8},
                                             {kT0 + 30, 3},
                                             {kT0 + 40, 4},
                                             {kT0 + 30, 5}}) {
    appender->Append(a, s);
  }
  appender->Append(other, {kT0 + 50, 5});
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->count(AppendOutcome::kAppended), 5u);
  EXPECT_EQ(result->count(AppendOutcome::kDuplicate), 3u);
  EXPECT_EQ(result->count(AppendOutcome::kDuplicateTimestamp), 3u);
  ASSERT_TRUE(result->first_refusal.has_value());
  EXPECT_EQ(result->first_refusal->t, kT0 + 10) << "the one that comes first in the commit";
  EXPECT_EQ(result->first_refusal->labels, a_);
  EXPECT_THAT(ReadAll().at(a_.ToString()), ElementsAre(Sample{kT0 + 10, 1}, Sample{kT0 + 20, 2},
                                                       Sample{kT0 + 30, 3}, Sample{kT0 + 40, 4}));
  EXPECT_THAT(ReadAll().at(b.ToString()), ElementsAre(Sample{kT0 + 50, 5}, Sample{kT0 + 100, 1}));
}

TEST_F(HeadLateTest, AFarFutureOrPastSampleHarmsNobody) {
  using enum AppendOutcome;
  const TimeMs now = clock_.NowMs();
  const Labels b = Named("b");
  const auto appender = head_->NewAppender();
  const SeriesRef a = Ref(*appender, a_), other = Ref(*appender, b);
  appender->Append(a, {now + 24 * kHour, 1});
  appender->Append(a, {now + 9 * 60'000, 2});  // As far ahead as may be.
  appender->Append(a, {now, 3});
  appender->Append(other, {0, 4});
  appender->Append(other, {now, 5});
  appender->Append(other, {std::numeric_limits<TimeMs>::max(), 6});
  const auto result = appender->Commit();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count(kAppended), 4u);
  EXPECT_EQ(result->count(kTooFarInFuture), 2u);
  // Until the clock is past the sample from ahead, ordinary ones are late, and taken.
  for (TimeMs t = now + 15'000; t < now + 20 * 60'000; t += 15'000) {
    clock_.Set(t);
    EXPECT_EQ(WriteOne(a_, {t, 1}), t == now + 9 * 60'000 ? kDuplicateTimestamp : kAppended) << t;
    EXPECT_EQ(WriteOne(b, {t, 1}), kAppended);
  }
  const Contents before = ReadAll();
  EXPECT_EQ(before.at(a_.ToString()).size(), 80u);
  EXPECT_EQ(before.at(b.ToString()).size(), 81u);
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadLateTest, AFlushMergesLateSamplesIntoTheWindow) {
  WriteRun(a_, kT0, 240);
  WriteRun(a_, kT0 + kHour, 20);
  for (int i = 239; i >= 80; --i) {
    ASSERT_EQ(WriteOne(a_, {kT0 + i * 15'000 + 7, i * 2.0}), AppendOutcome::kAppended);
  }
  ASSERT_EQ(WriteOne(Named("late only"), {kT0 + kHour, 1}), AppendOutcome::kAppended);
  ASSERT_EQ(WriteOne(Named("late only"), {kT0 + 5, 1}), AppendOutcome::kAppended);
  const Contents before = ReadAll({}, {kT0, kT0 + kHour - 1});
  ASSERT_EQ(before.at(a_.ToString()).size(), 400u);
  EXPECT_THAT(head_->Windows(), ElementsAre(kT0, kT0 + kHour));
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  EXPECT_EQ(Flushed(*flush), before);
  // What comes during the flush stays.
  ASSERT_EQ(WriteOne(a_, {kT0 + 239 * 15'000 + 3, 3}), AppendOutcome::kAppended);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_THAT(ReadAll({}, {kT0, kT0 + kHour - 1}).at(a_.ToString()),
              ElementsAre(Sample{kT0 + 239 * 15'000 + 3, 3}));
  const auto rest = head_->BeginFlush(kT0);
  ASSERT_TRUE(rest.ok());
  ASSERT_TRUE(head_->EndFlush(*rest).ok());
  EXPECT_THAT(head_->Windows(), ElementsAre(kT0 + kHour));
  EXPECT_EQ(ReadAll({}, {kT0 + kHour, kT0 + 2 * kHour}).size(), 2u);
}

TEST_F(HeadLateTest, WhatIsSealedIsNotLookedAt) {
  WriteRun(a_, kT0, 10);
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  ASSERT_EQ(WriteOne(a_, {kT0 + 15'000, 99}), AppendOutcome::kDuplicateTimestamp);
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  ASSERT_EQ(WriteOne(a_, {kT0 + 15'000, 99}), AppendOutcome::kAppended);
  EXPECT_THAT(ReadAll().at(a_.ToString()), ElementsAre(Sample{kT0 + 15'000, 99}));
}

TEST_F(HeadLateTest, ASeriesIsListedForItsLateSamples) {
  LabelQuery early;
  early.range = {kT0 - 10, kT0 + 10};
  ASSERT_EQ(WriteOne(a_, {kT0 + kHour, 1}), AppendOutcome::kAppended);
  EXPECT_TRUE(head_->Series(early).value().empty());
  ASSERT_EQ(WriteOne(a_, {kT0, 1}), AppendOutcome::kAppended);
  EXPECT_THAT(head_->Series(early).value(), ElementsAre(a_)) << "buffered";
  ASSERT_TRUE(head_->BeginFlush(kT0).ok());
  EXPECT_THAT(head_->Series(early).value(), ElementsAre(a_)) << "in a late chunk";
}

TEST_F(HeadLateTest, BuffersAreBoundedInBytes) {
  options_.late_buffer_bytes = 4096;
  Open();
  Contents expected;
  for (int s = 0; s < 50; ++s) {
    const Labels labels = Named("m", std::to_string(s));
    ASSERT_EQ(WriteOne(labels, {kT0 + kHour, 1}), AppendOutcome::kAppended);
    for (int i = 0; i < 20 + s; ++i) {
      ASSERT_EQ(WriteOne(labels, {kT0 + kHour - i - 1, 2}), AppendOutcome::kAppended);
      ASSERT_LE(head_->Stats().late_buffer_bytes, 4096u);
    }
  }
  const Contents before = ReadAll();
  size_t samples = 0;
  for (const auto& [labels, of_series] : before) samples += of_series.size();
  EXPECT_EQ(samples, 50u * 21 + 49 * 50 / 2);
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadLateTest, ManyLateSamplesInOneCommitMayCrossWindows) {
  options_.out_of_order_window_ms = 5 * kHour;
  Open();
  ASSERT_EQ(WriteOne(a_, {kT0 + 5 * kHour, 1}), AppendOutcome::kAppended);
  std::vector<Sample> samples;
  for (int i = 0; i < 1000; ++i) samples.push_back({kT0 + (i * 7 % 1000) * 17'000, i * 1.0});
  const auto result = Write(a_, samples);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->count(AppendOutcome::kAppended), 1000u);
  const Contents before = ReadAll();
  EXPECT_EQ(before.at(a_.ToString()).size(), 1001u);
  EXPECT_EQ(head_->Windows().size(), 6u);
  Open();
  EXPECT_EQ(ReadAll(), before);
  EXPECT_EQ(head_->Windows().size(), 6u);
  Contents flushed;
  for (const TimeMs window : head_->Windows()) {
    const auto flush = head_->BeginFlush(window);
    ASSERT_TRUE(flush.ok());
    for (auto& [labels, of_window] : Flushed(*flush)) {
      flushed[labels].insert(flushed[labels].end(), of_window.begin(), of_window.end());
    }
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
  }
  EXPECT_EQ(flushed, before);
  EXPECT_TRUE(head_->Windows().empty());
  EXPECT_EQ(head_->Stats().chunks, 0u);
}

// A power cut leaves a prefix of the chunk log: any number of the chunks that one closing made.
TEST_F(HeadLateTest, ChunksOfOneClosingNeedNotAllBeThere) {
  namespace fs = std::filesystem;
  ASSERT_EQ(WriteOne(a_, {kT0 + kHour + 400'000, 1}), AppendOutcome::kAppended);
  std::vector<Sample> samples;
  for (int i = 0; i < 300; ++i) samples.push_back({kT0 + kHour - 300'000 + i * 2000, i * 1.0});
  const auto result = Write(a_, samples);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->count(AppendOutcome::kAppended), 300u);
  const Contents before = ReadAll();
  ASSERT_TRUE(head_->SyncWal().ok()) << "writes the chunks";
  head_.reset();
  const std::string log = SegmentPath(options_.chunks_dir, 1);
  std::string bytes(fs::file_size(log), 0);
  const auto file = fs_.OpenRead(log);
  ASSERT_TRUE(file.ok());
  ASSERT_EQ((*file)->ReadAt(0, bytes.data(), bytes.size()).value(), bytes.size());
  int cuts = 0;
  for (size_t at = 0; (at = bytes.find(kChunkLogKind.frame_magic, at)) != std::string::npos; ++at) {
    fs::copy(dir_, dir_ + "_copy", fs::copy_options::recursive);
    fs::resize_file(log, at);
    Open();
    EXPECT_EQ(ReadAll(), before) << "cut at " << at;
    head_.reset();
    fs::remove_all(dir_);
    fs::rename(dir_ + "_copy", dir_);
    ++cuts;
  }
  EXPECT_GE(cuts, 3);
}

// The oracle is a map; what the head refuses is not in it. Reopening, flushing (with or without its
// end) and damage to nothing must keep both equal.
TEST_F(HeadLateTest, RandomLateWorkloadsAreKeptThroughFlushesAndReplays) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    head_.reset();
    std::filesystem::remove_all(dir_);
    options_.wal_segment_bytes = 500 + random() % 20'000;
    options_.chunk_segment_bytes = 500 + random() % 20'000;
    options_.max_wal_bytes = random() % 30'000;
    options_.late_buffer_bytes = 500 + random() % 5'000;
    options_.out_of_order_window_ms = kHour / 2 + static_cast<TimeMs>(random() % (2 * kHour));
    std::map<TimeMs, Lsn> flushed;
    coverage_ = FlushCoverage();
    coverage_.flushed_lsn = [&flushed](TimeMs w) { return flushed.contains(w) ? flushed[w] : 0; };
    Open();
    std::map<std::string, std::map<TimeMs, double>> expected;
    std::map<std::string, TimeMs> newest;
    for (int round = 0; round < 80; ++round) {
      const auto appender = head_->NewAppender();
      std::vector<std::pair<std::string, Sample>> sent;
      for (uint64_t n = random() % 60; n > 0; --n) {
        const Labels labels = Named("m", std::to_string(random() % 4));
        TimeMs& last = newest.try_emplace(labels.ToString(), kT0 + 2 * kHour).first->second;
        Sample sample{last, static_cast<double>(random() % 1000)};
        if (random() % 2 == 0) {
          sample.t = last += 1 + static_cast<TimeMs>(random() % 60'000);
        } else {
          sample.t = last - 1 -
                     static_cast<TimeMs>(random() %
                                         static_cast<uint64_t>(options_.out_of_order_window_ms));
        }
        if (sample.t > clock_.NowMs()) clock_.Set(sample.t);
        appender->Append(Ref(*appender, labels), sample);
        sent.emplace_back(labels.ToString(), sample);
      }
      const auto result = appender->Commit();
      ASSERT_TRUE(result.ok());
      ASSERT_EQ(result->count(AppendOutcome::kTooOld) + result->count(AppendOutcome::kOutOfOrder),
                0u);
      uint64_t added = 0;
      for (const auto& [labels, s] : sent) added += expected[labels].emplace(s.t, s.v).second;
      ASSERT_EQ(result->count(AppendOutcome::kAppended), added);
      if (random() % 8 == 0) {
        ASSERT_TRUE(head_->Checkpoint().ok());
      }
      if (random() % 12 == 0) Open();
      const std::vector<TimeMs> windows = head_->Windows();
      if (random() % 10 == 0 && !windows.empty()) {
        const auto flush = head_->BeginFlush(windows[random() % windows.size()]);
        ASSERT_TRUE(flush.ok());
        const TimeRange window = WindowRange(flush->window_start(), options_.window_ms);
        for (const auto& [labels, samples] : Flushed(*flush)) {
          for (const Sample& s : samples) {
            ASSERT_EQ(expected[labels].count(s.t), 1u);
            ASSERT_EQ(expected[labels][s.t], s.v);
            expected[labels].erase(s.t);
          }
        }
        for (const auto& [labels, samples] : expected) {
          const auto left = samples.lower_bound(window.mint);
          ASSERT_TRUE(left == samples.end() || left->first > window.maxt) << "not flushed";
        }
        flushed[window.mint] = flush->lsn();
        coverage_.max_lsn = std::max(coverage_.max_lsn, flush->lsn());
        if (random() % 2 == 0) {
          ASSERT_TRUE(head_->EndFlush(*flush).ok());
        } else {
          head_.reset();
        }
        if (head_ == nullptr) Open();
      }
      Contents contents;
      for (const auto& [labels, samples] : expected) {
        for (const auto& [t, v] : samples) contents[labels].push_back({t, v});
      }
      ASSERT_EQ(ReadAll(), contents) << "round " << round;
    }
  }
}

}  // namespace
}  // namespace hearth
