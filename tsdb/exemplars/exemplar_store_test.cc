#include "tsdb/exemplars/exemplar_store.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "model/text.h"

namespace hearth {
namespace {

using Outcome = ExemplarStore::Outcome;

Labels Series(std::string_view name) { return Labels{{"__name__", name}}; }

class ExemplarStoreTest : public testing::Test {
 protected:
  Outcome Add(std::string_view series, TimeMs t, double value, std::string_view trace = "x",
              bool own_time = true) {
    const Exemplar exemplar{Labels{{"trace", trace}}, value, t, own_time};
    const Labels labels = Series(series);
    return store_.Add(labels.Fingerprint(), exemplar, window_ms_, [&] { return labels; });
  }
  // `a: 1@10 2@20; b: …` of the series that match name=~names.
  std::string Kept(TimeRange range = {}, std::string_view names = ".+") {
    const std::vector<std::vector<Matcher>> sets = {
        {*Matcher::Create(MatchOp::kRegex, "__name__", std::string(names))}};
    std::string out;
    for (const SeriesExemplars& series : store_.Select(sets, range)) {
      StrAppend(&out, out.empty() ? "" : "; ", series.labels.MetricName(), ":");
      for (const Exemplar& e : series.exemplars) StrAppend(&out, " ", e.value, "@", e.t);
    }
    return out;
  }

  TimeMs window_ms_ = 0;
  ExemplarStore store_{4};
};

TEST_F(ExemplarStoreTest, TheRingReplacesWhatCameFirst) {
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(Add("a", i * 10, i), Outcome::kAdded);
    EXPECT_EQ(Add("b", i * 10, i), Outcome::kAdded);
  }
  EXPECT_EQ(Kept(), "a: 2@20 3@30; b: 2@20 3@30");
  EXPECT_EQ(store_.Stats().oldest_t, 20);
  for (int i = 4; i <= 7; ++i) Add("a", i * 10, i);
  EXPECT_EQ(Kept(), "a: 4@40 5@50 6@60 7@70");
  EXPECT_EQ(store_.Stats().series, 1u);
  EXPECT_EQ(store_.Stats().kept, 4u);
  EXPECT_EQ(store_.Stats().appended, 10u);
}

TEST_F(ExemplarStoreTest, AOneSlotRingKeepsTheNewest) {
  store_.Resize(1);
  Add("a", 10, 1);
  Add("a", 20, 2);
  EXPECT_EQ(Kept(), "a: 2@20");
  Add("b", 5, 3);
  EXPECT_EQ(Kept(), "b: 3@5");
}

TEST_F(ExemplarStoreTest, DuplicatesAreComparedWithTheNewest) {
  EXPECT_EQ(Add("a", 10, 1), Outcome::kAdded);
  EXPECT_EQ(Add("a", 10, 1), Outcome::kDuplicate);
  EXPECT_EQ(Add("a", 20, 1), Outcome::kAdded) << "a time of its own makes it another";
  EXPECT_EQ(Add("b", 10, 1, "x", false), Outcome::kAdded);
  EXPECT_EQ(Add("b", 20, 1, "x", false), Outcome::kDuplicate) << "its sample's time does not";
  EXPECT_EQ(Add("b", 30, 1, "y", false), Outcome::kAdded);
  EXPECT_EQ(Add("c", 10, NormalNaN()), Outcome::kAdded);
  EXPECT_EQ(Add("c", 10, NormalNaN()), Outcome::kDuplicate);
}

TEST_F(ExemplarStoreTest, TheSameTimeTakesGrowingValuesAndLabels) {
  EXPECT_EQ(Add("a", 10, 2, "m"), Outcome::kAdded);
  EXPECT_EQ(Add("a", 10, 1, "m"), Outcome::kOutOfOrder);
  EXPECT_EQ(Add("a", 10, 2, "b"), Outcome::kOutOfOrder);
  EXPECT_EQ(Add("a", 10, 2, "z"), Outcome::kAdded);
  EXPECT_EQ(Add("a", 10, 3, "a"), Outcome::kAdded);
  EXPECT_EQ(Kept(), "a: 2@10 2@10 3@10");
  EXPECT_EQ(store_.Stats().out_of_order, 2u);
}

TEST_F(ExemplarStoreTest, OlderOnesAreTakenWithinTheWindow) {
  Add("a", 100, 1);
  EXPECT_EQ(Add("a", 99, 2), Outcome::kOutOfOrder);
  window_ms_ = 50;
  EXPECT_EQ(Add("a", 50, 2), Outcome::kOutOfOrder);
  EXPECT_EQ(Add("a", 51, 2), Outcome::kAdded);
  EXPECT_EQ(Add("a", 75, 3), Outcome::kAdded);
  EXPECT_EQ(Add("a", 75, 9), Outcome::kDuplicate) << "between others the time decides";
  EXPECT_EQ(Kept(), "a: 2@51 3@75 1@100");
  Add("a", 60, 4);
  Add("a", 61, 5);
  EXPECT_EQ(Kept(), "a: 2@51 4@60 5@61 3@75") << "the one that came first goes, not the oldest";
}

TEST_F(ExemplarStoreTest, DistantTimesDoNotOverflow) {
  const TimeRange all;
  EXPECT_EQ(Add("a", all.maxt, 1), Outcome::kAdded);
  window_ms_ = 1000;
  EXPECT_EQ(Add("a", all.mint, 1), Outcome::kOutOfOrder);
}

TEST_F(ExemplarStoreTest, SelectsByMatchersAndTime) {
  Add("b", 10, 1);
  Add("a", 20, 2);
  Add("a", 30, 3);
  EXPECT_EQ(Kept({20, 29}), "a: 2@20");
  EXPECT_EQ(Kept({10, 20}), "a: 2@20; b: 1@10");
  EXPECT_EQ(Kept({31, 40}), "");
  EXPECT_EQ(Kept({}, "b|c"), "b: 1@10");
  EXPECT_TRUE(store_.Select({}, {}).empty());
}

TEST_F(ExemplarStoreTest, ResizingKeepsTheNewest) {
  for (int i = 1; i <= 6; ++i) Add(i % 2 == 0 ? "a" : "b", i * 10, i);
  store_.Resize(3);
  EXPECT_EQ(Kept(), "a: 4@40 6@60; b: 5@50");
  store_.Resize(5);
  Add("a", 70, 7);
  Add("a", 80, 8);
  Add("c", 90, 9);
  EXPECT_EQ(Kept(), "a: 6@60 7@70 8@80; b: 5@50; c: 9@90");
  store_.Resize(0);
  EXPECT_EQ(Add("a", 100, 1), Outcome::kOff);
  EXPECT_EQ(Kept(), "");
  store_.Resize(2);
  EXPECT_EQ(Add("a", 5, 1), Outcome::kAdded);
}

TEST_F(ExemplarStoreTest, LabelsAreCountedInCharacters) {
  EXPECT_TRUE(ExemplarStore::LabelsFit(Labels{{"trace", std::string(123, 'x')}}));
  EXPECT_FALSE(ExemplarStore::LabelsFit(Labels{{"trace", std::string(124, 'x')}}));
  std::string wide;
  for (int i = 0; i < 123; ++i) wide += "é";
  EXPECT_TRUE(ExemplarStore::LabelsFit(Labels{{"trace", wide}}));
}

// Against a plain list of all that were taken.
TEST_F(ExemplarStoreTest, RandomAdditionsKeepEveryListInOrder) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(StrCat("seed ", seed));
  std::mt19937 random(seed);
  window_ms_ = 40;
  store_.Resize(16);
  struct Taken {
    std::string series;
    TimeMs t;
    double value;
  };
  std::deque<Taken> taken;
  for (int i = 0; i < 5000; ++i) {
    const std::string series(1, static_cast<char>('a' + random() % 4));
    const TimeMs t = i + static_cast<TimeMs>(random() % 60);
    if (Add(series, t, i) != Outcome::kAdded) continue;
    taken.push_back({series, t, static_cast<double>(i)});
    if (taken.size() > 16) taken.pop_front();
    std::map<std::string, std::multimap<TimeMs, double>> lists;
    for (const Taken& one : taken) lists[one.series].emplace(one.t, one.value);
    std::string want;
    for (const auto& [name, list] : lists) {
      StrAppend(&want, want.empty() ? "" : "; ", name, ":");
      for (const auto& [at, value] : list) StrAppend(&want, " ", value, "@", at);
    }
    ASSERT_EQ(Kept(), want) << "step " << i;
  }
  EXPECT_GT(store_.Stats().out_of_order, 0u);
}

}  // namespace
}  // namespace hearth
