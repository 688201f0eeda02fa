#include "query/functions/column.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace hearth::promql {
namespace {

// One character a step: a digit is a float, a letter a histogram of that count, a dot nothing.
StepColumn Column(std::string_view steps) {
  StepColumn column;
  column.Reset(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i] == '.') continue;
    if (steps[i] <= '9') {
      column.Set(i, steps[i] - '0');
      continue;
    }
    auto histogram = std::make_shared<Histogram>();
    histogram->count = steps[i];
    column.histograms.push_back({i, histogram});
  }
  return column;
}

std::string Text(const StepColumn& column) {
  std::string text(column.steps(), '.');
  for (size_t i = 0; i < column.steps(); ++i) {
    if (column.ok[i]) text[i] = static_cast<char>('0' + column.v[i]);
  }
  for (const StepHistogram& h : column.histograms)
    text[h.step] = static_cast<char>(h.histogram->count);
  return text;
}

std::string Sum(std::string_view a, std::string_view b) {
  StepColumn to = Column(a), from = Column(b);
  return to.Add(&from) ? Text(to) : "both";
}

TEST(StepColumnTest, AddsWhatTheOtherHas) {
  EXPECT_EQ(Sum("1..2", ".3.."), "13.2");
  EXPECT_EQ(Sum("a.c.1", ".b.d."), "abcd1");
  EXPECT_EQ(Sum("....", ".b.1"), ".b.1");
  EXPECT_EQ(Sum("a..1", "...."), "a..1");
}

TEST(StepColumnTest, AStepHasOneValueOnly) {
  for (const auto& [a, b] : {std::pair("1", "2"), {"1", "a"}, {"a", "1"}, {"a", "b"}}) {
    EXPECT_EQ(Sum(a, b), "both") << a << b;
  }
}

TEST(StepColumnTest, ResetForgetsEverything) {
  StepColumn column = Column("1a");
  column.Reset(3);
  EXPECT_EQ(Text(column), "...");
}

}  // namespace
}  // namespace hearth::promql
