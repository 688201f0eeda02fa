// What the order of two zeros is, scripts say (testdata/promql/functions/quantile_over_time.test);
// here, that any input is sorted.
#include "query/functions/value_order.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace hearth::promql {
namespace {

// -0 and 0 are equal, NaNs are.
void ExpectSorted(std::vector<double> values) {
  std::vector<double> expected = values;
  std::sort(expected.begin(), expected.end(),
            [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; });
  SortAsPrometheus(values);
  for (size_t i = 0; i < values.size(); ++i) {
    const bool equal =
        values[i] == expected[i] || (std::isnan(values[i]) && std::isnan(expected[i]));
    ASSERT_TRUE(equal) << i << " of " << values.size() << ": " << values[i] << " for "
                       << expected[i];
  }
}

TEST(ValueOrderTest, SortsRandomValues) {
  std::mt19937 random(1);
  for (size_t n = 0; n < 300; ++n) {
    for (unsigned kinds : {2U, 5U, 1000U}) {
      std::vector<double> values;
      for (size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(random() % kinds) - 1);
      ExpectSorted(values);
    }
  }
}

TEST(ValueOrderTest, SortsNaNInfinitiesAndZerosOfBothSigns) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  const std::vector<double> kinds = {NAN, kInf, -kInf, 0.0, -0.0, 5e-324};
  std::mt19937 random(2);
  for (size_t n = 1; n < 300; ++n) {
    std::vector<double> values;
    for (size_t i = 0; i < n; ++i) values.push_back(kinds[random() % kinds.size()]);
    ExpectSorted(values);
  }
}

TEST(ValueOrderTest, SortsPatterns) {
  for (int n : {13, 49, 50, 51, 200, 1000}) {
    std::vector<double> up, down, saw, organ_pipe, nearly;
    for (int i = 0; i < n; ++i) {
      up.push_back(i);
      down.push_back(-i);
      saw.push_back(i % 7);
      organ_pipe.push_back(std::min(i, n - i));
      nearly.push_back(i % 40 == 39 ? 0 : i);
    }
    for (const auto& values : {up, down, saw, organ_pipe, nearly}) ExpectSorted(values);
  }
}

// Two sequences woven together: its partitions are so uneven that it ends in the heap sort.
TEST(ValueOrderTest, SortsWhatDefeatsItsPivots) {
  std::mt19937 random(3);
  for (int n : {100, 1000, 5000}) {
    std::vector<double> values(static_cast<size_t>(n), 0.0);
    for (int i = 0; i < n; ++i) values[static_cast<size_t>(i)] = i % 2 == 0 ? i : n - i;
    ExpectSorted(values);
    for (int i = 0; i < n; i += 5)
      values[static_cast<size_t>(i)] = static_cast<double>(random() % 3);
    ExpectSorted(values);
  }
}

}  // namespace
}  // namespace hearth::promql
