#include "tsdb/deletes/delete_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr TimeMs kMin = std::numeric_limits<TimeMs>::min();
constexpr TimeMs kMax = std::numeric_limits<TimeMs>::max();

// Series 0 … 9; series i has a="<i % 2>".
class TenSeries : public PostingsSource {
 public:
  absl::Status All(Postings* out) const override {
    *out = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    return absl::OkStatus();
  }
  absl::Status Of(std::string_view name, std::string_view value, Postings* out) const override {
    return OfValues(
        name, [&](std::string_view other) { return other == value; }, out);
  }
  absl::Status OfValues(std::string_view name, absl::FunctionRef<bool(std::string_view)> wanted,
                        Postings* out) const override {
    out->clear();
    for (uint32_t i = 0; name == "a" && i < 10; ++i) {
      if (wanted(i % 2 ? "1" : "0")) out->push_back(i);
    }
    return absl::OkStatus();
  }
};

TEST(TimeRanges, AddKeepsThemAscendingAndApart) {
  TimeRanges ranges;
  AddRange({10, 20}, &ranges);
  AddRange({40, 50}, &ranges);
  EXPECT_THAT(ranges, ElementsAre(TimeRange{10, 20}, TimeRange{40, 50}));
  AddRange({21, 21}, &ranges);  // Touches.
  EXPECT_THAT(ranges, ElementsAre(TimeRange{10, 21}, TimeRange{40, 50}));
  AddRange({0, 5}, &ranges);
  EXPECT_THAT(ranges, ElementsAre(TimeRange{0, 5}, TimeRange{10, 21}, TimeRange{40, 50}));
  AddRange({15, 45}, &ranges);
  EXPECT_THAT(ranges, ElementsAre(TimeRange{0, 5}, TimeRange{10, 50}));
  EXPECT_TRUE(Covers(ranges, {10, 50}));
  EXPECT_FALSE(Covers(ranges, {9, 50}));
  AddRange({kMin, kMax}, &ranges);
  EXPECT_THAT(ranges, ElementsAre(TimeRange{kMin, kMax}));
  AddRange({5, kMax}, &ranges);
  AddRange({kMin, 5}, &ranges);
  EXPECT_THAT(ranges, ElementsAre(TimeRange{kMin, kMax}));
}

TEST(TimeRanges, RemoveIsWhatANaiveLoopDoes) {
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    TimeRanges ranges;
    std::set<TimeMs> hidden;
    for (uint32_t n = random() % 4; n > 0; --n) {
      const TimeMs mint = random() % 60, maxt = mint + random() % 20;
      AddRange({mint, maxt}, &ranges);
      for (TimeMs t = mint; t <= maxt; ++t) hidden.insert(t);
    }
    SampleColumns columns;
    for (TimeMs t = 0; t < 80; t += 1 + random() % 3) {
      columns.t.push_back(t);
      columns.v.push_back(static_cast<double>(t));
    }
    const size_t first = random() % (columns.t.size() + 1);
    std::vector<TimeMs> expected;
    for (size_t i = 0; i < columns.t.size(); ++i) {
      if (i < first || !hidden.contains(columns.t[i])) expected.push_back(columns.t[i]);
    }
    RemoveRanges(ranges, first, &columns);
    ASSERT_EQ(columns.t, expected) << "round " << round;
    ASSERT_EQ(columns.v, std::vector<double>(expected.begin(), expected.end()));
  }
}

TEST(DeleteMask, HidesTheMatchingSeriesOfASelection) {
  DeleteList deletes;
  deletes.records = {{5, {Matcher::Equal("a", "0")}, {0, 10}},
                     {6, {Matcher::NotEqual("a", "")}, {20, 30}},
                     {7, {Matcher::Equal("a", "0")}, {11, 12}}};
  const Postings ids = {1, 2, 7, 8};
  const auto mask = DeleteMask::Of(deletes, 0, TimeRange{}, TenSeries(), ids);
  ASSERT_TRUE(mask.ok());
  EXPECT_THAT(mask->ranges(0), ElementsAre(TimeRange{20, 30}));
  EXPECT_THAT(mask->ranges(1), ElementsAre(TimeRange{0, 12}, TimeRange{20, 30}));
  EXPECT_THAT(mask->ranges(2), ElementsAre(TimeRange{20, 30}));
  EXPECT_THAT(mask->ranges(3), ElementsAre(TimeRange{0, 12}, TimeRange{20, 30}));
}

TEST(DeleteMask, PassesOverWhatWasAppliedOrIsElsewhere) {
  DeleteList deletes;
  deletes.records = {{5, {Matcher::Equal("a", "0")}, {0, 10}},
                     {6, {Matcher::Equal("a", "none")}, {0, 10}},
                     {7, {Matcher::Equal("a", "0")}, {100, 200}}};
  const Postings ids = {0, 1};
  EXPECT_FALSE(DeleteMask::Of(deletes, 4, {0, 99}, TenSeries(), ids)->empty());
  EXPECT_TRUE(DeleteMask::Of(deletes, 5, {0, 99}, TenSeries(), ids)->empty());
  EXPECT_TRUE(DeleteMask::Of(deletes, 4, {11, 99}, TenSeries(), ids)->empty());
  EXPECT_TRUE(DeleteMask::Of(deletes, 4, {0, 99}, TenSeries(), Postings{1, 3})->empty());
  EXPECT_THAT(DeleteMask().ranges(0), IsEmpty());
}

}  // namespace
}  // namespace hearth
