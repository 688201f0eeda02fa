// query/exec/shared_columns.h
//
// A range function that stands in a query several times (a ratio of two sums of the same rate) is
// computed once: whoever comes first keeps its columns for the others. Only functions whose result
// and annotations follow from the samples alone take part, and only up to kValuesMax values, so
// that memory does not grow with the number of series.
//
// Thread safety: SharedColumns may be used by several threads. SharedColumnsTable belongs to the
// builder of a query.
#ifndef HEARTH_QUERY_EXEC_SHARED_COLUMNS_H_
#define HEARTH_QUERY_EXEC_SHARED_COLUMNS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "model/byte_account.h"
#include "query/functions/column.h"
#include "query/functions/spec.h"
#include "query/plan/plan.h"

namespace hearth::promql {

class SharedColumns {
 public:
  static constexpr size_t kValuesMax = size_t{1} << 22;

  // A column with what its computation counted.
  struct Entry {
    StepColumn column;
    int64_t in_windows = 0;  // This and the next as Tally::CountWindows has them.
    uint32_t largest_window = 0, last_window = 0;
  };

  // Another occurrence. All are known before the first Prepare.
  void AddUser() { ++users_; }
  // Called by every user, on the query's thread, before its first Take. Nothing is kept when
  // `account` has no room for it.
  void Prepare(size_t series, size_t steps, ByteAccount* account);

  // What another user has kept for series `i`; null when there is nothing. The entry stays as it
  // is.
  const Entry* Take(size_t i) const;
  // Keeps the result of series `i` unless somebody else does.
  void Keep(size_t i, const StepColumn& column, int64_t in_windows, uint32_t largest_window,
            uint32_t last_window);

 private:
  enum State : uint8_t { kEmpty, kBusy, kKept };

  int users_ = 0;
  ByteCharge bytes_;
  std::vector<Entry> entries_;  // Empty when nothing is kept.
  std::unique_ptr<std::atomic<uint8_t>[]> states_;
};

// Finds the occurrences of one function over one selector on one grid.
class SharedColumnsTable {
 public:
  // Null when the node cannot be shared.
  std::shared_ptr<SharedColumns> Find(const PlanNode& node, const FunctionSpec& function);

 private:
  struct Row {
    const PlanNode* node;
    const FunctionSpec* function;
    std::shared_ptr<SharedColumns> columns;
  };
  std::vector<Row> rows_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_SHARED_COLUMNS_H_
