#include "tsdb/head/label_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "model/labels.h"

namespace hearth {
namespace {

using testing::ElementsAre;

// Numbers pairs as they come, and holds their texts.
class LabelOrderTest : public testing::Test {
 protected:
  std::vector<uint32_t> Order(const std::vector<Labels>& series, uint32_t first_number = 0) {
    std::map<std::string, uint32_t> numbers;
    std::vector<std::vector<uint32_t>> lists;
    LabelOrder order(series.size());
    for (const Labels& labels : series) {
      std::vector<uint32_t>& ids = lists.emplace_back(1, static_cast<uint32_t>(labels.size()));
      for (auto it = labels.begin(); it != labels.end(); ++it) {
        const auto number = static_cast<uint32_t>(first_number + 3 * numbers.size());
        const auto [pair, added] = numbers.emplace(std::string(it.bytes()), number);
        EXPECT_EQ(order.Wants(pair->second), added);
        if (added) order.AddPair(pair->second, pair->first);
        ids.push_back(pair->second);
      }
      order.AddSeries(ids.data());
    }
    return order.Sorted();
  }
};

TEST_F(LabelOrderTest, TheMetricNameComesFirst) {
  EXPECT_THAT(Order({{{"A", "1"}, {"__name__", "b"}}, {{"A", "2"}, {"__name__", "a"}}}),
              ElementsAre(1, 0));
}

TEST_F(LabelOrderTest, WithoutAMetricNameIsBeforeAnyOther) {
  EXPECT_THAT(Order({{{"__name__", "a"}}, {{"x", "y"}}, {{"A", "z"}}}), ElementsAre(2, 1, 0));
}

TEST_F(LabelOrderTest, NamesAreComparedBeforeValuesAndAShorterSetIsLess) {
  EXPECT_THAT(Order({{{"__name__", "m"}, {"b", "0"}},
                     {{"__name__", "m"}, {"a", "9"}, {"z", "1"}},
                     {{"__name__", "m"}, {"a", "9"}},
                     {{"__name__", "m"}, {"a", "10"}}}),
              ElementsAre(3, 2, 1, 0));
}

TEST_F(LabelOrderTest, OfNothingIsNothing) { EXPECT_TRUE(Order({}).empty()); }

TEST_F(LabelOrderTest, IsThatOfWholeLabelSets) {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    std::set<Labels> distinct;
    for (int i = 0; i < 200; ++i) {
      LabelsBuilder builder;
      for (const char* name : {"A", "__name__", "job", "pod", "x"}) {
        // Values of several lengths: their canonical bytes are in another order.
        if (random() % 4 != 0) builder.Set(name, std::string(1 + random() % 3, 'a' + random() % 3));
      }
      const Labels labels = builder.Build();
      if (!labels.empty()) distinct.insert(labels);
    }
    std::vector<Labels> series(distinct.begin(), distinct.end());
    std::shuffle(series.begin(), series.end(), random);
    std::vector<uint32_t> expected(series.size());
    std::iota(expected.begin(), expected.end(), 0);
    std::sort(expected.begin(), expected.end(), [&](uint32_t a, uint32_t b) {
      const int by_metric = series[a].MetricName().compare(series[b].MetricName());
      return by_metric != 0 ? by_metric < 0 : series[a] < series[b];
    });
    EXPECT_EQ(Order(series, random() % 1000), expected);
  }
}

}  // namespace
}  // namespace hearth
