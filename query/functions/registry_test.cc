// Every row is whole: documented, with an example that parses and a script that shows what it does.
#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "model/text.h"
#include "query/functions/spec.h"
#include "query/parse/parser.h"

namespace hearth::promql {
namespace {

ParserOptions Everything() {
  return {.experimental_functions = true,
          .extended_range_selectors = true,
          .fill_modifiers = true,
          .start_timestamps = true};
}

bool HasScript(std::string_view name) {
  return std::filesystem::exists(StrCat("testdata/promql/functions/", name, ".test"));
}

bool IsSentence(std::string_view text) { return text.size() > 1 && text.ends_with('.'); }

TEST(RegistryTest, EveryFunctionHasASummaryAnExampleThatParsesAndAScript) {
  ASSERT_GE(AllFunctions().size(), 73u);
  for (const FunctionSpec* function : AllFunctions()) {
    SCOPED_TRACE(function->name);
    EXPECT_TRUE(IsSentence(function->summary)) << function->summary;
    EXPECT_NE(function->example.find(function->name), std::string_view::npos);
    const auto parsed = ParseExpr(function->example, Everything());
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_TRUE(HasScript(function->name)) << "no script";
  }
}

TEST(RegistryTest, EveryAggregationHasASummaryAnExampleThatParsesAndAScript) {
  ASSERT_EQ(AllAggregations().size(), 14u);
  for (const AggregationSpec* aggregation : AllAggregations()) {
    SCOPED_TRACE(aggregation->name);
    EXPECT_TRUE(IsSentence(aggregation->summary)) << aggregation->summary;
    const auto parsed = ParseExpr(aggregation->example, Everything());
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_TRUE(HasScript(aggregation->name)) << "no script";
  }
}

TEST(RegistryTest, NamesAreUniqueAndFoundByName) {
  std::set<std::string_view> names;
  for (const FunctionSpec* function : AllFunctions()) {
    EXPECT_TRUE(names.insert(function->name).second) << function->name;
    EXPECT_EQ(FindFunction(function->name), function);
  }
  for (const AggregationSpec* aggregation : AllAggregations()) {
    EXPECT_TRUE(names.insert(aggregation->name).second) << aggregation->name;
    EXPECT_EQ(FindAggregation(aggregation->name), aggregation);
  }
  EXPECT_EQ(FindFunction("RATE"), nullptr);
  EXPECT_EQ(FindFunction("sum"), nullptr);
  EXPECT_NE(FindAggregation("SuM"), nullptr);
}

// The kernel that a shape calls is there.
TEST(RegistryTest, EveryRowHasTheKernelOfItsShape) {
  for (const FunctionSpec* function : AllFunctions()) {
    SCOPED_TRACE(function->name);
    const Kernel& kernel = function->kernel;
    EXPECT_EQ(kernel.shape == Shape::kElementwise, kernel.element != nullptr);
    EXPECT_EQ(kernel.shape == Shape::kStepScalar, kernel.scalar != nullptr);
    EXPECT_EQ(kernel.shape == Shape::kRelabel, kernel.relabel != nullptr);
    EXPECT_EQ(kernel.shape == Shape::kSort, kernel.order != nullptr);
    EXPECT_EQ(kernel.shape == Shape::kBuckets, kernel.buckets != nullptr);
    EXPECT_TRUE(kernel.shape != Shape::kWindowed || kernel.window != nullptr);
    EXPECT_EQ(kernel.shape == Shape::kInfo, function->info_selector >= 0);
    EXPECT_LE(function->variadic, static_cast<int>(function->args.size()));
  }
  for (const AggregationSpec* aggregation : AllAggregations()) {
    if (aggregation->kernel.shape != AggregationShape::kFold) continue;
    EXPECT_GT(aggregation->kernel.fold.state_bytes, 0u) << aggregation->name;
    EXPECT_NE(aggregation->kernel.fold.merge, nullptr) << aggregation->name;
  }
}

}  // namespace
}  // namespace hearth::promql
