// tsdb/compact/tier_policy.h
//
// Keeps the generations of a window that is still being written few, at little cost: the newest
// ones become one when there are several of a size, as in a log-structured merge tree. So a sample
// is written once for each power of kTierFan in which the window's generations differ, and a window
// has about three of each size.
//
// Thread safety: pure function.
#ifndef HEARTH_TSDB_COMPACT_TIER_POLICY_H_
#define HEARTH_TSDB_COMPACT_TIER_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "tsdb/store/catalogue.h"

namespace hearth {

// So many of a size are merged.
inline constexpr size_t kTierFan = 4;
// There are never more than this, whatever their sizes.
inline constexpr size_t kTierGenerationsMax = 16;

// The number from which on the generations are to be merged into one; 0 = none. `generations`: of
// one window, ascending. Always the newest ones, so that the order in which duplicates are decided
// stays.
uint32_t ChooseTier(std::span<const GenerationInfo> generations);

}  // namespace hearth

#endif  // HEARTH_TSDB_COMPACT_TIER_POLICY_H_
