#include "tsdb/store/postings_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>
#include <utility>

#include "model/text.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

using Label = std::pair<std::string, std::string>;

// With room for everything, and with a run for every few series.
class PostingsBuilderTest : public testing::TestWithParam<size_t> {
 protected:
  TemporaryFolder folder_;
  SpillFile spill_{folder_.path() + "/runs", nullptr};
  PostingsBuilder builder_{&spill_, GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Memory, PostingsBuilderTest,
                         testing::Values(PostingsBuilder::kMemoryBytes, 0, 40'000));

TEST_P(PostingsBuilderTest, NamesAndLabelsComeInTheOrderOfTheirKeys) {
  ASSERT_TRUE(builder_.Add(0, Labels{{"__name__", "b"}, {"z", "1"}, {"pod", "x"}}).ok());
  ASSERT_TRUE(builder_.Add(4, Labels{{"__name__", "a"}, {"z", "1"}, {"job", "x"}}).ok());
  std::vector<std::pair<std::string, size_t>> names;
  ASSERT_TRUE(builder_
                  .ForEachName([&](std::string_view name, size_t values) {
                    names.emplace_back(name, values);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_THAT(names, testing::ElementsAre(testing::Pair("__name__", 2u), testing::Pair("job", 1u),
                                          testing::Pair("pod", 1u), testing::Pair("z", 1u)));
  std::vector<Label> labels;
  ASSERT_TRUE(
      builder_
          .ForEachLabel([&](std::string_view name, std::string_view value, std::string_view) {
            labels.emplace_back(name, value);
            return absl::OkStatus();
          })
          .ok());
  EXPECT_THAT(labels, testing::ElementsAre(Label("z", "1"), Label("job", "x"), Label("pod", "x"),
                                           Label("__name__", "a"), Label("__name__", "b")));
}

TEST_P(PostingsBuilderTest, EveryLabelHasTheSeriesThatHaveIt) {
  std::mt19937 random(1);
  std::map<Label, Postings> expected;
  constexpr uint32_t kSeries = 3000;
  for (uint32_t id = 0; id < kSeries; ++id) {
    const Labels labels{{"__name__", StrCat("metric_", id / 100)},
                        {"pod", StrCat("pod-", id, std::string(random() % 40, 'x'))},
                        {"mode", StrCat(random() % 7)},
                        {"seldom", random() % 500 == 0 ? StrCat(random() % 3) : ""}};
    ASSERT_TRUE(builder_.Add(id, labels).ok());
    for (const auto label : labels) {
      expected[{std::string(label.name), std::string(label.value)}].push_back(id);
    }
  }
  std::map<Label, Postings> found;
  ASSERT_TRUE(
      builder_
          .ForEachLabel([&](std::string_view name, std::string_view value, std::string_view ids) {
            return DecodePostings(ids, kSeries, &found[{std::string(name), std::string(value)}]);
          })
          .ok());
  EXPECT_EQ(found, expected);
  EXPECT_EQ(builder_.runs() > 1, GetParam() < PostingsBuilder::kMemoryBytes);
}

TEST_P(PostingsBuilderTest, LabelsMayStandInOtherPlacesThanInTheSeriesBefore) {
  std::mt19937 random(2);
  std::map<Label, Postings> expected;
  constexpr uint32_t kSeries = 500;
  for (uint32_t id = 0; id < kSeries; ++id) {
    std::vector<std::pair<std::string, std::string>> labels = {{"__name__", "m"}};
    for (const char* const name : {"a", "b", "c", "d"}) {
      if (random() % 2 == 0) labels.emplace_back(name, StrCat(random() % 3));
    }
    LabelsBuilder series;
    for (const auto& [name, value] : labels) series.Set(name, value);
    ASSERT_TRUE(builder_.Add(id, series.Build()).ok());
    for (const auto& label : labels) expected[label].push_back(id);
  }
  std::map<std::string, size_t> values;
  for (const auto& [label, ids] : expected) ++values[label.first];
  std::map<std::string, size_t> names;
  ASSERT_TRUE(builder_
                  .ForEachName([&](std::string_view name, size_t count) {
                    names[std::string(name)] = count;
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(names, values);
  std::map<Label, Postings> found;
  ASSERT_TRUE(
      builder_
          .ForEachLabel([&](std::string_view name, std::string_view value, std::string_view ids) {
            return DecodePostings(ids, kSeries, &found[{std::string(name), std::string(value)}]);
          })
          .ok());
  EXPECT_EQ(found, expected);
}

TEST(SpillFileTest, IsReadBackAndGoesWithItsObject) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/spill";
  {
    SpillFile file(path, nullptr);
    EXPECT_FALSE(std::filesystem::exists(path)) << "made when it is needed";
    ASSERT_TRUE(file.Append("hello ").ok());
    ASSERT_TRUE(file.Append("world").ok());
    EXPECT_EQ(file.size(), 11u);
    std::string read(5, 0);
    ASSERT_TRUE(file.Read(4, 5, read.data()).ok());
    EXPECT_EQ(read, "o wor");
    EXPECT_EQ(file.Read(8, 5, read.data()).code(), absl::StatusCode::kDataLoss);
    ASSERT_TRUE(file.Append("!").ok());
    ASSERT_TRUE(file.Read(7, 5, read.data()).ok()) << "what came after the first Read";
    EXPECT_EQ(read, "orld!");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SpillFileTest, WhatCannotBeWrittenIsTold) {
  SpillFile file("/nowhere/spill", nullptr);
  EXPECT_FALSE(file.Append("x").ok());
  PostingsBuilder builder(&file, 0);
  ASSERT_TRUE(builder.Add(0, Labels{{"a", "1"}}).ok());
  EXPECT_FALSE(builder.Add(1, Labels{{"a", "1"}}).ok());
}

TEST_P(PostingsBuilderTest, TheFirstErrorEndsIt) {
  ASSERT_TRUE(builder_.Add(0, Labels{{"a", "1"}, {"b", "2"}}).ok());
  int calls = 0;
  const auto full = [&](auto...) {
    ++calls;
    return absl::UnavailableError("disk full");
  };
  EXPECT_EQ(builder_.ForEachName(full).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(builder_.ForEachLabel(full).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace hearth
