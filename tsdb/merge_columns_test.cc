#include "tsdb/merge_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace hearth {
namespace {

using testing::ElementsAre;

void MergeInto(const SampleColumns& more, SampleColumns* columns) {
  const size_t first = columns->t.size(), first_histogram = columns->histogram_t.size();
  columns->Append(more);
  MergeTails(first, first_histogram, columns);
}

TEST(MergeColumns, AppendsWhatComesLater) {
  SampleColumns columns{.t = {1, 2}, .v = {10, 20}};
  MergeInto({.t = {3, 4}, .v = {30, 40}}, &columns);
  EXPECT_THAT(columns.t, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(columns.v, ElementsAre(10, 20, 30, 40));
}

TEST(MergeColumns, TheFirstPartWinsWhereBothHaveATimestamp) {
  SampleColumns columns{.t = {1, 3, 5}, .v = {10, 30, 50}};
  MergeInto({.t = {0, 3, 4, 5, 6}, .v = {-1, -3, -4, -5, -6}}, &columns);
  EXPECT_THAT(columns.t, ElementsAre(0, 1, 3, 4, 5, 6));
  EXPECT_THAT(columns.v, ElementsAre(-1, 10, 30, -4, 50, -6));
}

TEST(MergeColumns, EmptyPartsChangeNothing) {
  SampleColumns columns;
  MergeInto({}, &columns);
  EXPECT_TRUE(columns.t.empty());
  MergeInto({.t = {1}, .v = {2}}, &columns);
  MergeInto({}, &columns);
  EXPECT_THAT(columns.t, ElementsAre(1));
}

TEST(MergeColumns, AgreesWithAMap) {
  for (uint32_t seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    std::map<TimeMs, double> expected;
    SampleColumns columns;
    for (int part = 0; part < 4; ++part) {
      std::map<TimeMs, double> samples;
      const TimeMs base = random() % 30;
      for (uint32_t n = random() % 10; n > 0; --n) {
        samples[base + random() % 20] = static_cast<double>(random());
      }
      SampleColumns more;
      for (const auto& [t, v] : samples) {
        more.t.push_back(t);
        more.v.push_back(v);
      }
      MergeInto(more, &columns);
      expected.insert(samples.begin(), samples.end());
    }
    SampleColumns all;
    for (const auto& [t, v] : expected) {
      all.t.push_back(t);
      all.v.push_back(v);
    }
    EXPECT_EQ(columns.t, all.t);
    EXPECT_EQ(columns.v, all.v);
  }
}

}  // namespace
}  // namespace hearth
