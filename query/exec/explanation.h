// query/exec/explanation.h
//
// What a query was made of and where its time went, operator by operator: the answer to
// `explain=true`.
#ifndef HEARTH_QUERY_EXEC_EXPLANATION_H_
#define HEARTH_QUERY_EXEC_EXPLANATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tsdb/storage.h"

namespace hearth::promql {

// One operator with what it works on. What is written twice and computed once stands in both
// places; the second has next to no time.
struct OperatorExplanation {
  std::string name;        // "sum", "rate", "+", "selector", …
  std::string expression;  // Its text in the query; cut when it is long.
  int64_t steps = 0;       // Times at which it is evaluated.
  int64_t series = 0;      // That it lists, whether they have points or not.
  int64_t columns = 0;     // Series computed; more than `series` where some were needed twice.
  int64_t rows = 0;        // Points in these columns; of a range selector the samples.
  double self_s = 0;       // Spent in it alone, all threads together,
  double total_s = 0;      // and with its inputs.
  std::optional<SeriesReads> reads;  // Of a selector.
  std::vector<OperatorExplanation> children;
};

struct Explanation {
  int64_t steps = 0;         // Of the query.
  int64_t cached_steps = 0;  // Of these, taken from the result cache.
  // The evaluation of the other steps: finding the series, and below it the operators. Empty when
  // there were none.
  std::optional<OperatorExplanation> root;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_EXPLANATION_H_
