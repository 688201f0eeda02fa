#include "query/cache/result_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "model/text.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kAllTimes = std::numeric_limits<TimeMs>::max();

// Steps 0, 10, … of one series with a value at each of `present`.
EvaluatedSteps Steps(TimeMs start, const std::vector<uint8_t>& present, const char* label = "x") {
  SampleLedger ledger(1'000'000, present.size(), /*by_step=*/true);
  const CountNode node = ledger.Add(CountRule::kLeaf, ReadRule::kResults, present.size(), {});
  Tally tally;
  tally.Count(present);
  ledger.Absorb(node, &tally);
  EXPECT_TRUE(ledger.FinishAll().ok());
  EvaluatedSteps steps{.grid = {.start = start, .step = 10, .count = present.size()},
                       .looks_ahead = 0,
                       .record = {std::move(ledger), {}, {}}};
  ResultSeries series;
  series.labels = Labels{{"name", label}};
  for (size_t i = 0; i < present.size(); ++i) {
    const TimeMs t = steps.grid.at(i);
    if (present[i] != 0) series.floats.push_back({t, static_cast<double>(t) / 4});
  }
  if (!series.floats.empty()) steps.series.push_back(std::move(series));
  return steps;
}

std::string Text(const EvaluatedSteps& steps) {
  std::string text = StrCat(steps.record.samples.TotalReads(), " read");
  for (const ResultSeries& series : steps.series) {
    StrAppend(&text, "; ", series.labels.ToString());
    for (const Sample& sample : series.floats) StrAppend(&text, " ", sample.t, "=", sample.v);
  }
  return text;
}

TEST(CachedResultTest, HoldsUpToTheFirstStepThatSeesAChange) {
  const CachedResult cached(Steps(100, {1, 1, 1, 1, 1}), 7);
  EXPECT_EQ(cached.moment(), 7u);
  const struct {
    TimeMs start;
    size_t wanted;
    TimeMs from;
    size_t first, count;
  } kCases[] = {
      {100, 5, kAllTimes, 0, 5}, {120, 5, kAllTimes, 2, 3}, {140, 9, kAllTimes, 4, 1},
      {100, 2, kAllTimes, 0, 2}, {100, 5, 141, 0, 5},       {100, 5, 140, 0, 4},
      {100, 5, 131, 0, 4},       {110, 5, 111, 1, 1},       {110, 5, 110, 0, 0},
      {90, 5, kAllTimes, 0, 0},  {150, 5, kAllTimes, 0, 0}, {100, 5, -1000, 0, 0},
  };
  for (const auto& [start, wanted, from, first, count] : kCases) {
    const CachedResult::Steps steps =
        cached.Holding({.start = start, .step = 10, .count = wanted}, from);
    EXPECT_EQ(steps.count, count) << start << ", changed from " << from;
    if (count > 0) {
      EXPECT_EQ(steps.first, first) << start;
    }
  }
}

TEST(CachedResultTest, AStepThatLooksAheadSeesLaterChanges) {
  EvaluatedSteps ahead = Steps(100, {1, 1, 1});
  ahead.looks_ahead = 15;
  const CachedResult cached(ahead, 1);
  EXPECT_EQ(cached.Holding({.start = 100, .step = 10, .count = 3}, 125).count, 1u);
  EXPECT_EQ(cached.Holding({.start = 100, .step = 10, .count = 3}, 126).count, 2u);
}

TEST(CachedResultTest, JoinsWhatItHasWithWhatComes) {
  const CachedResult cached(Steps(0, {1, 1, 0, 1, 0, 1}), 1);
  ByteAccount bytes("--query.max-bytes", 0);
  const auto join = [&](CachedResult::Steps steps, EvaluatedSteps late) {
    const auto joined = cached.Join(steps, &late, &bytes);
    return joined.ok() && *joined ? Text(**joined) : "nothing";
  };
  EXPECT_EQ(join({1, 3}, Steps(40, {1})), "3 read; {name=\"x\"} 10=2.5 30=7.5 40=10");
  EXPECT_EQ(join({2, 1}, Steps(30, {0, 1})), "1 read; {name=\"x\"} 40=10");
  EXPECT_EQ(join({2, 1}, Steps(30, {0, 0})), "0 read");
  EXPECT_EQ(join({0, 2}, Steps(20, {1}, "a")),
            "3 read; {name=\"a\"} 20=5; {name=\"x\"} 0=0 10=2.5");
  EXPECT_EQ(join({0, 2}, Steps(20, {1}, "z")),
            "3 read; {name=\"x\"} 0=0 10=2.5; {name=\"z\"} 20=5");
  const auto alone = cached.Join({4, 2}, nullptr, &bytes);
  ASSERT_TRUE(alone.ok() && *alone);
  EXPECT_EQ(Text(**alone), "1 read; {name=\"x\"} 50=12.5");
  EXPECT_GT(bytes.held(), 0);

  EvaluatedSteps of_another = Steps(20, {1});
  of_another.record.samples.Add(CountRule::kFree, ReadRule::kNothing, 1, {});
  EXPECT_EQ(join({0, 2}, std::move(of_another)), "nothing");
  ByteAccount none("--query.max-bytes", 1);
  EXPECT_FALSE(cached.Join({0, 2}, nullptr, &none).ok());
}

TEST(CachedResultTest, AnnotationsGoWithTheirSteps) {
  EvaluatedSteps noted = Steps(0, {1, 1, 1, 1});
  noted.record.notes.Add(Note::kPossibleNonCounter, {0, 1}, {"early"}, "", /*last_step=*/10);
  noted.record.notes.Add(Note::kPossibleNonCounter, {0, 1}, {"late"}, "", /*last_step=*/20);
  noted.record.notes.Add(Note::kSortIneffective, {0, 1}, {}, "", kEveryStep);
  ASSERT_TRUE(CachedResult::MayKeep(noted));
  const CachedResult cached(noted, 1);
  ByteAccount bytes("--query.max-bytes", 0);
  const auto notes = [&](size_t first) {
    const auto joined = cached.Join({first, 1}, nullptr, &bytes);
    std::vector<std::string> warnings, infos;
    (*joined)->record.notes.Render("x", &warnings, &infos);
    return std::pair(warnings.size(), infos.size());
  };
  EXPECT_EQ(notes(0), std::pair(size_t{1}, size_t{2}));
  EXPECT_EQ(notes(2), std::pair(size_t{1}, size_t{1}));
  EXPECT_EQ(notes(3), std::pair(size_t{1}, size_t{0}));

  noted.record.notes.Add(Note::kMixedInAggregation, {0, 1});
  EXPECT_FALSE(CachedResult::MayKeep(noted)) << "nobody knows at which step";
}

class ResultCacheTest : public testing::Test {
 protected:
  std::shared_ptr<const CachedResult> Result(size_t steps) {
    return std::make_shared<const CachedResult>(Steps(0, std::vector<uint8_t>(steps, 1)),
                                                /*moment=*/1);
  }
  ByteAccount account_{"--query.max-total-bytes", 0};
  metrics::Registry registry_;
  ResultCache cache_{100'000, &account_, &registry_};
};

TEST_F(ResultCacheTest, AQueryIsWorthKeepingWhenItComesAgain) {
  EXPECT_FALSE(cache_.Find("a").worth_keeping);
  EXPECT_FALSE(cache_.Find("b").worth_keeping);
  const ResultCache::Found again = cache_.Find("a");
  EXPECT_TRUE(again.worth_keeping);
  EXPECT_EQ(again.result, nullptr);
  const auto result = Result(10);
  cache_.Keep("a", result);
  EXPECT_EQ(cache_.Find("a").result, result);
  EXPECT_EQ(cache_.Find("b").result, nullptr);
}

TEST_F(ResultCacheTest, WhatWasUsedLongestAgoGoesFirst) {
  for (const char* key : {"a", "b", "c", "d"}) cache_.Keep(key, Result(500));
  const int64_t each = cache_.bytes() / 4;
  ASSERT_GT(each, 500 * 8);
  for (int i = 0; i < 30; ++i) {
    ASSERT_NE(cache_.Find("a").result, nullptr);
    cache_.Keep(StrCat("more", i), Result(500));
  }
  EXPECT_EQ(cache_.Find("b").result, nullptr);
  EXPECT_NE(cache_.Find("a").result, nullptr);
  EXPECT_LE(cache_.bytes(), 100'000);
  EXPECT_EQ(account_.held(), cache_.bytes());
  const int64_t before = cache_.bytes();
  EXPECT_EQ(cache_.Shrink(each * 2 + 100) + cache_.bytes(), before);
  EXPECT_LE(cache_.bytes(), each * 2 + 100);
  EXPECT_NE(cache_.Find("a").result, nullptr) << "used a moment ago";
  cache_.Shrink(0);
  EXPECT_EQ(cache_.bytes(), 0);
  EXPECT_EQ(account_.held(), 0);
  std::string metrics;
  registry_.Render(&metrics);
  EXPECT_NE(metrics.find("\nhearth_query_cache_bytes 0\n"), std::string::npos) << metrics;
  EXPECT_EQ(metrics.find("\nhearth_query_cache_evictions_total 0\n"), std::string::npos) << metrics;
}

TEST_F(ResultCacheTest, OneResultDoesNotPushTheOthersOut) {
  cache_.Keep("small", Result(10));
  cache_.Keep("large", Result(5000));
  EXPECT_EQ(cache_.Find("large").result, nullptr);
  EXPECT_NE(cache_.Find("small").result, nullptr);
}

TEST_F(ResultCacheTest, ANewResultTakesThePlaceOfTheOld) {
  cache_.Keep("a", Result(10));
  const int64_t bytes = cache_.bytes();
  const auto result = Result(10);
  cache_.Keep("a", result);
  EXPECT_EQ(cache_.bytes(), bytes);
  EXPECT_EQ(cache_.Find("a").result, result);
}

TEST(ResultCacheAccountTest, KeepsNothingThatQueriesHaveNoRoomFor) {
  ByteAccount account("--query.max-total-bytes", 100);
  ResultCache cache(100'000, &account, nullptr);
  cache.Keep("a", std::make_shared<const CachedResult>(Steps(0, {1, 1}), 1));
  EXPECT_EQ(cache.bytes(), 0);
  EXPECT_EQ(cache.Find("a").result, nullptr);
}

}  // namespace
}  // namespace hearth::promql
