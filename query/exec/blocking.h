// query/exec/blocking.h
//
// Operators that need all of their input before the first output, aggregations and binary operators
// aside.
#ifndef HEARTH_QUERY_EXEC_BLOCKING_H_
#define HEARTH_QUERY_EXEC_BLOCKING_H_

#include <string>
#include <vector>

#include "query/exec/operator.h"
#include "query/functions/spec.h"

namespace hearth::promql {

// absent(v), absent_over_time(r) when `over_time`: `labels` of the output series.
VectorPtr NewAbsent(VectorPtr child, Labels labels, bool over_time);
// The labels that absent() makes of its argument: those that equality matchers alone decide.
Labels LabelsForAbsent(const Expr& argument);

// sort and its like; `pos` is the call's.
VectorPtr NewSort(VectorPtr child, const FunctionSpec* function, std::vector<std::string> args,
                  PositionRange pos);

// Results that a blocking operator holds.
class Materialised : public VectorOperator {
 public:
  using VectorOperator::VectorOperator;
  absl::Status ComputeColumn(size_t i, Worker*, StepColumn* out) const override {
    *out = columns_[i];
    return absl::OkStatus();
  }

 protected:
  std::vector<StepColumn> columns_;  // One for each of series().
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_BLOCKING_H_
