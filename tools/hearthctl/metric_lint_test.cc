#include "tools/hearthctl/metric_lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace hearth::hearthctl {
namespace {

using testing::HasSubstr;

class MetricLintTest : public testing::Test {
 protected:
  // What is found, without the exit code.
  std::string Findings(const std::string& text) {
    std::ostringstream out, err;
    code_ = CheckMetrics(options_, text, out, err);
    out_ = out.str();
    return err.str();
  }

  MetricCheckOptions options_;
  int code_ = -1;
  std::string out_;
};

TEST_F(MetricLintTest, GoodMetricsHaveNoFindings) {
  EXPECT_EQ(
      Findings("# HELP a_seconds help\n# TYPE a_seconds histogram\n"
               "a_seconds_bucket{le=\"1\"} 1\na_seconds_bucket{le=\"+Inf\"} 1\n"
               "a_seconds_sum 1\na_seconds_count 1\n"
               "# HELP b_bytes_total help\n# TYPE b_bytes_total counter\nb_bytes_total 1\n"
               "# HELP c help\n# TYPE c summary\nc{quantile=\"0.5\"} 1\nc_sum 1\nc_count 1\n"),
      "");
  EXPECT_EQ(code_, 0);
}

TEST_F(MetricLintTest, EachConventionHasItsWords) {
  const struct {
    const char *name, *type, *sample, *finding;
  } kCases[] = {
      {"x", "counter", "x 1", "x counter metrics should have \"_total\" suffix\n"},
      {"x_total", "gauge", "x_total 1",
       "x_total non-counter metrics should not have \"_total\" suffix\n"},
      {"x_milliseconds", "gauge", "x_milliseconds 1",
       "x_milliseconds use base unit \"seconds\" instead of \"milliseconds\"\n"},
      {"x_minutes", "gauge", "x_minutes 1",
       "x_minutes use base unit \"seconds\" instead of \"minutes\"\n"},
      {"x_ms", "gauge", "x_ms 1", "x_ms metric names should not contain abbreviated units\n"},
      {"x:y", "gauge", "x:y 1", "x:y metric names should not contain ':'\n"},
      {"aB", "gauge", "aB 1",
       "aB metric names should be written in 'snake_case' not 'camelCase'\n"},
      {"x", "gauge", "x{aB=\"1\"} 1",
       "x label names should be written in 'snake_case' not 'camelCase'\n"},
      {"x", "gauge", "x{le=\"1\"} 1", "x non-histogram metrics should not have \"le\" label\n"},
      {"x", "gauge", "x{quantile=\"1\"} 1",
       "x non-summary metrics should not have \"quantile\" label\n"},
      {"x_count", "gauge", "x_count 1",
       "x_count non-histogram and non-summary metrics should not have \"_count\" suffix\n"},
      {"x_gauge", "gauge", "x_gauge 1", "x_gauge metric name should not include type 'gauge'\n"},
      {"thermometers", "gauge", "thermometers 1", ""},
      {"x_ms", "untyped", "x_ms 1\nx_ms 2",
       "x_ms metric names should not contain abbreviated units\nx_ms metric not unique\n"},
  };
  for (const auto& test : kCases) {
    const std::string name = test.name;
    EXPECT_EQ(Findings("# HELP " + name + " help\n# TYPE " + name + " " + test.type + "\n" +
                       test.sample + "\n"),
              test.finding);
    EXPECT_EQ(code_, *test.finding == '\0' ? 0 : 3);
  }
  EXPECT_EQ(Findings("x 1\n"), "x no help text\n");
}

TEST_F(MetricLintTest, WhatDoesNotParseIsAFailure) {
  EXPECT_THAT(Findings("x{ 1\n"), HasSubstr("error while linting: "));
  EXPECT_EQ(code_, 1);
}

TEST_F(MetricLintTest, TheExtendedTableCountsSeries) {
  options_ = {.lint = false, .extended = true};
  EXPECT_EQ(Findings("a 1\nb{c=\"1\"} 1\nb{c=\"2\"} 1\nb{c=\"3\"} 1\n"), "");
  EXPECT_EQ(code_, 0);
  EXPECT_EQ(out_,
            "Metric    Cardinality    Percentage\n"
            "b         3              75.00%\n"
            "a         1              25.00%\n"
            "Total     4              100%\n");
}

}  // namespace
}  // namespace hearth::hearthctl
