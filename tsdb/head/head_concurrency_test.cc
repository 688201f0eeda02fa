// Appenders, queries and flushes side by side. Runs under --config=tsan.
#include <atomic>
#include <thread>

#include "tsdb/head/head_test_base.h"

namespace hearth {
namespace {

constexpr int kSeries = 20;

class HeadConcurrencyTest : public HeadTest {
 protected:
  static Labels Member(int writer, int s) {
    return {{"__name__", "m"}, {"writer", std::to_string(writer)}, {"s", std::to_string(s)}};
  }

  // Each commit writes the same value to all series of the writer, at one time.
  void WriteRounds(int writer, int rounds) {
    const auto appender = head_->NewAppender();
    std::vector<Fingerprint> fingerprints;
    for (int s = 0; s < kSeries; ++s) fingerprints.push_back(Member(writer, s).Fingerprint());
    std::vector<SeriesRef> refs(kSeries);
    for (int round = 0; round < rounds; ++round) {
      appender->Find(fingerprints, refs);
      for (int s = 0; s < kSeries; ++s) {
        if (!refs[s]) refs[s] = Ref(*appender, Member(writer, s));
        appender->Append(refs[s], {kT0 + round * 15'000, static_cast<double>(round)});
      }
      const auto result = appender->Commit();
      ASSERT_TRUE(result.ok()) << result.status();
      ASSERT_EQ(result->count(AppendOutcome::kAppended), static_cast<uint64_t>(kSeries));
    }
  }

  // Series of a writer must all end at the same sample; answers how many samples the query saw.
  size_t CheckWholeCommits(int writer) {
    const SelectRequest requests[] = {{{Matcher::Equal("writer", std::to_string(writer))}, {}},
                                      {{Matcher::Equal("writer", std::to_string(writer))}, {}}};
    const auto sets = head_->Select(requests);
    EXPECT_TRUE(sets.ok());
    size_t samples = 0, expected = 0;
    SampleColumns columns;
    for (const auto& set : *sets) {
      EXPECT_TRUE(set->size() == 0 || set->size() == kSeries) << set->size();
      for (size_t i = 0; i < set->size(); ++i) {
        const absl::Status status = set->Read(i, TimeRange(), &columns);
        EXPECT_TRUE(status.ok()) << status;
        if (expected == 0) expected = columns.t.size();
        EXPECT_EQ(columns.t.size(), expected) << "half a commit";
        samples += columns.t.size();
      }
    }
    return samples;
  }
};

TEST_F(HeadConcurrencyTest, AQueryNeverSeesHalfACommit) {
  constexpr int kRounds = 300;
  std::atomic<int> writing{2};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      WriteRounds(writer, kRounds);
      --writing;
    });
  }
  threads.emplace_back([&] {
    do {
      CheckWholeCommits(0);
      CheckWholeCommits(1);
      head_->Stats();
    } while (writing > 0);
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CheckWholeCommits(0), 2u * kSeries * kRounds);
  EXPECT_EQ(CheckWholeCommits(1), 2u * kSeries * kRounds);
  const Contents before = ReadAll();
  Open();
  EXPECT_EQ(ReadAll(), before);
}

// As senders do that were started twice, or that retry: one answer for each sample is "appended",
// the others are "duplicate", and everything is there once, also after a replay.
TEST_F(HeadConcurrencyTest, WritersThatCreateTheSameSeriesWriteItOnce) {
  constexpr int kWriters = 4;
  constexpr int kRounds = 60;
  std::atomic<uint64_t> appended{0}, duplicates{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&] {
      const auto appender = head_->NewAppender();
      for (int round = 0; round < kRounds; ++round) {
        // Ten new series a round, with two samples each, of which the second is the older.
        for (int s = 0; s < 10; ++s) {
          const SeriesRef ref = Ref(*appender, Member(round, s));
          appender->Append(ref, {kT0 + 1000 * round + 500, 1.0 * round});
          appender->Append(ref, {kT0 + 1000 * round, 0.5 * round});
        }
        const auto result = appender->Commit();
        ASSERT_TRUE(result.ok()) << result.status();
        ASSERT_EQ(result->refused(), 0u);
        appended += result->count(AppendOutcome::kAppended);
        duplicates += result->count(AppendOutcome::kDuplicate);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(appended, 20u * kRounds);
  EXPECT_EQ(duplicates, 20u * kRounds * (kWriters - 1));
  const Contents before = ReadAll();
  EXPECT_EQ(before.size(), 10u * kRounds);
  for (const auto& [labels, samples] : before) EXPECT_EQ(samples.size(), 2u) << labels;
  EXPECT_EQ(head_->Stats().series_created, 10u * kRounds);
  Open();
  EXPECT_EQ(ReadAll(), before);
}

TEST_F(HeadConcurrencyTest, FlushesRunBesideWritersAndReaders) {
  constexpr int kRounds = 700;  // Three windows.
  options_.wal_segment_bytes = 20'000;
  options_.chunk_segment_bytes = 5'000;
  options_.forget_after_ms = 0;
  Open();
  std::atomic<int> writing{2};
  std::atomic<uint64_t> flushed{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      WriteRounds(writer, kRounds);
      --writing;
    });
  }
  threads.emplace_back([&] {
    std::string storage;
    std::vector<FlushChunk> chunks;
    std::vector<UnreadableChunk> unreadable;
    bool last;
    do {
      last = writing == 0;
      for (const TimeMs window : head_->Windows()) {
        const auto flush = head_->BeginFlush(window);
        ASSERT_TRUE(flush.ok()) << flush.status();
        for (size_t i = 0; i < flush->size(); ++i) {
          ASSERT_TRUE(flush->ReadChunks(i, &storage, &chunks, &unreadable).ok());
          for (const FlushChunk& chunk : chunks) flushed += chunk.meta.count;
        }
        ASSERT_TRUE(head_->EndFlush(*flush).ok());
      }
    } while (!last);
  });
  threads.emplace_back([&] {
    SampleColumns columns;
    do {
      const SelectRequest request{};
      const auto sets = head_->Select({&request, 1});
      ASSERT_TRUE(sets.ok());
      for (size_t i = 0; i < sets->front()->size(); ++i) {
        ASSERT_TRUE(sets->front()->Read(i, TimeRange(), &columns).ok());
      }
      ASSERT_TRUE(head_->LabelNames({}).ok());
      ASSERT_TRUE(head_->Series({}).ok());
    } while (writing > 0);
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(flushed, 2u * kSeries * kRounds) << "every sample is flushed once";
  EXPECT_TRUE(head_->Windows().empty());
}

}  // namespace
}  // namespace hearth
