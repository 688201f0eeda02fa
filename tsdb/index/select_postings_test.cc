#include "tsdb/index/select_postings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "model/labels.h"

namespace hearth {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// An index in the plainest form.
class MapSource : public PostingsSource {
 public:
  explicit MapSource(std::vector<Labels> series) : series_(std::move(series)) {
    for (uint32_t id = 0; id < series_.size(); ++id) {
      for (const Label label : series_[id]) {
        pairs_[std::string(label.name)][std::string(label.value)].push_back(id);
      }
    }
  }
  const std::vector<Labels>& series() const { return series_; }

  absl::Status All(Postings* out) const override {
    out->clear();
    for (uint32_t id = 0; id < series_.size(); ++id) out->push_back(id);
    return absl::OkStatus();
  }
  absl::Status Of(std::string_view name, std::string_view value, Postings* out) const override {
    out->clear();
    const auto values = pairs_.find(std::string(name));
    if (values == pairs_.end()) return absl::OkStatus();
    const auto it = values->second.find(std::string(value));
    if (it != values->second.end()) *out = it->second;
    return absl::OkStatus();
  }
  absl::Status OfValues(std::string_view name, absl::FunctionRef<bool(std::string_view)> wanted,
                        Postings* out) const override {
    out->clear();
    if (failing) return absl::UnavailableError("injected");
    const auto values = pairs_.find(std::string(name));
    if (values == pairs_.end()) return absl::OkStatus();
    std::vector<PostingsView> lists;
    for (const auto& [value, ids] : values->second) {
      if (wanted(value)) lists.push_back(ids);
    }
    *out = Merge(lists);
    return absl::OkStatus();
  }

  bool failing = false;

 private:
  std::vector<Labels> series_;
  std::map<std::string, std::map<std::string, Postings>> pairs_;
};

Matcher Make(MatchOp op, std::string_view name, std::string_view value) {
  return Matcher::Create(op, name, value).value();
}

class SelectPostingsTest : public testing::Test {
 protected:
  Postings Select(std::vector<Matcher> matchers) {
    return SelectPostings(source_, matchers).value();
  }
  MapSource source_{{{{"__name__", "up"}, {"job", "a"}},
                     {{"__name__", "up"}, {"job", "b"}},
                     {{"__name__", "up"}},
                     {{"__name__", "down"}, {"job", "a"}}}};
};

TEST_F(SelectPostingsTest, PositiveMatchersNarrow) {
  EXPECT_THAT(Select({}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Select({Matcher::Equal("__name__", "up")}), ElementsAre(0, 1, 2));
  EXPECT_THAT(Select({Matcher::Equal("__name__", "up"), Matcher::Equal("job", "a")}),
              ElementsAre(0));
  EXPECT_THAT(Select({Matcher::Equal("job", "nobody")}), IsEmpty());
  EXPECT_THAT(Select({Make(MatchOp::kRegex, "job", "a|b")}), ElementsAre(0, 1, 3));
  EXPECT_THAT(Select({Make(MatchOp::kRegex, "job", ".+")}), ElementsAre(0, 1, 3));
}

TEST_F(SelectPostingsTest, MatchersThatAcceptTheEmptyValueKeepSeriesWithoutTheLabel) {
  EXPECT_THAT(Select({Matcher::Equal("job", "")}), ElementsAre(2));
  EXPECT_THAT(Select({Matcher::NotEqual("job", "a")}), ElementsAre(1, 2));
  EXPECT_THAT(Select({Matcher::NotEqual("job", "")}), ElementsAre(0, 1, 3));
  EXPECT_THAT(Select({Make(MatchOp::kRegex, "job", "a|")}), ElementsAre(0, 2, 3));
  EXPECT_THAT(Select({Make(MatchOp::kRegex, "job", ".*")}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Select({Make(MatchOp::kNotRegex, "job", "a|b")}), ElementsAre(2));
  EXPECT_THAT(Select({Make(MatchOp::kNotRegex, "job", "|a")}), ElementsAre(1));
  EXPECT_THAT(Select({Matcher::NotEqual("absent", "x")}), ElementsAre(0, 1, 2, 3));
}

TEST_F(SelectPostingsTest, HandsOnTheErrorOfTheSource) {
  source_.failing = true;
  const std::vector<Matcher> matchers = {Make(MatchOp::kRegex, "job", ".+")};
  EXPECT_EQ(SelectPostings(source_, matchers).status().code(), absl::StatusCode::kUnavailable);
}

TEST(SelectPostingsRandomTest, AgreesWithMatchingEverySeries) {
  const std::string values[] = {"", "a", "b", "ab"};
  const std::string regexes[] = {"", "a", "a|b", "a.*", ".*", ".+", "|b", "[^a]"};
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::vector<Labels> series;
    for (int i = 0; i < 30; ++i) {
      series.push_back(
          {{"x", values[random() % 4]}, {"y", values[random() % 4]}, {"z", values[random() % 4]}});
    }
    const MapSource source(series);
    std::vector<Matcher> matchers;
    for (uint32_t i = 0; i < random() % 4; ++i) {
      const std::string name(1, static_cast<char>('x' + random() % 3));
      const auto op = static_cast<MatchOp>(random() % 4);
      const bool regex = op == MatchOp::kRegex || op == MatchOp::kNotRegex;
      matchers.push_back(Make(op, name, regex ? regexes[random() % 8] : values[random() % 4]));
    }
    Postings expected;
    for (uint32_t id = 0; id < series.size(); ++id) {
      if (MatchesAll(matchers, series[id])) expected.push_back(id);
    }
    EXPECT_EQ(SelectPostings(source, matchers).value(), expected);
    Postings either;
    for (uint32_t id = 0; id < series.size(); ++id) {
      if (MatchesAll(matchers, series[id]) || series[id].Get("x") == "b") either.push_back(id);
    }
    const std::vector<std::vector<Matcher>> sets = {matchers, {Matcher::Equal("x", "b")}};
    EXPECT_EQ(SelectAnyPostings(source, std::span(sets).first(1)).value(), expected);
    EXPECT_EQ(SelectAnyPostings(source, sets).value(), either);
    EXPECT_EQ(SelectAnyPostings(source, {}).value().size(), series.size());
  }
}

}  // namespace
}  // namespace hearth
