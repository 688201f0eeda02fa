// tools/promdiff/answer.h
//
// The answer to a query, from a server's JSON or from an engine in this process, and the comparison
// of two.
//
// Thread safety: values and pure functions.
#ifndef HEARTH_TOOLS_PROMDIFF_ANSWER_H_
#define HEARTH_TOOLS_PROMDIFF_ANSWER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/sample.h"
#include "query/engine.h"

namespace hearth::promdiff {

struct Point {
  TimeMs t = 0;
  double v = 0;
  std::string text;  // The value as the server wrote it; "" from an engine.
};

struct AnswerSeries {
  std::string labels;  // Canonical: names in order, values quoted.
  std::vector<Point> points;
};

// Scalars are one series without labels.
struct Answer {
  bool ok = false;
  std::string error_type, error;  // When it is not ok. The engine's own errors have no type.
  std::string type;               // "vector", "matrix", "scalar", "string".
  std::string string;
  std::vector<AnswerSeries> series;  // In the order of the answer.
  std::string body;                  // As it came; "" from an engine.

  bool empty() const { return series.empty() && string.empty(); }
};

// The JSON of /api/v1/query and query_range. What is no such answer gives an Answer with ok = false
// and error_type "transport".
Answer ParseAnswer(std::string body);
Answer FromEngine(const absl::StatusOr<promql::QueryResult>& result, bool instant);

enum class Closeness {
  kBits,    // Value for value, and text for text where both have it.
  kClose,   // Within 1e-9 relative, or 1e-12 of each other.
  kValues,  // As kBits, but which label sets they belong to is open (ties of topk).
};
// What is unlike, in one line; "" when nothing is. The order of the series counts when `ordered`
// and is that of the values alone: equal ones may change places.
std::string Difference(const Answer& hearth, const Answer& other, Closeness closeness,
                       bool ordered = false);

// What a range query's answer says about time t, as an instant vector.
Answer AtStep(const Answer& range, TimeMs t);

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_ANSWER_H_
