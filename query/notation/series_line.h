// query/notation/series_line.h
//
// How PromQL scripts and rule tests write a series: a metric and its values, `up{job="x"} 0+1x10 _
// stale {{sum:1 count:2}}`.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_NOTATION_SERIES_LINE_H_
#define HEARTH_QUERY_NOTATION_SERIES_LINE_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/clock.h"
#include "model/histogram.h"
#include "model/labels.h"

namespace hearth::promql {

struct SequenceValue {
  bool omitted = false;  // `_`
  double value = 0;
  std::optional<Histogram> histogram;  // Instead of `value`.
  bool hint_written = false;           // The literal names its counter_reset_hint.
  std::optional<TimeMs> start;         // The start timestamp less the sample's own.
};

struct SeriesLine {
  Labels labels;
  std::vector<SequenceValue> values;
};

// Errors (kInvalidArgument) quote what could not be read. A sequence of more than 1 000 000 values
// is refused.
absl::StatusOr<SeriesLine> ParseSeriesLine(std::string_view line);

// What stands behind `metric@st`: for each value of the line that follows, where its counter began
// less its own time in milliseconds; empty = unknown.
absl::StatusOr<std::vector<std::optional<TimeMs>>> ParseStarts(std::string_view text);

// The metric alone, and through *rest what stands behind it.
absl::StatusOr<Labels> ParseMetric(std::string_view line, std::string_view* rest);

// `schema:0 sum:1 count:2 buckets:[1 1]`: what stands between the double braces.
absl::StatusOr<SequenceValue> ParseHistogramLiteral(std::string_view text);

// a + sign * b, for histograms of one schema and zero threshold.
absl::StatusOr<Histogram> AddHistogram(const Histogram& a, const Histogram& b, double sign);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_NOTATION_SERIES_LINE_H_
