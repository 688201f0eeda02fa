// query/testing/query_generator.h
//
// Random data and random queries over them. The same seed gives the same ones.
//
// Thread safety: none.
#ifndef HEARTH_QUERY_TESTING_QUERY_GENERATOR_H_
#define HEARTH_QUERY_TESTING_QUERY_GENERATOR_H_

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "model/clock.h"
#include "model/labels.h"
#include "model/sample.h"
#include "model/text.h"

namespace hearth::promql {

class QueryGenerator {
 public:
  static constexpr TimeMs kMinute = 60'000;
  using Put = std::function<void(const Labels& labels, TimeMs t, double v)>;

  // Without `or` when names are removed at the end: the engine decides once for each label set
  // whether its name goes, Prometheus (and the naive evaluator) once a step, which shows when both
  // sides of an `or` have the label set.
  QueryGenerator(uint32_t seed, bool with_or) : with_or_(with_or), random_(seed) {}

  // An hour of counters, gauges and a classic histogram, with gaps, restarts and odd values.
  void Fill(const Put& put) {
    for (const char* name : {"c", "g"}) {
      for (int i = 0; i < 6; ++i) {
        const Labels labels{{"__name__", name}, {"a", i % 2 == 0 ? "x" : "y"}, {"i", StrCat(i)}};
        Series(labels, name[0] == 'c', put);
      }
    }
    for (const char* a : {"x", "y"}) {
      double count = 0;
      for (const char* le : {"0.1", "1", "10", "+Inf"}) {
        count += Pick(50);
        for (TimeMs t = 0; t <= 60 * kMinute; t += 15'000) {
          put(Labels{{"__name__", "h_bucket"}, {"a", a}, {"le", le}}, t,
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
  void Series(const Labels& labels, bool counter, const Put& put) {
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
      put(labels, t, value);
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

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_TESTING_QUERY_GENERATOR_H_
