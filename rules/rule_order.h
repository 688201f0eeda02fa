// rules/rule_order.h
//
// Which rules of a group may be evaluated at the same time, so that each sees what it would have
// seen had they come one after the other.
//
// Thread safety: pure function.
#ifndef HEARTH_RULES_RULE_ORDER_H_
#define HEARTH_RULES_RULE_ORDER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "rules/rule.h"

namespace hearth {

// Indexes of `rules` in batches: the rules of a batch are independent of each other, and come after
// all batches before. Two rules depend on each other when one reads what the other writes, or both
// write the same. A selector without a certain name, and a template that asks a query, read
// everything.
std::vector<std::vector<size_t>> IndependentBatches(
    const std::vector<std::unique_ptr<Rule>>& rules);

}  // namespace hearth

#endif  // HEARTH_RULES_RULE_ORDER_H_
