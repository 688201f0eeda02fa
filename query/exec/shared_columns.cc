#include "query/exec/shared_columns.h"

namespace hearth::promql {

void SharedColumns::Prepare(size_t series, size_t steps, ByteAccount* account) {
  if (users_ < 2 || !entries_.empty() || series * steps > kValuesMax) return;
  ByteCharge charge(account);
  constexpr size_t kStepBytes = sizeof(double) + sizeof(uint8_t);
  if (!charge.Add(series * (sizeof(Entry) + steps * kStepBytes)).ok()) return;
  bytes_ = std::move(charge);
  entries_.resize(series);
  states_ = std::make_unique<std::atomic<uint8_t>[]>(series);
}

const SharedColumns::Entry* SharedColumns::Take(size_t i) const {
  if (entries_.empty() || states_[i].load(std::memory_order_acquire) != kKept) return nullptr;
  return &entries_[i];
}

void SharedColumns::Keep(size_t i, const StepColumn& column, int64_t in_windows,
                         uint32_t largest_window, uint32_t last_window) {
  if (entries_.empty()) return;
  uint8_t state = kEmpty;
  if (!states_[i].compare_exchange_strong(state, kBusy, std::memory_order_relaxed)) return;
  entries_[i] = {column, in_windows, largest_window, last_window};
  states_[i].store(kKept, std::memory_order_release);
}

std::shared_ptr<SharedColumns> SharedColumnsTable::Find(const PlanNode& node,
                                                        const FunctionSpec& function) {
  // A single argument: the range. Scalar arguments would have to be compared, and may be annotated.
  if (node.children.size() != 1 || node.children[0]->expr->kind != ExprKind::kMatrixSelector) {
    return nullptr;
  }
  const PlanNode& range = *node.children[0];
  const auto same = [&](const Row& row) {
    const PlanNode& other = *row.node->children[0];
    const MatrixSelector& a = As<MatrixSelector>(*range.expr);
    const MatrixSelector& b = As<MatrixSelector>(*other.expr);
    const TimeModifier &x = a.selector->time, &y = b.selector->time;
    return row.function == &function && range.selector == other.selector &&
           node.grid == row.node->grid && range.in_subquery == other.in_subquery &&
           range.at_shift == other.at_shift && a.range.ms == b.range.ms &&
           a.selector->mode == b.selector->mode && x.at == y.at && x.at_ms == y.at_ms &&
           x.offset.ms == y.offset.ms;
  };
  for (const Row& row : rows_) {
    if (!same(row)) continue;
    row.columns->AddUser();
    return row.columns;
  }
  rows_.push_back({&node, &function, std::make_shared<SharedColumns>()});
  rows_.back().columns->AddUser();
  return rows_.back().columns;
}

}  // namespace hearth::promql
