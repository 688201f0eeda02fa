// Engine against naive evaluator: random data, random expressions, instant and range queries.
// Results are compared bit for bit, except that below an aggregation which adds (sum, avg, stddev,
// stdvar) the engine adds per shard and the naive evaluator in one go: there 1e-9 relative is
// allowed, and comparisons and rounding are not generated around such sums. All NaNs count as
// equal. Series are compared as sets: the order of an instant vector is not part of the result.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/clock.h"
#include "model/text.h"
#include "query/engine.h"
#include "query/testing/naive.h"
#include "tsdb/fake_storage.h"

namespace hearth::promql {
namespace {

constexpr TimeMs kMinute = 60'000;

class Generator {
 public:
  // Without `or` when names are removed at the end: the engine decides once for each label set
  // whether its name goes, Prometheus (and the naive evaluator) once a step, which shows when both
  // sides of an `or` have the label set.
  Generator(uint32_t seed, bool with_or) : with_or_(with_or), random_(seed) {}

  void Fill(FakeStorage* storage) {
    for (const char* name : {"c", "g"}) {
      for (int i = 0; i < 6; ++i) {
        const Labels labels{{"__name__", name}, {"a", i % 2 == 0 ? "x" : "y"}, {"i", StrCat(i)}};
        Series(labels, name[0] == 'c', storage);
      }
    }
    for (const char* a : {"x", "y"}) {
      double count = 0;
      for (const char* le : {"0.1", "1", "10", "+Inf"}) {
        count += Pick(50);
        for (TimeMs t = 0; t <= 60 * kMinute; t += 15'000) {
          storage->Put(Labels{{"__name__", "h_bucket"}, {"a", a}, {"le", le}}, t,
                       count * static_cast<double>(t / 15'000));
        }
      }
    }
  }

  std::string Vector(int depth) {
    if (depth == 0) return Selector();
    switch (Pick(13)) {
      case 0:
        return Selector() + Modifier();
      case 1:
      case 2:
        return StrCat(
            One({"rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv"}),
            "(", Range(depth - 1), ")");
      case 3:
      case 4:
        return StrCat(One({"sum", "avg", "min", "max", "count", "last", "first", "present",
                           "stddev", "stdvar"}),
                      "_over_time(", Range(depth - 1), ")");
      case 5:
        return StrCat(One({"abs", "ceil", "floor", "sqrt", "sgn", "exp", "ln"}), "(",
                      Vector(depth - 1), ")");
      case 6:
        return StrCat("clamp(", Vector(depth - 1), ", ", Number(), ", ", Number(), ")");
      case 7:
        return StrCat(Vector(depth - 1),
                      One({" + ", " - ", " * ", " / ", " % ", " > ", " <= ", " == bool ", " != "}),
                      Number());
      case 8:
        return StrCat("(", Vector(depth - 1), ")",
                      One({" + ", " * ", " and ", with_or_ ? " or " : " and ", " unless ",
                           " >= ", " < bool "}),
                      One({"", "on(a, i) ", "ignoring(le) ", "on(a) "}), "(", Vector(depth - 1),
                      ")");
      case 9:
        return StrCat(One({"min(", "max(", "count(", "group(", "min by (a) (", "max without (i) (",
                           "count by (a, le) (", "quantile(0.7, ", "quantile by (a) (0.2, "}),
                      Vector(depth - 1), ")");
      case 10:
        return StrCat("-(", Vector(depth - 1), ")");
      case 11:
        return StrCat("quantile_over_time(", Number(), " / 10, ", Range(depth - 1), ")");
      default:
        return One({"histogram_quantile(0.9, rate(h_bucket[5m]))", "absent(g{a=\"z\"})",
                    "timestamp(g)", "vector(time())", "scalar(g{i=\"1\"}) * c",
                    "label_replace(g, \"b\", \"$1\", \"a\", \"(.*)\")", "hour(c * 1000)",
                    "predict_linear(g[10m], 600)", "absent_over_time(g{a=\"x\"}[2m])", "topk(2, c)",
                    "count_values(\"v\", g)", "label_join(c, \"j\", \"-\", \"a\", \"i\")"});
    }
  }

  // A whole query; `*adds` tells whether sums over series are compared with a tolerance.
  std::string Query(bool* adds) {
    std::string query = Vector(3);
    *adds = Pick(4) == 0;
    if (*adds)
      query = StrCat(One({"sum", "avg", "stddev", "stdvar"}),
                     One({" by (a) ", " without (i) ", " "}), "(", query, ")");
    return query;
  }

  size_t Pick(size_t n) { return random_() % n; }

 private:
  void Series(const Labels& labels, bool counter, FakeStorage* storage) {
    double v = static_cast<double>(Pick(100));
    const TimeMs step = One<TimeMs>({10'000, 15'000, 30'000}),
                 shift = static_cast<TimeMs>(Pick(5000));
    for (TimeMs t = shift; t <= 60 * kMinute; t += step) {
      const size_t event = Pick(100);
      if (event < 5) continue;          // A missed scrape.
      if (event < 7) t += 7 * kMinute;  // An outage.
      if (event < 9) v = 0;             // A restart.
      v = counter ? v + static_cast<double>(Pick(20)) / 4
                  : static_cast<double>(Pick(1000)) / 7 - 60;
      double value = v;
      if (event == 10) value = StaleNaN();
      if (event == 11 && !counter)
        value = One<double>({NAN, INFINITY, -INFINITY, 0.0, -0.0, 1e300, 5e-324});
      storage->Put(labels, t, value);
    }
  }

  std::string Selector() {
    return One({"c", "g", "c{a=\"x\"}", "g{a!=\"x\"}", "{__name__=\"g\", i=~\"[0-3]\"}",
                "c{i!~\"1|2\"}", "nothing"});
  }
  std::string Modifier() {
    return One(
        {"", "", " offset 3m", " offset -2m", " @ 1200", " @ start()", " @ end() offset 1m"});
  }
  std::string Range(int depth) {
    if (depth > 0 && Pick(4) == 0) {
      return StrCat("(", Vector(depth - 1), ")",
                    One({"[10m:1m]", "[5m:]", "[7m:45s]", "[6m:30s] offset 90s"}),
                    One({"", "", " @ end()"}));
    }
    return StrCat(Selector(), One({"[1m]", "[5m]", "[95s]", "[20m]", "[3m]"}), Modifier());
  }
  std::string Number() { return One({"0", "1", "2.5", "-3", "10", "1e3", "NaN", "(1 / 0)"}); }

  template <typename T>
  T One(std::vector<T> choices) {
    return choices[Pick(choices.size())];
  }
  std::string One(std::vector<std::string> choices) { return choices[Pick(choices.size())]; }

  const bool with_or_;
  std::mt19937 random_;
};

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
      Generator generator(seed, /*with_or=*/!delayed);
      FakeStorage storage;
      generator.Fill(&storage);
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
