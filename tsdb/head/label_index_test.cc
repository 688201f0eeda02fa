#include "tsdb/head/label_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<uint32_t> Select(const LabelIndex& index, const std::vector<Matcher>& matchers) {
  std::vector<uint32_t> slots;
  EXPECT_TRUE(index
                  .Select(matchers,
                          [&](uint32_t slot, std::string_view labels) {
                            EXPECT_TRUE(MatchesAll(matchers, LabelsView(labels)));
                            slots.push_back(slot);
                          })
                  .ok());
  return slots;
}

TEST(LabelIndexTest, GivesLabelsBackByteForByte) {
  LabelIndex index;
  const Labels labels = {{"__name__", "up"}, {"a", std::string(300, 'x')}, {"job", "node"}};
  index.Add(3, labels);
  std::string bytes = "before";
  index.AppendLabels(3, &bytes);
  EXPECT_EQ(bytes, "before" + labels.bytes());
  EXPECT_EQ(index.pair_count(), 3u);
  EXPECT_THAT(*index.Names(), ElementsAre("__name__", "a", "job"));
  EXPECT_THAT(*index.Values("job"), ElementsAre("node"));
}

TEST(LabelIndexTest, SlotsThatAreUsedAgainComeInOrder) {
  LabelIndex index;
  for (const uint32_t slot : {5u, 2u, 9u, 0u}) index.Add(slot, Labels{{"job", "a"}});
  EXPECT_THAT(Select(index, {Matcher::Equal("job", "a")}), ElementsAre(0, 2, 5, 9));
  index.Remove(std::vector<uint32_t>{2, 5});
  index.Add(4, Labels{{"job", "a"}});
  EXPECT_THAT(Select(index, {Matcher::Equal("job", "a")}), ElementsAre(0, 4, 9));
  EXPECT_THAT(Select(index, {}), ElementsAre(0, 4, 9));
  index.Remove(std::vector<uint32_t>{0, 4, 9});
  EXPECT_THAT(*index.Names(), IsEmpty());
  EXPECT_EQ(index.pair_count(), 0u);
}

TEST(LabelIndexTest, VersionTellsThatSeriesCameOrWent) {
  LabelIndex index;
  const uint64_t first = index.version();
  index.Add(0, Labels{{"a", "b"}});
  const uint64_t second = index.version();
  EXPECT_NE(first, second);
  index.Remove(std::vector<uint32_t>{0});
  EXPECT_NE(second, index.version());
}

TEST(LabelIndexTest, NamesAndValuesAreThoseOfTheMatchingSeries) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    LabelIndex index;
    std::vector<Labels> series;
    // `few` and `many` are answered in different ways.
    for (uint32_t slot = 0; slot < 200; ++slot) {
      series.push_back({{"few", std::to_string(random() % 4)},
                        {"many", std::to_string(random() % 150)},
                        {"half", random() % 2 == 0 ? "yes" : ""},
                        {"n" + std::to_string(random() % 20), "v"}});
      index.Add(slot, series.back());
    }
    const std::vector<std::vector<Matcher>> sets = {
        {Matcher::Equal("few", "1"), Matcher::Equal("half", seed % 2 == 0 ? "yes" : "")},
        {Matcher::Equal("n7", "v")}};
    std::map<std::string, std::set<std::string>> expected;
    for (const Labels& labels : series) {
      if (!MatchesAll(sets[0], labels) && !MatchesAll(sets[1], labels)) continue;
      for (const Label label : labels) expected[std::string(label.name)].emplace(label.value);
    }
    std::vector<std::string> names;
    for (const auto& [name, values] : expected) {
      names.push_back(name);
      EXPECT_EQ(*index.Values(name, sets), std::vector(values.begin(), values.end())) << name;
    }
    EXPECT_EQ(*index.Names(sets), names);
    EXPECT_THAT(*index.Values("none", sets), IsEmpty());
  }
}

TEST(LabelIndexTest, VersionsTellWhichLabelsChanged) {
  LabelIndex index;
  index.Add(0, Labels{{"a", "1"}, {"b", "1"}});
  const uint64_t names = index.names_version();
  const uint64_t a = index.values_version("a"), b = index.values_version("b");
  index.Add(1, Labels{{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(index.names_version(), names);
  EXPECT_EQ(index.values_version("a"), a);
  EXPECT_NE(index.values_version("b"), b);
  index.Add(2, Labels{{"c", "1"}});
  EXPECT_NE(index.names_version(), names);
  const uint64_t with_c = index.names_version(), two_b = index.values_version("b");
  index.Remove(std::vector<uint32_t>{1});
  EXPECT_EQ(index.names_version(), with_c);
  EXPECT_NE(index.values_version("b"), two_b);
  index.Remove(std::vector<uint32_t>{2});
  EXPECT_NE(index.names_version(), with_c);
}

// The same expressions again and again while series come and go, with more values than are looked
// at each time.
TEST(LabelIndexTest, RememberedMatchersStayTrueUnderChurn) {
  std::mt19937 random(3);
  LabelIndex index;
  std::map<uint32_t, Labels> expected;
  const auto add = [&] {
    const uint32_t slot = random() % 400;
    if (expected.contains(slot)) return;
    const Labels labels = {{"id", std::to_string(random() % 300)},
                           {"x", std::to_string(random() % 3)}};
    index.Add(slot, labels);
    expected.emplace(slot, labels);
  };
  while (expected.size() < 250) add();
  std::vector<Matcher> matchers;
  for (const MatchOp op : {MatchOp::kRegex, MatchOp::kNotRegex}) {
    for (const std::string_view value : {"1.*", ".*7", "[12].", ".+", "1|2|3|", ".*"}) {
      matchers.push_back(*Matcher::Create(op, "id", value));
    }
  }
  for (int round = 0; round < 300; ++round) {
    if (random() % 3 == 0) {
      add();
    } else if (random() % 3 == 0) {
      const uint32_t slot = expected.begin()->first;
      index.Remove(std::vector<uint32_t>{slot});
      expected.erase(slot);
    }
    if (round == 200) index.SetMatchedMax(0);
    for (const Matcher& matcher : matchers) {
      std::vector<uint32_t> slots;
      for (const auto& [slot, labels] : expected) {
        if (matcher.Matches(LabelsView(labels).Get("id"))) slots.push_back(slot);
      }
      ASSERT_EQ(Select(index, {matcher}), slots) << matcher.ToString() << " in round " << round;
    }
  }
}

TEST(LabelIndexTest, AgreesWithAPlainMapUnderChurn) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    LabelIndex index;
    std::map<uint32_t, Labels> expected;
    for (int round = 0; round < 200; ++round) {
      const uint32_t slot = random() % 60;
      if (!expected.contains(slot)) {
        const Labels labels = {{"id", std::to_string(random() % 1000)},
                               {"x", std::to_string(random() % 3)},
                               {"y", std::to_string(random() % 5)}};
        index.Add(slot, labels);
        expected.emplace(slot, labels);
      } else if (random() % 3 == 0) {
        std::vector<uint32_t> gone;
        for (const auto& [s, labels] : expected) {
          if (random() % 4 == 0) gone.push_back(s);
        }
        index.Remove(gone);
        for (const uint32_t s : gone) expected.erase(s);
      }
      const std::vector<Matcher> matchers = {Matcher::Equal("x", std::to_string(random() % 3)),
                                             Matcher::NotEqual("y", std::to_string(random() % 5))};
      std::vector<uint32_t> slots;
      for (const auto& [s, labels] : expected) {
        if (MatchesAll(matchers, labels)) slots.push_back(s);
      }
      ASSERT_EQ(Select(index, matchers), slots);
    }
  }
}

TEST(LabelIndexTest, OrdersSomeSeriesByMetricWithNumbersThatWereUsedBefore) {
  LabelIndex index;
  constexpr uint32_t kSeries = 3000;
  const auto labels = [](uint32_t slot) {
    return Labels{{"__name__", std::to_string(slot % 7)},
                  {"id", std::to_string(slot * 37 % 1009)},
                  {"x", std::to_string(slot)}};
  };
  for (uint32_t slot = 0; slot < kSeries; ++slot)
    index.Add(slot, Labels{{"old", std::to_string(slot)}});
  std::vector<uint32_t> slots(kSeries);
  std::iota(slots.begin(), slots.end(), 0);
  index.Remove(slots);
  for (uint32_t slot = 0; slot < kSeries; ++slot) index.Add(slot, labels(slot));
  std::erase_if(slots, [](uint32_t slot) { return slot % 3 == 0; });
  std::vector<uint32_t> expected(slots.size());
  std::iota(expected.begin(), expected.end(), 0);
  std::sort(expected.begin(), expected.end(), [&](uint32_t a, uint32_t b) {
    const Labels left = labels(slots[a]), right = labels(slots[b]);
    const int by_metric = left.MetricName().compare(right.MetricName());
    return by_metric != 0 ? by_metric < 0 : left < right;
  });
  EXPECT_EQ(index.InMetricOrder(slots), expected);
  EXPECT_TRUE(index.InMetricOrder({}).empty());
}

}  // namespace
}  // namespace hearth
