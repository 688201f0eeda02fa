// Engine against naive evaluator: random data, random expressions, instant and range queries.
// Results are compared bit for bit, except that below an aggregation which adds (sum, avg, stddev,
// stdvar) the engine adds per shard and the naive evaluator in one go: there 1e-9 relative is
// allowed, and comparisons and rounding are not generated around such sums. All NaNs count as
// equal. Series are compared as sets: the order of an instant vector is not part of the result.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/clock.h"
#include "model/text.h"
#include "query/engine.h"
#include "query/testing/naive.h"
#include "query/testing/query_generator.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kMinute = QueryGenerator::kMinute;

bool SameValue(double a, double b, bool tolerant) {
  if (std::isnan(a) && std::isnan(b)) return true;
  if (SameBits(a, b)) return true;
  return tolerant && std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

std::string Difference(QueryResult engine, QueryResult naive, bool tolerant) {
  if (engine.type != naive.type) return "another type";
  if (!SameValue(engine.scalar, naive.scalar, tolerant))
    return StrCat("scalar ", engine.scalar, " for ", naive.scalar);
  const auto by_labels = [](const ResultSeries& a, const ResultSeries& b) {
    return a.labels < b.labels;
  };
  std::sort(engine.series.begin(), engine.series.end(), by_labels);
  std::sort(naive.series.begin(), naive.series.end(), by_labels);
  if (engine.series.size() != naive.series.size()) {
    return StrCat(engine.series.size(), " series for ", naive.series.size());
  }
  for (size_t i = 0; i < naive.series.size(); ++i) {
    const ResultSeries &e = engine.series[i], &n = naive.series[i];
    if (e.labels != n.labels) return StrCat(e.labels.ToString(), " for ", n.labels.ToString());
    if (e.floats.size() != n.floats.size())
      return StrCat(e.labels.ToString(), ": ", e.floats.size(), " points for ", n.floats.size());
    for (size_t k = 0; k < n.floats.size(); ++k) {
      if (e.floats[k].t != n.floats[k].t) return StrCat(e.labels.ToString(), ": another time");
      if (!SameValue(e.floats[k].v, n.floats[k].v, tolerant)) {
        return StrCat(e.labels.ToString(), " at ", n.floats[k].t,
                      " ms: ", testing::PrintToString(e.floats[k].v), " for ",
                      testing::PrintToString(n.floats[k].v));
      }
    }
  }
  return "";
}

TEST(DifferentialTest, EngineAgreesWithTheNaiveEvaluator) {
  const char* from_environment = std::getenv("HEARTH_TEST_SEED");
  const uint32_t first_seed =
      from_environment != nullptr ? static_cast<uint32_t>(std::atoi(from_environment)) : 1;
  int answered = 0, failed = 0;
  for (uint32_t seed = first_seed; seed < first_seed + 8; ++seed) {
    for (const bool delayed : {false, true}) {
      QueryGenerator generator(seed, /*with_or=*/!delayed);
      FakeStorage storage;
      generator.Fill(
          [&storage](const Labels& labels, TimeMs t, double v) { storage.Put(labels, t, v); });
      EngineOptions options;
      options.delayed_name_removal = delayed;
      const Engine engine(&storage, &SystemClock::Get(), options);
      for (int i = 0; i < 100; ++i) {
        bool adds = false;
        QueryRequest request;
        request.query = generator.Query(&adds);
        request.start_ms = static_cast<TimeMs>(generator.Pick(50)) * kMinute +
                           static_cast<TimeMs>(generator.Pick(2)) * 12'345;
        request.end_ms = request.start_ms;
        if (generator.Pick(2) == 0) {
          request.step_ms = generator.Pick(2) == 0 ? kMinute : 37'000;
          request.end_ms += static_cast<TimeMs>(generator.Pick(15)) * kMinute;
        }
        const auto naive = EvaluateNaively(storage, options, request);
        const auto fast = engine.Execute(request);
        const std::string what =
            StrCat("seed ", seed, ", delayed ", delayed, ": ", request.query, " from ",
                   request.start_ms, " to ", request.end_ms, " step ", request.step_ms);
        if (!naive.ok()) {
          ++failed;
          ASSERT_NE(naive.status().code(), absl::StatusCode::kUnimplemented)
              << what << ": " << naive.status();
          ASSERT_NE(naive.status().code(), absl::StatusCode::kInvalidArgument)
              << what << ": " << naive.status();
          EXPECT_FALSE(fast.ok()) << what << "\nthe naive evaluator fails: " << naive.status();
          continue;
        }
        ++answered;
        if (!fast.ok()) {
          ADD_FAILURE() << what << "\nthe engine fails: " << fast.status();
          continue;
        }
        const std::string difference = Difference(*fast, *naive, adds);
        EXPECT_EQ(difference, "") << what;
      }
    }
  }
  std::cout << answered << " queries answered alike, " << failed
            << " failed on both sides; seeds from " << first_seed << "\n";
  EXPECT_GT(answered, 3 * failed);
}

}  // namespace
}  // namespace hearth::promql
