#include "tsdb/store/postings_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>
#include <utility>

#include "model/text.h"

namespace hearth {
namespace {

using Label = std::pair<std::string, std::string>;

TEST(PostingsBuilderTest, NamesAndLabelsComeInTheOrderOfTheirKeys) {
  PostingsBuilder builder;
  builder.Add(0, Labels{{"__name__", "b"}, {"z", "1"}, {"pod", "x"}});
  builder.Add(4, Labels{{"__name__", "a"}, {"z", "1"}, {"job", "x"}});
  std::vector<std::pair<std::string, size_t>> names;
  ASSERT_TRUE(builder
                  .ForEachName([&](std::string_view name, size_t values) {
                    names.emplace_back(name, values);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_THAT(names, testing::ElementsAre(testing::Pair("__name__", 2u), testing::Pair("job", 1u),
                                          testing::Pair("pod", 1u), testing::Pair("z", 1u)));
  std::vector<Label> labels;
  ASSERT_TRUE(
      builder
          .ForEachLabel([&](std::string_view name, std::string_view value, std::string_view) {
            labels.emplace_back(name, value);
            return absl::OkStatus();
          })
          .ok());
  EXPECT_THAT(labels, testing::ElementsAre(Label("z", "1"), Label("job", "x"), Label("pod", "x"),
                                           Label("__name__", "a"), Label("__name__", "b")));
}

TEST(PostingsBuilderTest, EveryLabelHasTheSeriesThatHaveIt) {
  std::mt19937 random(1);
  PostingsBuilder builder;
  std::map<Label, Postings> expected;
  constexpr uint32_t kSeries = 3000;
  for (uint32_t id = 0; id < kSeries; ++id) {
    const Labels labels{{"__name__", StrCat("metric_", id / 100)},
                        {"pod", StrCat("pod-", id, std::string(random() % 40, 'x'))},
                        {"mode", StrCat(random() % 7)},
                        {"seldom", random() % 500 == 0 ? StrCat(random() % 3) : ""}};
    builder.Add(id, labels);
    for (const auto label : labels) {
      expected[{std::string(label.name), std::string(label.value)}].push_back(id);
    }
  }
  std::map<Label, Postings> found;
  ASSERT_TRUE(
      builder
          .ForEachLabel([&](std::string_view name, std::string_view value, std::string_view ids) {
            return DecodePostings(ids, kSeries, &found[{std::string(name), std::string(value)}]);
          })
          .ok());
  EXPECT_EQ(found, expected);
}

TEST(PostingsBuilderTest, TheFirstErrorEndsIt) {
  PostingsBuilder builder;
  builder.Add(0, Labels{{"a", "1"}, {"b", "2"}});
  int calls = 0;
  const auto full = [&](auto...) {
    ++calls;
    return absl::UnavailableError("disk full");
  };
  EXPECT_EQ(builder.ForEachName(full).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(builder.ForEachLabel(full).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace hearth
