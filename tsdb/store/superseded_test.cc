#include "tsdb/store/superseded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace hearth {
namespace {

using Numbers = std::vector<uint32_t>;
constexpr WindowId kWindow{0, 1000};

// Generations 1, 2, 3 = merge of 1 and 2, 4, 5 = merge of 3 and 4; those of `files` have their
// files, those of `catalogue` their entry.
Numbers Dropped(const Numbers& files, const Numbers& catalogue) {
  std::vector<FoundGeneration> found;
  for (const uint32_t number : files) {
    GenerationInfo info{.id = {kWindow, number}};
    if (number == 3) info.replaces = {1, 2};
    if (number == 5) info.replaces = {3, 4};
    found.push_back({info, std::count(catalogue.begin(), catalogue.end(), number) > 0});
  }
  // A neighbour that nothing here is about.
  found.push_back({GenerationInfo{.id = {{1000, 1000}, 1}}, true});
  Numbers dropped;
  for (const GenerationId& id : SupersededGenerations(found)) {
    EXPECT_EQ(id.window, kWindow);
    dropped.push_back(id.generation);
  }
  std::sort(dropped.begin(), dropped.end());
  return dropped;
}

TEST(SupersededGenerations, FlushesStandBesideEachOther) {
  EXPECT_EQ(Dropped({1, 2}, {1, 2}), Numbers());
  EXPECT_EQ(Dropped({1, 2, 4}, {}), Numbers());
}

TEST(SupersededGenerations, BeforeTheSwitchTheMergedOneGoes) {
  EXPECT_EQ(Dropped({1, 2, 3}, {1, 2}), Numbers({3}));
  EXPECT_EQ(Dropped({3, 4, 5}, {3, 4}), Numbers({5}));
}

TEST(SupersededGenerations, AfterTheSwitchTheOldOnesGo) {
  EXPECT_EQ(Dropped({1, 2, 3}, {3}), Numbers({1, 2}));
  EXPECT_EQ(Dropped({2, 3}, {3}), Numbers({2}));
  EXPECT_EQ(Dropped({1, 3, 4, 5}, {5}), Numbers({1, 3, 4}));
  EXPECT_EQ(Dropped({1, 2, 3, 4}, {3, 4}), Numbers({1, 2}));
}

TEST(SupersededGenerations, WithoutACatalogueTheFilesTell) {
  EXPECT_EQ(Dropped({1, 2, 3}, {}), Numbers({3}));
  EXPECT_EQ(Dropped({2, 3}, {}), Numbers({2}));
  EXPECT_EQ(Dropped({3}, {}), Numbers());
  EXPECT_EQ(Dropped({1, 2, 3, 4, 5}, {}), Numbers({3, 5}));
  EXPECT_EQ(Dropped({1, 2, 4, 5}, {}), Numbers({1, 2, 4}));
  EXPECT_EQ(Dropped({2, 3, 4, 5}, {}), Numbers({2, 5}));
}

// A merge of the newest ones: 5 = merge of 3 and 4, where 3 is one of 2, which still has files.
TEST(SupersededGenerations, AMergeOfTheNewestLeavesTheOlderOnes) {
  const auto dropped = [](const Numbers& files, const Numbers& catalogue) {
    std::vector<FoundGeneration> found;
    for (const uint32_t number : files) {
      GenerationInfo info{.id = {kWindow, number}};
      if (number == 3) info.replaces = {2};
      if (number == 3) info.replaces_from = 2;
      if (number == 5) info.replaces = {3, 4};
      if (number == 5) info.replaces_from = 2;
      found.push_back({info, std::count(catalogue.begin(), catalogue.end(), number) > 0});
    }
    Numbers numbers;
    for (const GenerationId& id : SupersededGenerations(found)) numbers.push_back(id.generation);
    return numbers;
  };
  EXPECT_EQ(dropped({1, 3, 4, 5}, {1, 5}), Numbers({3, 4}));
  EXPECT_EQ(dropped({1, 2, 3, 4, 5}, {1, 5}), Numbers({2, 3, 4}));
  EXPECT_EQ(dropped({1, 2, 5}, {1, 5}), Numbers({2}));
  EXPECT_EQ(dropped({1, 3, 4, 5}, {1, 3, 4}), Numbers({5}));
  EXPECT_EQ(dropped({1, 4, 5}, {}), Numbers({4})) << "3 is gone: 5 has what it had";
}

// Whatever of the files is left, every flush is shown by exactly one generation that stays, as long
// as one that has it is there.
TEST(SupersededGenerations, NoFlushIsShownTwiceNorLost) {
  const std::vector<std::set<uint32_t>> holds = {{}, {1}, {2}, {1, 2}, {4}, {1, 2, 4}};
  // The states that crashes can leave: a merge's inputs go only after its entry was written.
  const std::vector<std::pair<Numbers, Numbers>> states = {
      {{1, 2}, {1, 2}},    {{1, 2, 3}, {1, 2}}, {{1, 2, 3}, {3}},       {{1, 3}, {3}},
      {{3}, {3}},          {{3, 4}, {3, 4}},    {{1, 2, 3, 4}, {3, 4}}, {{1, 2, 3, 4, 5}, {3, 4}},
      {{1, 3, 4, 5}, {5}}, {{4, 5}, {5}},       {{1, 2, 5}, {5}},
  };
  for (const auto& [files, catalogue] : states) {
    const Numbers dropped = Dropped(files, catalogue);
    std::multiset<uint32_t> shown;
    std::set<uint32_t> there;
    for (const uint32_t number : files) {
      there.insert(holds[number].begin(), holds[number].end());
      if (std::count(dropped.begin(), dropped.end(), number) == 0) {
        shown.insert(holds[number].begin(), holds[number].end());
      }
    }
    EXPECT_TRUE(std::equal(there.begin(), there.end(), shown.begin(), shown.end()))
        << testing::PrintToString(files) << " " << testing::PrintToString(catalogue);
  }
}

}  // namespace
}  // namespace hearth
