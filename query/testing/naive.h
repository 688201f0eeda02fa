// query/testing/naive.h
//
// An evaluator that is meant to be obviously correct: it walks the tree once for every step, reads
// every sample anew and follows Prometheus' definitions to the letter. The oracle for the engine;
// never linked into the server. Testonly.
//
// Floats only: native histograms are skipped. Not covered: limitk, limit_ratio, info,
// double_exponential_smoothing, ts_of_*, start timestamps, the histogram_* functions but for
// histogram_quantile, trims, fill, anchored and smoothed (kUnimplemented). Gives no annotations and
// keeps no limits.
//
// Thread safety: pure function.
#ifndef HEARTH_QUERY_TESTING_NAIVE_H_
#define HEARTH_QUERY_TESTING_NAIVE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/labels.h"
#include "model/sample.h"
#include "query/engine.h"
#include "query/parse/ast.h"
#include "tsdb/storage.h"

namespace hearth::promql {

absl::StatusOr<QueryResult> EvaluateNaively(const Queryable& storage, const EngineOptions& options,
                                            const QueryRequest& request);

// What follows is shared by the files of the evaluator.

struct NaiveRow {
  Labels labels;
  double v = 0;
  TimeMs t = 0;            // Of the sample itself, for timestamp().
  bool drop_name = false;  // With delayed name removal: the name goes at the end.
};
using NaiveVector = std::vector<NaiveRow>;

struct NaiveSeries {
  Labels labels;
  std::vector<Sample> samples;  // Of the window; stale markers left out.
  bool drop_name = false;
};

struct NaiveRange {
  std::vector<NaiveSeries> series;
  TimeMs window_end = 0;
  TimeMs range_ms = 0;
};

// naive_functions.cc: one window to one value. False when there is no result.
bool NaiveRangeFunction(std::string_view name, const NaiveRange& window,
                        const std::vector<Sample>& samples, const std::vector<double>& args,
                        TimeMs eval_time, double* out);
// A function of one value. False when there is none of that name.
bool NaiveMathFunction(std::string_view name, double v, const std::vector<double>& args,
                       double* out);
// hour(), day_of_month() …, of seconds since the epoch.
bool NaiveDateFunction(std::string_view name, double v, double* out);
double NaiveQuantile(double q, std::vector<double> values);
double NaiveHistogramQuantile(double q, std::vector<std::pair<double, double>> buckets);
double NaiveArithmetic(BinaryOp op, double a, double b);
bool NaiveComparison(BinaryOp op, double a, double b);

// naive_vector.cc: whole vectors.
absl::StatusOr<NaiveVector> NaiveMatch(const BinaryExpr& binary, const NaiveVector& lhs,
                                       const NaiveVector& rhs, bool delayed);
absl::StatusOr<NaiveVector> NaiveAggregate(const AggregateExpr& aggregate, const NaiveVector& input,
                                           double param, const std::string& label);
Labels WithoutName(const Labels& labels);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_TESTING_NAIVE_H_
