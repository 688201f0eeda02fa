// query/exec/selector.h
//
// The leaves: instant selectors and the two sources of range vectors, storage and subqueries.
#ifndef HEARTH_QUERY_EXEC_SELECTOR_H_
#define HEARTH_QUERY_EXEC_SELECTOR_H_

#include <memory>

#include "query/exec/operator.h"

namespace hearth::promql {

// What an instant selector gives: the sample's value; its time in seconds, for timestamp(); when
// its counter began, 0 = unknown, for start_timestamp(); or its time with the series' name kept,
// for info(), which takes no native histograms.
enum class SelectorOutput : uint8_t { kValue, kTime, kStartTime, kInfoTime };

VectorPtr NewInstantSelector(const PlanNode& node, SelectorOutput output);
// `parts`: what its user looks at.
RangePtr NewMatrixSelector(const PlanNode& node, ReadAhead::Parts parts);
// `child` evaluates the subquery's expression on its own grid.
RangePtr NewSubquery(const PlanNode& node, VectorPtr child);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_SELECTOR_H_
