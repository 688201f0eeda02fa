// The script reader and runner themselves: a runner that passes everything would be worthless.
#include "query/testing/script.h"

#include <cmath>

#include "gtest/gtest.h"
#include "query/testing/naive.h"
#include "query/testing/script_runner.h"

namespace hearth::promql {
namespace {

std::string ProblemOf(std::string_view script) {
  const auto outcomes =
      RunScript(script, [](const Queryable& storage, const QueryRequest& request) {
        return EvaluateNaively(storage, ScriptEngineOptions(), request);
      });
  if (!outcomes.ok()) return outcomes.status().ToString();
  for (const EvalOutcome& outcome : *outcomes) {
    if (!outcome.passed) return outcome.problem;
  }
  return "passed";
}

TEST(ScriptTest, NamesTheLineOfAnError) {
  EXPECT_EQ(ParseScript("\n\nboo\n").status().message(), "line 3: unknown command: boo");
  EXPECT_FALSE(ParseScript("load 5x\n").ok());
  EXPECT_FALSE(ParseScript("eval instant at 0 m\n  m 1 2\n").ok());
  EXPECT_FALSE(ParseScript("eval range from 5m to 1m step 1m m\n").ok());
  EXPECT_FALSE(ParseScript("eval instant at 0 m\n  expect warn\n  expect no_warn\n").ok());
}

TEST(ScriptRunnerTest, TellsWhatIsWrong) {
  const std::string load = "load 1m\n  m{a=\"1\"} 1+1x5\n  m{a=\"2\"} 7x5\n\n";
  const auto eval = [&load](std::string_view text) { return ProblemOf(load + std::string(text)); };
  EXPECT_EQ(eval("eval instant at 1m m\n m{a=\"1\"} 2\n m{a=\"2\"} 7\n"), "passed");
  EXPECT_EQ(eval("eval instant at 1m m\n m{a=\"1\"} 2.1\n m{a=\"2\"} 7\n"),
            "m{a=\"1\"}: expected 2.1000000000000001, got 2");
  EXPECT_EQ(eval("eval instant at 1m m\n m{a=\"1\"} 2\n"), "unexpected series m{a=\"2\"}");
  EXPECT_EQ(eval("eval instant at 1m m\n"), "unexpected series m{a=\"1\"}");
  EXPECT_EQ(eval("eval instant at 1m m{a=\"1\"}\n m{a=\"1\"} 2\n m{a=\"3\"} 7\n"),
            "no series m{a=\"3\"}");
  EXPECT_EQ(eval("eval instant at 1m sort(m)\n expect ordered\n m{a=\"2\"} 7\n m{a=\"1\"} 2\n"),
            "at position 1: expected m{a=\"2\"}, got m{a=\"1\"}");
  EXPECT_EQ(eval("eval instant at 1m 1 + 1\n 3\n"), "expected 3, got 2");
  EXPECT_EQ(eval("eval instant at 1m m\n 3\n"), "expected a scalar, got a instant vector");
  EXPECT_EQ(eval("eval instant at 1m m\n expect fail\n"), "did not fail");
  EXPECT_EQ(eval("eval instant at 1m m\n expect warn\n m{a=\"1\"} 2\n"),
            "expected a warning, got none");
  EXPECT_EQ(eval("eval instant at 1m label_replace(m, \"a\", \"x\", \"a\", \".*\")\n expect fail "
                 "msg: x\n"),
            "failed otherwise than expected: vector cannot contain metrics with the same labelset");
  EXPECT_EQ(eval("eval range from 0 to 2m step 1m m{a=\"1\"}\n m{a=\"1\"} 1 2 3\n"), "passed");
  EXPECT_EQ(eval("eval range from 0 to 2m step 1m m{a=\"1\"}\n m{a=\"1\"} 1 2\n"),
            "m{a=\"1\"}: expected 2 points, got 3");
  EXPECT_EQ(eval("eval range from 0 to 2m step 1m m{a=\"1\"}\n m{a=\"1\"} 1 _ 3\n"),
            "m{a=\"1\"} at 60000 ms: unexpected value 2");
  EXPECT_EQ(eval("eval instant at 1m nosuch(m)\n"),
            "1:1: parse error: unknown function with name \"nosuch\"");
}

TEST(ScriptTest, ReadsStartTimestamps) {
  const auto commands = ParseScript("load 1m\n  m{a=\"1\"}@st _ -1s-1mx1 +5ms\n  m{a=\"1\"} 1x3\n");
  ASSERT_TRUE(commands.ok()) << commands.status();
  const auto& load = std::get<LoadCommand>((*commands)[0].what);
  ASSERT_EQ(load.series.size(), 1u);
  std::vector<TimeMs> starts;
  for (const SequenceValue& value : load.series[0].values)
    starts.push_back(value.start.value_or(0));
  EXPECT_EQ(starts, (std::vector<TimeMs>{0, -1000, -61'000, 5}));
  EXPECT_FALSE(ParseScript("load 1m\n  m@st -1s\n  m 1 2\n").ok()) << "another length";
  EXPECT_FALSE(ParseScript("load 1m\n  m@st -1s\n  n 1\n").ok()) << "another series";
  EXPECT_FALSE(ParseScript("load 1m\n  m@st -1s\n").ok()) << "no samples";
  EXPECT_FALSE(ParseScript("load 1m\n  m@st 1q\n  m 1\n").ok());
}

TEST(ScriptRunnerTest, MakesCustomBucketsOfClassicHistograms) {
  const auto histograms = [](std::initializer_list<std::string_view> lines) {
    std::vector<SeriesLine> series;
    for (std::string_view line : lines) series.push_back(ParseSeriesLine(line).value());
    return CustomBucketHistograms(series);
  };
  const auto made =
      histograms({"h_bucket{le=\"2\", a=\"1\"} _ 5", "h_bucket{le=\"1\", a=\"1\"} _ 2",
                  "h_count{a=\"1\"} _ 7", "h_sum{a=\"1\"} _ 3.5", "other 1"});
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_EQ(made->size(), 1u);
  EXPECT_EQ((*made)[0].labels, (Labels{{"__name__", "h"}, {"a", "1"}}));
  ASSERT_EQ((*made)[0].values.size(), 2u);
  EXPECT_TRUE((*made)[0].values[0].omitted);
  const Histogram& h = *(*made)[0].values[1].histogram;
  EXPECT_EQ(h.schema, kCustomBucketsSchema);
  EXPECT_EQ(h.custom_values, (std::vector<double>{1, 2}));
  EXPECT_EQ(h.positive_buckets, (std::vector<double>{2, 3, 2}));
  EXPECT_EQ(h.count, 7);
  EXPECT_EQ(h.sum, 3.5);
  EXPECT_FALSE(histograms({"h_bucket{le=\"1\"} 3", "h_bucket{le=\"2\"} 2"}).ok()) << "falling";
  EXPECT_FALSE(histograms({"h_bucket{le=\"+Inf\"} 3", "h_count 4"}).ok()) << "another count";
}

TEST(ScriptRunnerTest, TellsEvalsOfHistogramsApart) {
  const auto outcomes = RunScript(
      "load 1m\n h{a=\"1\"} {{count:1}}\n h{a=\"2\"} 1\n f 1\n\n"
      "eval instant at 0 f\n\neval instant at 0 h{a=\"2\"}\n\neval instant at 0 h\n\n"
      "eval instant at 0 sum(rate(h[1m]))\n\neval instant at 0 histogram_count(f)\n\n"
      "eval instant at 0 f </ 1\n\neval instant at 0 f\n {} {{count:1}}\n",
      [](const Queryable& storage, const QueryRequest& request) {
        return EvaluateNaively(storage, ScriptEngineOptions(), request);
      });
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  std::vector<bool> histograms;
  for (const EvalOutcome& outcome : *outcomes) histograms.push_back(outcome.histograms);
  EXPECT_EQ(histograms, (std::vector<bool>{false, false, true, true, true, true, true}));
}

TEST(ScriptRunnerTest, ComparesFloatsToSixDigits) {
  EXPECT_TRUE(NearlyEqual(1, 1.000001));
  EXPECT_FALSE(NearlyEqual(1, 1.00001));
  EXPECT_TRUE(NearlyEqual(NAN, NormalNaN()));
  EXPECT_FALSE(NearlyEqual(NAN, StaleNaN()));
  EXPECT_TRUE(NearlyEqual(INFINITY, INFINITY));
  EXPECT_FALSE(NearlyEqual(0, 1e-300));
}

}  // namespace
}  // namespace hearth::promql
