#include "tools/bench/exposition_page.h"

#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "scrape/exposition/text_parser.h"

namespace hearth::bench {
namespace {

// Every sample of a page, by its series; fails on what a scraper would refuse.
std::map<std::string, double> Parse(const std::string& page) {
  std::map<std::string, double> samples;
  std::set<std::string> families;
  TextParser parser(page);
  for (auto e = parser.Next(); e != TextParser::Entry::kEnd; e = parser.Next()) {
    if (e == TextParser::Entry::kError) {
      ADD_FAILURE() << parser.status();
      break;
    }
    if (e == TextParser::Entry::kType) {
      EXPECT_TRUE(families.emplace(parser.family()).second) << "family in two places";
    }
    if (e != TextParser::Entry::kSample) continue;
    EXPECT_TRUE(parser.ScanSeries() && parser.ReadValue()) << parser.status();
    LabelsBuilder labels;
    EXPECT_TRUE(parser.AppendLabels(&labels));
    EXPECT_TRUE(samples.emplace(labels.Build().ToString(), parser.value()).second);
    EXPECT_TRUE(families.contains(std::string(labels.Get("__name__"))));
    EXPECT_EQ(labels.Get("job"), "");
    EXPECT_EQ(labels.Get("instance"), "");
    EXPECT_NE(labels.Get("node"), "");
  }
  return samples;
}

TEST(ExpositionPageTest, HoldsEverySeriesOnceAndExactly) {
  const SeriesModel model({.series = 2000});
  ExpositionPage page(&model);
  SeriesSlice slice(&model, 0, 2000);
  for (int step = 0; step < 3; ++step) {
    std::string text = "left from before";
    page.Render(&text);
    const std::map<std::string, double> samples = Parse(text);
    ASSERT_EQ(samples.size(), 2000u);
    for (size_t i = 0; i < slice.size(); ++i) {
      LabelsBuilder labels(slice.labels(i));
      labels.Set("node", labels.Get("instance")).Del("instance").Del("job");
      EXPECT_EQ(samples.at(labels.Build().ToString()), slice.value(i));
    }
    page.Advance();
    slice.Advance();
  }
}

}  // namespace
}  // namespace hearth::bench
