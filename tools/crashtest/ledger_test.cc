#include "tools/crashtest/ledger.h"

#include <gtest/gtest.h>

namespace hearth::crashtest {
namespace {

constexpr TimeMs kForget = 1'000'000;

class LedgerTest : public testing::Test {
 protected:
  // Sends samples 1..n of the series at times 1..n, acknowledged at 101..100+n.
  SeriesId Series(int n, bool ordered = true) {
    const SeriesId id = ledger_.AddSeries(ordered);
    for (int i = 1; i <= n; ++i) {
      ledger_.Sent(id, {i, i * 1.5});
      ledger_.Acknowledged(id, i, 100 + i);
    }
    return id;
  }
  static std::vector<Sample> Samples(std::initializer_list<int> times) {
    std::vector<Sample> samples;
    for (const int t : times) samples.push_back({t, t * 1.5});
    return samples;
  }

  Ledger ledger_;
};

TEST_F(LedgerTest, EverythingOnceIsGood) {
  const SeriesId id = Series(3);
  const Findings findings = ledger_.Check({{id, Samples({1, 2, 3})}}, {}, kForget);
  EXPECT_TRUE(findings.good());
  EXPECT_EQ(findings.checked, 3u);
}

TEST_F(LedgerTest, AMissingAcknowledgedSampleIsLostAndTold) {
  const SeriesId id = Series(3);
  const Findings findings = ledger_.Check({{id, Samples({1, 3})}}, {}, kForget);
  EXPECT_EQ(findings.lost, 1u);
  EXPECT_EQ(findings.examples.size(), 1u);
  EXPECT_EQ(ledger_.Check({}, {}, kForget).lost, 2u) << "what was told is not told again";
}

TEST_F(LedgerTest, AnUnacknowledgedSampleMayBeThereOrNot) {
  const SeriesId id = Series(1);
  ledger_.Sent(id, {2, 3.0});
  EXPECT_TRUE(ledger_.Check({{id, Samples({1, 2})}}, {}, kForget).good());
  EXPECT_TRUE(ledger_.Check({{id, Samples({1})}}, {}, kForget).good());
}

TEST_F(LedgerTest, WhatWasNeverSentIsInvented) {
  const SeriesId id = Series(2);
  EXPECT_EQ(ledger_.Check({{id, {{1, 1.5}, {2, 3.5}}}}, {}, kForget).invented, 1u);
  EXPECT_EQ(ledger_.Check({{id, Samples({1, 2, 3})}}, {}, kForget).invented, 1u);
  EXPECT_EQ(ledger_.Check({{id, Samples({1, 2})}, {77, Samples({1})}}, {}, kForget).invented, 1u);
}

TEST_F(LedgerTest, TwiceTheSameTimeIsRepeated) {
  const SeriesId id = Series(2);
  EXPECT_EQ(ledger_.Check({{id, Samples({1, 1, 2})}}, {}, kForget).repeated, 1u);
}

TEST_F(LedgerTest, RetentionMayTakeTheOldOnes) {
  const SeriesId id = Series(4);
  EXPECT_TRUE(ledger_.Check({{id, Samples({3, 4})}}, {.kept_from = 3}, kForget).good());
}

TEST_F(LedgerTest, APowerCutMayTakeTheLastIntervalAsASuffix) {
  const SeriesId id = Series(4);
  const Findings findings = ledger_.Check({{id, Samples({1, 2})}}, {.may_lose_from = 103}, kForget);
  EXPECT_TRUE(findings.good());
  EXPECT_EQ(findings.forgiven, 2u);
  EXPECT_TRUE(ledger_.Check({{id, Samples({1, 2})}}, {}, kForget).good());
}

TEST_F(LedgerTest, APowerCutMayNotTakeMoreNorLeaveAHole) {
  const SeriesId one = Series(4), two = Series(4), shared = Series(4, /*ordered=*/false);
  const Findings findings =
      ledger_.Check({{one, Samples({1})}, {two, Samples({1, 2, 4})}, {shared, Samples({1, 2, 4})}},
                    {.may_lose_from = 103}, kForget);
  EXPECT_EQ(findings.lost, 1u);
  EXPECT_EQ(findings.holes, 1u);
}

TEST_F(LedgerTest, ALateSampleMayOutliveTheNewerOnesBeforeIt) {
  const SeriesId id = ledger_.AddSeries(/*ordered=*/true);
  for (const TimeMs t : {1, 3, 4, 2, 5}) {
    ledger_.Sent(id, {t, static_cast<double>(t) * 1.5});
    ledger_.Acknowledged(id, t, 200);
  }
  EXPECT_TRUE(ledger_.Check({{id, Samples({1, 2})}}, {.may_lose_from = 100}, kForget).good());
  // But 2 was sent before 5, and is older.
  Ledger other;
  const SeriesId same = other.AddSeries(/*ordered=*/true);
  for (const TimeMs t : {1, 3, 2, 5}) {
    other.Sent(same, {t, static_cast<double>(t) * 1.5});
    other.Acknowledged(same, t, 200);
  }
  EXPECT_EQ(other.Check({{same, Samples({1, 3, 5})}}, {.may_lose_from = 100}, kForget).holes, 1u);
}

TEST_F(LedgerTest, ADeletedSeriesMustNotComeBack) {
  const SeriesId id = Series(2);
  ledger_.Deleting(id);
  EXPECT_TRUE(ledger_.Check({{id, Samples({1})}}, {}, kForget).good());
  ledger_.Deleted(id);
  EXPECT_TRUE(ledger_.Check({}, {}, kForget).good());
  EXPECT_EQ(ledger_.Check({{id, Samples({1})}}, {}, kForget).risen, 1u);
}

}  // namespace
}  // namespace hearth::crashtest
