#include "scrape/scrape_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "model/text.h"

namespace hearth {
namespace {

// Runs one body of series texts through a cache. Each text is the series of its own number.
struct Feeder {
  struct Outcome {
    size_t matched = 0, found = 0, added = 0;
    std::multiset<uint64_t> gone;
  };

  Outcome Feed(const std::vector<std::string>& body, bool bad = false) {
    Outcome outcome;
    cache.Begin();
    for (const std::string& text : body) {
      const std::string line = text + " 1\n";
      ScrapeCache::Entry* entry = cache.Match(line);
      if (entry != nullptr) {
        ++outcome.matched;
      } else if ((entry = cache.Find(text)) != nullptr) {
        ++outcome.found;
      } else {
        ++outcome.added;
        entry = cache.Add(text);
        entry->ref.id = Number(text);
      }
      EXPECT_EQ(entry->ref.id, Number(text)) << text;
      entry->tracked = true;
    }
    if (bad) {
      cache.Abandon();
    } else {
      cache.Finish([&](SeriesRef ref) { outcome.gone.insert(ref.id); });
    }
    return outcome;
  }

  uint64_t Number(const std::string& text) {
    return numbers.try_emplace(text, numbers.size() + 1).first->second;
  }

  ScrapeCache cache;
  StringMap<uint64_t> numbers;
};

TEST(ScrapeCacheTest, AnUnchangedBodyIsMatchedLineByLine) {
  Feeder feeder;
  EXPECT_EQ(feeder.Feed({"a", "b{x=\"1\"}", "c"}).added, 3u);
  const auto again = feeder.Feed({"a", "b{x=\"1\"}", "c"});
  EXPECT_EQ(again.matched, 3u);
  EXPECT_TRUE(again.gone.empty());
}

TEST(ScrapeCacheTest, VanishedSeriesAreReportedOnce) {
  Feeder feeder;
  feeder.Feed({"a", "b", "c", "d"});
  const auto shorter = feeder.Feed({"a", "c"});
  EXPECT_EQ(shorter.gone, (std::multiset<uint64_t>{feeder.Number("b"), feeder.Number("d")}));
  EXPECT_TRUE(feeder.Feed({"a", "c"}).gone.empty());
  EXPECT_EQ(feeder.Feed({"a"}).gone, std::multiset<uint64_t>{feeder.Number("c")});
  EXPECT_EQ(feeder.Feed({}).gone, std::multiset<uint64_t>{feeder.Number("a")});
}

TEST(ScrapeCacheTest, ReorderedAndRepeatedLinesAreFound) {
  Feeder feeder;
  feeder.Feed({"a", "b", "c", "d", "e", "f", "g", "h"});
  const auto reversed = feeder.Feed({"h", "g", "f", "e", "d", "c", "b", "a"});
  EXPECT_EQ(reversed.added, 0u);
  EXPECT_TRUE(reversed.gone.empty());
  const auto repeated = feeder.Feed({"h", "h", "a", "h"});
  EXPECT_EQ(repeated.added, 0u);
  EXPECT_EQ(repeated.gone.size(), 6u);
}

TEST(ScrapeCacheTest, ABadBodyChangesNothing) {
  Feeder feeder;
  feeder.Feed({"a", "b"});
  feeder.Feed({"x", "b"}, /*bad=*/true);
  const auto good = feeder.Feed({"a", "b"});
  EXPECT_EQ(good.matched, 2u);
  EXPECT_TRUE(good.gone.empty());
}

TEST(ScrapeCacheTest, AllGoneIsSaidOnce) {
  Feeder feeder;
  feeder.Feed({"a", "b"});
  std::vector<uint64_t> gone;
  feeder.cache.MarkAllGone([&](SeriesRef ref) { gone.push_back(ref.id); });
  EXPECT_EQ(gone.size(), 2u);
  feeder.cache.MarkAllGone([&](SeriesRef ref) { gone.push_back(ref.id); });
  EXPECT_EQ(gone.size(), 2u);
  EXPECT_EQ(feeder.Feed({"a", "b"}).matched, 2u) << "the texts are still known";
  EXPECT_EQ(feeder.Feed({}).gone.size(), 2u) << "and they live again";
}

TEST(ScrapeCacheTest, TwoTextsOfOneSeriesDoNotEndIt) {
  ScrapeCache cache;
  cache.Begin();
  for (const char* text : {"a", "b"}) {
    ScrapeCache::Entry* entry = cache.Add(text);
    entry->ref.id = 7;
    entry->tracked = true;
  }
  cache.Finish([](SeriesRef) { FAIL(); });
  cache.Begin();
  ASSERT_NE(cache.Match("a 1\n"), nullptr);
  cache.Finish([](SeriesRef) { FAIL() << "b's series still comes by a"; });
}

TEST(ScrapeCacheFuzzTest, RandomBodiesAgreeWithSets) {
  constexpr uint32_t kSeed = 5;
  std::mt19937 random(kSeed);
  SCOPED_TRACE(kSeed);
  Feeder feeder;
  std::set<std::string> previous;
  std::vector<std::string> body;
  for (int round = 0; round < 500; ++round) {
    // Small changes mostly, now and then a shuffle or a bad body.
    for (unsigned n = random() % 4; n > 0; --n) {
      const std::string text = StrCat("m", random() % 40, "{l=\"", random() % 3, "\"}");
      if (random() % 2 == 0 || body.empty()) {
        body.insert(body.begin() + static_cast<ptrdiff_t>(random() % (body.size() + 1)), text);
      } else {
        body.erase(body.begin() + static_cast<ptrdiff_t>(random() % body.size()));
      }
    }
    if (random() % 10 == 0) std::shuffle(body.begin(), body.end(), random);
    const bool bad = random() % 8 == 0;
    const auto outcome = feeder.Feed(body, bad);
    if (bad) continue;
    const std::set<std::string> now(body.begin(), body.end());
    std::multiset<uint64_t> gone;
    for (const std::string& text : previous) {
      if (now.count(text) == 0) gone.insert(feeder.Number(text));
    }
    ASSERT_EQ(outcome.gone, gone) << "round " << round;
    previous = now;
  }
}

}  // namespace
}  // namespace hearth
