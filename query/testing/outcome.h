// query/testing/outcome.h
//
// Everything that a caller sees of a query, as text: two queries are alike when their texts are.
#ifndef HEARTH_QUERY_TESTING_OUTCOME_H_
#define HEARTH_QUERY_TESTING_OUTCOME_H_

#include <bit>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "model/text.h"
#include "query/engine.h"

namespace hearth::promql {

// Labels and points to the bit, annotations, counted samples; or the error.
inline std::string OutcomeText(const absl::StatusOr<QueryResult>& result) {
  if (!result.ok()) return result.status().ToString();
  std::string text =
      StrCat("type ", static_cast<int>(result->type), ", ", result->stats.samples_read, " read, ",
             result->stats.peak_samples, " at once\n");
  for (const std::string& warning : result->warnings) StrAppend(&text, warning, "\n");
  for (const std::string& info : result->infos) StrAppend(&text, info, "\n");
  for (const ResultSeries& series : result->series) {
    StrAppend(&text, series.labels.ToString(), ":");
    for (const Sample& sample : series.floats) {
      StrAppend(&text, " ", sample.t, "=", std::bit_cast<uint64_t>(sample.v));
    }
    for (size_t i = 0; i < series.histograms.size(); ++i) {
      StrAppend(&text, " ", series.histogram_t[i], "=histogram of ", series.histograms[i]->count);
    }
    StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_TESTING_OUTCOME_H_
