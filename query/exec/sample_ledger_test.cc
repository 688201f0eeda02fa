// The counts of Prometheus' evaluator, step by step, for small trees.
#include "query/exec/sample_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace hearth::promql {
namespace {

constexpr size_t kSteps = 10;

// `series` columns that have a value at every step.
void CountFull(SampleLedger* ledger, CountNode node, int series, size_t steps = kSteps) {
  Tally tally;
  const std::vector<uint8_t> present(steps, 1);
  for (int i = 0; i < series; ++i) tally.Count(present);
  ledger->Absorb(node, &tally);
}

TEST(SampleLedgerTest, ASelectorHoldsItsResult) {
  SampleLedger ledger(1000, kSteps, false);
  const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, kSteps, {});
  CountFull(&ledger, x, 3);
  EXPECT_TRUE(ledger.Finish(x).ok());
  EXPECT_EQ(ledger.peak(), 30);
  EXPECT_EQ(ledger.TotalReads(), 30);
}

TEST(SampleLedgerTest, AHistogramCountsForItsSize) {
  Histogram histogram;
  EXPECT_EQ(SamplesOf(histogram), 11);  // (8 + 168) / 16
  histogram.positive_spans = {{0, 3}};
  histogram.positive_buckets = {1, 2, 3};
  EXPECT_EQ(SamplesOf(histogram), 13);
  SampleLedger ledger(1000, kSteps, true);
  const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, kSteps, {});
  CountFull(&ledger, x, 1);
  Tally tally;
  tally.Count(std::vector<uint8_t>(kSteps, 0));
  tally.CountHistogram(3, histogram);
  tally.CountHistogram(9, Histogram());
  ledger.Absorb(x, &tally);
  EXPECT_TRUE(ledger.Finish(x).ok());
  EXPECT_EQ(ledger.peak(), 10 + 13 + 11);
  EXPECT_EQ(ledger.TotalReads(), 34);
  EXPECT_EQ(ledger.ReadsByStep(), (std::vector<int64_t>{1, 1, 1, 14, 1, 1, 1, 1, 1, 12}));
}

TEST(SampleLedgerTest, AFunctionHoldsInputsTheirCopiesOfAStepAndTheGrowingResult) {
  SampleLedger ledger(1000, kSteps, false);
  const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, kSteps, {});
  const CountNode two = ledger.AddScalar(CountRule::kLeaf, kSteps, {});
  const CountNode product = ledger.Add(CountRule::kStepped, ReadRule::kNothing, kSteps, {x, two});
  CountFull(&ledger, x, 3);
  CountFull(&ledger, product, 3);
  EXPECT_TRUE(ledger.Finish(product).ok());
  // 30 + 10 held, 3 + 1 copied, 30 results.
  EXPECT_EQ(ledger.peak(), 74);
}

TEST(SampleLedgerTest, AnAggregationCopiesNothing) {
  SampleLedger ledger(1000, kSteps, false);
  const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, kSteps, {});
  const CountNode sum = ledger.Add(CountRule::kFolded, ReadRule::kNothing, kSteps, {x});
  const CountNode more = ledger.Add(CountRule::kStepped, ReadRule::kNothing, kSteps, {sum, sum});
  CountFull(&ledger, x, 3);
  CountFull(&ledger, sum, 1);
  CountFull(&ledger, more, 1);
  EXPECT_TRUE(ledger.Finish(sum).ok());
  EXPECT_EQ(ledger.peak(), 30);
  EXPECT_TRUE(ledger.Finish(more).ok());
  EXPECT_EQ(ledger.peak(), 40) << "the second side is evaluated while the first is held";
}

TEST(SampleLedgerTest, WindowsComeOnTopOfTheResultAndScalarArgumentsStay) {
  SampleLedger ledger(1000, kSteps, false);
  const CountNode phi = ledger.AddScalar(CountRule::kLeaf, kSteps, {});
  const CountNode quantile = ledger.Add(CountRule::kWindows, ReadRule::kWindows, kSteps, {phi});
  const CountNode minus = ledger.Add(CountRule::kInPlace, ReadRule::kNothing, kSteps, {quantile});
  Tally tally;
  const std::vector<uint8_t> present(kSteps, 1);
  for (int i = 0; i < 3; ++i) {
    tally.Count(present);
    tally.CountWindows(/*in_windows=*/40, /*largest=*/4, /*last=*/4);
  }
  ledger.Absorb(quantile, &tally);
  EXPECT_TRUE(ledger.Finish(minus).ok());
  EXPECT_EQ(ledger.peak(), 10 + 30 + 4);
  EXPECT_EQ(ledger.TotalReads(), 120);
}

TEST(SampleLedgerTest, WhatIsEvaluatedOnceReadsAtEveryStep) {
  SampleLedger ledger(1000, kSteps, true);
  const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, 1, {});
  const CountNode repeated = ledger.Add(CountRule::kRepeated, ReadRule::kNothing, kSteps, {x});
  CountFull(&ledger, x, 3, 1);
  CountFull(&ledger, repeated, 3);
  EXPECT_TRUE(ledger.Finish(repeated).ok());
  EXPECT_EQ(ledger.peak(), 30);
  EXPECT_EQ(ledger.TotalReads(), 30);
  EXPECT_EQ(ledger.ReadsByStep(), std::vector<int64_t>(kSteps, 3));
}

TEST(SampleLedgerTest, TheLimitIsTheLastNumberThatIsAllowed) {
  for (const int64_t max : {29, 30}) {
    SampleLedger ledger(max, kSteps, false);
    const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, kSteps, {});
    CountFull(&ledger, x, 3);
    EXPECT_EQ(ledger.Finish(x).ok(), max == 30);
  }
}

TEST(SampleLedgerTest, OneWorkerAloneFindsThatItIsTooMuch) {
  SampleLedger ledger(1000, kSteps, false);
  Tally tally;
  const std::vector<uint8_t> present(kSteps, 1);
  int columns = 0;
  while (columns < 10'000) {
    tally.Count(present);
    ++columns;
    if (tally.WantsCheck() && !ledger.CheckSeen(tally).ok()) break;
  }
  EXPECT_GT(columns, 100);
  EXPECT_LE(columns, 510);
}

TEST(SampleLedgerTest, CountsManyColumnsOfAnyLength) {
  for (const size_t steps : {1, 7, 8, 9, 241}) {
    SampleLedger ledger(1'000'000'000, steps, true);
    const CountNode x = ledger.Add(CountRule::kLeaf, ReadRule::kResults, steps, {});
    Tally tally;
    std::vector<int64_t> expected(steps, 0);
    for (size_t i = 0; i < 1000; ++i) {
      std::vector<uint8_t> present(steps);
      for (size_t s = 0; s < steps; ++s) {
        present[s] = (i * 31 + s * 7) % 3 == 0;
        expected[s] += present[s];
      }
      tally.Count(present);
    }
    ledger.Absorb(x, &tally);
    const std::vector<int64_t> reads = ledger.ReadsByStep();
    if (steps > 1) {
      EXPECT_EQ(reads, expected);
    } else {
      EXPECT_EQ(ledger.TotalReads(), expected[0]);
    }
  }
}

// A query of a range function over jumping windows, a function on it and a constant, with random
// values: what it counts at steps [first, first + steps).
SampleLedger CountSteps(size_t first, size_t steps, int64_t max = 1'000'000) {
  SampleLedger ledger(max, steps, /*by_step=*/true);
  const CountNode rate = ledger.Add(CountRule::kWindows, ReadRule::kWindows, steps, {});
  const CountNode two = ledger.AddScalar(CountRule::kLeaf, 1, {});
  const CountNode twos = ledger.AddScalar(CountRule::kRepeated, steps, {two});
  const CountNode product =
      ledger.Add(CountRule::kStepped, ReadRule::kNothing, steps, {rate, twos});
  Tally rates, products;
  for (size_t series = 0; series < 20; ++series) {
    std::vector<uint8_t> present(steps);
    std::vector<uint32_t> begin(steps), end(steps);
    uint32_t largest = 0;
    int64_t in_windows = 0;
    for (size_t i = 0; i < steps; ++i) {
      const size_t dice = (series * 7919 + (first + i) * 104'729) % 101;
      end[i] = series + 5 < first + i ? 0 : static_cast<uint32_t>(dice % 13);
      present[i] = end[i] > 2;
      largest = std::max(largest, end[i]);
      in_windows += end[i];
    }
    rates.Count(present);
    products.Count(present);
    rates.CountWindows(in_windows, largest, end.back());
    rates.CountWindowSteps(begin, end);
  }
  ledger.Absorb(rate, &rates);
  ledger.Absorb(product, &products);
  return ledger;
}

TEST(SampleLedgerTest, LedgersOfEarlierAndLaterStepsJoin) {
  constexpr size_t kAll = 40;
  const SampleLedger early = CountSteps(0, kAll);
  for (size_t first = 0; first < kAll; first += 3) {
    for (size_t last = first; last < kAll; ++last) {
      for (const size_t more : {0, 1, 5}) {
        SampleLedger late = CountSteps(last + 1, std::max<size_t>(more, 1));
        std::optional<SampleLedger> joined =
            SampleLedger::Joined(early, first, last - first + 1, more == 0 ? nullptr : &late);
        SampleLedger whole = CountSteps(first, last - first + 1 + more);
        ASSERT_TRUE(joined);
        ASSERT_TRUE(joined->FinishAll().ok());
        ASSERT_TRUE(whole.FinishAll().ok());
        ASSERT_EQ(joined->peak(), whole.peak()) << first << " to " << last << " and " << more;
        ASSERT_EQ(joined->TotalReads(), whole.TotalReads());
        ASSERT_EQ(joined->ReadsByStep(), whole.ReadsByStep());
      }
    }
  }
}

TEST(SampleLedgerTest, WhatIsTooMuchTogetherIsRefused) {
  SampleLedger whole = CountSteps(0, 20);
  ASSERT_TRUE(whole.FinishAll().ok());
  for (const int64_t max : {whole.peak() - 1, whole.peak()}) {
    SampleLedger late = CountSteps(10, 10, max);
    std::optional<SampleLedger> joined = SampleLedger::Joined(CountSteps(0, 10, max), 0, 10, &late);
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->FinishAll().ok(), max == whole.peak());
  }
}

TEST(SampleLedgerTest, LedgersOfDifferentQueriesDoNotJoin) {
  SampleLedger late = CountSteps(10, 5);
  late.Add(CountRule::kLeaf, ReadRule::kResults, 5, {});
  EXPECT_FALSE(SampleLedger::Joined(CountSteps(0, 10), 0, 10, &late));
  SampleLedger other(1000, 5, true);
  for (int i = 0; i < 4; ++i) other.Add(CountRule::kLeaf, ReadRule::kResults, 5, {});
  EXPECT_FALSE(SampleLedger::Joined(CountSteps(0, 10), 0, 10, &other));
}

}  // namespace
}  // namespace hearth::promql
