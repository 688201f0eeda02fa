// api/v1/query_explanation.h
//
// `explain` in the answer to a query: what was computed, operator by operator (docs/explain.md has
// the fields).
#ifndef HEARTH_API_V1_QUERY_EXPLANATION_H_
#define HEARTH_API_V1_QUERY_EXPLANATION_H_

#include "api/v1/json_writer.h"
#include "query/engine.h"

namespace hearth {

void WriteExplanation(const promql::Explanation& explanation, JsonWriter* json);

}  // namespace hearth

#endif  // HEARTH_API_V1_QUERY_EXPLANATION_H_
