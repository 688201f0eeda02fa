// Deletes in the head, and what a replay makes of them.
#include <map>
#include <random>

#include "tsdb/head/head_test_base.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class HeadDeleteTest : public HeadTest {
 protected:
  // Deletes as the Db does: what is recorded is there at the next Open.
  Lsn Delete(const std::vector<Matcher>& matchers, TimeRange range) {
    const std::vector<std::vector<Matcher>> sets = {matchers};
    Lsn given = 0;
    const absl::Status status = head_->Delete(sets, range, [&](Lsn lsn) {
      auto list = std::make_shared<DeleteList>();
      if (coverage_.deletes != nullptr) *list = *coverage_.deletes;
      list->records.push_back({lsn, matchers, range});
      list->last_lsn = given = lsn;
      coverage_.deletes = list;
      coverage_.max_lsn = lsn;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return given;
  }
  Lsn Delete(const Labels& labels, TimeRange range) {
    return Delete(std::vector<Matcher>{Matcher::Equal("__name__", labels.Get("__name__"))}, range);
  }
  std::vector<Sample> WriteRun(const Labels& labels, TimeMs start, int n) {
    std::vector<Sample> samples;
    for (int i = 0; i < n; ++i) samples.push_back({start + i * 1000, i * 0.5});
    EXPECT_TRUE(Write(labels, samples).ok());
    return samples;
  }
  // Now and after each of two starts.
  void ExpectAlways(const Contents& expected) {
    EXPECT_EQ(ReadAll(), expected);
    for (int start = 0; start < 2; ++start) {
      Open();
      EXPECT_EQ(ReadAll(), expected) << "start " << start;
    }
  }
  static std::vector<Sample> Cut(std::vector<Sample> samples, TimeRange range) {
    std::erase_if(samples, [&](const Sample& sample) { return range.Contains(sample.t); });
    return samples;
  }

  const Labels a_ = Named("a"), b_ = Named("b");
};

TEST_F(HeadDeleteTest, AWholeSeriesIsGoneAtOnceAndForEver) {
  WriteRun(a_, kT0, 300);
  const std::vector<Sample> b = WriteRun(b_, kT0, 300);
  Delete(a_, TimeRange{});
  EXPECT_THAT(*head_->Series({.matcher_sets = {{}}}), ElementsAre(b_));
  ExpectAlways({{b_.ToString(), b}});
}

TEST_F(HeadDeleteTest, APartOfOpenAndClosedChunksGoes) {
  const std::vector<Sample> a = WriteRun(a_, kT0, 300), b = WriteRun(b_, kT0, 300);
  const TimeRange range{kT0 + 50'000, kT0 + 269'500};
  Delete(a_, range);
  ExpectAlways({{a_.ToString(), Cut(a, range)}, {b_.ToString(), b}});
}

TEST_F(HeadDeleteTest, LaterWritesOfTheSameTimesSurvive) {
  const std::vector<Sample> a = WriteRun(a_, kT0, 150);
  Delete(a_, {kT0 + 100'000, kT0 + kHour});
  // The last sample again, with its value and with another one.
  EXPECT_EQ(WriteOne(a_, {kT0 + 100'000, 50}), AppendOutcome::kAppended);
  EXPECT_EQ(WriteOne(a_, {kT0 + 149'000, -1}), AppendOutcome::kAppended);
  std::vector<Sample> expected = Cut(a, {kT0 + 100'000, kT0 + kHour});
  expected.push_back({kT0 + 100'000, 50});
  expected.push_back({kT0 + 149'000, -1});
  ExpectAlways({{a_.ToString(), expected}});
  EXPECT_EQ(WriteOne(a_, {kT0 + 149'000, -1}), AppendOutcome::kDuplicate);
}

TEST_F(HeadDeleteTest, ASeriesOfWhichNothingIsLeftTakesEveryTime) {
  WriteRun(a_, kT0 + 1000, 10);
  Delete(a_, TimeRange{});
  EXPECT_EQ(WriteOne(a_, {kT0 + 2000, 7}), AppendOutcome::kAppended);
  ExpectAlways({{a_.ToString(), {{kT0 + 2000, 7}}}});
}

TEST_F(HeadDeleteTest, TheLastSampleStaysKnownWhereItIsNotDeleted) {
  const std::vector<Sample> a = WriteRun(a_, kT0, 200);
  Delete(a_, {kT0 + 10'000, kT0 + 20'000});
  EXPECT_EQ(WriteOne(a_, a.back()), AppendOutcome::kDuplicate);
  Delete(a_, {kT0 + 150'000, kT0 + kHour});
  EXPECT_EQ(WriteOne(a_, a[149]), AppendOutcome::kDuplicate);
  EXPECT_EQ(WriteOne(a_, {a[149].t, -3}), AppendOutcome::kDuplicateTimestamp);
}

TEST_F(HeadDeleteTest, OneDeleteAfterAnotherWithWritesBetween) {
  Contents expected;
  std::vector<Sample>& a = expected[a_.ToString()];
  for (int round = 0; round < 6; ++round) {
    const TimeMs start = kT0 + round * 40'000;
    for (const Sample& sample : WriteRun(a_, start, 100)) a.push_back(sample);
    const TimeRange range{start + 40'000, start + 200'000};
    Delete(a_, range);
    a = Cut(a, range);
    if (round % 2 == 1) Open();
    ASSERT_EQ(ReadAll(), expected) << "round " << round;
  }
  ExpectAlways(expected);
}

TEST_F(HeadDeleteTest, WhatCannotBeRecordedIsNotDeleted) {
  const std::vector<Sample> a = WriteRun(a_, kT0, 150);
  const std::vector<std::vector<Matcher>> sets = {{Matcher::Equal("__name__", "a")}};
  const absl::Status status =
      head_->Delete(sets, TimeRange{}, [](Lsn) { return absl::UnavailableError("no space"); });
  EXPECT_EQ(status.message(), "no space");
  EXPECT_EQ(WriteOne(a_, a.back()), AppendOutcome::kDuplicate);
  ExpectAlways({{a_.ToString(), a}});
}

TEST_F(HeadDeleteTest, AFlushThatBeganBeforeKeepsWhatItListsAndTakesNothingNew) {
  WriteRun(a_, kT0, 150);
  {
    const auto flush = head_->BeginFlush(kT0);
    ASSERT_TRUE(flush.ok());
    const Lsn lsn = Delete(a_, {kT0 + 50'000, kT0 + kHour});
    EXPECT_LT(flush->lsn(), lsn);
    EXPECT_EQ(flush->samples(0), 150u);
    // Older than what the flush has.
    EXPECT_EQ(WriteOne(a_, {kT0 + 60'000, -9}), AppendOutcome::kAppended);
    for (TimeMs t = 61'000; t < 300'000; t += 1000) {
      ASSERT_EQ(WriteOne(a_, {kT0 + t, -9}), AppendOutcome::kAppended);
    }
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
  }
  const std::vector<Sample> left = ReadAll().at(a_.ToString());
  EXPECT_EQ(std::count_if(left.begin(), left.end(), [](const Sample& s) { return s.v == -9; }),
            240);
}

TEST_F(HeadDeleteTest, AFlushAfterwardsHasNothingDeleted) {
  WriteRun(a_, kT0, 150);
  const std::vector<Sample> b = WriteRun(b_, kT0, 20);
  const Lsn lsn = Delete(a_, TimeRange{});
  const auto flush = head_->BeginFlush(kT0);
  ASSERT_TRUE(flush.ok());
  EXPECT_GE(flush->lsn(), lsn);
  ASSERT_EQ(flush->size(), 1u);
  EXPECT_EQ(Labels(flush->labels(0)), b_);
}

TEST_F(HeadDeleteTest, ADeleteIsNeededAsLongAsTheLogsHaveOlderRecords) {
  WriteRun(a_, kT0, 150);
  WriteRun(b_, kT0, 20);
  const Lsn lsn = Delete(a_, TimeRange{});
  EXPECT_LT(head_->OldestLoggedLsn().value(), lsn);
  WriteOne(b_, {kT0 + kHour, 1});
  for (const TimeMs window : head_->Windows()) {
    const auto flush = head_->BeginFlush(window);
    ASSERT_TRUE(flush.ok());
    ASSERT_TRUE(head_->EndFlush(*flush).ok());
  }
  fs_.FailSyncs(true);
  EXPECT_FALSE(head_->OldestLoggedLsn().ok()) << "a power cut may bring the segments back";
  fs_.FailSyncs(false);
  EXPECT_GT(head_->OldestLoggedLsn().value(), lsn);
}

TEST_F(HeadDeleteTest, AWindowOfWhichNothingIsLeftGivesItsWalBack) {
  WriteRun(a_, kT0, 150);
  Delete(a_, TimeRange{});
  EXPECT_THAT(head_->Windows(), IsEmpty());
  WriteRun(b_, kT0 + kHour, 10);
  const uint64_t before = head_->Stats().wal_segments;
  const auto flush = head_->BeginFlush(kT0 + kHour);
  ASSERT_TRUE(flush.ok());
  ASSERT_TRUE(head_->EndFlush(*flush).ok());
  EXPECT_LE(head_->Stats().wal_segments, before);
  EXPECT_EQ(head_->Stats().chunk_log_bytes, 0u);
  Open();
  EXPECT_LE(head_->Stats().wal_segments, 1u) << "a start gives it back too";
}

TEST_F(HeadDeleteTest, WithoutAChunkLogTheWalAloneComesBackWithoutIt) {
  const std::vector<Sample> a = WriteRun(a_, kT0, 300);
  const TimeRange range{kT0 + 30'000, kT0 + 250'000};
  Delete(a_, range);
  head_.reset();
  std::filesystem::remove_all(options_.chunks_dir);
  Open();
  EXPECT_THAT(ReadAll(), ElementsAre(Pair(a_.ToString(), Cut(a, range))));
}

// The process dies after the delete was recorded and before the head has followed: the logs hold
// everything.
TEST_F(HeadDeleteTest, ACrashBeforeTheChunksAreRewrittenStillDeletes) {
  const std::vector<Sample> a = WriteRun(a_, kT0, 300);
  const TimeRange range{kT0 + 30'000, kT0 + 250'000};
  const std::string copy = dir_ + "_copy";
  std::filesystem::remove_all(copy);
  const std::vector<std::vector<Matcher>> sets = {{Matcher::Equal("__name__", "a")}};
  ASSERT_TRUE(head_
                  ->Delete(sets, range,
                           [&](Lsn lsn) {
                             auto list = std::make_shared<DeleteList>();
                             list->records.push_back({lsn, sets[0], range});
                             list->last_lsn = lsn;
                             coverage_.deletes = list;
                             coverage_.max_lsn = lsn;
                             std::filesystem::copy(dir_, copy,
                                                   std::filesystem::copy_options::recursive);
                             return absl::OkStatus();
                           })
                  .ok());
  head_.reset();
  options_.wal_dir = copy + "/wal";
  options_.chunks_dir = copy + "/chunks";
  Open();
  ExpectAlways({{a_.ToString(), Cut(a, range)}});
  std::filesystem::remove_all(copy);
}

TEST_F(HeadDeleteTest, LateSamplesGoToo) {
  std::map<TimeMs, double> kept;
  for (const Sample& sample : WriteRun(a_, kT0, 300)) kept[sample.t] = sample.v;
  // A full late chunk, and a buffer.
  for (int i = 0; i < 200; ++i) {
    const Sample sample{kT0 + i * 1000 + 500, -1.0 * i};
    ASSERT_EQ(WriteOne(a_, sample), AppendOutcome::kAppended);
    kept[sample.t] = sample.v;
  }
  const TimeRange range{kT0 + 60'000, kT0 + 180'000};
  Delete(a_, range);
  std::erase_if(kept, [&](const auto& sample) { return range.Contains(sample.first); });
  const auto expected = [&] {
    std::vector<Sample> samples;
    for (const auto& [t, v] : kept) samples.push_back({t, v});
    return Contents{{a_.ToString(), samples}};
  };
  ExpectAlways(expected());
  for (const TimeMs t : {kT0 + 100'000, kT0 + 100'500}) {
    EXPECT_EQ(WriteOne(a_, {t, 9}), AppendOutcome::kAppended);
    kept[t] = 9;
  }
  ExpectAlways(expected());
}

TEST_F(HeadDeleteTest, RandomWritesAndDeletesAreKeptThroughReplaysAndCheckpoints) {
  options_.late_buffer_bytes = 2048;
  options_.wal_segment_bytes = 4096;
  Open();
  std::mt19937 random(20'261'121);
  std::map<std::string, std::map<TimeMs, double>> kept;
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 40; ++i) {
      const Labels& labels = random() % 2 == 0 ? a_ : b_;
      const Sample sample{kT0 + static_cast<TimeMs>(random() % 3000) * 1000,
                          static_cast<double>(random() % 50)};
      if (WriteOne(labels, sample) == AppendOutcome::kAppended) {
        kept[labels.ToString()][sample.t] = sample.v;
      }
    }
    if (round % 3 == 0) {
      const Labels& labels = random() % 2 == 0 ? a_ : b_;
      const TimeMs begin = kT0 + static_cast<TimeMs>(random() % 3000) * 1000;
      const TimeRange range{begin, begin + static_cast<TimeMs>(random() % 600) * 1000};
      Delete(labels, range);
      std::erase_if(kept[labels.ToString()],
                    [&](const auto& sample) { return range.Contains(sample.first); });
    }
    if (random() % 4 == 0) {
      ASSERT_TRUE(head_->Checkpoint().ok());
    }
    if (random() % 4 == 0) Open();
    const Contents contents = ReadAll();
    for (const auto& [labels, samples] : kept) {
      const auto at = contents.find(labels);
      ASSERT_EQ(at == contents.end() ? 0 : at->second.size(), samples.size())
          << labels << " in round " << round;
      if (at == contents.end()) continue;
      for (const Sample& sample : at->second) ASSERT_EQ(samples.at(sample.t), sample.v);
    }
  }
}

}  // namespace
}  // namespace hearth
