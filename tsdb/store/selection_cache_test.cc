#include "tsdb/store/selection_cache.h"

#include <gtest/gtest.h>

namespace hearth {
namespace {

constexpr size_t kLarge = 1000;

Selection SeriesFrom(uint32_t first, size_t count = kLarge) {
  Selection selection;
  for (uint32_t i = 0; i < count; ++i) {
    selection.ids.push_back(i);
    selection.fingerprints.push_back({first + i, 1});
  }
  return selection;
}

const Fingerprint kUp = SelectionCache::KeyOf({});

TEST(SelectionCacheTest, KnowsWhatWasInserted) {
  SelectionCache cache(1 << 20);
  EXPECT_EQ(cache.Find(1, kUp), nullptr);
  const SelectionPtr inserted = cache.Insert(1, kUp, SeriesFrom(5), nullptr);
  EXPECT_EQ(*inserted, SeriesFrom(5));
  EXPECT_EQ(cache.Find(1, kUp), inserted);
  EXPECT_EQ(cache.Find(2, kUp), nullptr) << "another generation";
  const std::vector<Matcher> other = {Matcher::Equal("a", "b")};
  EXPECT_EQ(cache.Find(1, SelectionCache::KeyOf(other)), nullptr) << "other matchers";
}

TEST(SelectionCacheTest, MatcherListsThatReadAlikeHaveDifferentKeys) {
  const std::vector<std::vector<Matcher>> lists = {
      {},
      {Matcher::Equal("a", "b")},
      {Matcher::NotEqual("a", "b")},
      {*Matcher::Create(MatchOp::kRegex, "a", "b")},
      {Matcher::Equal("ab", "")},
      {Matcher::Equal("a", "b"), Matcher::Equal("c", "d")},
      {Matcher::Equal("a", "bc"), Matcher::Equal("", "d")},
  };
  for (size_t i = 0; i < lists.size(); ++i) {
    for (size_t k = 0; k < lists.size(); ++k) {
      EXPECT_EQ(SelectionCache::KeyOf(lists[i]) == SelectionCache::KeyOf(lists[k]), i == k)
          << i << " and " << k;
    }
  }
}

TEST(SelectionCacheTest, ASmallerBoundHoldsAtOnce) {
  SelectionCache cache(1 << 20);
  for (uint32_t generation = 0; generation < 10; ++generation) {
    cache.Insert(generation, kUp, SeriesFrom(generation * 10'000), nullptr);
  }
  ASSERT_GT(cache.bytes(), size_t{100} << 10);
  cache.SetMax(size_t{60} << 10);
  EXPECT_LE(cache.bytes(), size_t{60} << 10);
  EXPECT_NE(cache.Find(9, kUp), nullptr) << "the last used stays";
}

TEST(SelectionCacheTest, NeighboursWithTheSameSeriesShareThem) {
  SelectionCache cache(1 << 20);
  const SelectionPtr first = cache.Insert(1, kUp, SeriesFrom(0), nullptr);
  const size_t one = cache.bytes();
  EXPECT_EQ(cache.Insert(2, kUp, SeriesFrom(0), first), first);
  EXPECT_LT(cache.bytes() - one, 200u);
  EXPECT_NE(cache.Insert(3, kUp, SeriesFrom(1), first), first);
  EXPECT_GT(cache.bytes(), one + kLarge * sizeof(Fingerprint));
}

TEST(SelectionCacheTest, TheLeastRecentlyUsedGoesFirst) {
  SelectionCache cache(100'000);  // Room for four.
  for (uint32_t i = 0; i < 4; ++i) cache.Insert(i, kUp, SeriesFrom(i), nullptr);
  ASSERT_NE(cache.Find(0, kUp), nullptr);
  cache.Insert(4, kUp, SeriesFrom(4), nullptr);
  EXPECT_NE(cache.Find(0, kUp), nullptr);
  EXPECT_EQ(cache.Find(1, kUp), nullptr);
  EXPECT_LE(cache.bytes(), 100'000u);
}

TEST(SelectionCacheTest, WhatIsInUseCountsUntilItsLastUserHasGone) {
  SelectionCache cache(100'000);
  SelectionPtr used = cache.Insert(0, kUp, SeriesFrom(0), nullptr);
  const size_t one = cache.bytes();
  for (uint32_t i = 1; i < 6; ++i) cache.Insert(i, kUp, SeriesFrom(i), nullptr);
  EXPECT_EQ(cache.Find(0, kUp), nullptr);
  EXPECT_EQ(*used, SeriesFrom(0));
  const size_t before = cache.bytes();
  used.reset();
  EXPECT_GT(before - cache.bytes(), one / 2);
}

TEST(SelectionCacheTest, AHugeSelectionIsAnsweredButNotKept) {
  SelectionCache cache(50'000);
  EXPECT_EQ(*cache.Insert(1, kUp, SeriesFrom(0), nullptr), SeriesFrom(0));
  EXPECT_EQ(cache.Find(1, kUp), nullptr);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace hearth
