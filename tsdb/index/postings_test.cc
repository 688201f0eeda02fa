#include "tsdb/index/postings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <random>
#include <set>

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Postings RandomPostings(std::mt19937& random, size_t n, uint32_t below) {
  std::set<uint32_t> ids;
  for (size_t i = 0; i < n; ++i) ids.insert(random() % below);
  return Postings(ids.begin(), ids.end());
}

TEST(PostingsTest, SmallCases) {
  EXPECT_THAT(Intersect(Postings{1, 3, 5}, Postings{2, 3, 5, 9}), ElementsAre(3, 5));
  EXPECT_THAT(Intersect(Postings{}, Postings{1}), IsEmpty());
  EXPECT_THAT(Without(Postings{1, 3, 5}, Postings{3, 4}), ElementsAre(1, 5));
  const Postings a{1, 5}, b{2, 5}, none;
  const PostingsView lists[] = {a, none, b};
  EXPECT_THAT(Merge(lists), ElementsAre(1, 2, 5));
  EXPECT_THAT(Merge({}), IsEmpty());
  const PostingsView one[] = {none, b};
  EXPECT_THAT(Merge(one), ElementsAre(2, 5));
  const Postings far{4'000'000'000u};
  const PostingsView sparse[] = {far, a};
  EXPECT_THAT(Merge(sparse), ElementsAre(1, 5, 4'000'000'000u));
}

TEST(PostingsTest, AgreeWithTheStandardAlgorithmsOnRandomSets) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const uint32_t below = seed % 3 == 0 ? 4'000'000'000u : 3000;
    const Postings a = RandomPostings(random, random() % 30, below);
    const Postings b = RandomPostings(random, random() % 2000, below);
    const Postings c = RandomPostings(random, random() % 200, below);
    Postings both, minus, any;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
    std::set_difference(b.begin(), b.end(), c.begin(), c.end(), std::back_inserter(minus));
    std::set<uint32_t> merged(a.begin(), a.end());
    merged.insert(b.begin(), b.end());
    merged.insert(c.begin(), c.end());
    EXPECT_EQ(Intersect(a, b), both);
    EXPECT_EQ(Intersect(b, a), both);
    EXPECT_EQ(Intersects(a, b), !both.empty());
    EXPECT_EQ(Intersects(b, a), !both.empty());
    EXPECT_EQ(Intersects(minus, c), false);
    EXPECT_EQ(Without(b, c), minus);
    const PostingsView lists[] = {a, b, c};
    EXPECT_EQ(Merge(lists), Postings(merged.begin(), merged.end()));
  }
}

}  // namespace
}  // namespace hearth
