// Series that come and go: memory follows those that are alive, and nothing is lost, whatever
// happens in between.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "tsdb/db_fixture.h"

namespace hearth {
namespace {

class ChurnTest : public DbTest {
 protected:
  static constexpr TimeMs kStep = 15'000;

  void SetUp() override {
    DbTest::SetUp();
    clock_.Set(kNow);
  }
  // Each series lives for eight steps; `alive` at once.
  void Churn(int steps, int alive) {
    for (int i = 0; i < steps; ++i, ++step_) {
      std::vector<std::pair<Labels, Sample>> samples;
      for (int n = 0; n < alive; ++n) {
        const int life = (step_ + n) / 8;
        samples.push_back({Labels{{"__name__", "up"}, {"pod", StrCat("pod-", n, "-", life)}},
                           {clock_.NowMs(), step_ * 0.5 + n}});
      }
      Push(samples);
      clock_.Advance(kStep);
      ASSERT_TRUE(db_->Compact().ok());
    }
  }
  uint64_t InMemory() { return db_->Stats().head.series; }
  void ExpectAll() { EXPECT_EQ(Read(), expected_); }
  int step_ = 0;
};

TEST_F(ChurnTest, MemoryFollowsWhatIsAlive) {
  Churn(200, 24);  // 50 minutes, 600 series.
  EXPECT_GT(expected_.size(), 590u);
  // They wait for two minutes when they are few, after some 75 seconds of silence.
  EXPECT_LE(InMemory(), 24u * 3);
  EXPECT_LE(db_->Stats().head.label_pairs, 24u * 3 + 1);
  EXPECT_GT(db_->Stats().compactor.stopped_flushes, 5u);
  EXPECT_GT(db_->Stats().compactor.stopped_series, 500u);
  EXPECT_LE(db_->Stats().store.generations, 16u);
  ExpectAll();
  for (int i = 0; i < 2; ++i) {
    Reopen();
    EXPECT_LE(InMemory(), 24u * 3) << "those that have left stay away";
    ExpectAll();
  }
}

TEST_F(ChurnTest, MergesKeepThemAwayToo) {
  Churn(200, 24);
  ASSERT_GT(db_->Stats().compactor.merges, 0u);
  // Of the day too, though the day is not over: their hours are known by themselves.
  ASSERT_TRUE(db_->Merge().ok());
  EXPECT_EQ(db_->Stats().store.generations, 1u);
  Reopen();
  EXPECT_LE(InMemory(), 24u * 3);
  ExpectAll();
}

TEST_F(ChurnTest, AWindowIsCoveredOnceItIsOver) {
  Churn(40, 8);
  const auto uncovered = [&] {
    int count = 0;
    for (const SealedPart& part : db_->SealedParts()) count += part.info.lsn == 0 ? 1 : 0;
    return count;
  };
  EXPECT_GT(uncovered(), 0);
  // Nothing is left of the hour when it ends: all have stopped, but one of the next hour.
  clock_.Set(kNow + 61 * kMinute);
  Push({{Series(0), {clock_.NowMs(), 1}}});
  clock_.Advance(kStep);
  Push({{Series(0), {clock_.NowMs(), 2}}});
  clock_.Advance(6 * kMinute);
  Push({{Series(0), {clock_.NowMs(), 3}}});
  ASSERT_TRUE(db_->FlushStopped(kMinute).ok());
  ASSERT_EQ(InMemory(), 1u);
  ASSERT_TRUE(db_->Compact().ok());
  bool covered = false;
  for (const SealedPart& part : db_->SealedParts()) covered |= part.info.lsn > 0;
  EXPECT_TRUE(covered);
  Reopen();
  EXPECT_EQ(InMemory(), 1u);
  ExpectAll();
  // Then it is merged like any other.
  for (int round = 0; round < 3; ++round) {
    clock_.Advance(11 * kMinute);
    ASSERT_TRUE(db_->Compact().ok());
  }
  EXPECT_LE(db_->Stats().store.generations, 2u);
  ExpectAll();
  Reopen();
  ExpectAll();
}

TEST_F(ChurnTest, ASeriesMayComeBackAgainAndAgain) {
  const Labels back = Series(1);
  for (int life = 0; life < 12; ++life) {
    for (int i = 0; i < 4; ++i) {
      Push({{Series(0), {clock_.NowMs(), 1}}, {back, {clock_.NowMs(), life * 1.5}}});
      clock_.Advance(kStep);
    }
    for (int i = 0; i < 14; ++i) {
      Push({{Series(0), {clock_.NowMs(), 1}}});
      clock_.Advance(kStep);
      ASSERT_TRUE(db_->Compact().ok());
    }
    EXPECT_EQ(InMemory(), 1u);
    if (life % 3 == 2) Reopen();
    // What it missed comes later: a fresh series takes it, whatever the store has.
    Push({{back, {kNow + life * 7 + 1, 2.5}}});
    ExpectAll();
    if (life % 4 == 3) Reopen();
    ExpectAll();
  }
  ASSERT_TRUE(db_->CompactAll().ok());
  ExpectAll();
}

TEST_F(ChurnTest, DeletesReachThemWhereverTheyAre) {
  Churn(60, 8);
  const std::vector<std::vector<Matcher>> some = {
      {*Matcher::Create(MatchOp::kRegex, "pod", "pod-[0-3]-.*")}};
  ASSERT_TRUE(db_->Delete(some, {kNow + 2 * kMinute, kNow + 10 * kMinute}).ok());
  for (auto& [labels, samples] : expected_) {
    const std::string_view pod = labels.view().Get("pod");
    if (pod >= "pod-0" && pod < "pod-4") {
      std::erase_if(samples, [](const auto& sample) {
        return sample.first >= kNow + 2 * kMinute && sample.first <= kNow + 10 * kMinute;
      });
    }
  }
  std::erase_if(expected_, [](const auto& series) { return series.second.empty(); });
  ExpectAll();
  Churn(40, 8);
  ExpectAll();
  Reopen();
  ExpectAll();
  ASSERT_TRUE(db_->CompactAll().ok());
  ExpectAll();
}

TEST_F(ChurnTest, WhoeverNeedsTheMemoryAsksForIt) {
  Churn(9, 16);
  Push({{Series(0), {clock_.NowMs(), 1}}});
  clock_.Advance(2 * kStep);
  Push({{Series(0), {clock_.NowMs(), 1}}});
  const uint64_t before = InMemory();
  const absl::StatusOr<uint64_t> left = db_->FlushStopped(2 * kStep);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_GT(*left, 16u);
  EXPECT_EQ(InMemory(), before - *left);
  ExpectAll();
}

// One thread appends, one has what it can leave memory, one queries: whoever reads sees every
// sample that was acknowledged before.
TEST_F(ChurnTest, NothingIsMissedWhileItLeaves) {
  constexpr int kAlive = 6;
  constexpr int kSteps = 300;
  std::atomic<int> acknowledged{0};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int step = 0; step < kSteps; ++step) {
      std::vector<std::pair<Labels, Sample>> samples;
      for (int n = 0; n < kAlive; ++n) {
        // Each comes back after a while.
        const Labels labels{{"__name__", "up"}, {"pod", StrCat(n, "-", (step + n) / 6 % 5)}};
        samples.push_back({labels, {clock_.NowMs(), step * 1.0}});
      }
      Push(samples);
      acknowledged.store(step + 1);
      clock_.Advance(kStep);
    }
    done.store(true);
  });
  std::thread flusher([&] {
    while (!done.load()) {
      EXPECT_TRUE(db_->FlushStopped(0).ok());
      EXPECT_TRUE(db_->Compact().ok());
    }
  });
  for (int queries = 0; !done.load() || queries < 3; ++queries) {
    const int before = acknowledged.load();
    std::vector<int> of_step(kSteps);
    for (const auto& [labels, samples] : Read()) {
      for (const auto& [t, v] : samples) ++of_step[static_cast<size_t>(v)];
    }
    for (int step = 0; step < kSteps; ++step) {
      const int seen = of_step[static_cast<size_t>(step)];
      ASSERT_TRUE(seen == kAlive || (seen == 0 && step >= before)) << seen << " at " << step;
    }
  }
  writer.join();
  flusher.join();
  EXPECT_EQ(Read(), expected_);
}

// Everything at random: pushes of series that come and go, late ones, rounds, flushes, restarts.
TEST_F(ChurnTest, AgreesWithAMapWhateverHappensInBetween) {
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    db_.reset();
    options_.path = folder_.path() + StrCat("/seed", seed);
    clock_.Set(kNow);
    expected_.clear();
    Reopen();
    for (int step = 0; step < 300; ++step) {
      std::vector<std::pair<Labels, Sample>> samples;
      for (int i = 0; i < 40; ++i) {
        // A few at a time, in turns; each comes back some time.
        if ((i + step / 10) % 10 > 2 && i != 0) continue;
        const TimeMs late = random() % 8 == 0 ? static_cast<TimeMs>(random() % (20 * kMinute)) : 0;
        const Sample sample{clock_.NowMs() - late, random() / 7.0};
        if (expected_[Series(i)].emplace(sample.t, sample.v).second)
          samples.push_back({Series(i), sample});
      }
      Push(samples);
      clock_.Advance(kStep);
      const uint32_t choice = random() % 64;
      if (choice < 4) {
        ASSERT_TRUE(db_->FlushStopped(choice % 2 * kMinute).ok());
      } else if (choice < 6) {
        Reopen();
      } else if (choice == 6) {
        ASSERT_TRUE(db_->Flush().ok());
      } else if (choice == 7) {
        ASSERT_TRUE(db_->Merge().ok());
      } else if (choice == 8) {
        clock_.Advance(7 * kMinute);
      } else if (choice < 32) {
        ASSERT_TRUE(db_->Compact().ok());
      }
      if (step % 20 != 19) continue;
      std::erase_if(expected_, [](const auto& series) { return series.second.empty(); });
      ASSERT_EQ(Read(), expected_) << step;
    }
    ASSERT_GT(db_->Stats().store.generations, 0u);
  }
}

}  // namespace
}  // namespace hearth
